//! Puts the files of one survey together: rows below rows, or columns beside columns.

use std::collections::HashMap;

use super::{Origin, Table, Value};
use crate::error::{IoError, Problem, column_letter};

/// The values of two tables as numbers into one list.
fn merge_values(table: &mut Table, other: &Table) -> Vec<u32> {
    let key = |value: &Value| match value {
        Value::Blank => (0, 0, String::new()),
        Value::Number(number) => (1, number.to_bits(), String::new()),
        Value::Date(days) => (2, days.to_bits(), String::new()),
        Value::Text(text) => (3, 0, text.to_string()),
    };
    let mut known: HashMap<(u8, u64, String), u32> =
        (0_u32..).zip(&table.values).map(|(id, value)| (key(value), id)).collect();
    other
        .values
        .iter()
        .map(|value| {
            *known.entry(key(value)).or_insert_with(|| {
                table.values.push(value.clone());
                u32::try_from(table.values.len() - 1).unwrap_or(u32::MAX)
            })
        })
        .collect()
}

/// Adds the rows of a file that has the same headings.
///
/// # Errors
/// When the headings differ.
pub(crate) fn append(mut table: Table, other: &Table, limit: usize) -> Result<Table, IoError> {
    if let Some(at) = (0..table.width().max(other.width())).find(|at| table.heading(*at) != other.heading(*at)) {
        let problem = Problem::new("split-headings", other.column_place(at)).with("first", &table.file);
        return Err(problem.with("letter", column_letter(at as u32)).with("heading", table.heading(at)).into());
    }
    if table.height().saturating_add(other.height()).saturating_mul(table.width().max(1)) > limit {
        return Err(Problem::new("too-many-cells", other.place()).with("limit", limit).into());
    }
    let ids = merge_values(&mut table, other);
    let origin = Origin { file: other.file.clone(), sheet: other.sheet.clone(), rows: Vec::new(), columns: Vec::new() };
    table.appended.push((table.rows.len(), origin));
    table.rows.extend(&other.rows);
    for (own, cells) in table.columns.iter_mut().zip(&other.columns) {
        own.extend(cells.iter().map(|id| ids.get(*id as usize).copied().unwrap_or(0)));
    }
    Ok(table)
}

/// Adds columns of a file that has the same sheets: the rows are paired by the values of the key columns, which must be
/// unique; a row that has no partner refuses the file.
///
/// `key` are the columns in `table` and in `other` that identify a sheet, `shared` the columns that both have and that
/// must agree, `added` the columns of `other` to add.
pub(crate) fn join(
    mut table: Table,
    other: &Table,
    key: &[(usize, usize)],
    shared: &[(usize, usize)],
    added: &[usize],
) -> Result<Table, IoError> {
    let word = |table: &Table, row: usize, column: usize| table.cell(row, column).to_text();
    let key_of = |table: &Table, row: usize, columns: &[usize]| -> Vec<String> {
        columns.iter().map(|column| word(table, row, *column)).collect()
    };
    let (own_key, other_key): (Vec<usize>, Vec<usize>) = key.iter().copied().unzip();
    let mut rows: HashMap<Vec<String>, usize> = HashMap::new();
    for row in 0..other.height() {
        if rows.insert(key_of(other, row, &other_key), row).is_some() {
            return Err(not_unique(other, row, &other_key));
        }
    }
    let mut partners = Vec::with_capacity(table.height());
    let mut seen: HashMap<usize, usize> = HashMap::new();
    for row in 0..table.height() {
        let Some(&partner) = rows.get(&key_of(&table, row, &own_key)) else {
            let problem = Problem::new("split-row-alone", table.row_place(row)).with("other", &other.file);
            return Err(problem.value(key_of(&table, row, &own_key).join(" / ")).into());
        };
        if seen.insert(partner, row).is_some() {
            return Err(not_unique(&table, row, &own_key));
        }
        for (own, theirs) in shared {
            if word(&table, row, *own) != word(other, partner, *theirs) {
                let problem = Problem::new("split-contradiction", other.cell_place(partner, *theirs));
                let problem = problem.value(word(other, partner, *theirs)).with("first", word(&table, row, *own));
                return Err(problem.with("file", &table.file).into());
            }
        }
        partners.push(partner);
    }
    if let Some(row) = (0..other.height()).find(|row| !seen.contains_key(row)) {
        let problem = Problem::new("split-row-alone", other.row_place(row)).with("other", &table.file);
        return Err(problem.value(key_of(other, row, &other_key).join(" / ")).into());
    }
    let ids = merge_values(&mut table, other);
    let rows = partners.iter().filter_map(|partner| other.source_row(*partner)).collect();
    let origin = Origin { file: other.file.clone(), sheet: other.sheet.clone(), rows, columns: added.to_vec() };
    table.joined.push((table.width(), origin));
    for &column in added {
        let cells = other.cells(column);
        let value = |partner: &usize| cells.get(*partner).and_then(|id| ids.get(*id as usize)).copied().unwrap_or(0);
        table.columns.push(if cells.is_empty() { Vec::new() } else { partners.iter().map(value).collect() });
        table.headings.push(other.heading(column).to_owned());
        table.kept.push(other.is_kept(column));
    }
    Ok(table)
}

fn not_unique(table: &Table, row: usize, key: &[usize]) -> IoError {
    let value: Vec<String> = key.iter().map(|column| table.cell(row, *column).to_text()).collect();
    Problem::new("split-key-twice", table.row_place(row)).value(value.join(" / ")).into()
}

impl Table {
    /// Replaces the values of some columns; `change` gives the new value, or `None` where the old one stands.
    pub(crate) fn rewrite(&mut self, columns: &[usize], change: impl Fn(&Value) -> Option<Value>) {
        let mut new_ids: Vec<Option<u32>> = vec![None; self.values.len()];
        for &column in columns {
            let Some(cells) = self.columns.get_mut(column) else { continue };
            for cell in cells {
                let Some(slot) = new_ids.get_mut(*cell as usize) else { continue };
                let id = *slot.get_or_insert_with(|| match self.values.get(*cell as usize).and_then(&change) {
                    Some(value) => {
                        self.values.push(value);
                        u32::try_from(self.values.len() - 1).unwrap_or(u32::MAX)
                    }
                    None => *cell,
                });
                *cell = id;
            }
        }
    }

    /// Adds a column of texts, for what a file says outside its cells.
    pub(crate) fn add_column(&mut self, heading: &str, value: &Value) {
        self.values.push(value.clone());
        let id = u32::try_from(self.values.len() - 1).unwrap_or(u32::MAX);
        self.columns.push(vec![id; self.rows.len()]);
        self.headings.push(heading.to_owned());
        self.kept.push(true);
    }
}
