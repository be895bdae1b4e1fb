//! A fitted confirmatory model.

use nalgebra::{DMatrix, DVector};
use serde::{Deserialize, Serialize};

use super::super::matrix::NamedMatrix;
use super::super::{EstimationError, Responses};
use super::fit::CfaFit;
use super::ml::Fitted;
use super::model::{CfaModel, Place};
use super::sample::SampleMoments;
use crate::instrument::Text;
use crate::stats::normal_cdf;
use crate::texts::{Fill, say};

/// How a model was fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CfaEstimator {
    /// Maximum likelihood of normal variables.
    MaximumLikelihood,
    /// The same with errors and test by Satorra and Bentler (MLM).
    RobustMaximumLikelihood,
    /// Diagonally weighted least squares of polychoric correlations (WLSMV).
    Dwls,
}

/// One parameter.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CfaParameter {
    /// Left side.
    pub lhs: String,
    /// `=~` a loading, `~~` a variance or covariance.
    pub op: &'static str,
    /// Right side.
    pub rhs: String,
    /// Estimate.
    pub estimate: f64,
    /// Standard error; none where the value is fixed or follows from others.
    pub standard_error: Option<f64>,
    /// Estimate over its error.
    pub z: Option<f64>,
    /// Two-sided probability.
    pub p: Option<f64>,
    /// With items and factors of variance 1.
    pub standardised: f64,
}

/// A fitted model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CfaReport {
    /// How it was fitted.
    pub estimator: CfaEstimator,
    /// Persons.
    pub persons: usize,
    /// Persons left out because an answer is missing (maximum likelihood).
    pub left_out: usize,
    /// Iterations.
    pub iterations: usize,
    /// Fit.
    pub fit: CfaFit,
    /// Loadings, residuals, factor variances and covariances.
    pub parameters: Vec<CfaParameter>,
    /// Implied covariances (for ordered answers correlations).
    pub implied: NamedMatrix,
    /// Of a model with one factor: `(sum loadings)^2 variance / implied variance of the sum`; for ordered answers that of
    /// the normal variables behind them, see [`super::super::omega_categorical`] for the sum of the answers.
    pub omega: Option<f64>,
    #[serde(skip)]
    loadings: DMatrix<f64>,
    #[serde(skip)]
    phi: DMatrix<f64>,
    #[serde(skip)]
    theta: DMatrix<f64>,
    #[serde(skip)]
    means: Option<DVector<f64>>,
    #[serde(skip)]
    factors: Vec<String>,
}

/// How factor scores are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FactorScores {
    /// `Phi L' S^-1 (y - mean)` (Thomson, Thurstone): least error, drawn to the mean.
    #[default]
    Regression,
    /// `(L' T^-1 L)^-1 L' T^-1 (y - mean)` (Bartlett): unbiased.
    Bartlett,
}

impl CfaReport {
    pub(super) fn of(
        model: &CfaModel,
        items: &[String],
        estimator: CfaEstimator,
        fitted: &Fitted,
        fit: CfaFit,
        sample: Option<&SampleMoments>,
        persons: usize,
    ) -> Self {
        let mut at = fitted.layout.matrices(0, &fitted.values);
        if estimator == CfaEstimator::Dwls {
            let explained = at.sigma().diagonal();
            (0..items.len()).for_each(|item| at.theta[(item, item)] = 1.0 - explained[item]);
        }
        let sigma = at.sigma();
        let factors: Vec<String> = model.factors.iter().map(|(name, _)| name.clone()).collect();
        let error = |place: Place| {
            let found = fitted.layout.free.iter().find(|(_, own, _)| *own == place);
            found.map(|(_, _, slot)| fitted.covariance[(*slot, *slot)].sqrt())
        };
        let mut parameters = Vec::new();
        let mut add = |lhs: &String, op, rhs: &String, estimate: f64, standardised: f64, place| {
            let standard_error = error(place);
            let z = standard_error.map(|error| estimate / error);
            parameters.push(CfaParameter {
                lhs: lhs.clone(),
                op,
                rhs: rhs.clone(),
                estimate,
                standard_error,
                z,
                p: z.map(|z| 2.0 * normal_cdf(-z.abs())),
                standardised,
            });
        };
        for (factor, (name, own)) in model.factors.iter().enumerate() {
            for item in own.iter().filter_map(|item| items.iter().position(|known| known == item)) {
                let loading = at.loadings[(item, factor)];
                let standard = loading * (at.phi[(factor, factor)] / sigma[(item, item)]).sqrt();
                add(name, "=~", &items[item], loading, standard, Place::Loading(item, factor));
            }
        }
        for (item, name) in items.iter().enumerate() {
            let residual = at.theta[(item, item)];
            add(name, "~~", name, residual, residual / sigma[(item, item)], Place::Residual(item, item));
        }
        for (a, b) in &model.residual_covariances {
            let place = |name: &String| items.iter().position(|item| item == name).unwrap_or(0);
            let (i, j) = (place(a), place(b));
            let value = at.theta[(i, j)];
            let standard = value / (at.theta[(i, i)] * at.theta[(j, j)]).sqrt();
            add(a, "~~", b, value, standard, Place::Residual(i, j));
        }
        for (a, name) in factors.iter().enumerate() {
            for (b, other) in factors.iter().enumerate().skip(a) {
                let value = at.phi[(a, b)];
                let standard = value / (at.phi[(a, a)] * at.phi[(b, b)]).sqrt();
                add(name, "~~", other, value, standard, Place::FactorCovariance(a, b));
            }
        }
        let omega = (factors.len() == 1).then(|| at.loadings.sum().powi(2) * at.phi[(0, 0)] / sigma.sum());
        Self {
            estimator,
            persons: sample.map_or(persons, SampleMoments::persons),
            left_out: sample.map_or(0, SampleMoments::left_out),
            iterations: fitted.iterations,
            fit,
            parameters,
            implied: NamedMatrix::square(items, sigma),
            omega,
            loadings: at.loadings,
            phi: at.phi,
            theta: at.theta,
            means: sample.map(|sample| sample.means().clone()),
            factors,
        }
    }

    /// One parameter.
    pub fn parameter(&self, lhs: &str, op: &str, rhs: &str) -> Option<&CfaParameter> {
        self.parameters.iter().find(|found| found.lhs == lhs && found.op == op && found.rhs == rhs)
    }

    /// The standardised loading of an item on a factor.
    pub fn standardised(&self, factor: &str, item: &str) -> Option<f64> {
        self.parameter(factor, "=~", item).map(|found| found.standardised)
    }

    /// Unstandardised loadings, items by factors.
    pub fn loadings(&self) -> NamedMatrix {
        NamedMatrix::of(self.implied.rows(), &self.factors, self.loadings.clone())
    }

    /// Weights of factor scores: scores are `(y - mean) times weights`.
    ///
    /// # Errors
    /// A model of ordered answers (their scores are no weighted sums; score the normal variables by an item response
    /// model), a residual variance of nought for Bartlett's scores.
    pub fn score_weights(&self, kind: FactorScores) -> Result<NamedMatrix, EstimationError> {
        if self.means.is_none() {
            let expected = "fitted by maximum likelihood: scores of ordered answers are no weighted sums";
            return Err(EstimationError::option("estimator", "dwls", expected));
        }
        let not = |what| EstimationError::NotPositiveDefinite { what, smallest: 0.0 };
        let weights = match kind {
            FactorScores::Regression => {
                let factor = self.implied.values().clone().cholesky().ok_or_else(|| not("the implied covariance"))?;
                factor.solve(&(&self.loadings * &self.phi))
            }
            FactorScores::Bartlett => {
                let residual = self.theta.clone().cholesky().ok_or_else(|| not("the residual covariance"))?;
                let leaned = residual.solve(&self.loadings);
                let gram =
                    self.loadings.tr_mul(&leaned).cholesky().ok_or_else(|| not("the information of the scores"))?;
                gram.solve(&leaned.transpose()).transpose()
            }
        };
        Ok(NamedMatrix::of(self.implied.rows(), &self.factors, weights))
    }

    /// Factor scores of numbers in the order of the model's items, one row a person; NaN for a row with NaN.
    ///
    /// # Errors
    /// As [`Self::score_weights`]; another number of columns.
    pub fn scores_of(&self, data: &DMatrix<f64>, kind: FactorScores) -> Result<NamedMatrix, EstimationError> {
        let weights = self.score_weights(kind)?;
        let p = self.loadings.nrows();
        let means = self.means.as_ref().filter(|means| means.len() == data.ncols());
        let Some(means) = means else {
            let found = data.ncols().to_string();
            return Err(EstimationError::Shape { what: "columns to score", expected: p.to_string(), found });
        };
        let centred = DMatrix::from_fn(data.nrows(), p, |i, j| data[(i, j)] - means[j]);
        let persons: Vec<String> = (1..=data.nrows()).map(|person| person.to_string()).collect();
        Ok(NamedMatrix::of(&persons, &self.factors, centred * weights.values()))
    }

    /// Factor scores of persons; NaN where an answer is missing.
    ///
    /// # Errors
    /// As [`Self::score_weights`]; an item of the model that the table does not have.
    pub fn scores(&self, responses: &Responses, kind: FactorScores) -> Result<NamedMatrix, EstimationError> {
        let at = self.implied.rows().iter().map(|item| responses.names().iter().position(|name| name == item));
        let at: Option<Vec<usize>> = at.collect();
        let chosen = at.and_then(|at| responses.select(&at).ok()).ok_or_else(|| EstimationError::Shape {
            what: "the items to score",
            expected: self.implied.rows().join(", "),
            found: responses.names().join(", "),
        })?;
        self.scores_of(&chosen.to_matrix(), kind)
    }

    /// What was computed, on whom.
    pub fn explain(&self) -> Vec<Text> {
        let [persons, out] = [self.persons, self.left_out].map(|number| number.to_string());
        let fills = [("persons", Fill::Same(persons.as_str())), ("out", Fill::Same(&out))];
        let key = match self.estimator {
            CfaEstimator::MaximumLikelihood => "cfa.ml",
            CfaEstimator::RobustMaximumLikelihood => "cfa.mlm",
            CfaEstimator::Dwls => "cfa.dwls",
        };
        vec![say(key, &fills), say("cfa.fit", &[])]
    }
}

#[cfg(test)]
mod tests {
    use nalgebra::DMatrix;

    use super::super::super::{CfaModel, EstimationError, Polychoric, SampleMoments};
    use super::*;

    /// Persons whose sample covariance is exactly the one given, and their means nought.
    fn persons_of(covariance: &DMatrix<f64>) -> DMatrix<f64> {
        let p = covariance.nrows();
        let n = 4 * p;
        // Columns of a discrete cosine transform: orthogonal, with mean nought.
        let waves = DMatrix::from_fn(n, p, |i, j| {
            (2.0_f64).sqrt() * (std::f64::consts::PI * (i as f64 + 0.5) * (j as f64 + 1.0) / n as f64).cos()
        });
        waves * covariance.clone().cholesky().unwrap().l().transpose()
    }

    fn sample(loadings: &DMatrix<f64>, phi: &DMatrix<f64>, names: &[&str]) -> SampleMoments {
        let mut sigma = loadings * phi * loadings.transpose();
        (0..sigma.nrows()).for_each(|item| sigma[(item, item)] += 0.5);
        SampleMoments::from_data(names.iter().copied(), &persons_of(&sigma)).unwrap()
    }

    #[test]
    fn a_perfect_model_is_found_again() {
        let loadings = DMatrix::from_row_slice(6, 2, &[0.8, 0.0, 0.7, 0.0, 0.6, 0.0, 0.0, 0.9, 0.0, -0.7, 0.0, 0.5]);
        let phi = DMatrix::from_row_slice(2, 2, &[1.0, 0.4, 0.4, 1.0]);
        let names = ["a", "b", "c", "d", "e", "f"];
        let sample = sample(&loadings, &phi, &names);
        let mut model = CfaModel::new([("u", vec!["a", "b", "c"]), ("v", vec!["d", "e", "f"])]);
        for scale in [super::super::FactorScale::Marker, super::super::FactorScale::UnitVariance] {
            model.scale = scale;
            let found = model.fit_ml(&sample).unwrap();
            assert!(found.fit.chi_square.value.abs() < 1e-8 && found.fit.chi_square.df == 8.0);
            assert_eq!((found.fit.cfi, found.fit.rmsea), (1.0, 0.0));
            let e = found.standardised("v", "e").unwrap();
            assert!((e + 0.7 / (0.49_f64 + 0.5).sqrt()).abs() < 1e-6, "{e}");
            let r = found.parameter("u", "~~", "v").unwrap().standardised;
            assert!((r - 0.4).abs() < 1e-6);
        }
        let mean = SampleMoments::means(&sample).amax();
        assert!(mean < 1e-12);
    }

    #[test]
    fn a_bifactor_model_is_found_again() {
        let mut loadings = DMatrix::zeros(9, 4);
        for item in 0..9 {
            loadings[(item, 0)] = 0.6 + 0.02 * item as f64;
            loadings[(item, 1 + item / 3)] = 0.4 + 0.05 * (item % 3) as f64;
        }
        let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
        let sample = sample(&loadings, &DMatrix::identity(4, 4), &names);
        let groups = [("x", vec!["a", "b", "c"]), ("y", vec!["d", "e", "f"]), ("z", vec!["g", "h", "i"])];
        let found = CfaModel::bifactor("g0", groups).fit_ml(&sample).unwrap();
        assert_eq!(found.fit.chi_square.df, 18.0);
        assert!(found.fit.chi_square.value < 1e-6, "{found}");
        let general = found.parameter("g0", "=~", "i").unwrap();
        assert!((general.estimate - 0.76).abs() < 1e-3, "{}", general.estimate);
    }

    #[test]
    fn models_that_cannot_be_told_are_refused() {
        let loadings = DMatrix::from_row_slice(4, 1, &[0.8, 0.7, 0.6, 0.5]);
        let sample = sample(&loadings, &DMatrix::identity(1, 1), &["a", "b", "c", "d"]);
        let fit = |model: CfaModel| model.fit_ml(&sample).map(|_| ()).unwrap_err();
        let one = || CfaModel::new([("f", vec!["a", "b", "c", "d"])]);
        assert!(matches!(fit(CfaModel::new([("f", vec!["a", "b"])])), EstimationError::Unidentified { .. }));
        assert!(matches!(fit(CfaModel::new([("a", vec!["a", "b", "c"])])), EstimationError::Unidentified { .. }));
        assert!(matches!(fit(CfaModel::new([("f", vec!["a", "a", "c"])])), EstimationError::Unidentified { .. }));
        assert!(matches!(fit(CfaModel::new([("f", vec!["a", "b", "z"])])), EstimationError::Shape { .. }));
        let twice = CfaModel { residual_covariances: vec![("a".into(), "a".into())], ..one() };
        assert!(matches!(fit(twice), EstimationError::Unidentified { .. }));
        let none: [(&str, Vec<&str>); 0] = [];
        assert!(matches!(fit(CfaModel::new(none)), EstimationError::Unidentified { .. }));
    }

    #[test]
    fn ordered_answers_have_no_linear_scores() {
        let rows: Vec<[Option<i64>; 4]> = (0..400_i64)
            .map(|i| {
                let t = (i * 37 % 100) as f64 / 25.0 - 2.0;
                [3, 7, 11, 13].map(|k| {
                    let noise = ((i * k * k + i * i * k) % 97) as f64 / 48.0 - 1.0;
                    Some(i64::from(t + noise > -0.6) + i64::from(t + noise > 0.5))
                })
            })
            .collect();
        let responses = Responses::from_rows(["a", "b", "c", "d"], &rows).unwrap();
        let polychorics = Polychoric::default().fit(&responses).unwrap();
        let found = CfaModel::new([("f", vec!["a", "b", "c", "d"])]).fit_dwls(&polychorics).unwrap();
        assert!(found.standardised("f", "c").unwrap() > 0.5);
        assert!((found.implied.values().diagonal().add_scalar(-1.0)).amax() < 1e-12);
        assert!(found.scores(&responses, FactorScores::Regression).is_err());
        assert!(serde_json::to_string(&found).unwrap().contains("\"srmr\""));
    }
}
