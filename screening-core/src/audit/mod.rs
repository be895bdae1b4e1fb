//! Is the file what it says it is: columns, codes, keys and sheets of a whole wave, before anything is scored.
//!
//! The validity indices ask whether one *sheet* can be trusted; the auditor asks whether the *file* can. It looks for the mistakes
//! that turn a wave of honest answers into wrong scores: items that come in reversed already, 1-4 read as 0-3, columns shifted
//! by one, columns without an answer, rows pasted twice, the key of another form. Each [`Finding`] carries its figures, the items,
//! how sure it is ([`Certainty`], with a rule for each level), what was seen and what to do, in Chinese and English. What cannot be told
//! is said too ([`Silent`]).
//!
//! The rules rest on the definition alone: which items make up a scale, in which direction, with which options, and which are
//! critical. Nothing is compared with another wave. `docs/audit.md` has a worked example of each finding and a list of what an
//! auditor of this kind cannot see.
//!
//! ```
//! use polars::prelude::*;
//! use screening_core::audit::{Auditor, Certainty, FindingKind};
//! use screening_core::instrument::Library;
//! use screening_core::scoring::Scorer;
//!
//! let library = Library::bundled()?;
//! let scorer = Scorer::new(library.get("gad-7").expect("bundled"))?;
//! // 1-4 where the form has 0-3.
//! let column = |item: usize| {
//!     let codes: Vec<i8> = (0..60_usize).map(|row| 1 + ((row * 7 + row / 3 * item) % 4) as i8).collect();
//!     Column::new(format!("gad-7.{item}").into(), codes)
//! };
//! let frame = DataFrame::new(60, (1..=7).map(column).collect())?;
//! let report = Auditor::new(&scorer).run(&frame)?;
//! assert!(report.has(FindingKind::CodesMoved, Certainty::Certain));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod chance;
mod codes;
mod columns;
mod expect;
mod finding;
mod key;
mod read;
mod repeats;
mod structure;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;

use polars::prelude::DataFrame;

use crate::scoring::{FrameError, Scorer};
use crate::texts::Fill;

pub use finding::{AuditReport, Certainty, Finding, FindingKind, MOST_ROWS, Silent, Stray};

use expect::Expectation;
use read::Sheets;
use structure::Structure;

/// Sheets below which correlations say nothing about the key or the columns.
pub const FEWEST_SHEETS: usize = 100;

/// Audits the answers to one instrument.
pub struct Auditor<'a> {
    scorer: &'a Scorer,
    expected: Expectation,
}

impl<'a> Auditor<'a> {
    /// An auditor with the key of an instrument.
    pub fn new(scorer: &'a Scorer) -> Self {
        Self { scorer, expected: Expectation::of(scorer.instrument().definition()) }
    }

    /// Audits a frame with a column `<instrument>.<item>` for each item, and `student_id` and `source_row` where it has them.
    ///
    /// # Errors
    /// As [`Scorer::score_frame`].
    pub fn run(&self, frame: &DataFrame) -> Result<AuditReport, FrameError> {
        self.run_with(frame, &[])
    }

    /// As [`Self::run`], with the texts of answers that a reader could not place and has marked as invalid in the frame.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn run_with(&self, frame: &DataFrame, strays: &[Stray]) -> Result<AuditReport, FrameError> {
        let sheets = Sheets::read(self.scorer, frame, strays, &self.expected)?;
        let (mut findings, mut silent) = (Vec::new(), Vec::new());
        codes::check(&sheets, &self.expected, &mut findings, &mut silent);
        let places: Vec<usize> = self.expected.items.iter().map(|item| item.at).collect();
        let structure = (sheets.rows() >= FEWEST_SHEETS).then(|| Structure::of(&sheets.answers, &places)).flatten();
        match &structure {
            Some(structure) => key::check(structure, &self.expected, &mut findings, &mut silent),
            None => silent.extend(too_few()),
        }
        columns::check(&sheets, structure.as_ref(), &self.expected, &mut findings, &mut silent);
        repeats::check(&sheets, &self.expected, &mut findings, &mut silent);
        // Of the same certainty they stay in the order of the checks.
        findings.sort_by_key(|finding| Reverse(finding.certainty));
        let instrument = self.scorer.instrument();
        Ok(AuditReport {
            instrument: instrument.id().to_owned(),
            citation: instrument.citation(),
            sheets: sheets.rows(),
            findings,
            silent,
        })
    }
}

fn too_few() -> impl Iterator<Item = Silent> {
    let kinds = [
        FindingKind::ItemTurned,
        FindingKind::KeyGroupTurned,
        FindingKind::KeyDoesNotFit,
        FindingKind::ColumnsShifted,
        FindingKind::ColumnsSwapped,
    ];
    let needed = FEWEST_SHEETS.to_string();
    kinds.into_iter().map(move |kind| Silent::new(kind, "few-sheets", &[("needed", Fill::Same(&needed))]))
}
