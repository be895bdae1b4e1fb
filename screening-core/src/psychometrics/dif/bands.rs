//! Do equal thetas get equal bands?

use serde::Serialize;

use super::DifError;
use crate::psychometrics::irt::{IrtError, ItemBank, Prior, Quadrature, sums_given_theta};

/// One cut-off of the sum score.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct BandRow {
    /// The band begins at this sum of codes.
    pub cut: i64,
    /// Share of the focal group that reaches the band, were its answers those of the reference group.
    pub as_reference: f64,
    /// Share of the focal group that reaches the band by its own items.
    pub as_focal: f64,
    /// The second less the first: additional persons in the band because of the items alone.
    pub difference: f64,
    /// Largest difference at one theta.
    pub largest: f64,
    /// The theta where it is largest.
    pub at: f64,
    /// Whether the largest difference exceeds what is tolerated.
    pub flagged: bool,
}

/// What differential functioning does to decisions: the chance to reach each band at equal theta in both groups.
///
/// ```text
/// P(sum >= cut | theta) by the recursion of Lord and Wingersky, with the items of each group
/// ```
///
/// Differences of items that cancel in the sum harm nobody; small ones that add up do.
///
/// ```
/// use screening_core::psychometrics::dif::BandFairness;
/// use screening_core::psychometrics::irt::{BankItem, ItemBank, Prior, Quadrature};
/// use screening_core::stats::ItemParameters;
/// let bank = |shift: f64| ItemBank::new((0..6).map(|item| {
///     let b = f64::from(item) / 3.0 - 1.0 + shift;
///     BankItem::new(item.to_string(), 0, ItemParameters::Graded { a: 1.5, b: vec![b, b + 1.0] })
/// }).collect());
/// let fair = BandFairness::compare(&bank(0.0)?, &bank(0.0)?, &[6, 9], Prior::default(), Quadrature::SCORING, 0.05)?;
/// assert!(fair.rows.iter().all(|row| row.difference == 0.0 && !row.flagged));
/// let harder = BandFairness::compare(&bank(0.0)?, &bank(0.5)?, &[6, 9], Prior::default(), Quadrature::SCORING, 0.05)?;
/// assert!(harder.rows.iter().all(|row| row.difference < 0.0 && row.flagged));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BandFairness {
    /// One row a cut-off.
    pub rows: Vec<BandRow>,
    /// Distribution of theta in the focal group.
    pub focal_prior: Prior,
    /// Difference at one theta that is tolerated.
    pub tolerance: f64,
}

impl BandFairness {
    /// Compares the groups. Thetas are looked at within three deviations of the focal group's mean.
    ///
    /// # Errors
    /// Banks with other items or codes, items whose codes are not consecutive, cut-offs that no sum of codes can be.
    pub fn compare(
        reference: &ItemBank,
        focal: &ItemBank,
        cuts: &[i64],
        focal_prior: Prior,
        grid: Quadrature,
        tolerance: f64,
    ) -> Result<Self, DifError> {
        if !(tolerance > 0.0 && tolerance < 1.0) {
            let (option, allowed) = ("tolerance", "above 0 and below 1");
            return Err(DifError::Option { option, value: tolerance.to_string(), allowed });
        }
        let same = |pair: (&_, &_)| {
            let (a, b): (&crate::psychometrics::irt::BankItem, &crate::psychometrics::irt::BankItem) = pair;
            a.name == b.name && a.codes == b.codes
        };
        if reference.len() != focal.len() || !reference.items().iter().zip(focal.items()).all(same) {
            return Err(IrtError::Bank("the two groups need the same items in the same order".to_owned()).into());
        }
        let mut lowest = 0;
        for item in reference.items() {
            let first = item.codes.first().copied().unwrap_or(0);
            if item.codes.iter().enumerate().any(|(at, code)| usize::try_from(code - first) != Ok(at)) {
                let (item, categories) = (item.name.clone(), item.codes.len());
                return Err(DifError::Categories { item, categories, needed: "their codes have to be consecutive" });
            }
            lowest += i64::from(first);
        }
        let (nodes, weights) = (grid.nodes(), grid.weights(focal_prior.mean, focal_prior.deviation));
        let [by_reference, by_focal] = [reference, focal].map(|bank| sums_given_theta(bank, &nodes, None));
        let mut rows = Vec::new();
        for cut in cuts {
            let from = usize::try_from(cut - lowest).ok().filter(|from| *from <= reference.highest_sum());
            let from = from.ok_or_else(|| {
                let allowed = "sums that the codes can reach";
                DifError::Option { option: "cuts", value: cut.to_string(), allowed }
            })?;
            let reach = |sums: &[Vec<f64>], q: usize| sums[from..].iter().map(|row| row[q]).sum::<f64>();
            let mut row = BandRow {
                cut: *cut,
                as_reference: 0.0,
                as_focal: 0.0,
                difference: 0.0,
                largest: 0.0,
                at: f64::NAN,
                flagged: false,
            };
            for (q, (node, weight)) in nodes.iter().zip(&weights).enumerate() {
                let (own, other) = (reach(&by_focal, q), reach(&by_reference, q));
                row.as_focal += weight * own;
                row.as_reference += weight * other;
                let near = (node - focal_prior.mean).abs() <= 3.0 * focal_prior.deviation;
                if near && (own - other).abs() > row.largest.abs() {
                    (row.largest, row.at) = (own - other, *node);
                }
            }
            row.difference = row.as_focal - row.as_reference;
            row.flagged = row.largest.abs() > tolerance;
            rows.push(row);
        }
        Ok(Self { rows, focal_prior, tolerance })
    }
}
