//! Who changes tier under another policy.

use std::path::Path;

use polars::prelude::*;
use screening_core::risk::evaluate::{MovedPupil, PolicyComparison};

use super::stage::problem;
use super::table::write_table;
use crate::error::IoError;

/// Writes one row for each pupil whose tier differs: `student_id`, `school`, `grade`, `class`, `tier_before`, `tier_after`, `by`
/// (rules of the second policy that propose the new tier), `no_longer_by`. A list for the centre; nothing in it is suppressed.
/// The format follows the extension, see [`write_table`].
///
/// # Errors
/// When `results` are not those of the comparison, or the file cannot be written.
pub fn write_moved(path: &Path, results: &DataFrame, compared: &PolicyComparison) -> Result<(), IoError> {
    let frame = frame(results, &compared.pupils).map_err(|cause| problem("output-unwritable", path, &cause))?;
    write_table(path, &frame, &[])
}

fn frame(results: &DataFrame, pupils: &[MovedPupil]) -> PolarsResult<DataFrame> {
    let rows: IdxCa = pupils.iter().map(|own| Some(own.pupil as IdxSize)).collect();
    let mut frame = results.select(["student_id", "school", "grade", "class"])?.take(&rows)?;
    let text = |name: &str, of: &dyn Fn(&MovedPupil) -> String| {
        Column::new(name.into(), pupils.iter().map(of).collect::<Vec<String>>())
    };
    let columns = [
        text("tier_before", &|own| own.from.clone()),
        text("tier_after", &|own| own.to.clone()),
        text("by", &|own| own.by.join(", ")),
        text("no_longer_by", &|own| own.no_longer_by.join(", ")),
    ];
    frame.hstack_mut(&columns)?;
    Ok(frame)
}
