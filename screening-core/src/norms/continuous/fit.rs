//! Estimation of a continuous norm.

use nalgebra::{DMatrix, DVector};

use crate::stats::{Block, PlottingPosition, normal_quantile};

use super::super::model::{Axis, ModelDef};
use super::invert::violations;
use super::subset::{Best, best_subsets};

/// The people at one place on the axis.
#[derive(Debug, Clone, PartialEq)]
pub struct LocationSample {
    /// Age in years, or grade.
    pub at: f64,
    /// Their raw scores, ascending; weights scaled to people (their sum is the number of people).
    pub blocks: Vec<Block>,
}

/// How a continuous norm is estimated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ContinuousOptions {
    /// Highest power of the norm score, 1 to 6.
    pub k: u8,
    /// Highest power of the axis, 0 to 6.
    pub t: u8,
    /// Number of terms without the constant; by default the smallest number that explains `r2` and rises.
    pub terms: Option<usize>,
    /// Adjusted share of variance that is enough.
    pub r2: f64,
    /// Largest number of terms that is tried, at most 7: the number of models grows fast.
    pub max_terms: usize,
    /// How ranks become proportions.
    pub position: PlottingPosition,
    /// How far the norm reaches beyond the first and the last place: half a year, where people of completed years of age
    /// stand in the middle of the year.
    pub margin: f64,
}

impl Default for ContinuousOptions {
    /// Powers 5 and 3, 0.99, RankIt: the defaults of cNORM 3.5.
    fn default() -> Self {
        Self { k: 5, t: 3, terms: None, r2: 0.99, max_terms: 5, position: PlottingPosition::RankIt, margin: 0.0 }
    }
}

/// Why there is no continuous norm.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ContinuousError {
    /// An option is out of range.
    #[error("powers run to 6, terms to 7, and the share of variance lies between 0 and 1; change the options")]
    Options,
    /// Too few places for the power of the axis.
    #[error("{found} place(s) on the axis are too few for powers up to {t}: {} are needed; lower the power or use more ages or grades", t + 1)]
    TooFewPlaces {
        /// Places found.
        found: usize,
        /// Highest power.
        t: u8,
    },
    /// A place or a raw score is not a finite number, or a place has no people.
    #[error("the sample at {at} is empty or holds a number that is not finite; check the scores")]
    Sample {
        /// Place.
        at: f64,
    },
    /// The regression has no solution.
    #[error("the raw scores do not determine a model; use fewer powers or more people")]
    Singular,
    /// No model rises.
    #[error("no model up to {max_terms} terms rises with the norm score everywhere; build norms by group instead")]
    NotMonotone {
        /// Largest number of terms tried.
        max_terms: usize,
    },
}

/// The best model of one size.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelSize {
    /// Powers of norm score and axis, without the constant.
    pub terms: Vec<[u8; 2]>,
    /// Adjusted share of variance explained.
    pub r2_adjusted: f64,
    /// `n ln(1 - R2) + (terms + 1) ln n`, as leaps prints it.
    pub bic: f64,
    /// Whether it rises everywhere; none where the model was not looked at.
    pub rises: Option<bool>,
}

/// A continuous norm and what it was chosen from.
#[derive(Debug, Clone, PartialEq)]
pub struct ContinuousFit {
    /// The model.
    pub model: ModelDef,
    /// People.
    pub n: f64,
    /// The best model of each size, the smallest first.
    pub sizes: Vec<ModelSize>,
}

/// Observations with equal raw score at one place count as one, weighted: the estimates are those over single people.
struct Points {
    norm: Vec<f64>,
    at: Vec<f64>,
    raw: DVector<f64>,
    weight: DVector<f64>,
}

/// Estimates a continuous norm.
///
/// # Errors
/// When options or samples do not allow one, the regression has no solution, or (without a number of terms in the options)
/// no model rises. With a number of terms, a model that falls somewhere is returned; [`violations`] tells.
///
/// ```
/// use screening_core::norms::{Axis, ContinuousOptions, LocationSample, fit_continuous};
/// use screening_core::stats::Block;
/// // Scores that rise by three points a grade.
/// let sample = |grade: u32| LocationSample {
///     at: f64::from(grade),
///     blocks: (0..9).map(|d| Block { value: f64::from(3 * grade + d), n: [1, 4, 9, 15, 20, 15, 9, 4, 1][d as usize], weight: f64::from([1, 4, 9, 15, 20, 15, 9, 4, 1][d as usize]) }).collect(),
/// };
/// let samples: Vec<_> = (4..=9).map(sample).collect();
/// let fit = fit_continuous(Axis::Grade, &samples, &ContinuousOptions { k: 3, ..Default::default() })?;
/// assert!(fit.model.r2_adjusted > 0.99);
/// let (t, _) = screening_core::norms::norm_of(&fit.model, 16.0, 4.0);
/// assert!((t - 50.0).abs() < 1.0);
/// # Ok::<(), screening_core::norms::ContinuousError>(())
/// ```
pub fn fit_continuous(
    axis: Axis,
    samples: &[LocationSample],
    options: &ContinuousOptions,
) -> Result<ContinuousFit, ContinuousError> {
    let terms_of = options.terms.unwrap_or(options.max_terms);
    if !(1..=6).contains(&options.k)
        || options.t > 6
        || !(1..=7).contains(&terms_of)
        || !(0.0..=1.0).contains(&options.r2)
        || !(0.0..=1.0).contains(&options.margin)
    {
        return Err(ContinuousError::Options);
    }
    if samples.len() <= usize::from(options.t) {
        return Err(ContinuousError::TooFewPlaces { found: samples.len(), t: options.t });
    }
    let points = Points::of(samples, options.position)?;
    let powers: Vec<[u8; 2]> =
        (0..=options.t).flat_map(|j| (0..=options.k).map(move |i| [i, j])).filter(|power| *power != [0, 0]).collect();
    let design = DMatrix::from_fn(points.norm.len(), powers.len(), |row, column| {
        let [i, j] = powers[column];
        points.norm[row].powi(i32::from(i)) * points.at[row].powi(i32::from(j))
    });
    let best = best_subsets(&design, &points.raw, &points.weight, terms_of);
    let n = points.weight.sum();
    let mean = points.raw.dot(&points.weight) / n;
    let tss: f64 = points.raw.iter().zip(points.weight.iter()).map(|(raw, w)| w * (raw - mean) * (raw - mean)).sum();
    let mut sizes: Vec<ModelSize> = Vec::new();
    for (size, best) in best.iter().enumerate() {
        let Some(best) = best else { break };
        let (p, r2) = (size as f64 + 1.0, 1.0 - best.rss / tss);
        sizes.push(ModelSize {
            terms: best.columns.iter().map(|column| powers[*column]).collect(),
            r2_adjusted: 1.0 - (1.0 - r2) * (n - 1.0) / (n - p - 1.0),
            bic: n * (1.0 - r2).ln() + (p + 1.0) * n.ln(),
            rises: None,
        });
    }
    let build = |best: &Best, size: &ModelSize| {
        let mut model = solve(axis, &points, &design, best, size, &powers)?;
        (model.from, model.to) = (model.from - options.margin, model.to + options.margin);
        Ok(model)
    };
    if let Some(terms) = options.terms {
        let (Some(Some(best)), Some(size)) = (best.get(terms - 1), sizes.get(terms - 1)) else {
            return Err(ContinuousError::Singular);
        };
        let model = build(best, size)?;
        sizes[terms - 1].rises = Some(violations(&model).is_empty());
        return Ok(ContinuousFit { model, n, sizes });
    }
    choose(&best, sizes, n, options, &build)
}

/// The smallest model that explains enough and rises; failing that, the one that explains most among those that rise.
fn choose(
    best: &[Option<Best>],
    mut sizes: Vec<ModelSize>,
    n: f64,
    options: &ContinuousOptions,
    build: &dyn Fn(&Best, &ModelSize) -> Result<ModelDef, ContinuousError>,
) -> Result<ContinuousFit, ContinuousError> {
    if sizes.is_empty() {
        return Err(ContinuousError::Singular);
    }
    let mut risen: Option<ModelDef> = None;
    for (best, size) in best.iter().flatten().zip(&mut sizes) {
        let Ok(model) = build(best, size) else { continue };
        let rises = violations(&model).is_empty();
        size.rises = Some(rises);
        let better = risen.as_ref().is_none_or(|known| model.r2_adjusted > known.r2_adjusted);
        if rises && better {
            let enough = model.r2_adjusted > options.r2;
            risen = Some(model);
            if enough {
                break;
            }
        }
    }
    let model = risen.ok_or(ContinuousError::NotMonotone { max_terms: options.max_terms })?;
    Ok(ContinuousFit { model, n, sizes })
}

impl Points {
    fn of(samples: &[LocationSample], position: PlottingPosition) -> Result<Self, ContinuousError> {
        let (mut norm, mut at, mut raw, mut weight) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for sample in samples {
            let total: f64 = sample.blocks.iter().map(|block| block.weight).sum();
            if !sample.at.is_finite() || !(total > 0.0 && total.is_finite()) {
                return Err(ContinuousError::Sample { at: sample.at });
            }
            let mut below = 0.0;
            for block in &sample.blocks {
                let rank = below + f64::midpoint(block.weight, 1.0);
                below += block.weight;
                let z = normal_quantile(position.proportion(rank, total));
                let (Some(z), true) = (z, block.value.is_finite()) else {
                    return Err(ContinuousError::Sample { at: sample.at });
                };
                norm.push(50.0 + 10.0 * z);
                at.push(sample.at);
                raw.push(block.value);
                weight.push(block.weight);
            }
        }
        Ok(Self { norm, at, raw: DVector::from_vec(raw), weight: DVector::from_vec(weight) })
    }
}

/// Coefficients of a chosen model, from orthogonal columns scaled to length 1: powers of the norm score differ by ten orders of
/// magnitude.
fn solve(
    axis: Axis,
    points: &Points,
    design: &DMatrix<f64>,
    best: &Best,
    size: &ModelSize,
    powers: &[[u8; 2]],
) -> Result<ModelDef, ContinuousError> {
    let roots = points.weight.map(f64::sqrt);
    let mut columns = vec![roots.clone()];
    columns.extend(best.columns.iter().map(|column| design.column(*column).component_mul(&roots)));
    let lengths: Vec<f64> = columns.iter().map(DVector::norm).collect();
    let scaled: Vec<DVector<f64>> = columns.iter().zip(&lengths).map(|(column, length)| column / *length).collect();
    let qr = DMatrix::from_columns(&scaled).qr();
    let target = points.raw.component_mul(&roots);
    let rotated = qr.q().transpose() * &target;
    let solution = qr.r().solve_upper_triangular(&rotated).ok_or(ContinuousError::Singular)?;
    let coefficients: Vec<f64> = solution.iter().zip(&lengths).map(|(b, length)| b / length).collect();
    if coefficients.iter().any(|b| !b.is_finite()) {
        return Err(ContinuousError::Singular);
    }
    let ends = |values: &mut dyn Iterator<Item = f64>| {
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)))
    };
    let ((from, to), (min_t, max_t)) = (ends(&mut points.at.iter().copied()), ends(&mut points.norm.iter().copied()));
    let (min_raw, max_raw) = ends(&mut points.raw.iter().copied());
    let mut terms = vec![[0, 0]];
    terms.extend(best.columns.iter().map(|column| powers[*column]));
    let rmse = (best.rss / points.weight.sum()).sqrt();
    Ok(ModelDef {
        axis,
        from,
        to,
        terms,
        coefficients,
        min_t,
        max_t,
        min_raw,
        max_raw,
        r2_adjusted: size.r2_adjusted,
        rmse,
    })
}
