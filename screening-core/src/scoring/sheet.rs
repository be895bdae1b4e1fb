//! One person's answers to one instrument, coded.

use crate::answers::{Missing, wide_kind, wide_missing};
use crate::instrument::{AnswerError, Instrument, ItemSlot};

/// The answers of one person to one instrument, one slot per item in the order of the definition.
///
/// A slot holds the stored code of a choice, a number in units of its last kept decimal, minutes after midnight, or one of
/// the kinds of [`Missing`]. A new sheet is blank.
///
/// ```
/// use screening_core::answers::Missing;
/// use screening_core::scoring::Sheet;
/// use screening_core::instrument::Library;
/// let library = Library::bundled()?;
/// let phq = library.get("phq-9").expect("bundled");
/// let mut sheet = Sheet::blank(phq);
/// sheet.set(phq, "9", "1")?;
/// sheet.set_missing(phq, "3", Missing::Refused)?;
/// assert!(sheet.set(phq, "1", "7").is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    pub(crate) narrow: Vec<i8>,
    pub(crate) wide: Vec<i32>,
}

/// Why a sheet could not be filled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SheetError {
    /// The instrument has no such item.
    #[error("{instrument} has no item `{item}`; its items are {first} to {last}")]
    NoSuchItem {
        /// Instrument id.
        instrument: String,
        /// The item asked for.
        item: String,
        /// First item id.
        first: String,
        /// Last item id.
        last: String,
    },
    /// The number of codes differs from the number of items.
    #[error("{instrument} has {expected} items, but {found} answers were given")]
    Length {
        /// Instrument id.
        instrument: String,
        /// Number of items.
        expected: usize,
        /// Number of answers.
        found: usize,
    },
    /// An answer is not allowed.
    #[error("{instrument}.{item}: {why}")]
    Answer {
        /// Instrument id.
        instrument: String,
        /// Item id.
        item: String,
        /// Reason and advice.
        why: AnswerError,
    },
}

impl Sheet {
    /// A sheet with no answers.
    pub fn blank(instrument: &Instrument) -> Self {
        let (narrow, wide) = instrument.slot_counts();
        Self { narrow: vec![Missing::Skipped.code(); narrow], wide: vec![wide_missing(Missing::Skipped); wide] }
    }

    /// A complete or partly blank sheet of an instrument whose items are all choices; a code below -100 stands for a
    /// kind of missing ([`Missing::code`]).
    ///
    /// # Errors
    /// When the number of codes differs from the number of items or a code is not allowed.
    pub fn from_codes(instrument: &Instrument, codes: &[i8]) -> Result<Self, SheetError> {
        let items = &instrument.definition().items;
        if codes.len() != items.len() {
            return Err(SheetError::Length {
                instrument: instrument.id().to_owned(),
                expected: items.len(),
                found: codes.len(),
            });
        }
        let mut sheet = Self::blank(instrument);
        for (item, &code) in items.iter().zip(codes) {
            match Missing::from_code(code) {
                Some(kind) => sheet.set_missing(instrument, &item.id, kind)?,
                None => sheet.set(instrument, &item.id, &code.to_string())?,
            }
        }
        Ok(sheet)
    }

    /// Stores an answer given as text: a code, a number, or a clock time; blank text makes the answer skipped.
    ///
    /// # Errors
    /// When the item does not exist or the answer is not allowed; the sheet is then unchanged.
    pub fn set(&mut self, instrument: &Instrument, item: &str, answer: &str) -> Result<(), SheetError> {
        let position = position(instrument, item)?;
        if answer.trim().is_empty() {
            return self.set_missing(instrument, item, Missing::Skipped);
        }
        let value = instrument.parse_answer(position, answer).map_err(|why| SheetError::Answer {
            instrument: instrument.id().to_owned(),
            item: item.to_owned(),
            why,
        })?;
        self.store(instrument.slot(position), value);
        Ok(())
    }

    /// Marks an answer as missing.
    ///
    /// # Errors
    /// When the item does not exist.
    pub fn set_missing(&mut self, instrument: &Instrument, item: &str, kind: Missing) -> Result<(), SheetError> {
        match instrument.slot(position(instrument, item)?) {
            ItemSlot::Narrow(at) => self.narrow[at] = kind.code(),
            ItemSlot::Wide(at) => self.wide[at] = wide_missing(kind),
        }
        Ok(())
    }

    /// The kind of missing at an item position, or `None` when there is an answer.
    pub fn missing(&self, instrument: &Instrument, position: usize) -> Option<Missing> {
        match instrument.slot(position) {
            ItemSlot::Narrow(at) => self.narrow.get(at).and_then(|&code| Missing::from_code(code)),
            ItemSlot::Wide(at) => self.wide.get(at).and_then(|&value| wide_kind(value)),
        }
    }

    /// The stored answer at an item position: code, number in units of its last decimal, or minutes.
    pub fn answer(&self, instrument: &Instrument, position: usize) -> Option<i32> {
        if self.missing(instrument, position).is_some() {
            return None;
        }
        match instrument.slot(position) {
            ItemSlot::Narrow(at) => self.narrow.get(at).map(|&code| i32::from(code)),
            ItemSlot::Wide(at) => self.wide.get(at).copied(),
        }
    }

    fn store(&mut self, slot: ItemSlot, value: i32) {
        match slot {
            ItemSlot::Narrow(at) => self.narrow[at] = value as i8,
            ItemSlot::Wide(at) => self.wide[at] = value,
        }
    }
}

fn position(instrument: &Instrument, item: &str) -> Result<usize, SheetError> {
    instrument.item_position(item).ok_or_else(|| {
        let items = &instrument.definition().items;
        SheetError::NoSuchItem {
            instrument: instrument.id().to_owned(),
            item: item.to_owned(),
            first: items.first().map(|i| i.id.clone()).unwrap_or_default(),
            last: items.last().map(|i| i.id.clone()).unwrap_or_default(),
        }
    })
}
