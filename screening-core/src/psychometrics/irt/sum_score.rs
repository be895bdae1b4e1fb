//! Theta of each sum score.

use serde::Serialize;

use super::IrtError;
use super::bank::ItemBank;
use super::quadrature::{Prior, Quadrature};
use super::score::moments;

/// One row of a table from sums to thetas.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SumScoreRow {
    /// Sum of categories counted from 0.
    pub sum: usize,
    /// Mean of the posterior.
    pub theta: f64,
    /// Standard deviation of the posterior.
    pub se: f64,
    /// Expected share of persons with this sum.
    pub probability: f64,
}

/// From sum to theta: EAP for sum scores, by the recursion of Lord and Wingersky.
///
/// ```text
/// P(s | theta)  = sum over patterns of sum s        (item by item: P_{i+1}(s) = sum_k P_i(s - k) P(x = k))
/// theta(s)      = mean of P(s | theta) g(theta)
/// ```
///
/// For persons who answered everything, where only the sum is kept. Source: Lord & Wingersky 1984, Appl Psychol Meas 8:453;
/// Thissen, Pommerich, Billeaud & Williams 1995, Appl Psychol Meas 19:39.
///
/// ```
/// use screening_core::psychometrics::irt::{BankItem, ItemBank, Prior, Quadrature, SumScores};
/// use screening_core::stats::ItemParameters;
/// let item = |name| BankItem::new(name, 0, ItemParameters::Graded { a: 1.0, b: vec![-1.0, 1.0] });
/// let bank = ItemBank::new(vec![item("1"), item("2")])?;
/// let table = SumScores::new(&bank, Prior::default(), Quadrature::SCORING)?;
/// assert_eq!(table.rows.len(), 5);
/// assert!(table.rows[2].theta.abs() < 1e-12);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SumScores {
    /// One row a sum, from 0 on.
    pub rows: Vec<SumScoreRow>,
    /// Distribution of theta assumed.
    pub prior: Prior,
    /// Points of the integrals.
    pub quadrature: Quadrature,
}

impl SumScores {
    /// The table of a bank.
    ///
    /// # Errors
    /// A prior that is no distribution.
    pub fn new(bank: &ItemBank, prior: Prior, quadrature: Quadrature) -> Result<Self, IrtError> {
        prior.check()?;
        let nodes = quadrature.nodes();
        let given = sums_given_theta(bank, &nodes, None);
        let weights = quadrature.weights(prior.mean, prior.deviation);
        let rows = given
            .iter()
            .enumerate()
            .map(|(sum, likelihood)| {
                let joint: Vec<f64> = likelihood.iter().zip(&weights).map(|(l, w)| l * w).collect();
                let probability: f64 = joint.iter().sum();
                let posterior: Vec<f64> = joint.iter().map(|value| value / probability).collect();
                let (theta, se) = moments(&nodes, &posterior);
                SumScoreRow { sum, theta, se, probability }
            })
            .collect();
        Ok(Self { rows, prior, quadrature })
    }
}

/// Probability of each sum at each node, `[sum][node]`, of all items but one.
pub(crate) fn sums_given_theta(bank: &ItemBank, nodes: &[f64], without: Option<usize>) -> Vec<Vec<f64>> {
    let mut sums = vec![vec![1.0; nodes.len()]];
    for (_, item) in bank.items().iter().enumerate().filter(|(at, _)| Some(*at) != without) {
        let categories = item.parameters.categories();
        let curves: Vec<Vec<f64>> = nodes.iter().map(|node| item.parameters.probabilities(*node)).collect();
        let mut next = vec![vec![0.0; nodes.len()]; sums.len() + categories - 1];
        for (sum, row) in sums.iter().enumerate() {
            for k in 0..categories {
                let to = &mut next[sum + k];
                to.iter_mut().zip(row).zip(&curves).for_each(|((to, p), curve)| *to += p * curve[k]);
            }
        }
        sums = next;
    }
    sums
}
