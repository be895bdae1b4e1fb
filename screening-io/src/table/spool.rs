//! Tables set aside in a file without a name, which the system removes when it is closed, so that a workbook is taken apart only
//! once. What may not be kept has not become part of a table, and so does not get into the file.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};

use super::{Table, Value};
use crate::error::{IoError, Place, Problem};

/// Tables in the order in which they were set aside.
pub(super) struct Spool {
    file: BufWriter<File>,
    /// What all of them share.
    frame: Option<Table>,
    tables: usize,
    name: String,
}

impl Spool {
    pub(super) fn new(name: &str) -> Result<Self, IoError> {
        let file = tempfile::tempfile().map_err(|cause| refused(name, &cause))?;
        Ok(Self { file: BufWriter::with_capacity(1 << 16, file), frame: None, tables: 0, name: name.to_owned() })
    }

    /// Sets a table aside; all have the same headings.
    pub(super) fn push(&mut self, table: &Table) -> Result<(), IoError> {
        if self.frame.is_none() {
            self.frame = Some(without_rows(table));
        }
        self.tables += 1;
        write(&mut self.file, table).map_err(|cause| refused(&self.name, &cause))
    }

    /// Hands the tables over again.
    pub(super) fn each<E: From<IoError>>(self, each: &mut dyn FnMut(Table) -> Result<(), E>) -> Result<(), E> {
        let Self { file, frame, tables, name } = self;
        let Some(frame) = frame else { return Ok(()) };
        let mut file = file.into_inner().map_err(|cause| refused(&name, cause.error()))?;
        file.rewind().map_err(|cause| refused(&name, &cause))?;
        let mut file = BufReader::with_capacity(1 << 16, file);
        for _ in 0..tables {
            each(read(&mut file, &frame).map_err(|cause| refused(&name, &cause))?)?;
        }
        Ok(())
    }
}

fn refused(name: &str, cause: &io::Error) -> IoError {
    Problem::new("file-temporary", Place::file(name)).with("cause", cause).into()
}

/// What the tables have in common.
fn without_rows(table: &Table) -> Table {
    Table {
        file: table.file.clone(),
        sheet: table.sheet.clone(),
        headings: table.headings.clone(),
        kept: table.kept.clone(),
        values: Vec::new(),
        columns: vec![Vec::new(); table.columns.len()],
        rows: Vec::new(),
        titles: table.titles,
        appended: Vec::new(),
        joined: Vec::new(),
    }
}

fn number(out: &mut impl Write, number: usize) -> io::Result<()> {
    out.write_all(&(number as u64).to_le_bytes())
}

fn write(out: &mut impl Write, table: &Table) -> io::Result<()> {
    number(out, table.values.len())?;
    for value in &table.values {
        match value {
            Value::Blank => out.write_all(&[0])?,
            Value::Number(number) => {
                out.write_all(&[1])?;
                out.write_all(&number.to_le_bytes())?;
            }
            Value::Date(days) => {
                out.write_all(&[2])?;
                out.write_all(&days.to_le_bytes())?;
            }
            Value::Text(text) => {
                out.write_all(&[3])?;
                number(out, text.len())?;
                out.write_all(text.as_bytes())?;
            }
        }
    }
    words(out, &table.rows)?;
    for column in &table.columns {
        words(out, column)?;
    }
    Ok(())
}

/// A list of numbers, each in one byte where that suffices.
fn words(out: &mut impl Write, list: &[u32]) -> io::Result<()> {
    number(out, list.len())?;
    let bytes: Option<Vec<u8>> = list.iter().map(|word| u8::try_from(*word).ok()).collect();
    out.write_all(&[u8::from(bytes.is_some())])?;
    match bytes {
        Some(bytes) => out.write_all(&bytes),
        None => list.iter().try_for_each(|word| out.write_all(&word.to_le_bytes())),
    }
}

fn bytes<const N: usize>(from: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    from.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn length(from: &mut impl Read) -> io::Result<usize> {
    usize::try_from(u64::from_le_bytes(bytes(from)?)).map_err(io::Error::other)
}

/// So many bytes; the length is believed only so far as there are bytes.
fn stretch(from: &mut impl Read, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(length as u64).read_to_end(&mut bytes)?;
    if bytes.len() == length { Ok(bytes) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

fn read(from: &mut impl Read, frame: &Table) -> io::Result<Table> {
    let mut table = frame.clone();
    for _ in 0..length(from)? {
        let [kind] = bytes(from)?;
        table.values.push(match kind {
            0 => Value::Blank,
            1 => Value::Number(f64::from_le_bytes(bytes(from)?)),
            2 => Value::Date(f64::from_le_bytes(bytes(from)?)),
            _ => {
                let length = length(from)?;
                let text = String::from_utf8(stretch(from, length)?).map_err(io::Error::other)?;
                Value::Text(text.into())
            }
        });
    }
    table.rows = read_words(from)?;
    for column in &mut table.columns {
        *column = read_words(from)?;
    }
    Ok(table)
}

fn read_words(from: &mut impl Read) -> io::Result<Vec<u32>> {
    let count = length(from)?;
    let [narrow] = bytes(from)?;
    if narrow == 1 {
        return Ok(stretch(from, count)?.into_iter().map(u32::from).collect());
    }
    let wide = stretch(from, count.saturating_mul(4))?;
    Ok(wide.as_chunks::<4>().0.iter().map(|word| u32::from_le_bytes(*word)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{ReadOptions, read_table_bytes};

    #[test]
    fn tables_come_back_as_they_were() {
        let many: String = (0..300).map(|row| format!("s{row},{row},\n")).collect();
        let texts = [format!("id,a,b\n{many}"), "id,a,b\nx,,学\n\ny,1.5,\n".to_owned()];
        let options = ReadOptions::default();
        let tables = texts.map(|text| read_table_bytes("a.csv", text.as_bytes(), &options).unwrap());
        let mut spool = Spool::new("a.csv").unwrap();
        for table in &tables {
            spool.push(table).unwrap();
        }
        let mut back = Vec::new();
        spool
            .each::<IoError>(&mut |table| {
                back.push(table);
                Ok(())
            })
            .unwrap();
        assert_eq!(format!("{back:?}"), format!("{:?}", tables.to_vec()));
    }
}
