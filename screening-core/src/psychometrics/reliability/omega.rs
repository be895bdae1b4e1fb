//! McDonald's omega.

use nalgebra::DMatrix;
use serde::Serialize;

use super::super::correlation::bivariate_normal_cdf;
use super::super::factors::{Extraction, Rotation, extract, orient, rotate};
use super::super::matrix::NamedMatrix;
use super::super::{CorrelationMatrix, EstimationError};
use crate::instrument::Text;
use crate::stats::normal_cdf;
use crate::texts::{Fill, say};

/// McDonald's omega from a minres solution, rotated by oblimin and turned into one general and several group factors
/// (Schmid and Leiman 1957), as `psych::omega`.
///
/// ```
/// use nalgebra::DMatrix;
/// use screening_core::psychometrics::Omega;
///
/// let r = DMatrix::from_fn(4, 4, |i, j| if i == j { 1.0 } else { 0.4 });
/// let names: Vec<String> = (1..=4).map(|item| item.to_string()).collect();
/// let found = Omega { group_factors: 1 }.fit(&names, &r, 500)?;
/// // Parallel items: omega is alpha.
/// assert!((found.total - 4.0 * 0.4 / 2.2).abs() < 1e-8);
/// # Ok::<(), screening_core::psychometrics::EstimationError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Omega {
    /// Group factors: 1 (then there is no hierarchy, and only omega total is given) or at least 3. Two leave the general
    /// factor undetermined and are refused.
    pub group_factors: usize,
}

impl Default for Omega {
    fn default() -> Self {
        Self { group_factors: 3 }
    }
}

/// Omega of one group of items: those with their highest group loading on the factor.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OmegaGroup {
    /// Names of the items.
    pub items: Vec<String>,
    /// Reliability of their sum.
    pub total: f64,
    /// Share of its variance from the general factor.
    pub general: f64,
    /// Share from the group factor.
    pub group: f64,
}

/// Omega.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OmegaReport {
    /// Persons.
    pub persons: usize,
    /// `(sum R - sum u^2) / sum R`: reliability of the sum.
    pub total: f64,
    /// `(sum g)^2 / sum R`: share of the sum's variance from the general factor. NaN with one factor.
    pub hierarchical: f64,
    /// Omega hierarchical over omega total: its limit for a scale without end.
    pub limit: f64,
    /// Loadings on the general (`g`) and the group factors, which do not correlate.
    pub schmid_leiman: NamedMatrix,
    /// Loadings of the group factors on the general one.
    pub second_order: Vec<f64>,
    /// Uniqueness of each item.
    pub uniquenesses: Vec<f64>,
    /// Share of the common variance that is general.
    pub explained_common_variance: f64,
    /// Omega of the groups; empty with one factor.
    pub groups: Vec<OmegaGroup>,
}

impl Omega {
    /// Omega of correlations.
    ///
    /// # Errors
    /// As [`Self::fit`].
    pub fn of(&self, correlations: &CorrelationMatrix) -> Result<OmegaReport, EstimationError> {
        self.fit(correlations.names(), correlations.matrix(), correlations.persons())
    }

    /// Omega of a correlation matrix of items keyed the same way.
    ///
    /// # Errors
    /// Two group factors, too few items, a solution that does not converge, a Heywood case of the items or of the group
    /// factors.
    pub fn fit(&self, names: &[String], r: &DMatrix<f64>, persons: usize) -> Result<OmegaReport, EstimationError> {
        let (p, m) = (names.len(), self.group_factors);
        if m == 0 || m == 2 {
            return Err(EstimationError::option(
                "group factors",
                m,
                "one, or at least three, determine the general factor",
            ));
        }
        if r.shape() != (p, p) || p < 3 {
            return Err(EstimationError::TooFewItems { method: "omega", needed: 3, found: p.min(r.nrows()) });
        }
        let heywood = |item: String, what, value| Err(EstimationError::Heywood { item, what, value });
        let extracted = extract(r, m, Extraction::MinRes)?;
        if let Some(item) = extracted.at_bound.first() {
            return heywood(names[*item].clone(), "uniqueness", extracted.uniquenesses[*item]);
        }
        let rotated = rotate(&extracted.loadings, if m == 1 { Rotation::None } else { Rotation::Oblimin })?;
        let (pattern, phi) = orient(&rotated.loadings, &rotated.phi);
        let second = if m == 1 { vec![1.0] } else { second_order(&phi)? };
        let columns: Vec<String> = std::iter::once("g".to_owned()).chain((1..=m).map(|at| format!("F{at}*"))).collect();
        let columns = if m == 1 { vec!["g".to_owned()] } else { columns };
        let hierarchy = DMatrix::from_fn(p, columns.len(), |i, j| match j {
            0 => (0..m).map(|factor| pattern[(i, factor)] * second[factor]).sum(),
            _ => pattern[(i, j - 1)] * (1.0 - second[j - 1].powi(2)).max(0.0).sqrt(),
        });
        if let Some(item) = (0..p).find(|item| hierarchy[(*item, 0)].abs() >= 1.0) {
            return heywood(names[item].clone(), "general loading", hierarchy[(item, 0)]);
        }
        let sum = r.sum();
        let total = (sum - extracted.uniquenesses.sum()) / sum;
        let hierarchical = if m == 1 { f64::NAN } else { hierarchy.column(0).sum().powi(2) / sum };
        Ok(OmegaReport {
            persons,
            total,
            hierarchical,
            limit: hierarchical / total,
            explained_common_variance: hierarchy.column(0).norm_squared() / hierarchy.norm_squared(),
            groups: if m == 1 { Vec::new() } else { groups(names, r, &hierarchy, &extracted.uniquenesses) },
            schmid_leiman: NamedMatrix::of(names, &columns, hierarchy),
            second_order: second,
            uniquenesses: extracted.uniquenesses.iter().copied().collect(),
        })
    }
}

/// Loadings of the factors on a general one.
fn second_order(phi: &DMatrix<f64>) -> Result<Vec<f64>, EstimationError> {
    let found = extract(phi, 1, Extraction::MinRes)?;
    if let Some(factor) = found.at_bound.first() {
        let item = format!("F{}", factor + 1);
        return Err(EstimationError::Heywood { item, what: "uniqueness", value: found.uniquenesses[*factor] });
    }
    let sign = if found.loadings.sum() < 0.0 { -1.0 } else { 1.0 };
    Ok(found.loadings.iter().map(|value| value * sign).collect())
}

fn groups(
    names: &[String],
    r: &DMatrix<f64>,
    hierarchy: &DMatrix<f64>,
    uniquenesses: &nalgebra::DVector<f64>,
) -> Vec<OmegaGroup> {
    let highest = |item: usize| {
        let group = |factor: &usize| hierarchy[(item, *factor)].abs();
        (1..hierarchy.ncols()).max_by(|a, b| group(a).total_cmp(&group(b)))
    };
    let one = |factor: usize| {
        let items: Vec<usize> = (0..names.len()).filter(|item| highest(*item) == Some(factor)).collect();
        let own = r.select_rows(&items).select_columns(&items);
        let sum = own.sum();
        let of = |column: usize| items.iter().map(|item| hierarchy[(*item, column)]).sum::<f64>().powi(2) / sum;
        let unique: f64 = items.iter().map(|item| uniquenesses[*item]).sum();
        OmegaGroup {
            items: items.iter().map(|item| names[*item].clone()).collect(),
            total: (sum - unique) / sum,
            general: of(0),
            group: of(factor),
        }
    };
    (1..hierarchy.ncols()).map(one).collect()
}

/// Categorical omega of Green and Yang (2009, Psychometrika 74:155): the reliability of the sum of ordered answers, from the
/// loadings of one factor on the normal variables behind them, the thresholds, and the correlations of the sample. The
/// answers count as 0, 1, 2, ...
///
/// # Errors
/// Lists of different length, a loading of 1 or more, a sum that does not vary.
pub fn omega_categorical(
    loadings: &[f64],
    thresholds: &[Vec<f64>],
    polychoric: &DMatrix<f64>,
) -> Result<f64, EstimationError> {
    let p = loadings.len();
    if p < 2 || thresholds.len() != p || polychoric.shape() != (p, p) {
        let found = format!("{} thresholds, {} x {}", thresholds.len(), polychoric.nrows(), polychoric.ncols());
        return Err(EstimationError::Shape { what: "loadings with their thresholds", expected: p.to_string(), found });
    }
    if let Some(item) = (0..p).find(|item| loadings[*item].is_nan() || loadings[*item].abs() >= 1.0) {
        let (what, value) = ("loading", loadings[item]);
        return Err(EstimationError::Heywood { item: (item + 1).to_string(), what, value });
    }
    // Covariance of two items whose normal variables correlate by rho.
    let covariance = |i: usize, j: usize, rho: f64| -> f64 {
        let each = thresholds[i].iter().flat_map(|a| thresholds[j].iter().map(move |b| (*a, *b)));
        each.map(|(a, b)| bivariate_normal_cdf(a, b, rho) - normal_cdf(a) * normal_cdf(b)).sum()
    };
    let (mut shared, mut all) = (0.0, 0.0);
    for i in 0..p {
        for j in 0..p {
            shared += covariance(i, j, loadings[i] * loadings[j]);
            all += covariance(i, j, if i == j { 1.0 } else { polychoric[(i, j)].clamp(-1.0, 1.0) });
        }
    }
    if all > 0.0 { Ok(shared / all) } else { Err(EstimationError::Constant { item: "sum of the items".to_owned() }) }
}

impl OmegaReport {
    /// What was computed, on whom.
    pub fn explain(&self) -> Vec<Text> {
        let persons = self.persons.to_string();
        let key = if self.groups.is_empty() { "reliability.omega-one" } else { "reliability.omega" };
        vec![say(key, &[("persons", Fill::Same(&persons))])]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_groups_and_heywood_are_refused() {
        let names: Vec<String> = (1..=4).map(|item| item.to_string()).collect();
        let r = DMatrix::from_fn(4, 4, |i, j| if i == j { 1.0 } else { 0.4 });
        assert!(Omega { group_factors: 2 }.fit(&names, &r, 100).is_err());
        let one = Omega { group_factors: 1 }.fit(&names, &r, 100).unwrap();
        // Parallel items: omega is alpha.
        assert!((one.total - 4.0 * 0.4 / 2.2).abs() < 1e-8 && one.hierarchical.is_nan());
        let heywood = DMatrix::from_row_slice(3, 3, &[1.0, 0.8, 0.75, 0.8, 1.0, 0.5, 0.75, 0.5, 1.0]);
        let error = Omega { group_factors: 1 }.fit(&names[..3], &heywood, 100).unwrap_err();
        assert!(matches!(error, EstimationError::Heywood { .. }));
    }

    #[test]
    fn categories_lower_the_reliability() {
        let (loadings, one) = (vec![0.7; 6], vec![vec![1.0]; 6]);
        let r = DMatrix::from_fn(6, 6, |i, j| if i == j { 1.0 } else { 0.49 });
        let rough = omega_categorical(&loadings, &one, &r).unwrap();
        let fine = vec![(-20..=20).map(|at| f64::from(at) / 8.0).collect::<Vec<f64>>(); 6];
        let fine = omega_categorical(&loadings, &fine, &r).unwrap();
        let normal = (6.0_f64 * 0.7).powi(2) / r.sum();
        assert!(rough < fine && (fine - normal).abs() < 0.01, "{rough} {fine} {normal}");
        assert!(omega_categorical(&[1.0, 0.5], &one[..2], &r.view((0, 0), (2, 2)).into_owned()).is_err());
        assert!(omega_categorical(&loadings, &one[..3], &r).is_err());
    }
}
