//! What is known of pupils beside the sheets: records are matched to the roster like sheets, and nothing is lost.

use std::collections::HashMap;

use serde::Serialize;

use crate::coverage::{Consent, Scope};
use crate::risk::{CoveredStream, EvidenceTable, PupilRecord};
use crate::texts::{Fill, say};

use super::error::ScreeningError;
use super::input::{ConsentMode, Pupil, WaveSettings};
use super::result::{Rejection, RejectionKind, SheetPlace};

/// Records about pupils, and for whom each source was delivered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PupilEvidence {
    /// The records, in the order of their files.
    pub records: Vec<PupilRecord>,
    /// Sources that were delivered: of these pupils, no record means that there is nothing. A source that is not named here
    /// was not delivered, and its silence is no answer.
    pub covered: Vec<CoveredStream>,
}

impl PupilEvidence {
    /// Whether nothing was delivered at all.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty() && self.covered.is_empty()
    }
}

/// What became of the records: `read = used + rejected`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EvidenceUse {
    /// Records of all files.
    pub read: u64,
    /// Records of pupils of the roster that may be used.
    pub used: u64,
    /// Records that are not used.
    pub rejected: u64,
    /// By source, for how many pupils it was delivered.
    pub delivered: Vec<Delivered>,
}

/// One source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Delivered {
    /// Kind, and source where it has several.
    pub source: String,
    /// Pupils for whom it was delivered; for the others its silence is no answer.
    pub pupils: u64,
}

/// The records of a wave.
#[derive(Default)]
pub(super) struct Known {
    pub(super) table: Option<EvidenceTable>,
    pub(super) rejected: Vec<Rejection>,
    pub(super) used: Option<EvidenceUse>,
}

/// Matches records to the roster.
pub(super) fn known(
    evidence: &PupilEvidence,
    roster: &[Pupil],
    by_id: &HashMap<&str, u32>,
    wave: &WaveSettings,
) -> Result<Known, ScreeningError> {
    if evidence.is_empty() {
        return Ok(Known::default());
    }
    let (mut rejected, mut used) = (Vec::new(), Vec::new());
    for record in &evidence.records {
        record.check().map_err(|fault| ScreeningError::Record { place: place_text(record), fault })?;
        let id = record.student_id.trim();
        let pupil = by_id.get(id).and_then(|at| Some((*at, roster.get(*at as usize)?)));
        let why = match pupil {
            _ if id.is_empty() => Some("evidence-no-student-id"),
            None => Some("evidence-unknown-pupil"),
            Some((_, pupil)) => not_used(pupil, wave),
        };
        match (why, pupil) {
            (None, Some((at, _))) => used.push((at, record)),
            (why, _) => rejected.push(rejection(record, why.unwrap_or("evidence-unknown-pupil"))),
        }
    }
    let count = used.len() as u64;
    let mut table = EvidenceTable::new(wave.date, roster.len(), used)
        .map_err(|fault| ScreeningError::Record { place: String::new(), fault })?;
    for covered in &evidence.covered {
        for school in covered.schools.iter().flatten() {
            if !roster.iter().any(|pupil| pupil.school == *school) {
                let stream = covered.stream.to_string();
                return Err(ScreeningError::EvidenceSchool { stream, school: school.clone() });
            }
        }
        table.cover(covered, |pupil, covered| {
            let school = roster.get(pupil).map(|pupil| &pupil.school);
            covered.schools.as_ref().is_none_or(|schools| school.is_some_and(|school| schools.contains(school)))
        });
    }
    let delivered = table.delivered().into_iter();
    let delivered = delivered.map(|(source, pupils)| Delivered { source, pupils: pupils as u64 }).collect();
    let (read, gone) = (evidence.records.len() as u64, rejected.len() as u64);
    let account = EvidenceUse { read, used: count, rejected: gone, delivered };
    Ok(Known { table: Some(table), rejected, used: Some(account) })
}

/// Why records of a pupil are not used: the same reasons as for sheets, in the same order.
fn not_used(pupil: &Pupil, wave: &WaveSettings) -> Option<&'static str> {
    match (pupil.consent, pupil.scope) {
        (Consent::Withdrawn, _) => Some("evidence-consent-withdrawn"),
        (_, Scope::Out) => Some("evidence-out-of-scope"),
        (Consent::Refused, _) => Some("evidence-consent-refused"),
        (Consent::Unrecorded, _) if wave.consent == ConsentMode::OptIn => Some("evidence-consent-missing"),
        _ => None,
    }
}

fn rejection(record: &PupilRecord, reason: &'static str) -> Rejection {
    let text = say(&format!("rejected.{reason}"), &[("value", Fill::Same(record.student_id.trim()))]);
    Rejection {
        kind: RejectionKind::Record,
        place: SheetPlace { battery: String::new(), file: record.place.file.clone(), row: record.place.row },
        column: "student_id".to_owned(),
        value: record.student_id.trim().to_owned(),
        reason,
        text,
    }
}

fn place_text(record: &PupilRecord) -> String {
    let file = if record.place.file.is_empty() { "records" } else { record.place.file.as_str() };
    format!("{file}, row {}", record.place.row)
}
