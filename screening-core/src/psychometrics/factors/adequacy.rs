//! Is there anything to factor, and how much: Kaiser, Meyer and Olkin; Bartlett; Velicer.

use nalgebra::DMatrix;
use serde::Serialize;

use super::super::EstimationError;
use super::super::algebra::{eigen_of, inverse, off_diagonal, to_correlation};
use super::super::distributions::chi_square_upper;
use crate::instrument::Text;
use crate::texts::{Fill, say};

/// Sampling adequacy and Bartlett's test of a correlation matrix.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Adequacy {
    /// Names of the items.
    pub items: Vec<String>,
    /// Persons.
    pub persons: usize,
    /// `sum r^2 / (sum r^2 + sum q^2)` over all pairs, with q the partial correlations given all other items (Kaiser 1970).
    pub kmo: f64,
    /// The same for the pairs of each item.
    pub kmo_items: Vec<f64>,
    /// Bartlett's chi-square that no two items correlate, `-(n - 1 - (2p + 5)/6) ln |R|`.
    pub bartlett: f64,
    /// Its degrees of freedom, `p (p-1) / 2`.
    pub df: f64,
    /// Its probability.
    pub p: f64,
}

/// Adequacy of a correlation matrix.
///
/// # Errors
/// Fewer than two items, fewer persons than items, a matrix that is not positive definite.
pub fn adequacy(names: &[String], r: &DMatrix<f64>, persons: usize) -> Result<Adequacy, EstimationError> {
    let p = names.len();
    if p < 2 || r.shape() != (p, p) {
        return Err(EstimationError::TooFewItems { method: "sampling adequacy", needed: 2, found: p.min(r.nrows()) });
    }
    if persons <= p {
        return Err(EstimationError::TooFewPersons { method: "Bartlett's test", needed: p + 1, found: persons });
    }
    let inverse = inverse("the correlation matrix", r)?;
    let partial = to_correlation(&inverse);
    let (plain, partials) = (off_diagonal(r).1, off_diagonal(&partial).1);
    let of = |at: usize| {
        let (r, q) = (r.row(at).norm_squared() - 1.0, partial.row(at).norm_squared() - 1.0);
        r / (r + q)
    };
    let (values, _) = eigen_of("the correlation matrix", r)?;
    let log_det: f64 = values.iter().map(|value| value.ln()).sum();
    let size = p as f64;
    let bartlett = -(persons as f64 - 1.0 - (2.0 * size + 5.0) / 6.0) * log_det;
    let df = size * (size - 1.0) / 2.0;
    Ok(Adequacy {
        items: names.to_vec(),
        persons,
        kmo: plain / (plain + partials),
        kmo_items: (0..p).map(of).collect(),
        bartlett,
        df,
        p: chi_square_upper(bartlett, df),
    })
}

impl Adequacy {
    /// What was computed.
    pub fn explain(&self) -> Vec<Text> {
        let persons = self.persons.to_string();
        vec![say("factors.adequacy", &[("persons", Fill::Same(&persons))])]
    }
}

/// Velicer's minimum average partial (1976, Psychometrika 41:321).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MinimumAveragePartial {
    /// Mean squared correlation before any component is taken out.
    pub none: f64,
    /// Mean squared partial correlation after the first 1, 2, ... components.
    pub partials: Vec<f64>,
    /// Number of components at the minimum; 0 when nothing is better than none.
    pub components: usize,
}

/// The mean squared partial correlation after taking out components of a correlation matrix, up to `most`.
///
/// # Errors
/// Fewer than three items, `most` of 0 or not below the number of items, a matrix with entries that are not numbers.
pub fn minimum_average_partial(r: &DMatrix<f64>, most: usize) -> Result<MinimumAveragePartial, EstimationError> {
    let p = r.nrows();
    if p < 3 || r.ncols() != p {
        return Err(EstimationError::TooFewItems { method: "Velicer's criterion", needed: 3, found: p });
    }
    if most == 0 || most >= p {
        return Err(EstimationError::option("most", most, "it lies above 0 and below the number of items"));
    }
    let (values, vectors) = eigen_of("the correlation matrix", r)?;
    let pairs = (p * (p - 1)) as f64;
    let mut rest = r.clone();
    let mut partials = Vec::with_capacity(most);
    for component in 0..most {
        let column = vectors.column(component);
        rest -= column * column.transpose() * values[component].max(0.0);
        let smallest = rest.diagonal().min();
        // A variable that the components explain wholly has no partial correlation.
        partials.push(if smallest > 1e-12 { off_diagonal(&to_correlation(&rest)).1 / pairs } else { f64::NAN });
    }
    let none = off_diagonal(r).1 / pairs;
    let best = partials.iter().enumerate().filter(|(_, value)| value.is_finite()).min_by(|a, b| a.1.total_cmp(b.1));
    let components = best.filter(|(_, value)| **value < none).map_or(0, |(at, _)| at + 1);
    Ok(MinimumAveragePartial { none, partials, components })
}

impl MinimumAveragePartial {
    /// What was computed.
    pub fn explain(&self) -> Vec<Text> {
        let components = self.components.to_string();
        vec![say("factors.map", &[("components", Fill::Same(&components))])]
    }
}

#[cfg(test)]
mod tests {
    use nalgebra::dmatrix;

    use super::*;

    #[test]
    fn three_items_by_hand() {
        let r = dmatrix![1.0, 0.5, 0.5; 0.5, 1.0, 0.5; 0.5, 0.5, 1.0];
        let names = ["a", "b", "c"].map(str::to_owned);
        let found = adequacy(&names, &r, 101).unwrap();
        // Partial correlations (.5 - .25) / .75 = 1/3.
        assert!((found.kmo - 0.25 / (0.25 + 1.0 / 9.0)).abs() < 1e-14);
        assert!((found.kmo_items[1] - found.kmo).abs() < 1e-14);
        // |R| = 1 + 2 (.125) - 3 (.25) = .5.
        assert!((found.bartlett - (100.0 - 11.0 / 6.0) * 2.0_f64.ln()).abs() < 1e-10);
        assert_eq!(found.df, 3.0);
        let same = dmatrix![1.0, 1.0; 1.0, 1.0];
        assert!(matches!(adequacy(&names[..2], &same, 99), Err(EstimationError::NotPositiveDefinite { .. })));
        assert!(adequacy(&names, &r, 3).is_err());
    }

    #[test]
    fn two_clusters_are_two_components() {
        let r = DMatrix::from_fn(8, 8, |i, j| {
            if i == j {
                1.0
            } else if i / 4 == j / 4 {
                0.6
            } else {
                0.1
            }
        });
        let found = minimum_average_partial(&r, 5).unwrap();
        assert_eq!(found.components, 2, "{found}");
        assert_eq!(minimum_average_partial(&DMatrix::identity(5, 5), 2).unwrap().components, 0);
        assert!(minimum_average_partial(&r, 8).is_err() && minimum_average_partial(&r, 0).is_err());
    }
}
