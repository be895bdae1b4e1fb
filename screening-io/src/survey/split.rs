//! Files that hold one survey together: rows of further schools, or the columns that an old workbook had no room for.

use super::layout::Layout;
use super::{LayoutReport, detect::detect};
use crate::error::{IoError, Problem};
use crate::table::{Table, append, join};

/// Metadata that identifies a sheet in all files of a split export.
const KEYS: [&str; 3] = ["sequence", "started", "submitted"];

/// One table of all files, with its layout. Files with the same headings are put below one another; others beside one
/// another, by the platform's number of the sheet and the time of its submission.
pub(super) fn put_together(
    tables: Vec<Table>,
    stated: Option<&str>,
    cells: usize,
) -> Result<(Table, Layout, LayoutReport), IoError> {
    let mut tables = tables.into_iter();
    let Some(mut whole) = tables.next() else {
        return Err(Problem::new("file-empty", crate::Place::default()).into());
    };
    for other in tables {
        let alike = whole.width() == other.width() && whole.headings() == other.headings();
        whole = if alike { append(whole, &other, cells)? } else { beside(whole, &other, stated)? };
    }
    let (layout, report) = detect(&whole, stated)?;
    Ok((whole, layout, report))
}

fn beside(whole: Table, other: &Table, stated: Option<&str>) -> Result<Table, IoError> {
    let (first, first_report) = detect(&whole, stated)?;
    let (second, second_report) = detect(other, stated)?;
    if first_report.layout != second_report.layout {
        let problem = Problem::new("split-layout", other.place()).with("first", first_report.layout);
        return Err(problem.with("second", second_report.layout).into());
    }
    let key: Vec<(usize, usize)> =
        KEYS.iter().filter_map(|key| first.metadata(key).zip(second.metadata(key))).collect();
    if key.is_empty() || first.metadata("sequence").is_none() {
        return Err(Problem::new("split-no-key", other.place()).into());
    }
    let in_whole = |column: usize| (0..whole.width()).find(|own| whole.heading(*own) == other.heading(column));
    let (mut shared, mut added) = (Vec::new(), Vec::new());
    let columns = second.questions.iter().map(|question| question.column);
    for column in columns.chain(second.others.iter().map(|(column, _)| *column)) {
        match in_whole(column) {
            Some(own) => shared.push((own, column)),
            None => added.push(column),
        }
    }
    join(whole, other, &key, &shared, &added)
}
