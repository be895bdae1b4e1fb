//! What a screening gives.

use indexmap::IndexMap;
use jiff::civil::Date;
use polars::prelude::DataFrame;
use serde::Serialize;

use crate::answers::Tri;
use crate::coverage::{CoverageTable, FollowUp, Status};
use crate::instrument::Text;
use crate::risk::{CriticalAnswer, Proposal};

use super::decisions::PupilDecision;
use super::measures::Measure;
use super::summary::Summary;

/// What a screening gives.
#[derive(Debug, Clone)]
pub struct ScreeningResult {
    /// One row for each pupil of the roster, in its order. Columns: `student_id`, `school`, `grade`, `class`, `sex`, `age`,
    /// `age_months`, `wave`, `administered_on`, `status`; the results of every instrument (`<instrument>.<scale>`, `.band`,
    /// `.flag.`, `.validity.`), with a validity plan `<instrument>.validity.verdict` and its indices
    /// ([`crate::validity::ValidityReport::to_frame`]); derived scores of the norm sets ([`crate::norms::NormSet::apply`]);
    /// change since the earlier waves ([`crate::change::WaveChange::columns`]); `tier` (null when there is nothing to propose
    /// from), `reasons` (Chinese), `reasons_en`, `critical`, `due`.
    pub results: DataFrame,
    /// Pupils about whom there is something to say, the most urgent first; pupils of the same tier in the order of the roster.
    pub proposals: Vec<PupilProposal>,
    /// Who was reached.
    pub coverage: CoverageTable,
    /// Who is still to be reached, in the order of the roster.
    pub follow_up: Vec<FollowUp>,
    /// What was measured in bands, and in which grades.
    pub measures: Vec<Measure>,
    /// By instrument, the columns of its numeric scores that are for people to see: those that norms are made of.
    pub scores: IndexMap<String, Vec<String>>,
    /// Pupils who were asked for a further form and have not handed it in, or of whom the first form cannot say whether they
    /// are, in the order of the roster.
    pub forms_due: Vec<FormDue>,
    /// Rows and answers that were not used, with the reason.
    pub rejected: Vec<Rejection>,
    /// Sheets that another sheet of the same pupil replaces.
    pub superseded: Vec<Superseded>,
    /// Critical answers on rejected sheets: nobody's tier, and never hidden.
    pub stray_critical: Vec<StrayCritical>,
    /// What persons decided, by pupil and day; empty until [`ScreeningResult::record_decisions`].
    pub decisions: Vec<PupilDecision>,
    /// Counts and provenance.
    pub summary: Summary,
}

/// Where a sheet came from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct SheetPlace {
    /// Battery id.
    pub battery: String,
    /// File; empty when the frame names none.
    pub file: String,
    /// Row of the file, or of the frame counted from 1.
    pub row: u64,
}

/// A proposal with the pupil it is about.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PupilProposal {
    /// Row of [`ScreeningResult::results`].
    pub pupil: usize,
    /// Student id.
    pub student_id: String,
    /// School.
    pub school: String,
    /// Grade.
    pub grade: Option<u8>,
    /// Class.
    pub class: String,
    /// Status.
    pub status: Status,
    /// Day by which a person should have acted: the day of the sheet that counts (of the wave, where it bears none or there is no
    /// sheet) and the response hours of the tier, in whole days. The hours are counted from the beginning of that day, weekends
    /// and holidays count, and less than a day is the same day. None where nothing is due.
    pub due: Option<Date>,
    /// The proposal.
    #[serde(flatten)]
    pub proposal: Proposal,
}

/// A pupil and a further form that has not come in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FormDue {
    /// Row of [`ScreeningResult::results`].
    pub pupil: usize,
    /// Student id.
    pub student_id: String,
    /// School.
    pub school: String,
    /// Grade.
    pub grade: Option<u8>,
    /// Class.
    pub class: String,
    /// Battery id.
    pub battery: String,
    /// Form id.
    pub form: String,
    /// Name of the form.
    pub name: Text,
    /// Whether it is asked: yes, or cannot say since answers to the first form are missing or not to be interpreted.
    pub asked: Tri,
}

/// Whether a whole sheet or one answer was not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RejectionKind {
    /// The sheet.
    Sheet,
    /// One value; the rest of the sheet is used.
    Value,
    /// A record about a pupil beside the sheets.
    Record,
}

/// Something that was not used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rejection {
    /// Sheet or value.
    pub kind: RejectionKind,
    /// Where.
    #[serde(flatten)]
    pub place: SheetPlace,
    /// Column.
    pub column: String,
    /// Value found.
    pub value: String,
    /// Stable id of the reason, for example `unknown-pupil`.
    pub reason: &'static str,
    /// The reason and what to do, in words.
    pub text: Text,
}

/// A sheet that another one replaces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Superseded {
    /// Student id.
    pub student_id: String,
    /// The sheet that does not count.
    #[serde(flatten)]
    pub place: SheetPlace,
    /// The sheet that counts.
    pub counts: SheetPlace,
    /// The rule, in words.
    pub text: Text,
}

/// Critical answers on a rejected sheet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StrayCritical {
    /// Student id as on the sheet.
    pub student_id: String,
    /// Where the sheet came from.
    #[serde(flatten)]
    pub place: SheetPlace,
    /// Why it was rejected.
    pub reason: &'static str,
    /// The reason in words.
    pub text: Text,
    /// The answers.
    pub answers: Vec<CriticalAnswer>,
}
