//! Confirmatory factor analysis: by maximum likelihood of numbers, by weighted least squares of ordered answers; the same
//! model in several groups.

mod dwls;
mod fit;
mod invariance;
mod ml;
mod model;
mod ordered;
mod report;
mod robust;
mod sample;

pub use fit::{CfaFit, ChiSquare};
pub use invariance::{Invariance, InvarianceReport, InvarianceStep};
pub use model::{CfaModel, FactorScale};
pub use report::{CfaEstimator, CfaParameter, CfaReport, FactorScores};
pub use sample::SampleMoments;

use nalgebra::{DMatrix, DVector};

use super::{EstimationError, Polychorics, Responses};
use model::{Equal, Layout};

impl CfaModel {
    /// Fits the model by maximum likelihood of normal variables (covariances over N, chi-square `N F`, expected
    /// information; as lavaan).
    ///
    /// # Errors
    /// A model that is not identified, items that the sample does not have, no convergence, a negative residual variance
    /// or factors that correlate beyond 1 (Heywood cases).
    ///
    /// ```
    /// use nalgebra::DMatrix;
    /// use screening_core::psychometrics::{CfaModel, SampleMoments};
    ///
    /// // Each item: the same wave and one of its own.
    /// let data = DMatrix::from_fn(200, 4, |person, item| {
    ///     let t = person as f64;
    ///     (t * 0.7).sin() + 0.8 * (t * (1.3 + 0.41 * item as f64) + item as f64).sin()
    /// });
    /// let sample = SampleMoments::from_data(["a", "b", "c", "d"], &data)?;
    /// let found = CfaModel::new([("f", vec!["a", "b", "c", "d"])]).fit_ml(&sample)?;
    /// assert_eq!(found.fit.chi_square.df, 2.0);
    /// assert!(found.standardised("f", "a").unwrap() > 0.6);
    /// # Ok::<(), screening_core::psychometrics::EstimationError>(())
    /// ```
    pub fn fit_ml(&self, sample: &SampleMoments) -> Result<CfaReport, EstimationError> {
        self.check()?;
        let items = self.items();
        let sample = sample.select(&items)?;
        let fitted = ml::fit(self, &items, std::slice::from_ref(&sample), false, Equal::default())?;
        let fit = fit::of_likelihood(&fitted, std::slice::from_ref(&sample), false, (1.0, 1.0));
        Ok(CfaReport::of(self, &items, CfaEstimator::MaximumLikelihood, &fitted, fit, Some(&sample), 0))
    }

    /// Fits the model by maximum likelihood, with standard errors and a chi-square that hold for items that are not normal
    /// (Satorra and Bentler 1994; lavaan's MLM): estimates are those of [`Self::fit_ml`], the test is divided by the mean
    /// eigenvalue of what the fourth moments make of it.
    ///
    /// # Errors
    /// As [`Self::fit_ml`].
    pub fn fit_ml_robust(&self, responses: &Responses) -> Result<CfaReport, EstimationError> {
        self.fit_ml_robust_data(responses.names(), &responses.to_matrix())
    }

    /// The same from numbers, one row a person, with the names of the columns; rows with NaN are left out and counted.
    ///
    /// # Errors
    /// As [`Self::fit_ml`].
    pub fn fit_ml_robust_data(&self, names: &[String], data: &DMatrix<f64>) -> Result<CfaReport, EstimationError> {
        self.check()?;
        let items = self.items();
        let at = items.iter().map(|item| {
            names.iter().position(|name| name == item).filter(|at| *at < data.ncols()).ok_or_else(|| {
                let (expected, found) = (names.join(", "), item.clone());
                EstimationError::Shape { what: "the items of the model", expected, found }
            })
        });
        let chosen = data.select_columns(&at.collect::<Result<Vec<_>, _>>()?);
        let sample = SampleMoments::from_data(items.iter().cloned(), &chosen)?;
        let mut fitted = ml::fit(self, &items, std::slice::from_ref(&sample), false, Equal::default())?;
        let correction = robust::correct(&fitted, &sample, &chosen)?;
        fitted.covariance = correction.covariance;
        let scaling = (correction.model, correction.baseline);
        let fit = fit::of_likelihood(&fitted, std::slice::from_ref(&sample), false, scaling);
        Ok(CfaReport::of(self, &items, CfaEstimator::RobustMaximumLikelihood, &fitted, fit, Some(&sample), 0))
    }

    /// Fits the model to polychoric correlations by diagonally weighted least squares, with standard errors and test that
    /// allow for the weights (WLSMV: chi-square scaled and shifted; delta parameterisation; as lavaan). The polychorics are
    /// best taken listwise: the theory of the test holds for persons who answered everything.
    ///
    /// # Errors
    /// As [`Self::fit_ml`]; polychorics with a corrected empty cell.
    pub fn fit_dwls(&self, polychorics: &Polychorics) -> Result<CfaReport, EstimationError> {
        self.check()?;
        let items = self.items();
        let found = dwls::fit(self, &items, polychorics)?;
        let persons = polychorics.correlations().persons();
        let fit = fit::of_correlations(&found, persons, items.len());
        Ok(CfaReport::of(self, &items, CfaEstimator::Dwls, &found.fitted, fit, None, persons))
    }
}

/// Refuses a solution outside what a model can mean.
fn admissible(
    model: &CfaModel,
    items: &[String],
    layout: &Layout,
    values: &DVector<f64>,
) -> Result<(), EstimationError> {
    for group in 0..layout.groups {
        let at = layout.matrices(group, values);
        let sigma = at.sigma();
        for (item, name) in items.iter().enumerate() {
            let ordered = at.theta[(item, item)] == 0.0;
            let residual = if ordered { 1.0 - sigma[(item, item)] } else { at.theta[(item, item)] };
            if residual < 0.0 {
                let what = "residual variance";
                return Err(EstimationError::Heywood { item: name.clone(), what, value: residual });
            }
        }
        for (factor, (name, _)) in model.factors.iter().enumerate() {
            let variance = at.phi[(factor, factor)];
            if variance <= 0.0 {
                return Err(EstimationError::Heywood { item: name.clone(), what: "variance", value: variance });
            }
        }
        if let Some((values, _)) = super::algebra::eigen(&at.phi) {
            let smallest = values[values.len() - 1];
            if smallest < 0.0 {
                let what = "the covariance matrix of the factors";
                return Err(EstimationError::NotPositiveDefinite { what, smallest });
            }
        }
    }
    Ok(())
}
