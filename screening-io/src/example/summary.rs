//! What an example district contains, counted while it was written.

use serde::Serialize;

/// Counts of everything that was written, and of everything that was made to go wrong.
///
/// pupils = sat + made up + absent + refused + withdrawn + out of scope + unexplained.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Schools.
    pub schools: u64,
    /// Classes.
    pub classes: u64,
    /// Pupils on the roster.
    pub pupils: u64,
    /// Pupils who sat the screening with their class; their sheet may bear a mistyped id.
    pub sat: u64,
    /// Pupils reached on the make-up day.
    pub make_up: u64,
    /// Pupils absent and never reached: no sheet.
    pub absent: u64,
    /// Consent refused: no sheet.
    pub refused: u64,
    /// Consent withdrawn: no sheet.
    pub withdrawn: u64,
    /// Not in the scope of the screening: no sheet.
    pub out_of_scope: u64,
    /// Present, with consent and in scope, and yet without a sheet.
    pub unexplained: u64,
    /// Rows of all answer files.
    pub sheets: u64,
    /// Second sheets of the same pupil.
    pub duplicates: u64,
    /// Sheets whose student id is on no roster.
    pub unknown_ids: u64,
    /// Sheets answered with the same option throughout.
    pub straight_lined: u64,
    /// Sheets answered faster than anyone can read.
    pub too_fast: u64,
    /// Sheets that fail the lie scale of an instrument.
    pub lie_failures: u64,
    /// Answer cells of all files.
    pub cells: u64,
    /// Cells left out.
    pub blank_cells: u64,
    /// Sheets with very many cells left out.
    pub blank_heavy_sheets: u64,
    /// Cells that hold no answer to their question.
    pub wrong_cells: u64,
    /// Bedtimes written on a 12 h clock.
    pub clock_slips: u64,
    /// Pupils who share their name with somebody in their class.
    pub namesakes: u64,
    /// Interviews after the wave; none after the wave before.
    pub interviews: u64,
    /// Records about pupils beside the sheets.
    pub records: u64,
    /// Decisions about pupils.
    pub decisions: u64,
    /// The answer files, in the order of the job file.
    pub files: Vec<AnswerFile>,
    /// The wave before, where it was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub earlier: Option<Box<Summary>>,
}

/// One answer file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AnswerFile {
    /// Path below the folder of the job file, with `/`.
    pub file: String,
    /// Battery that was answered.
    pub battery: String,
    /// `survey` or `canonical`.
    pub format: &'static str,
    /// `text`, `ordinal` or `score`; none for canonical files.
    pub coding: Option<&'static str>,
    /// Rows below the header.
    pub rows: u64,
}
