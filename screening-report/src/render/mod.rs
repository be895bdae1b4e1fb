//! One report as files of several kinds.

mod docx;
mod html;
mod pdf;
mod xlsx;

use std::path::Path;

use screening_io::output::write_bytes;

pub use docx::docx;
pub use html::html;
pub use pdf::pdf;
pub use xlsx::xlsx;

use crate::error::{ReportError, refuse};
use crate::model::Report;

/// Extensions of the files that [`write()`] writes.
pub const FORMATS: [&str; 4] = ["html", "docx", "pdf", "xlsx"];

/// Writes a report; the extension says as what. The file appears whole or not at all, and its bytes depend on the report
/// alone, not on the clock.
///
/// # Errors
/// When the extension is none of [`FORMATS`], or the file cannot be written.
pub fn write(report: &Report, path: &Path) -> Result<(), ReportError> {
    let extension = path.extension().map(|own| own.to_string_lossy().to_lowercase()).unwrap_or_default();
    let bytes = match extension.as_str() {
        "html" => html(report).into_bytes(),
        "docx" => docx(report)?,
        "pdf" => pdf(report)?,
        "xlsx" => xlsx(report)?,
        _ => return Err(refuse("format", &[("file", &path.display().to_string()), ("formats", &FORMATS.join(", "))])),
    };
    Ok(write_bytes(path, &bytes)?)
}
