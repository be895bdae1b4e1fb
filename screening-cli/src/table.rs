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

/// A long list: one line a row as far as it fits, no lines between rows.
pub(crate) fn list(headings: &[String], rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table.set_header(headings);
    filled(table, rows)
}

/// A list without headings.
pub(crate) fn list_of(rows: Vec<Vec<String>>) -> String {
    filled(Table::new(), rows)
}

fn filled(mut table: Table, rows: Vec<Vec<String>>) -> String {
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    for row in rows {
        table.add_row(row);
    }
    table.trim_fmt()
}
