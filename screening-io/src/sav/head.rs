//! What stands before the cases of a system file: its dictionary.

use super::{extension, record};

/// A place in the file from which is read.
pub(super) struct Bytes<'a> {
    pub(super) rest: &'a [u8],
    pub(super) big: bool,
}

impl<'a> Bytes<'a> {
    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    pub(super) fn integer(&mut self) -> Option<i32> {
        let bytes: [u8; 4] = self.take(4)?.try_into().ok()?;
        Some(if self.big { i32::from_be_bytes(bytes) } else { i32::from_le_bytes(bytes) })
    }

    pub(super) fn size(&mut self) -> Option<usize> {
        usize::try_from(self.integer()?).ok()
    }

    pub(super) fn float(&mut self) -> Option<f64> {
        let bytes: [u8; 8] = self.take(8)?.try_into().ok()?;
        Some(self.to_float(bytes))
    }

    pub(super) fn to_float(&self, bytes: [u8; 8]) -> f64 {
        if self.big { f64::from_be_bytes(bytes) } else { f64::from_le_bytes(bytes) }
    }
}

/// A variable as its record states it.
pub(super) struct Raw<'a> {
    pub(super) name: &'a [u8],
    /// 0 = a number, otherwise bytes of a string.
    pub(super) width: usize,
    pub(super) format: u8,
    pub(super) missing: Vec<f64>,
    /// The first two missing values are the ends of a range.
    pub(super) range: bool,
}

/// What stands before the cases.
pub(super) struct Head<'a> {
    pub(super) compressed: bool,
    pub(super) bias: f64,
    pub(super) variables: Vec<Raw<'a>>,
    pub(super) system_missing: f64,
    pub(super) encoding: Option<Vec<u8>>,
    pub(super) character_code: i32,
    pub(super) long_names: Vec<u8>,
    pub(super) long_strings: Vec<u8>,
}

/// Reads what stands before the cases; `None` when it is not what the format says.
pub(super) fn head<'a>(file: &mut Bytes<'a>, most: usize) -> Option<Head<'a>> {
    file.take(64)?;
    let layout = file.integer()?;
    file.big = match layout {
        2 | 3 => false,
        _ if matches!(layout.swap_bytes(), 2 | 3) => true,
        _ => return None,
    };
    file.take(4)?;
    let compressed = match file.integer()? {
        0 => false,
        1 => true,
        _ => return None,
    };
    file.take(8)?;
    let bias = file.float().filter(|bias| bias.is_finite())?;
    file.take(84)?;
    let mut head = Head {
        compressed,
        bias,
        variables: Vec::new(),
        system_missing: -f64::MAX,
        encoding: None,
        character_code: 0,
        long_names: Vec::new(),
        long_strings: Vec::new(),
    };
    loop {
        match file.integer()? {
            record::VARIABLE => {
                let (continued, raw) = variable(file)?;
                // A string has a record for every eight bytes; only the first says something.
                if !continued {
                    head.variables.push(raw);
                }
                if head.variables.len() > most.saturating_mul(2) {
                    return None;
                }
            }
            record::LABELS => labels(file)?,
            record::LABELLED => {
                let count = file.size()?;
                file.take(count.checked_mul(4)?)?;
            }
            record::DOCUMENT => {
                let lines = file.size()?;
                file.take(lines.checked_mul(80)?)?;
            }
            record::EXTENSION => extension(file, &mut head)?,
            record::END => {
                file.take(4)?;
                return Some(head);
            }
            _ => return None,
        }
    }
}

/// A variable, and whether its record only continues the string before it.
fn variable<'a>(file: &mut Bytes<'a>) -> Option<(bool, Raw<'a>)> {
    let kind = file.integer()?;
    let labelled = file.integer()?;
    let missing_count = file.integer()?;
    let format = file.integer()?;
    file.take(4)?;
    let name = file.take(8)?;
    if labelled == 1 {
        let length = file.size()?;
        file.take(length.checked_next_multiple_of(4)?)?;
    }
    let count = missing_count.unsigned_abs() as usize;
    if count > 3 {
        return None;
    }
    let mut missing = Vec::with_capacity(count);
    for _ in 0..count {
        missing.push(file.float()?);
    }
    let width = match kind {
        -1 => 0,
        0..=255 => kind as usize,
        _ => return None,
    };
    Some((kind == -1, Raw { name, width, format: (format >> 16) as u8, missing, range: missing_count < 0 }))
}

fn labels(file: &mut Bytes<'_>) -> Option<()> {
    for _ in 0..file.size()? {
        file.take(8)?;
        let length = usize::from(*file.take(1)?.first()?);
        file.take((length + 1).next_multiple_of(8) - 1)?;
    }
    Some(())
}

fn extension(file: &mut Bytes<'_>, head: &mut Head<'_>) -> Option<()> {
    let kind = file.integer()?;
    let (size, count) = (file.size()?, file.size()?);
    let data = file.take(size.checked_mul(count)?)?;
    let mut inner = Bytes { rest: data, big: file.big };
    match kind {
        extension::INTEGERS => {
            inner.take(28)?;
            head.character_code = inner.integer()?;
        }
        extension::FLOATS => head.system_missing = inner.float()?,
        extension::LONG_NAMES => data.clone_into(&mut head.long_names),
        extension::LONG_STRINGS => data.clone_into(&mut head.long_strings),
        extension::ENCODING => head.encoding = Some(data.to_vec()),
        _ => {}
    }
    Some(())
}
