//! What a range of thresholds gives.

use serde::Serialize;

use super::expected::{Accuracy, Basis, Expected};
use crate::disclosure::{ProtectedTable, Shown};
use crate::instrument::Instrument;
use crate::instrument::expr::Comparison;

/// One threshold.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SweepRow {
    /// Threshold.
    pub threshold: f64,
    /// Pupils it flags.
    pub flagged: Shown,
    /// Their share of the pupils who take part.
    pub share: Option<f64>,
    /// Hours of interviews.
    pub hours: Option<f64>,
    /// Whether every school can hold its interviews in its own hours.
    pub within_capacity: Option<bool>,
    /// Sensitivity and specificity, and where they come from; none for a whole policy.
    pub accuracy: Option<Accuracy>,
    /// What is to be expected; none for a whole policy.
    pub expected: Option<Expected>,
    /// No other threshold finds as many with fewer flagged, or more with as many.
    pub pareto: bool,
}

/// All thresholds.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SweepReport {
    /// What is compared.
    pub what: String,
    /// Rule whose threshold is moved while the rest of the policy stays; none where the scale is tried alone.
    pub rule: Option<String>,
    /// Operator.
    pub operator: Comparison,
    /// Pupils who take part.
    pub pupils: u64,
    /// Pupils without a score that can be interpreted: nothing is said about them.
    pub without_score: u64,
    /// The thresholds, the one that flags most first.
    pub rows: Vec<SweepRow>,
    /// The threshold that flags, and so finds, most within the hours of every school.
    pub chosen: Option<f64>,
    /// Pupils whom the widest threshold flags and the chosen one does not, by grade and sex: who is not reached for want of
    /// hours.
    pub not_reached: Option<Vec<ProtectedTable>>,
}

/// Published accuracies of a scale at stated cut-offs, and areas under the curve.
///
/// Only cut-offs written as a number behind an operator (`>= 10`, `<=13`) are taken, and only those whose operator flags the
/// same side as the scale does.
pub fn accuracies(
    instrument: &Instrument,
    scale: &str,
    operator: Comparison,
    region: Option<&str>,
) -> (Vec<(f64, Accuracy)>, Vec<Accuracy>) {
    let definition = instrument.definition();
    let own = definition.accuracy.iter().filter(|own| own.scale == scale);
    let own = own.filter(|own| region.is_none_or(|region| own.region.as_deref() == Some(region)));
    let (mut at_cutoffs, mut areas) = (Vec::new(), Vec::new());
    for own in own {
        let cite = definition.sources.get(&own.source).map_or(own.source.clone(), |source| source.cite.clone());
        let cutoff = own.cutoff.as_deref().and_then(|text| cutoff(text, operator));
        // A published range stands for its middle.
        let figure = |figure: Option<crate::instrument::model::Figure>| {
            figure.map(|figure| f64::midpoint(figure.lowest().to_f64(), figure.highest().to_f64()))
        };
        let (sensitivity, specificity) = (figure(own.sensitivity), figure(own.specificity));
        if let (Some(cutoff), Some(sensitivity), Some(specificity)) = (cutoff, sensitivity, specificity) {
            let basis = Basis::Published { population: own.population.clone(), source: cite.clone() };
            at_cutoffs.push((cutoff, Accuracy { sensitivity, specificity, n: own.n, basis }));
        }
        if let Some(auc) = figure(own.auc) {
            let basis = Basis::Binormal { auc, population: own.population.clone(), source: cite };
            areas.push(Accuracy { sensitivity: f64::NAN, specificity: f64::NAN, n: own.n, basis });
        }
    }
    (at_cutoffs, areas)
}

/// The number of a cut-off whose operator is this one. A bare number is taken for it.
fn cutoff(text: &str, operator: Comparison) -> Option<f64> {
    let text = text.trim();
    let number = text.strip_prefix(operator.sign()).unwrap_or(text);
    number.trim().parse().ok()
}
