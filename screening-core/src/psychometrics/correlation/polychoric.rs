//! Polychoric and tetrachoric correlations by two-step maximum likelihood.

use nalgebra::DMatrix;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::super::matrix::NamedMatrix;
use super::super::{EstimationError, Responses};
use super::influence::{Side, margin_influence, pair_influence};
use super::observed::{CorrelationMatrix, CorrelationMethod, Missing, pairs};
use super::table::{CrossTable, Levels};
use super::two_step::{Grid, Rises, thresholds};
use crate::instrument::Text;
use crate::texts::{Fill, say};

/// What to do with empty cells of two by two tables, where the likelihood rises to a correlation of -1 or 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EmptyCells {
    /// The cell counts half a person; the thresholds of this pair follow (as `psych::tetrachoric` and Brown and Benedetti
    /// 1977). Larger tables are taken as they are.
    #[default]
    Half,
    /// Tables are taken as they are; a pair that has no estimate is an error.
    Keep,
}

/// Polychoric correlations of ordered answers (Olsson 1979, Psychometrika 44:443): thresholds from the margin of each
/// item, then for each pair the correlation of the bivariate normal distribution that makes its table most likely.
///
/// A category that nobody used is no category. Thresholds come from all persons who answered the item, also where the pair
/// has fewer, as in lavaan and in psych.
///
/// ```
/// use screening_core::psychometrics::{Polychoric, Responses};
///
/// let mut rows = Vec::new();
/// for (a, b, n) in [(0, 0, 40), (0, 1, 10), (1, 0, 20), (1, 1, 30)] {
///     rows.extend(std::iter::repeat_n([Some(a), Some(b)], n));
/// }
/// let fitted = Polychoric::default().fit(&Responses::from_rows(["a", "b"], &rows)?)?;
/// assert!((fitted.correlations().r(0, 1) - 0.60707).abs() < 1e-4);
/// assert_eq!(fitted.thresholds()[0], [0.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Polychoric {
    /// Whom to take.
    pub missing: Missing,
    /// Empty cells of two by two tables.
    pub empty_cells: EmptyCells,
    /// Whether to compute standard errors.
    pub standard_errors: bool,
}

/// Polychoric correlations and thresholds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Polychorics {
    correlations: CorrelationMatrix,
    categories: Vec<Vec<i16>>,
    thresholds: Vec<Vec<f64>>,
    /// Pairs whose table had an empty cell that was counted as half a person.
    corrected: Vec<(String, String)>,
    #[serde(skip)]
    pub(crate) levels: Vec<Levels>,
}

impl PartialEq for Levels {
    fn eq(&self, other: &Self) -> bool {
        self.codes == other.codes && self.index == other.index
    }
}

struct Pair {
    i: usize,
    j: usize,
    rho: f64,
    n: u64,
    error: f64,
    corrected: bool,
}

impl Polychoric {
    /// Correlations of all pairs.
    ///
    /// # Errors
    /// Fewer than two items, an item that does not vary or has more than 255 categories, a pair that nobody answered, a
    /// pair whose likelihood rises to -1 or 1.
    pub fn fit(&self, responses: &Responses) -> Result<Polychorics, EstimationError> {
        let k = responses.items();
        if k < 2 {
            return Err(EstimationError::TooFewItems { method: "a polychoric correlation", needed: 2, found: k });
        }
        let keep = self.missing.keep(responses);
        let persons = keep.as_ref().map_or(responses.persons(), |keep| keep.iter().filter(|kept| **kept).count());
        let levels = (0..k).into_par_iter().map(|item| Levels::of(responses, item, keep.as_deref()));
        // Errors are looked for in order, so that the same is told whatever thread was first.
        let levels = levels.collect::<Vec<_>>().into_iter().collect::<Result<Vec<_>, _>>()?;
        if let Some(item) = levels.iter().position(|levels| levels.len() < 2) {
            return Err(EstimationError::Constant { item: responses.names()[item].clone() });
        }
        let margins: Vec<Vec<f64>> =
            levels.iter().map(|levels| levels.counts.iter().map(|n| *n as f64).collect()).collect();
        let thresholds: Vec<Vec<f64>> = margins.iter().map(|counts| thresholds(counts)).collect();
        let influence: Vec<Vec<Vec<f64>>> =
            margins.iter().zip(&thresholds).map(|(n, t)| margin_influence(n, t)).collect();
        let one = |(i, j): (usize, usize)| {
            let counts = CrossTable::of(&levels[i], &levels[j]);
            let sides = [
                Side { thresholds: &thresholds[i], influence: &influence[i] },
                Side { thresholds: &thresholds[j], influence: &influence[j] },
            ];
            let name = |item: usize| responses.names()[item].clone();
            self.pair(&counts, &sides)
                .map(|(rho, n, error, corrected)| Pair { i, j, rho, n, error, corrected })
                .map_err(|refused| match refused {
                    Refused::Rises(end) => EstimationError::Boundary { first: name(j), second: name(i), end },
                    Refused::Few(found) => EstimationError::NoPairs { first: name(j), second: name(i), found },
                })
        };
        let found: Vec<_> = pairs(k).into_par_iter().map(one).collect();
        let found = found.into_iter().collect::<Result<Vec<_>, _>>()?;
        Ok(self.gather(responses, persons, levels, thresholds, &found))
    }

    fn gather(
        &self,
        responses: &Responses,
        persons: usize,
        levels: Vec<Levels>,
        thresholds: Vec<Vec<f64>>,
        found: &[Pair],
    ) -> Polychorics {
        let k = responses.items();
        let names = responses.names();
        let (mut r, mut errors) = (DMatrix::identity(k, k), DMatrix::from_element(k, k, f64::NAN));
        let mut n: Vec<Vec<u64>> = levels.iter().map(|levels| vec![levels.answered(); k]).collect();
        for pair in found {
            for (i, j) in [(pair.i, pair.j), (pair.j, pair.i)] {
                (r[(i, j)], errors[(i, j)], n[i][j]) = (pair.rho, pair.error, pair.n);
            }
        }
        let corrected = found.iter().filter(|pair| pair.corrected);
        Polychorics {
            correlations: CorrelationMatrix {
                method: CorrelationMethod::Polychoric,
                missing: self.missing,
                persons,
                r: NamedMatrix::square(names, r),
                n,
                standard_errors: self.standard_errors.then(|| NamedMatrix::square(names, errors)),
            },
            corrected: corrected.map(|pair| (names[pair.j].clone(), names[pair.i].clone())).collect(),
            categories: levels.iter().map(|levels| levels.codes.clone()).collect(),
            thresholds,
            levels,
        }
    }

    fn pair(&self, counts: &CrossTable, sides: &[Side<'_>; 2]) -> Result<(f64, u64, f64, bool), Refused> {
        let mut cells = counts.answered();
        let n = cells.iter().sum::<f64>() as u64;
        let (rows, columns) = super::table::margins(&cells, counts.columns());
        let varies = |margin: &[f64]| margin.iter().filter(|count| **count > 0.0).count() > 1;
        if n < 2 || !varies(&rows) || !varies(&columns) {
            return Err(Refused::Few(n));
        }
        let empty = cells.len() == 4 && cells.contains(&0.0);
        if empty && self.empty_cells == EmptyCells::Half {
            cells.iter_mut().filter(|count| **count == 0.0).for_each(|count| *count = 0.5);
            let (rows, columns) = super::table::margins(&cells, 2);
            let (first, second) = (thresholds(&rows), thresholds(&columns));
            let found = Grid::new(&first, &second).maximise(&cells).map_err(|Rises(end)| Refused::Rises(end))?;
            // The usual error does not hold for a table that was changed.
            return Ok((found, n, f64::NAN, true));
        }
        let grid = Grid::new(sides[0].thresholds, sides[1].thresholds);
        let found = grid.maximise(&cells).map_err(|Rises(end)| Refused::Rises(end))?;
        let error = if self.standard_errors {
            let influence = pair_influence(&grid, counts, sides, found);
            let square =
                |row: usize, column: usize| f64::from(counts.get(row, column)) * influence.get(row, column).powi(2);
            let sum: f64 = (0..=counts.rows())
                .flat_map(|r| (0..=counts.columns()).map(move |c| (r, c)))
                .map(|(r, c)| square(r, c))
                .sum();
            sum.sqrt()
        } else {
            f64::NAN
        };
        Ok((found, n, error, false))
    }
}

enum Refused {
    Rises(f64),
    Few(u64),
}

/// Tetrachoric correlation of one two by two table `[[n00, n01], [n10, n11]]`, with its two thresholds.
///
/// # Errors
/// A negative or infinite count, a row or column of noughts, a likelihood that rises to -1 or 1.
///
/// ```
/// use screening_core::psychometrics::{EmptyCells, tetrachoric};
///
/// let (rho, _) = tetrachoric([[40.0, 10.0], [0.0, 50.0]], EmptyCells::Half)?;
/// assert!((rho - 0.97875).abs() < 1e-4);
/// assert!(tetrachoric([[40.0, 10.0], [0.0, 50.0]], EmptyCells::Keep).is_err());
/// # Ok::<(), screening_core::psychometrics::EstimationError>(())
/// ```
pub fn tetrachoric(counts: [[f64; 2]; 2], empty_cells: EmptyCells) -> Result<(f64, [f64; 2]), EstimationError> {
    let mut cells = counts.concat();
    if let Some(wrong) = cells.iter().find(|count| !count.is_finite() || **count < 0.0) {
        return Err(EstimationError::option("counts", wrong, "counts are finite and not negative"));
    }
    let name = |at: usize| ["row", "column"][at].to_owned();
    let (rows, columns) = super::table::margins(&cells, 2);
    if let Some(at) = [&rows, &columns].iter().position(|margin| margin.contains(&0.0)) {
        return Err(EstimationError::Constant { item: name(at) });
    }
    if empty_cells == EmptyCells::Half {
        cells.iter_mut().filter(|count| **count == 0.0).for_each(|count| *count = 0.5);
    }
    let (rows, columns) = super::table::margins(&cells, 2);
    let (first, second) = (thresholds(&rows), thresholds(&columns));
    match Grid::new(&first, &second).maximise(&cells) {
        Ok(found) => Ok((found, [first[0], second[0]])),
        Err(Rises(end)) => Err(EstimationError::Boundary { first: name(0), second: name(1), end }),
    }
}

impl Polychorics {
    /// The correlations.
    pub fn correlations(&self) -> &CorrelationMatrix {
        &self.correlations
    }

    /// The codes of each item's categories, ascending.
    pub fn categories(&self) -> &[Vec<i16>] {
        &self.categories
    }

    /// The thresholds between them, one fewer.
    pub fn thresholds(&self) -> &[Vec<f64>] {
        &self.thresholds
    }

    /// Pairs whose empty cell was counted as half a person.
    pub fn corrected(&self) -> &[(String, String)] {
        &self.corrected
    }

    /// What was computed, on whom, and what follows for reading it.
    pub fn explain(&self) -> Vec<Text> {
        let mut texts = self.correlations.explain();
        if !self.corrected.is_empty() {
            let number = self.corrected.len().to_string();
            texts.push(say("correlation.corrected", &[("pairs", Fill::Same(&number))]));
        }
        texts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_published_table() {
        // Olsson (1979) and Tallis (1962): lambs born in two years; rho 0.4192 by ML and 0.4199 in two steps (Joreskog's
        // and Fox's figures for this table).
        let counts = [[58, 52, 1], [26, 58, 3], [8, 12, 9]];
        let mut rows = Vec::new();
        for (a, row) in counts.iter().enumerate() {
            for (b, n) in row.iter().enumerate() {
                rows.extend(std::iter::repeat_n([Some(a as i64), Some(b as i64)], *n));
            }
        }
        let options = Polychoric { standard_errors: true, ..Polychoric::default() };
        let fitted = options.fit(&Responses::from_rows(["a", "b"], &rows).unwrap()).unwrap();
        let r = fitted.correlations();
        assert!((r.r(0, 1) - 0.4199).abs() < 1e-3, "{}", r.r(0, 1));
        // From the information matrix 0.075; here from the persons' own scores, which 227 lambs give only roughly.
        assert!((r.standard_error(0, 1) - 0.075).abs() < 0.01, "{}", r.standard_error(0, 1));
        assert!((fitted.thresholds()[1][0] + 0.2397).abs() < 1e-3, "{:?}", fitted.thresholds());
        let (low, high) = r.interval(0, 1, 0.95).unwrap().unwrap();
        assert!(low > 0.25 && low < 0.31 && high > 0.51 && high < 0.57);
    }

    #[test]
    fn errors_tell_the_pair() {
        let rows = [[Some(0), Some(0)], [Some(1), Some(1)], [Some(1), Some(1)], [Some(0), Some(0)]];
        let keep = Polychoric { empty_cells: EmptyCells::Keep, ..Polychoric::default() };
        let responses = Responses::from_rows(["a", "b"], &rows).unwrap();
        let error = keep.fit(&responses).unwrap_err();
        assert!(
            matches!(&error, EstimationError::Boundary { first, end, .. } if first == "a" && *end == 1.0),
            "{error}"
        );
        assert_eq!(Polychoric::default().fit(&responses).unwrap().corrected(), [("a".to_owned(), "b".to_owned())]);
        let rows = [[Some(0), None], [Some(1), Some(2)], [None, Some(1)]];
        let error = keep.fit(&Responses::from_rows(["a", "b"], &rows).unwrap()).unwrap_err();
        assert!(matches!(error, EstimationError::NoPairs { found: 1, .. }));
    }

    #[test]
    fn standard_errors_are_those_of_repeated_samples() {
        // Influence is the derivative of the estimate: leaving one person out moves it by as much.
        let (first, second) = ([-0.6, 0.7], [-0.9, 0.4]);
        let cells = Grid::new(&first, &second).at(0.55).p;
        let mut rows = Vec::new();
        for (at, p) in cells.iter().enumerate() {
            rows.extend(std::iter::repeat_n(
                [Some(at as i64 / 3), Some(at as i64 % 3)],
                (20_000.0 * p).round() as usize,
            ));
        }
        rows.extend(std::iter::repeat_n([Some(2), None], 100));
        let fit = |rows: &[[Option<i64>; 2]]| {
            Polychoric::default().fit(&Responses::from_rows(["a", "b"], rows).unwrap()).unwrap()
        };
        let whole = fit(&rows);
        let table = CrossTable::of(&whole.levels[1], &whole.levels[0]);
        let margins: Vec<Vec<f64>> =
            whole.levels.iter().map(|l| l.counts.iter().map(|n| *n as f64).collect()).collect();
        let influence: Vec<_> = margins.iter().zip(whole.thresholds()).map(|(n, t)| margin_influence(n, t)).collect();
        let sides = [1, 0].map(|at| Side { thresholds: &whole.thresholds()[at], influence: &influence[at] });
        let grid = Grid::new(&whole.thresholds()[1], &whole.thresholds()[0]);
        let rho = whole.correlations().r(0, 1);
        let found = pair_influence(&grid, &table, &sides, rho);
        for (cell, (a, b)) in [((0, 2), (Some(2), Some(0))), ((1, 1), (Some(1), Some(1))), ((3, 2), (Some(2), None))] {
            let mut fewer = rows.clone();
            let at = fewer.iter().position(|row| *row == [a, b]).unwrap();
            fewer.remove(at);
            let moved = rho - fit(&fewer).correlations().r(0, 1);
            let expected = found.get(cell.0, cell.1);
            assert!((moved - expected).abs() < 0.02 * expected.abs() + 1e-8, "{cell:?}: {moved} {expected}");
        }
    }
}
