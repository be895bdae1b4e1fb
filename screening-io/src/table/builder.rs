//! Puts a table together row by row, with the guards that hold for every kind of file.

use std::collections::HashMap;

use super::{Keep, Limits, Table, Value};
use crate::error::{IoError, Place, Problem, column_letter};
use crate::words::trim;

/// The distinct values of a table. Number 0 is the blank.
pub(crate) struct Interner {
    values: Vec<Value>,
    texts: HashMap<Box<str>, u32>,
    numbers: HashMap<(bool, u64), u32>,
    /// Numbers of the texts of one ASCII character, which are most cells of an answer sheet; 0 = not seen.
    short: [u32; 128],
    /// The same of small whole numbers.
    small: [u32; 128],
}

impl Interner {
    fn new() -> Self {
        Self {
            values: vec![Value::Blank],
            texts: HashMap::new(),
            numbers: HashMap::new(),
            short: [0; 128],
            small: [0; 128],
        }
    }

    fn add(&mut self, value: Value) -> u32 {
        // The limit on cells keeps this far below u32::MAX.
        let id = u32::try_from(self.values.len()).unwrap_or(u32::MAX);
        self.values.push(value);
        id
    }

    /// The number of a text.
    pub(crate) fn text(&mut self, text: &str) -> u32 {
        let text = trim(text);
        if text.is_empty() {
            return 0;
        }
        if let [byte] = text.as_bytes()
            && let Some(&known) = self.short.get(usize::from(*byte))
        {
            if known > 0 {
                return known;
            }
            let id = self.add(Value::Text(text.into()));
            if let Some(slot) = self.short.get_mut(usize::from(*byte)) {
                *slot = id;
            }
            return id;
        }
        if let Some(&id) = self.texts.get(text) {
            return id;
        }
        let id = self.add(Value::Text(text.into()));
        self.texts.insert(text.into(), id);
        id
    }

    /// The number of a text of one ASCII character that was seen before; 0 = ask [`Interner::text`].
    pub(crate) fn seen(&self, byte: u8) -> u32 {
        self.short.get(usize::from(byte)).copied().unwrap_or(0)
    }

    /// The number of a number.
    pub(crate) fn number(&mut self, number: f64) -> u32 {
        // What is no whole number of this size comes back as another one; minus zero goes the long way.
        let small = number as u8;
        if f64::from(small).to_bits() != number.to_bits() || usize::from(small) >= self.small.len() {
            return self.float(false, number);
        }
        match self.small.get(usize::from(small)) {
            Some(&id) if id > 0 => id,
            _ => {
                let id = self.float(false, number);
                if let Some(slot) = self.small.get_mut(usize::from(small)) {
                    *slot = id;
                }
                id
            }
        }
    }

    /// The number of a date serial.
    pub(crate) fn date(&mut self, days: f64) -> u32 {
        self.float(true, days)
    }

    fn float(&mut self, date: bool, value: f64) -> u32 {
        // Not a number is no value; minus zero is zero.
        if value.is_nan() {
            return 0;
        }
        let value = value + 0.0;
        let key = (date, value.to_bits());
        if let Some(&id) = self.numbers.get(&key) {
            return id;
        }
        let id = self.add(if date { Value::Date(value) } else { Value::Number(value) });
        self.numbers.insert(key, id);
        id
    }
}

/// Stands for a cell that holds something which may not be kept: its row is not blank.
pub(crate) const HIDDEN: u32 = u32::MAX;

/// A table in the making. The first row given that is not blank becomes the headings.
pub(crate) struct Builder<'a> {
    table: Table,
    pub(crate) interner: Interner,
    limits: Limits,
    keep: Keep<'a>,
    headed: bool,
    /// Columns without a heading, and the row of their first cell that is not blank.
    nameless: Vec<(usize, Option<u32>)>,
    /// Rows that were handed over with [`Builder::take`].
    taken: usize,
    kept_width: usize,
    head_row: u32,
}

/// Rows above the headings that may be titles.
const MOST_TITLES: usize = 20;

impl<'a> Builder<'a> {
    pub(crate) fn new(file: &str, sheet: Option<String>, limits: Limits, keep: Keep<'a>) -> Self {
        let table = Table {
            file: file.to_owned(),
            sheet,
            headings: Vec::new(),
            kept: Vec::new(),
            values: Vec::new(),
            columns: Vec::new(),
            rows: Vec::new(),
            titles: 0,
            appended: Vec::new(),
            joined: Vec::new(),
        };
        Self {
            table,
            interner: Interner::new(),
            limits,
            keep,
            headed: false,
            nameless: Vec::new(),
            taken: 0,
            kept_width: 0,
            head_row: 0,
        }
    }

    pub(crate) fn place(&self) -> Place {
        self.table.place()
    }

    /// Row of the headings, from 1; 0 before they were seen.
    pub(crate) fn head_row(&self) -> u32 {
        self.head_row
    }

    /// Number of columns, once the headings are known.
    pub(crate) fn width(&self) -> Option<usize> {
        self.headed.then_some(self.table.headings.len())
    }

    /// Whether cells of this column are stored.
    pub(crate) fn keeps(&self, column: usize) -> bool {
        !self.headed || self.table.kept.get(column).copied().unwrap_or(true)
    }

    /// Takes over one row: its number in the source, and the numbers of its cells. Cells beyond the headings must be
    /// blank.
    pub(crate) fn row(&mut self, source_row: u32, cells: &[u32]) -> Result<(), IoError> {
        if cells.iter().all(|id| *id == 0) {
            return Ok(());
        }
        if !self.headed {
            if let Some(is_head) = self.keep.head
                && !is_head(&self.texts(cells))
            {
                self.table.titles += 1;
                if self.table.titles > MOST_TITLES {
                    return Err(Problem::new("heading-not-found", self.place()).with("rows", MOST_TITLES).into());
                }
                return Ok(());
            }
            return self.head(source_row, cells);
        }
        let width = self.table.headings.len();
        if let Some(beyond) = cells.iter().skip(width).position(|id| *id != 0) {
            return Err(self.heading_missing(source_row, width + beyond));
        }
        self.table.rows.push(source_row);
        self.within_limit()?;
        let cells_or_blank = cells.iter().copied().chain(std::iter::repeat(0));
        for ((column, kept), id) in self.table.columns.iter_mut().zip(&self.table.kept).zip(cells_or_blank) {
            if *kept {
                column.push(id);
            }
        }
        for (position, first) in &mut self.nameless {
            if cells.get(*position).is_some_and(|id| *id != 0) {
                first.get_or_insert(source_row);
            }
        }
        Ok(())
    }

    /// Takes over many rows at once, all of them cells below the headings: one list a column, of equal lengths.
    pub(crate) fn columns(&mut self, first_row: u32, columns: &[Vec<u32>]) -> Result<(), IoError> {
        let height = columns.first().map_or(0, Vec::len);
        let mut filled = vec![false; height];
        for column in columns {
            for (filled, id) in filled.iter_mut().zip(column) {
                *filled |= *id != 0;
            }
        }
        let width = self.table.headings.len();
        for (position, column) in columns.iter().enumerate().skip(width) {
            if let Some(at) = column.iter().position(|id| *id != 0) {
                let row = first_row.saturating_add(u32::try_from(at).unwrap_or(u32::MAX));
                return Err(self.heading_missing(row, position));
            }
        }
        let rows = (first_row..).zip(&filled).filter(|(_, filled)| **filled).map(|(row, _)| row);
        self.table.rows.extend(rows);
        self.within_limit()?;
        let all = filled.iter().all(|filled| *filled);
        for ((to, kept), from) in self.table.columns.iter_mut().zip(&self.table.kept).zip(columns) {
            match (*kept, all) {
                (false, _) => {}
                (true, true) => to.extend_from_slice(from),
                (true, false) => to.extend(from.iter().zip(&filled).filter(|(_, filled)| **filled).map(|(id, _)| *id)),
            }
        }
        for (position, first) in &mut self.nameless {
            let at = columns.get(*position).and_then(|column| column.iter().position(|id| *id != 0));
            if let Some(at) = at {
                first.get_or_insert(first_row.saturating_add(u32::try_from(at).unwrap_or(u32::MAX)));
            }
        }
        Ok(())
    }

    fn within_limit(&self) -> Result<(), IoError> {
        if self.table.rows.len().saturating_mul(self.kept_width.max(1)) > self.limits.cells {
            return Err(Problem::new("too-many-cells", self.place()).with("limit", self.limits.cells).into());
        }
        Ok(())
    }

    fn texts(&self, cells: &[u32]) -> Vec<String> {
        let text = |id: &u32| self.interner.values.get(*id as usize).map_or_else(String::new, Value::to_text);
        cells.iter().map(text).collect()
    }

    fn head(&mut self, source_row: u32, cells: &[u32]) -> Result<(), IoError> {
        self.head_row = source_row;
        let width = cells.iter().rposition(|id| *id != 0).map_or(0, |last| last + 1);
        if width > self.limits.columns {
            let problem = Problem::new("too-many-columns", self.place()).with("count", width);
            return Err(problem.with("limit", self.limits.columns).into());
        }
        let headings = self.texts(cells.get(..width).unwrap_or_default());
        let place =
            |position: usize| Place { row: Some(source_row), column: u32::try_from(position).ok(), ..self.place() };
        let mut seen: HashMap<&str, usize> = HashMap::new();
        for (position, heading) in headings.iter().enumerate() {
            if heading.contains('\u{fffd}') {
                return Err(Problem::new("encoding-mangled", place(position)).value(heading).into());
            }
            if heading.is_empty() {
                continue;
            }
            if let Some(first) = seen.insert(heading, position) {
                let letter = |at: usize| column_letter(u32::try_from(at).unwrap_or(u32::MAX));
                let problem = Problem::new("heading-duplicate", place(position)).with("heading", heading);
                return Err(problem.with("first", letter(first)).with("second", letter(position)).into());
            }
        }
        self.table.kept = headings.iter().map(|heading| heading.is_empty() || (self.keep.column)(heading)).collect();
        self.kept_width = self.table.kept.iter().filter(|kept| **kept).count();
        self.table.columns = vec![Vec::new(); width];
        let nameless = headings.iter().enumerate().filter(|(_, heading)| heading.is_empty());
        self.nameless = nameless.map(|(position, _)| (position, None)).collect();
        self.table.headings = headings;
        self.headed = true;
        Ok(())
    }

    fn heading_missing(&self, source_row: u32, position: usize) -> IoError {
        let place = Place { row: Some(source_row), column: u32::try_from(position).ok(), ..self.place() };
        Problem::new("heading-missing", place).into()
    }

    /// Rows below the headings that were not handed over yet.
    pub(crate) fn height(&self) -> usize {
        self.table.rows.len()
    }

    /// Hands over the rows so far as a table of their own. The headings stay for the rows to come.
    pub(crate) fn take(&mut self) -> Table {
        let fresh = Table {
            file: self.table.file.clone(),
            sheet: self.table.sheet.clone(),
            headings: self.table.headings.clone(),
            kept: self.table.kept.clone(),
            values: Vec::new(),
            columns: vec![Vec::new(); self.table.columns.len()],
            rows: Vec::new(),
            titles: self.table.titles,
            appended: Vec::new(),
            joined: Vec::new(),
        };
        let mut table = std::mem::replace(&mut self.table, fresh);
        table.values = std::mem::replace(&mut self.interner, Interner::new()).values;
        self.taken += table.rows.len();
        table
    }

    /// What can be wrong with a table is known at its end.
    ///
    /// # Errors
    /// When there were no headings, no rows, or cells under no heading.
    pub(crate) fn end(&self) -> Result<(), IoError> {
        if !self.headed && self.table.titles > 0 {
            return Err(Problem::new("heading-not-found", self.place()).with("rows", self.table.titles).into());
        }
        if !self.headed {
            return Err(Problem::new("file-empty", self.place()).into());
        }
        for (position, first) in &self.nameless {
            if let Some(row) = first {
                return Err(self.heading_missing(*row, *position));
            }
        }
        if self.taken + self.table.rows.len() == 0 {
            return Err(Problem::new("file-no-rows", self.place()).into());
        }
        Ok(())
    }

    /// The finished table.
    pub(crate) fn finish(mut self) -> Result<Table, IoError> {
        self.end()?;
        Ok(self.take())
    }
}

/// Hands the rows over once there are enough of them.
pub(super) fn hand_over<E>(
    builder: &mut Builder<'_>,
    rows: usize,
    each: &mut dyn FnMut(Table) -> Result<(), E>,
) -> Result<(), E> {
    if builder.height() >= rows { each(builder.take()) } else { Ok(()) }
}
