//! The canonical frame of answers, and the list of what was not taken over.

mod items;
mod person;

use polars::prelude::DataFrame;
use screening_core::audit::Stray;

use crate::coding::CodingReport;
use crate::error::{Problem, Rejected, Scope};
use crate::survey::LayoutReport;

pub(crate) use items::{ItemColumn, item_columns};
pub(crate) use person::{Field, PersonColumn, administered, loose_ids, person_columns, read_person, student_ids};

/// The answers of one file.
///
/// Columns of `frame`, in this order: `source_file` (text) and `source_row` (as a spreadsheet counts); `sheet_id`, the
/// platform's number of the sheet, where it has one; the person
/// columns that the file has (`student_id`, `school`, `class` and `wave` as text, `grade` and `age` as small integers,
/// `sex` as `male`, `female` or `other`, `birth_date` and `administered_on` as dates); for a survey `submitted_at`
/// (text, `YYYY-MM-DD HH:MM:SS`) and `duration_s`; then one column an item, `<instrument>.<item>`.
///
/// A choice item is a column of `i8` codes: null = skipped, and the codes of [`screening_core::answers::Missing`] for
/// refused, not shown and invalid. A number item is `f64` and a clock item is text `HH:MM`, null for any kind of
/// missing.
///
/// Rows are kept or listed: `rows_in == frame.height() + rows_rejected()`.
#[derive(Debug, Clone)]
pub struct AnswerSet {
    /// The answers.
    pub frame: DataFrame,
    /// Rows and cells that were not taken over, with the reason.
    pub rejected: Vec<Rejected>,
    /// Rows of the file that were not blank.
    pub rows_in: usize,
    /// How the answers of each instrument were read.
    pub codings: Vec<CodingReport>,
    /// Headings of columns that were left aside.
    pub ignored: Vec<String>,
    /// The layout of a survey export; `None` for plain tables.
    pub layout: Option<LayoutReport>,
}

impl AnswerSet {
    /// Number of rows that were rejected as a whole.
    pub fn rows_rejected(&self) -> usize {
        rows_rejected(&self.rejected)
    }

    /// The texts of answers that fit no option, for the auditor: in the frame they are only marked as invalid.
    pub fn strays(&self) -> Vec<Stray> {
        let of = |problem: &Problem| {
            let (_, column) = problem.arguments.iter().find(|(name, _)| *name == items::ITEM)?;
            let value = problem.value.clone().unwrap_or_default();
            Some(Stray { file: problem.place.file.clone(), column: column.clone(), value })
        };
        self.rejected.iter().filter_map(|rejected| of(&rejected.problem)).collect()
    }
}

pub(crate) fn rows_rejected(rejected: &[Rejected]) -> usize {
    rejected.iter().filter(|entry| entry.scope == Scope::Row).count()
}
