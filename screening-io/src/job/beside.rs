//! Records about pupils and decisions of a job.

use std::path::Path;

use screening_core::risk::{CoveredStream, Policy};
use screening_core::screening::{Decision, PupilEvidence};

use super::{Job, JobError};
use crate::{file_hash, read_decisions, read_evidence};

/// Records of all files, and what to cite of each file.
pub(super) fn evidence(job: &Job, base: &Path) -> Result<(PupilEvidence, Vec<String>), JobError> {
    let (mut evidence, mut cited) = (PupilEvidence::default(), Vec::new());
    for entry in &job.evidence {
        for path in entry.file.paths() {
            let whole = base.join(path);
            let records = read_evidence(&whole)?.into_iter().map(|mut record| {
                // As the job names it: where the job stands does not belong in the results.
                record.place.file = path.display().to_string();
                record
            });
            evidence.records.extend(records);
            let hash = file_hash(&whole)?;
            cited.push(format!("{}+{}", path.display(), hash.get(..12).unwrap_or(&hash)));
        }
        let covered =
            entry.covers.iter().map(|stream| CoveredStream { stream: stream.clone(), schools: entry.schools.clone() });
        evidence.covered.extend(covered);
    }
    Ok((evidence, cited))
}

/// Decisions of all files.
pub(super) fn decisions(job: &Job, base: &Path, policy: &Policy) -> Result<Vec<Decision>, JobError> {
    let mut list = Vec::new();
    for path in job.decisions.iter().flat_map(super::OneOrMany::paths) {
        list.extend(read_decisions(&base.join(path), policy)?.into_iter().map(|mut decision| {
            decision.place.file = path.display().to_string();
            decision
        }));
    }
    Ok(list)
}
