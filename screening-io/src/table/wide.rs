//! A table with one row a sheet, made from one with one row an answer.

use super::{Origin, Table};

/// A wide table in the making. Its cells remember the rows that they came from.
pub(crate) struct Wide {
    headings: Vec<String>,
    /// Columns about the sheet, as they stand in the long table.
    about: Vec<Vec<u32>>,
    rows: Vec<u32>,
    /// By item: cell and source row of each sheet; row 0 = not there.
    items: Vec<Vec<(u32, u32)>>,
    answer: usize,
}

impl Wide {
    /// A table with the columns `about` of the long one, and one for each item.
    pub(crate) fn new<'a>(table: &Table, about: &[usize], items: impl Iterator<Item = &'a str>, answer: usize) -> Self {
        let mut headings: Vec<String> = about.iter().map(|column| table.heading(*column).to_owned()).collect();
        let first = headings.len();
        headings.extend(items.map(str::to_owned));
        let items = vec![Vec::new(); headings.len() - first];
        Self { about: vec![Vec::new(); first], headings, rows: Vec::new(), items, answer }
    }

    /// Begins the row of a sheet that first appears in this row of the long table.
    pub(crate) fn begin_row(&mut self, table: &Table, about: &[usize], row: usize) {
        self.rows.push(table.source_row(row).unwrap_or(0));
        for (cells, column) in self.about.iter_mut().zip(about) {
            cells.push(table.cells(*column).get(row).copied().unwrap_or(0));
        }
        for cells in &mut self.items {
            cells.push((0, 0));
        }
    }

    /// Puts an answer; gives the earlier row when the sheet has another answer to the item already.
    pub(crate) fn put(&mut self, table: &Table, sheet: usize, item: usize, row: usize) -> Option<u32> {
        let cell = table.cells(self.answer).get(row).copied().unwrap_or(0);
        let slot = self.items.get_mut(item)?.get_mut(sheet)?;
        if slot.1 != 0 && slot.0 != cell {
            return Some(slot.1);
        }
        *slot = (cell, table.source_row(row).unwrap_or(0));
        None
    }

    /// The wide table.
    pub(crate) fn finish(self, long: Table) -> Table {
        let kept = vec![true; self.headings.len()];
        let first = self.about.len();
        let mut columns = self.about;
        let mut joined = Vec::with_capacity(self.items.len());
        for (at, cells) in self.items.into_iter().enumerate() {
            let (ids, rows): (Vec<u32>, Vec<u32>) = cells.into_iter().unzip();
            let origin =
                Origin { file: long.file.clone(), sheet: long.sheet.clone(), rows, columns: vec![self.answer] };
            joined.push((first + at, origin));
            columns.push(ids);
        }
        Table { headings: self.headings, kept, columns, rows: self.rows, joined, appended: Vec::new(), ..long }
    }
}
