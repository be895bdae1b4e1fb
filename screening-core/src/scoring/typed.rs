//! Answers that come with a type: no text has to be made of a number to store it.

use crate::answers::Missing;
use crate::instrument::{AnswerError, Instrument, ItemKind, ItemSlot};

use super::Sheet;

impl Sheet {
    /// Stores the code of a choice item at a position.
    ///
    /// # Errors
    /// When it is not one of the allowed codes; the sheet is then unchanged.
    ///
    /// ```
    /// use screening_core::instrument::Library;
    /// use screening_core::scoring::Sheet;
    /// let library = Library::bundled()?;
    /// let gad = library.get("gad-7").expect("bundled");
    /// let mut sheet = Sheet::blank(gad);
    /// sheet.put_code(gad, 0, 3)?;
    /// assert_eq!(sheet.answer(gad, 0), Some(3));
    /// assert!(sheet.put_code(gad, 1, 4).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn put_code(&mut self, instrument: &Instrument, position: usize, code: i64) -> Result<(), AnswerError> {
        let definition = instrument.definition();
        let options = definition.items.get(position).map(|item| definition.options_of(item)).unwrap_or_default();
        match options.iter().find(|option| i64::from(option.code) == code) {
            Some(option) => {
                self.put(instrument.slot(position), i32::from(option.code));
                Ok(())
            }
            None => Err(AnswerError::NotAllowed {
                value: code.to_string(),
                allowed: options.iter().map(|option| option.code.to_string()).collect::<Vec<_>>().join(", "),
            }),
        }
    }

    /// Stores the number of a number item at a position.
    ///
    /// # Errors
    /// When it lies outside the item's range, or the item is of another kind; the sheet is then unchanged.
    pub fn put_number(&mut self, instrument: &Instrument, position: usize, value: f64) -> Result<(), AnswerError> {
        let kind = instrument.definition().items.get(position).map(|item| item.kind);
        if kind != Some(ItemKind::Number) {
            return Err(AnswerError::NotANumber { value: value.to_string() });
        }
        let stored = instrument.number_answer(position, value)?;
        self.put(instrument.slot(position), stored);
        Ok(())
    }

    /// Stores the time of day of a clock item at a position.
    ///
    /// # Errors
    /// When it is not a time, or the item is of another kind; the sheet is then unchanged.
    pub fn put_clock(&mut self, instrument: &Instrument, position: usize, text: &str) -> Result<(), AnswerError> {
        let kind = instrument.definition().items.get(position).map(|item| item.kind);
        if kind != Some(ItemKind::Clock) {
            return Err(AnswerError::NotATime { value: text.to_owned() });
        }
        let stored = instrument.parse_answer(position, text)?;
        self.put(instrument.slot(position), stored);
        Ok(())
    }

    /// Stores why the answer at a position is not there.
    ///
    /// # Panics
    /// When `position` is not below the number of items.
    pub fn put_missing(&mut self, instrument: &Instrument, position: usize, kind: Missing) {
        let value = match instrument.slot(position) {
            ItemSlot::Narrow(_) => i32::from(kind.code()),
            ItemSlot::Wide(_) => crate::answers::wide_missing(kind),
        };
        self.put(instrument.slot(position), value);
    }

    fn put(&mut self, slot: ItemSlot, value: i32) {
        match slot {
            ItemSlot::Narrow(at) => self.narrow.get_mut(at).into_iter().for_each(|held| *held = value as i8),
            ItemSlot::Wide(at) => self.wide.get_mut(at).into_iter().for_each(|held| *held = value),
        }
    }
}

#[cfg(all(test, feature = "bundled"))]
mod tests {
    use super::*;
    use crate::instrument::Library;

    #[test]
    fn typed_answers_store_what_texts_store() {
        let library = Library::bundled().unwrap();
        for instrument in library.iter() {
            let (mut typed, mut text) = (Sheet::blank(instrument), Sheet::blank(instrument));
            for (at, item) in instrument.definition().items.iter().enumerate() {
                let codes: Vec<i64> =
                    instrument.definition().options_of(item).iter().map(|option| i64::from(option.code)).collect();
                match item.kind {
                    ItemKind::Choice => {
                        let code = codes[at % codes.len()];
                        typed.put_code(instrument, at, code).unwrap();
                        text.set(instrument, &item.id, &code.to_string()).unwrap();
                        assert!(typed.put_code(instrument, at, 127).is_err());
                        assert!(typed.put_number(instrument, at, 1.0).is_err());
                    }
                    ItemKind::Number => {
                        let value = item.range.map_or(1.0, |[low, _]| low.to_f64());
                        typed.put_number(instrument, at, value).unwrap();
                        text.set(instrument, &item.id, &value.to_string()).unwrap();
                        assert!(typed.put_number(instrument, at, f64::NAN).is_err());
                        assert!(typed.put_clock(instrument, at, "22:30").is_err());
                    }
                    ItemKind::Clock => {
                        typed.put_clock(instrument, at, "22:30").unwrap();
                        text.set(instrument, &item.id, "22:30").unwrap();
                        assert!(typed.put_clock(instrument, at, "24:30").is_err());
                        assert!(typed.put_code(instrument, at, 1).is_err());
                    }
                }
            }
            assert_eq!(typed, text, "{}", instrument.id());
            for (at, item) in instrument.definition().items.iter().enumerate() {
                typed.put_missing(instrument, at, Missing::Refused);
                text.set_missing(instrument, &item.id, Missing::Refused).unwrap();
            }
            assert_eq!(typed, text, "{}", instrument.id());
        }
    }
}
