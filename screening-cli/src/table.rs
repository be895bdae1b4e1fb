//! Plain tables on a terminal.

use comfy_table::{ContentArrangement, Table, presets};

/// A table with a heading; lines are drawn only where they help.
pub(crate) fn table(headings: &[String], rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_HORIZONTAL_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(headings);
    if table.width().is_none() {
        table.set_width(110);
    }
    for row in rows {
        table.add_row(row);
    }
    table.to_string()
}
