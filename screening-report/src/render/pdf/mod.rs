//! A PDF that prints on A4 and that programs can read: tagged by PDF/UA-1, with headings, header cells of tables that repeat on
//! each page, words for pictures, and text that can be searched.
//!
//! Typst sets the pages. The layout (`report.typ`) is one fixed source; a report reaches it as JSON, so that no word of it is
//! ever read as code. There are no files, no packages, no clock and no fonts but the two that are embedded.

mod data;
mod world;

use typst::foundations::Smart;
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards};

use crate::error::ReportError;
use crate::model::{Block, Chart, Report};
use crate::words::say;

/// Sizes of letters, in points, that are tried for a report of one page.
const ONE_PAGE: [f64; 4] = [9.0, 8.0, 7.5, 7.0];
/// With more lines than this the largest letters need not be tried: setting pages takes most of the time of a report.
const MANY_LINES: usize = 70;

/// The report as a PDF. The same report gives the same bytes.
///
/// A report of one page is set in two columns, in large letters with which it fits, of 9 to 7 points; what does not fit even then is
/// set as any other, on as many pages as it needs.
///
/// A character that the embedded fonts lack is drawn as □, and the first page says which ones those are.
///
/// # Errors
/// When the pages cannot be set.
pub fn pdf(report: &Report) -> Result<Vec<u8>, ReportError> {
    let skipped = usize::from(lines(report) > MANY_LINES);
    let sizes = ONE_PAGE.iter().skip(skipped).filter(|_| report.one_page).copied();
    for size in sizes {
        let document = set(report, Some(size))?;
        if document.pages().len() == 1 {
            return write(&document);
        }
    }
    write(&set(report, None)?)
}

/// About how many lines a report has in two columns: a guess that spares a trial.
fn lines(report: &Report) -> usize {
    let block = |block: &Block| match block {
        Block::Table(table) => table.rows.len() + 3,
        Block::Figure(figure) => match &figure.chart {
            Chart::Profile { rows, .. } => rows.len() * 4 / 3 + 6,
            _ => 12,
        },
        Block::Form(fields) => fields.len() * 3,
        Block::Paragraph(_) | Block::Note(_) | Block::Warning(_) | Block::List(_) => 3,
    };
    report.sections.iter().map(|own| 2 + own.blocks.iter().map(block).sum::<usize>()).sum()
}

/// The pages of a report; with a size of letters laid out for one.
fn set(report: &Report, one_page: Option<f64>) -> Result<PagedDocument, ReportError> {
    let (mut value, missing) = data::data(report, one_page, &world::has);
    if !missing.is_empty() {
        let list: Vec<String> = missing.iter().map(|sign| format!("U+{:04X}", u32::from(*sign))).collect();
        let list = list.join(&say(report.language, "frame.comma", &[]));
        let words = say(report.language, "notice.missing-characters", &[("characters", &list)]);
        data::warn(&mut value, words);
    }
    let world = world::Pages::new(value.to_string());
    typst::compile::<PagedDocument>(&world).output.map_err(|found| told(&found))
}

fn write(document: &PagedDocument) -> Result<Vec<u8>, ReportError> {
    let standards = PdfStandards::new(&[PdfStandard::Ua_1]).map_err(|found| ReportError::document(found.message()))?;
    let options =
        PdfOptions { standards, creator: Smart::Custom(Some("screening".to_owned())), ..PdfOptions::default() };
    let bytes = typst_pdf::pdf(document, &options).map_err(|found| told(&found));
    // What was kept for a second run of the same pages is let go, as hundreds of schools may follow.
    typst::comemo::evict(10);
    bytes
}

/// What typst says went wrong.
fn told(found: &[typst::diag::SourceDiagnostic]) -> ReportError {
    let lines: Vec<&str> = found.iter().map(|own| own.message.as_str()).collect();
    ReportError::document(lines.join("; "))
}
