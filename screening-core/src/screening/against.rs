//! What the scores are read against: norms, and the results of earlier waves.

use indexmap::IndexMap;
use polars::prelude::*;

use crate::change::{Wave, WaveChange, compare_last};
use crate::instrument::{Library, Severity};
use crate::norms::NormSet;

use super::error::ScreeningError;
use super::input::{Interpretation, WaveSettings};
use super::provenance::Provenance;
use super::summary::{ChangeUse, NormUse};

/// Every set fits the definitions, and no score has two norms.
pub(super) fn check_norms(sets: &[NormSet], library: &Library) -> Result<(), ScreeningError> {
    let mut known: IndexMap<&str, &str> = IndexMap::new();
    for set in sets {
        let diagnostics = set.check_against(library);
        if diagnostics.has_errors() {
            return Err(ScreeningError::Norms { norms: set.id().to_owned(), diagnostics });
        }
        for scale in &set.definition().scales {
            if let Some(first) = known.insert(&scale.id, set.id()) {
                return Err(ScreeningError::NormTwice {
                    scale: scale.id.clone(),
                    first: first.to_owned(),
                    second: set.id().to_owned(),
                });
            }
        }
    }
    Ok(())
}

/// Derived scores of the pupils by all norm sets, and an account of each.
pub(super) fn derive(
    interpretation: &Interpretation,
    library: &Library,
    measured: &DataFrame,
) -> Result<(DataFrame, Vec<NormUse>), ScreeningError> {
    let (mut columns, mut used) = (Vec::new(), Vec::new());
    for set in &interpretation.norms {
        let refuse = |source| ScreeningError::Apply { norms: set.id().to_owned(), source };
        let applied = set.apply(measured, &interpretation.derive).map_err(refuse)?;
        columns.extend(applied.columns);
        let warnings = set.check_against(library).0;
        let warnings = warnings.into_iter().filter(|finding| finding.severity == Severity::Warning);
        used.push(NormUse {
            norms: set.citation(),
            scales: applied.accounts,
            absent: applied.absent,
            warnings: warnings.map(|finding| finding.message).collect(),
        });
    }
    Ok((DataFrame::new(measured.height(), columns)?, used))
}

/// What changed since the earlier waves; none where there is no earlier wave.
pub(super) fn since(
    interpretation: &Interpretation,
    library: &Library,
    wave: &WaveSettings,
    provenance: &Provenance,
    measured: &DataFrame,
) -> Result<Option<WaveChange>, ScreeningError> {
    if interpretation.earlier.is_empty() {
        return Ok(None);
    }
    let own = || provenance.instruments.iter();
    let mut waves = interpretation.earlier.clone();
    waves.push(Wave {
        id: wave.id.clone(),
        date: Some(wave.date),
        instruments: own().map(|instrument| (instrument.id.clone(), instrument.citation.clone())).collect(),
        cutoffs: own().map(|instrument| (instrument.id.clone(), instrument.cutoffs.clone())).collect(),
        results: measured.clone(),
    });
    Ok(Some(compare_last(&waves, library, &interpretation.change)?))
}

/// The same for the summary.
pub(super) fn change_use(change: &WaveChange) -> ChangeUse {
    ChangeUse {
        earlier: change.earlier.clone(),
        judge: change.judge.clone(),
        comparisons: change.comparisons.clone(),
        refused: change.refused.clone(),
    }
}
