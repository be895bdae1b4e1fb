//! Exploratory factor analysis.

use nalgebra::{DMatrix, DVector};
use serde::Serialize;

use super::super::algebra::{inverse, inverse_and_log_det};
use super::super::distributions::{chi_square_upper, noncentrality};
use super::super::matrix::NamedMatrix;
use super::super::{CorrelationMatrix, EstimationError, Responses};
use super::extraction::{Extraction, extract, orient};
use super::rotation::{Rotation, rotate};
use crate::instrument::Text;
use crate::texts::{Fill, say};

/// Exploratory factor analysis of a correlation matrix.
///
/// ```
/// use nalgebra::DMatrix;
/// use screening_core::psychometrics::Efa;
///
/// let r = DMatrix::from_fn(6, 6, |i, j| if i == j { 1.0 } else if i / 3 == j / 3 { 0.5 } else { 0.2 });
/// let names: Vec<String> = (1..=6).map(|item| item.to_string()).collect();
/// let found = Efa { factors: 2, ..Efa::default() }.fit(&names, &r, 300)?;
/// assert!((found.loadings.values().row(0).amax() - 0.5_f64.sqrt()).abs() < 1e-4);
/// assert!((found.phi.values()[(0, 1)] - 0.4).abs() < 1e-4);
/// # Ok::<(), screening_core::psychometrics::EstimationError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Efa {
    /// Number of factors.
    pub factors: usize,
    /// How loadings are found.
    pub extraction: Extraction,
    /// How they are rotated.
    pub rotation: Rotation,
    /// Whether the solution of a Heywood case is given, with its items in [`EfaReport::heywood`], in place of an error.
    pub accept_heywood: bool,
}

impl Default for Efa {
    fn default() -> Self {
        Self { factors: 1, extraction: Extraction::default(), rotation: Rotation::default(), accept_heywood: false }
    }
}

/// How well a solution gives the correlations again, by the likelihood discrepancy whatever the extraction was.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ModelFit {
    /// `ln |S| - ln |R| + tr(R S^-1) - p` with S the correlations that the solution implies.
    pub objective: f64,
    /// `objective (n - 1 - (2p + 5)/6 - 2m/3)`, Bartlett's correction.
    pub chi_square: f64,
    /// `((p - m)^2 - p - m) / 2`.
    pub df: f64,
    /// Probability of a larger chi-square; NaN without degrees of freedom.
    pub p: f64,
    /// `sqrt(max(chi_square / (df n) - 1 / (n - 1), 0))`.
    pub rmsea: f64,
    /// Interval of 90 % from the noncentrality of the chi-square.
    pub rmsea_interval: (f64, f64),
    /// Tucker and Lewis's index; the independence model has the same correction as the model.
    pub tli: f64,
    /// `chi_square - df ln n`.
    pub bic: f64,
    /// Root of the mean squared residual correlation.
    pub rms: f64,
    /// The same per degree of freedom.
    pub rms_corrected: f64,
}

/// A factor solution.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EfaReport {
    /// How loadings were found.
    pub extraction: Extraction,
    /// How they were rotated.
    pub rotation: Rotation,
    /// Persons.
    pub persons: usize,
    /// Iterations of the extraction.
    pub iterations: usize,
    /// Pattern loadings; columns by their sum of squares, each turned so that its loadings sum to more than nought.
    pub loadings: NamedMatrix,
    /// Correlations of the factors.
    pub phi: NamedMatrix,
    /// Correlations of items and factors.
    pub structure: NamedMatrix,
    /// Share of each item's variance that the factors explain.
    pub communalities: Vec<f64>,
    /// The rest of it.
    pub uniquenesses: Vec<f64>,
    /// Hofmann's index: how many factors each item needs.
    pub complexity: Vec<f64>,
    /// Sum of squares of each factor; with correlated factors the diagonal of `Phi L'L`.
    pub variance: Vec<f64>,
    /// Squared correlation of each factor with its regression scores.
    pub determinacy: Vec<f64>,
    /// Weights of the regression scores (Thurstone).
    pub weights: NamedMatrix,
    /// Items with a uniqueness at its lower bound; such a solution is an error unless it was accepted.
    pub heywood: Vec<String>,
    /// Fit; none for principal components, which are no model.
    pub fit: Option<ModelFit>,
}

impl Efa {
    /// Factors of correlations with the persons behind them (all persons, also where pairs have fewer).
    ///
    /// # Errors
    /// As [`Self::fit`].
    pub fn of(&self, correlations: &CorrelationMatrix) -> Result<EfaReport, EstimationError> {
        self.fit(correlations.names(), correlations.matrix(), correlations.persons())
    }

    /// Factors of a correlation matrix.
    ///
    /// # Errors
    /// Too many factors, a matrix that is not positive definite, an extraction or rotation that does not converge, a
    /// Heywood case, not more persons than items.
    pub fn fit(&self, names: &[String], r: &DMatrix<f64>, persons: usize) -> Result<EfaReport, EstimationError> {
        let p = names.len();
        if r.shape() != (p, p) {
            let found = format!("{} x {}", r.nrows(), r.ncols());
            return Err(EstimationError::Shape { what: "a correlation matrix", expected: format!("{p} x {p}"), found });
        }
        if persons <= p {
            return Err(EstimationError::TooFewPersons { method: "factor analysis", needed: p + 1, found: persons });
        }
        let extracted = extract(r, self.factors, self.extraction)?;
        if let Some(item) = extracted.at_bound.first().filter(|_| !self.accept_heywood) {
            let value = extracted.uniquenesses[*item];
            return Err(EstimationError::Heywood { item: names[*item].clone(), what: "uniqueness", value });
        }
        let rotated = rotate(&extracted.loadings, self.rotation)?;
        let (loadings, phi) = orient(&rotated.loadings, &rotated.phi);
        let structure = &loadings * &phi;
        let weights = inverse("the correlation matrix", r)? * &structure;
        let factors: Vec<String> = (1..=self.factors).map(|at| format!("F{at}")).collect();
        let fit = match self.extraction {
            Extraction::PrincipalComponents => None,
            _ => Some(model_fit(r, &loadings, &phi, &extracted.uniquenesses, persons)?),
        };
        let complexity = loadings.row_iter().map(|row| {
            let squares = row.norm_squared();
            squares * squares / row.iter().map(|value| value.powi(4)).sum::<f64>()
        });
        Ok(EfaReport {
            extraction: self.extraction,
            rotation: self.rotation,
            persons,
            iterations: extracted.iterations,
            communalities: extracted.uniquenesses.iter().map(|unique| 1.0 - unique).collect(),
            uniquenesses: extracted.uniquenesses.iter().copied().collect(),
            complexity: complexity.collect(),
            variance: (&phi * loadings.tr_mul(&loadings)).diagonal().iter().copied().collect(),
            determinacy: weights.tr_mul(&structure).diagonal().iter().copied().collect(),
            heywood: extracted.at_bound.iter().map(|item| names[*item].clone()).collect(),
            fit,
            weights: NamedMatrix::of(names, &factors, weights),
            structure: NamedMatrix::of(names, &factors, structure),
            loadings: NamedMatrix::of(names, &factors, loadings),
            phi: NamedMatrix::square(&factors, phi),
        })
    }
}

fn model_fit(
    r: &DMatrix<f64>,
    loadings: &DMatrix<f64>,
    phi: &DMatrix<f64>,
    uniquenesses: &DVector<f64>,
    persons: usize,
) -> Result<ModelFit, EstimationError> {
    let (p, m, n) = (r.nrows() as f64, loadings.ncols() as f64, persons as f64);
    let common = loadings * phi * loadings.transpose();
    let implied = &common + DMatrix::from_diagonal(uniquenesses);
    let not = |what| EstimationError::NotPositiveDefinite { what, smallest: f64::NAN };
    let (inverse, log_implied) = inverse_and_log_det(&implied).ok_or_else(|| not("the implied correlation matrix"))?;
    let (_, log_observed) = inverse_and_log_det(r).ok_or_else(|| not("the correlation matrix"))?;
    let objective = log_implied - log_observed + (r * inverse).trace() - p;
    let df = ((p - m).powi(2) - p - m) / 2.0;
    let correction = n - 1.0 - (2.0 * p + 5.0) / 6.0 - 2.0 * m / 3.0;
    let chi_square = objective * correction;
    let (null, null_df) = (-log_observed * correction, p * (p - 1.0) / 2.0);
    let mut residuals = r - implied;
    residuals.fill_diagonal(0.0);
    let squares = residuals.norm_squared();
    let if_df = |value: f64| if df > 0.0 { value } else { f64::NAN };
    let bound = |share: f64| if_df((noncentrality(chi_square, df, share) / (df * n)).sqrt());
    Ok(ModelFit {
        objective,
        chi_square,
        df,
        p: if_df(chi_square_upper(chi_square, df)),
        rmsea: if_df((chi_square / (df * n) - 1.0 / (n - 1.0)).max(0.0).sqrt()),
        rmsea_interval: (bound(0.95), bound(0.05)),
        tli: if_df((null / null_df - chi_square / df) / (null / null_df - 1.0)),
        bic: chi_square - df * n.ln(),
        rms: (squares / (p * (p - 1.0))).sqrt(),
        rms_corrected: if_df((squares / (2.0 * df)).sqrt()),
    })
}

impl EfaReport {
    /// Regression scores of persons: standardised answers times [`Self::weights`]; NaN for a person with a missing answer.
    ///
    /// # Errors
    /// Other items than those of the solution, an item that does not vary.
    pub fn scores(&self, responses: &Responses) -> Result<NamedMatrix, EstimationError> {
        if responses.names() != self.weights.rows() {
            let list = |names: &[String]| names.join(", ");
            return Err(EstimationError::Shape {
                what: "the items to score",
                expected: list(self.weights.rows()),
                found: list(responses.names()),
            });
        }
        let mut z = responses.to_matrix();
        for (item, mut column) in z.column_iter_mut().enumerate() {
            let known: crate::stats::Moments = column.iter().copied().filter(|value| value.is_finite()).collect();
            let spread = known.mean().zip(known.sd()).filter(|(_, sd)| *sd > 0.0);
            let Some((mean, sd)) = spread else {
                return Err(EstimationError::Constant { item: responses.names()[item].clone() });
            };
            column.iter_mut().for_each(|value| *value = (*value - mean) / sd);
        }
        let persons: Vec<String> = (1..=responses.persons()).map(|person| person.to_string()).collect();
        Ok(NamedMatrix::of(&persons, self.weights.columns(), z * self.weights.values()))
    }

    /// What was computed, on whom, and what to look at.
    pub fn explain(&self) -> Vec<Text> {
        let persons = self.persons.to_string();
        let fills = [("persons", Fill::Same(persons.as_str()))];
        let mut texts = vec![
            say(&format!("factors.{}", self.extraction.word()), &fills),
            say(&format!("factors.{}", self.rotation.word()), &[]),
        ];
        if !self.heywood.is_empty() {
            texts.push(say("factors.heywood", &[("items", Fill::Same(&self.heywood.join(", ")))]));
        }
        texts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(k: usize) -> Vec<String> {
        (1..=k).map(|item| item.to_string()).collect()
    }

    #[test]
    fn a_heywood_case_is_an_error_unless_accepted() {
        // Spearman's one factor would need r12 r13 / r23 = 1.2 of the first item.
        let r = DMatrix::from_row_slice(3, 3, &[1.0, 0.8, 0.75, 0.8, 1.0, 0.5, 0.75, 0.5, 1.0]);
        let error = Efa::default().fit(&names(3), &r, 100).unwrap_err();
        assert!(matches!(&error, EstimationError::Heywood { item, .. } if item == "1"), "{error}");
        let accepted = Efa { accept_heywood: true, ..Efa::default() }.fit(&names(3), &r, 100).unwrap();
        assert_eq!(accepted.heywood, ["1"]);
        assert!(accepted.explain().len() == 3);
    }

    #[test]
    fn persons_and_shapes_are_checked() {
        let r = DMatrix::identity(4, 4);
        assert!(Efa::default().fit(&names(4), &r, 4).is_err());
        assert!(Efa::default().fit(&names(3), &r, 40).is_err());
        assert!(Efa { factors: 4, ..Efa::default() }.fit(&names(4), &r, 40).is_err());
    }
}
