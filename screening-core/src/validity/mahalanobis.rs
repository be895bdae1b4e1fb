//! Mahalanobis distance.

use nalgebra::{DMatrix, DMatrixView};
use serde::{Deserialize, Serialize};
use statrs::distribution::{ChiSquared, ContinuousCDF};

use super::answers::{Answers, is_answer};
use super::column::{IndexColumn, block_of, over_blocks};
use super::error::ValidityError;
use super::moments::PairMoments;

/// How gaps are dealt with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gaps {
    /// The distance is taken over the answered items, with their own covariance, and their number is the degrees of
    /// freedom.
    #[default]
    Answered,
    /// A gap counts as the mean of the item, with the degrees of freedom of all items: `careless::mahad`. A sheet with
    /// gaps then looks more ordinary than it is.
    Mean,
}

/// Squared Mahalanobis distance: how unusual the combination of answers is, given how answers go together in a wave.
///
/// ```text
/// D2 = (x - m)' S^-1 (x - m),  m the item means, S the pairwise covariance (n - 1) of the raw codes
/// p  = P(chi-square with k degrees of freedom >= D2),  k the number of answered items
/// ```
///
/// For a sheet with gaps the matrix of the answered items A is inverted by parts, which gives the same figure:
/// `S_AA^-1 = P_AA - P_AM P_MM^-1 P_MA` with `P = S^-1` and M the gaps. An item that does not vary in the wave is left
/// out. NaN when nothing was answered.
///
/// Higher distance, lower p is worse. Source: Mahalanobis 1936; Meade & Craig 2012, Psychol Methods 17:437; figures as
/// `careless::mahad` with [`Gaps::Mean`]. Default: unusual at p < .001. Answers to symptom lists are far from normal,
/// and a pupil with many symptoms is far from the mean: the distance follows severity (Conijn et al. 2019), so the default
/// plan reports it and does not judge by it.
///
/// ```
/// use screening_core::validity::{AnswerItem, Answers, Gaps, Mahalanobis};
/// let items = vec![AnswerItem::new("1", &[0, 1, 2]), AnswerItem::new("2", &[0, 1, 2])];
/// let answers = Answers::from_codes(items, vec![vec![2, 2], vec![0, -128]])?;
/// let index = Mahalanobis::new(vec![0, 1], vec![1.0, 1.0], &[1.0, 0.5, 0.5, 1.0], Gaps::Answered)?;
/// // (1, -1) S^-1 (1, -1)' = 4; with one answer 1 / 1.
/// assert!((index.distance(&answers).get(0).unwrap() - 4.0).abs() < 1e-12);
/// assert!((index.distance(&answers).get(1).unwrap() - 1.0).abs() < 1e-12);
/// assert!((index.probability(&answers).get(0).unwrap() - (-2.0_f64).exp()).abs() < 1e-12);
/// # Ok::<(), screening_core::validity::ValidityError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Mahalanobis {
    items: Vec<usize>,
    means: Vec<f64>,
    gaps: Gaps,
    /// Transpose of the inverse Cholesky factor L^-1: D2 = |(L^-1)(x - m)|^2.
    whiten: DMatrix<f64>,
    /// S^-1.
    precision: DMatrix<f64>,
}

/// Sheets for each item below which a covariance is not estimated.
const SHEETS_PER_ITEM: usize = 5;
/// Share of its variance that an item must keep when those before it are known.
const SMALLEST_PIVOT: f64 = 1e-10;

/// Room of one thread.
struct Scratch {
    centred: Vec<f64>,
    whitened: DMatrix<f64>,
    /// Rows of the block with gaps.
    holes: Vec<u16>,
    gap: Gap,
}

/// Room for one sheet with gaps.
#[derive(Default)]
struct Gap {
    missing: Vec<usize>,
    /// The answers of the sheet, next to each other.
    sheet: Vec<f64>,
    weighted: Vec<f64>,
    matrix: Vec<f64>,
}

impl Mahalanobis {
    /// Kind as written in plans.
    pub const KIND: &'static str = "mahalanobis";

    /// The index with known means and covariance (row by row), over items by position.
    ///
    /// # Errors
    /// When the numbers of items, means and covariances do not go together, a figure is not finite, or the covariance has
    /// no inverse.
    pub fn new(items: Vec<usize>, means: Vec<f64>, covariance: &[f64], gaps: Gaps) -> Result<Self, ValidityError> {
        let k = items.len();
        if k == 0 || means.len() != k || covariance.len() != k * k {
            let value = format!("{k} items, {} means, {} covariances", means.len(), covariance.len());
            let allowed = "k items with k means and k x k covariances, k > 0";
            return Err(ValidityError::parameter(Self::KIND, "covariance", value, allowed));
        }
        if let Some(figure) = means.iter().chain(covariance).find(|figure| !figure.is_finite()) {
            return Err(ValidityError::parameter(Self::KIND, "covariance", figure, "finite numbers"));
        }
        let lower = cholesky(k, covariance).map_err(|at| ValidityError::Singular { item: format!("{}", items[at]) })?;
        let inverse = lower.solve_lower_triangular(&DMatrix::identity(k, k)).unwrap_or_else(|| DMatrix::zeros(k, k));
        let precision = inverse.transpose() * &inverse;
        Ok(Self { items, means, gaps, whiten: inverse.transpose(), precision })
    }

    /// The index with the means and the pairwise covariance of a wave. Items that do not vary are left out.
    ///
    /// # Errors
    /// With fewer than five sheets an item, and when the covariance has no inverse; the item is named by `name`.
    pub fn of_wave(moments: &PairMoments, gaps: Gaps, name: impl Fn(usize) -> String) -> Result<Self, ValidityError> {
        let varying: Vec<usize> = (0..moments.items().len()).filter(|i| moments.variance(*i) > 0.0).collect();
        let needed = SHEETS_PER_ITEM * moments.items().len();
        if moments.rows() < needed {
            return Err(ValidityError::TooFewSheets { index: Self::KIND, sheets: moments.rows(), needed });
        }
        let items: Vec<usize> = varying.iter().filter_map(|i| moments.items().get(*i).copied()).collect();
        let means = varying.iter().map(|i| moments.mean(*i)).collect();
        let covariance: Vec<f64> =
            varying.iter().flat_map(|i| varying.iter().map(move |j| moments.covariance(*i, *j))).collect();
        Self::new(items, means, &covariance, gaps).map_err(|error| match error {
            ValidityError::Singular { item } => ValidityError::Singular { item: item.parse().map_or(item, name) },
            other => other,
        })
    }

    /// Positions of the items that count.
    pub fn items(&self) -> &[usize] {
        &self.items
    }

    /// The means.
    pub fn means(&self) -> &[f64] {
        &self.means
    }

    /// The covariance, row by row.
    pub fn covariance(&self) -> Vec<f64> {
        let inverse = self.whiten.transpose();
        let k = self.items.len();
        let lower = inverse.solve_lower_triangular(&DMatrix::identity(k, k)).unwrap_or_else(|| DMatrix::zeros(k, k));
        (&lower * lower.transpose()).iter().copied().collect()
    }

    /// The squared distance of every sheet.
    pub fn distance(&self, answers: &Answers) -> IndexColumn {
        IndexColumn::new(Self::KIND, self.values(answers, |distance, _| distance))
    }

    /// For every sheet, the probability of a distance as large as this or larger.
    pub fn probability(&self, answers: &Answers) -> IndexColumn {
        let chi: Vec<Option<ChiSquared>> =
            (0..=self.items.len()).map(|freedom| ChiSquared::new(freedom as f64).ok()).collect();
        let value = |distance: f64, freedom: usize| match chi.get(freedom) {
            Some(Some(chi)) => chi.sf(distance.max(0.0)),
            _ => f64::NAN,
        };
        IndexColumn::new(Self::KIND, self.values(answers, value))
    }

    fn values(&self, answers: &Answers, value: impl Fn(f64, usize) -> f64 + Sync + Send) -> Vec<f64> {
        let k = self.items.len();
        let columns = answers.columns(&self.items);
        let scratch =
            || Scratch { centred: Vec::new(), whitened: DMatrix::zeros(0, 0), holes: Vec::new(), gap: Gap::default() };
        over_blocks(answers.rows(), f64::NAN, scratch, |start, scratch, to| {
            let len = to.len();
            scratch.centre(&columns, &self.means, start, len);
            if scratch.whitened.shape() != (len, k) {
                scratch.whitened = DMatrix::zeros(len, k);
            }
            let centred = DMatrixView::from_slice(&scratch.centred, len, k);
            scratch.whitened.gemm(1.0, &centred, &self.whiten, 0.0);
            to.fill(0.0);
            for column in scratch.whitened.as_slice().chunks_exact(len.max(1)) {
                to.iter_mut().zip(column).for_each(|(to, z)| *to += z * z);
            }
            for (lane, to) in to.iter_mut().enumerate() {
                let missing = scratch.holes.get(lane).map_or(0, |count| usize::from(*count));
                let freedom = match self.gaps {
                    _ if missing == k => 0,
                    Gaps::Mean => k,
                    Gaps::Answered => k - missing,
                };
                if missing > 0 && freedom > 0 && self.gaps == Gaps::Answered {
                    *to -= scratch.gap.excess(&self.precision, &columns, &scratch.centred, (start, lane, len));
                }
                *to = if freedom == 0 { f64::NAN } else { value(*to, freedom) };
            }
        })
    }
}

impl Scratch {
    /// Answers less their means, item by item; 0 for a gap.
    fn centre(&mut self, columns: &[&[i8]], means: &[f64], start: usize, len: usize) {
        self.centred.clear();
        self.holes.clear();
        self.holes.resize(len, 0);
        for (column, mean) in columns.iter().zip(means) {
            let codes = block_of(column, start, len);
            self.centred.extend(codes.iter().map(|code| if is_answer(*code) { f64::from(*code) - mean } else { 0.0 }));
            self.holes.iter_mut().zip(codes).for_each(|(holes, code)| *holes += u16::from(!is_answer(*code)));
        }
    }
}

impl Gap {
    /// What the distance with zeros in the gaps has too much: `v' P_MM^-1 v` with `v = (P y)_M`.
    fn excess(
        &mut self,
        precision: &DMatrix<f64>,
        columns: &[&[i8]],
        centred: &[f64],
        (start, lane, len): (usize, usize, usize),
    ) -> f64 {
        self.missing.clear();
        let gaps = columns.iter().enumerate().filter(|(_, c)| c.get(start + lane).is_none_or(|code| !is_answer(*code)));
        self.missing.extend(gaps.map(|(item, _)| item));
        self.sheet.clear();
        self.sheet.extend(centred.iter().skip(lane).step_by(len));
        self.weighted.clear();
        for item in &self.missing {
            let row = precision.column(*item);
            self.weighted.push(row.iter().zip(&self.sheet).map(|(p, y)| p * y).sum());
        }
        let m = self.missing.len();
        self.matrix.clear();
        for row in &self.missing {
            self.matrix.extend(self.missing.iter().map(|column| precision[(*row, *column)]));
        }
        quadratic(m, &mut self.matrix, &mut self.weighted)
    }
}

/// `v' A^-1 v` of a positive definite matrix, by Cholesky in place: with `A = L L'` and `L w = v` it is `w' w`.
fn quadratic(m: usize, matrix: &mut [f64], v: &mut [f64]) -> f64 {
    let mut sum = 0.0;
    for row in 0..m {
        let (done, own) = matrix.split_at_mut(row * m);
        for column in 0..row {
            let above = &done[column * m..=column * m + column];
            let dot: f64 = above[..column].iter().zip(&own[..column]).map(|(a, b)| a * b).sum();
            own[column] = (own[column] - dot) / above[column];
        }
        let dot: f64 = own[..row].iter().map(|a| a * a).sum();
        own[row] = (own[row] - dot).sqrt();
        let known: f64 = own[..row].iter().zip(v.iter()).map(|(a, w)| a * w).sum();
        v[row] = (v[row] - known) / own[row];
        sum += v[row] * v[row];
    }
    sum
}

/// Lower Cholesky factor of a covariance given row by row; the place of the first item that hangs on those before it
/// otherwise.
fn cholesky(k: usize, covariance: &[f64]) -> Result<DMatrix<f64>, usize> {
    let mut lower = DMatrix::<f64>::zeros(k, k);
    for row in 0..k {
        for column in 0..=row {
            let dot: f64 = (0..column).map(|at| lower[(row, at)] * lower[(column, at)]).sum();
            let left = covariance[row * k + column] - dot;
            if row == column {
                if left.is_nan() || left <= SMALLEST_PIVOT * covariance[row * k + row] {
                    return Err(row);
                }
                lower[(row, row)] = left.sqrt();
            } else {
                lower[(row, column)] = left / lower[(column, column)];
            }
        }
    }
    Ok(lower)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validity::AnswerItem;

    fn items(k: usize) -> Vec<AnswerItem> {
        (1..=k).map(|id| AnswerItem::new(id.to_string(), &[0, 1, 2, 3, 4])).collect()
    }

    #[test]
    fn a_sheet_with_gaps_is_judged_by_its_answers_alone() {
        let covariance = [2.0, 0.6, -0.3, 0.6, 1.5, 0.4, -0.3, 0.4, 1.0];
        let index = Mahalanobis::new(vec![0, 1, 2], vec![1.0, 2.0, 1.5], &covariance, Gaps::Answered).unwrap();
        let answers =
            Answers::from_codes(items(3), vec![vec![4, -128, 4], vec![-128, -128, 1], vec![0, -127, -128]]).unwrap();
        // Items 1 and 3 alone: (3, -1.5) on [[2, -.3], [-.3, 1]].
        let det = 2.0 * 1.0 - 0.09;
        let wanted = (9.0 * 1.0 + 2.0 * 0.3 * 3.0 * -1.5 + 2.25 * 2.0) / det;
        assert!((index.distance(&answers).get(0).unwrap() - wanted).abs() < 1e-12);
        assert_eq!(index.distance(&answers).get(1), None);
        let det = 2.0 * 1.5 - 0.36;
        let wanted = (9.0 * 1.5 + 2.0 * 0.6 * 3.0 + 2.0) / det;
        assert!((index.distance(&answers).get(2).unwrap() - wanted).abs() < 1e-12);
    }

    #[test]
    fn the_covariance_that_went_in_comes_out() {
        let covariance = [2.0, 0.6, 0.6, 1.5];
        let index = Mahalanobis::new(vec![0, 1], vec![0.0, 0.0], &covariance, Gaps::Mean).unwrap();
        assert!(index.covariance().iter().zip(covariance).all(|(a, b)| (a - b).abs() < 1e-14));
    }

    #[test]
    fn an_item_that_adds_nothing_is_named_and_a_constant_one_left_out() {
        let twice = [1.0, 1.0, 1.0, 1.0];
        let error = Mahalanobis::new(vec![4, 7], vec![0.0, 0.0], &twice, Gaps::Mean).unwrap_err();
        assert_eq!(error, ValidityError::Singular { item: "7".into() });
        assert!(Mahalanobis::new(vec![0], vec![f64::NAN], &[1.0], Gaps::Mean).is_err());
        assert!(Mahalanobis::new(vec![0], vec![0.0], &[1.0, 2.0], Gaps::Mean).is_err());

        let rows = 40_usize;
        let column = |f: &dyn Fn(usize) -> usize| (0..rows).map(|row| f(row) as i8).collect::<Vec<_>>();
        let columns = vec![column(&|row| row % 3), column(&|_| 2), column(&|row| row * row % 5)];
        let answers = Answers::from_codes(items(3), columns.clone()).unwrap();
        let moments = PairMoments::of(&answers, &[0, 1, 2]);
        let index = Mahalanobis::of_wave(&moments, Gaps::Answered, |at| at.to_string()).unwrap();
        assert_eq!(index.items(), [0, 2]);
        let mean = index.distance(&answers).values().iter().sum::<f64>() / rows as f64;
        // Over the sheets that gave the covariance, the distances add up to (n - 1) k.
        assert!((mean - 2.0 * (rows - 1) as f64 / rows as f64).abs() < 1e-10);

        let doubled = Answers::from_codes(items(2), vec![columns[0].clone(), columns[0].clone()]).unwrap();
        let moments = PairMoments::of(&doubled, &[0, 1]);
        let error = Mahalanobis::of_wave(&moments, Gaps::Answered, |at| format!("gad-7.{}", at + 1)).unwrap_err();
        assert_eq!(error, ValidityError::Singular { item: "gad-7.2".into() });
        let few = PairMoments::of(&Answers::from_codes(items(1), vec![vec![0, 1, 2]]).unwrap(), &[0]);
        assert!(matches!(
            Mahalanobis::of_wave(&few, Gaps::Mean, |at| at.to_string()),
            Err(ValidityError::TooFewSheets { needed: 5, .. })
        ));
    }
}
