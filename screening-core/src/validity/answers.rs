//! The answers that validity indices look at: bytes, item by item, in the order of the form.

#[cfg(feature = "frame")]
use polars::prelude::Series;

use crate::answers::{MIN_CODE, Missing};
use crate::instrument::{Definition, Direction, Instrument, ItemKind};
use crate::scoring::Sheet;

use super::error::ValidityError;

/// Code of an answer that is not there.
pub(crate) const BLANK: i8 = Missing::Skipped.code();

/// Whether a code is an answer.
pub(crate) const fn is_answer(code: i8) -> bool {
    code >= MIN_CODE
}

/// What the indices have to know of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerItem {
    id: String,
    codes: Vec<i8>,
    reverse: bool,
    floor: Option<i8>,
    asked: bool,
    choice: bool,
}

impl AnswerItem {
    /// A choice item with its allowed codes, in any order.
    ///
    /// ```
    /// use screening_core::validity::AnswerItem;
    /// let item = AnswerItem::new("1", &[3, 0, 1, 2]).reversed();
    /// assert_eq!((item.codes(), item.keyed(0)), (&[0, 1, 2, 3][..], 3));
    /// ```
    pub fn new(id: impl Into<String>, codes: &[i8]) -> Self {
        let mut codes: Vec<i8> = codes.iter().copied().filter(|code| is_answer(*code)).collect();
        codes.sort_unstable();
        codes.dedup();
        Self { id: id.into(), codes, reverse: false, floor: None, asked: true, choice: true }
    }

    /// The same item, keyed the other way.
    #[must_use]
    pub fn reversed(mut self) -> Self {
        self.reverse = !self.reverse;
        self
    }

    /// The same item with the answer that says "no difficulty at all".
    #[must_use]
    pub fn with_floor(mut self, code: i8) -> Self {
        self.floor = Some(code);
        self
    }

    /// Item id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Allowed codes, ascending; empty for a number or a clock time.
    pub fn codes(&self) -> &[i8] {
        &self.codes
    }

    /// The answer that says "no difficulty at all", where the item belongs to a scale with a worse end.
    pub fn floor(&self) -> Option<i8> {
        self.floor
    }

    /// Whether the answer is one option of a set.
    pub fn is_choice(&self) -> bool {
        self.choice
    }

    /// Whether the item is put to everybody: it has no skip rule.
    pub fn is_always_asked(&self) -> bool {
        self.asked
    }

    /// The answer in the direction of the scale: lowest + highest code - answer for a reversed item.
    pub fn keyed(&self, code: i8) -> i16 {
        let (low, high) = (self.codes.first().copied().unwrap_or(0), self.codes.last().copied().unwrap_or(0));
        if self.reverse { i16::from(low) + i16::from(high) - i16::from(code) } else { i16::from(code) }
    }

    /// Place of an answer among the keyed options, from 0; `None` when it is not allowed.
    pub fn category(&self, code: i8) -> Option<usize> {
        let at = self.codes.binary_search(&code).ok()?;
        Some(if self.reverse { self.codes.len() - 1 - at } else { at })
    }

    fn of_instrument(definition: &Definition) -> Vec<Self> {
        let floors = floors(definition);
        let items = definition.items.iter().zip(floors);
        items
            .map(|(item, worse)| {
                let options: Vec<i8> = definition.options_of(item).iter().map(|option| option.code).collect();
                let mut own = Self::new(item.id.clone(), &options);
                own.reverse = item.reverse;
                own.asked = item.ask_if.is_none();
                own.choice = item.kind == ItemKind::Choice;
                let end = |low: bool| if low { own.codes.first() } else { own.codes.last() };
                own.floor = worse.and_then(|higher_worse| end(higher_worse != item.reverse).copied());
                own
            })
            .collect()
    }
}

/// For each item, whether the higher end of its scale is the worse one; `None` when no scale says so, or two disagree.
fn floors(definition: &Definition) -> Vec<Option<bool>> {
    let mut ends = vec![(false, false); definition.items.len()];
    for scale in definition.scales.iter().filter(|scale| scale.method.is_item_method()) {
        for position in definition.expand_items(&scale.items).unwrap_or_default() {
            let Some(end) = ends.get_mut(position) else { continue };
            match scale.direction {
                Direction::HigherWorse => end.0 = true,
                Direction::HigherBetter => end.1 = true,
                Direction::Neutral => {}
            }
        }
    }
    ends.into_iter().map(|(worse, better)| (worse != better).then_some(worse)).collect()
}

/// One column of codes.
#[derive(Debug, Clone)]
enum Codes {
    Owned(Vec<i8>),
    /// Bytes of a frame as they stand: no nulls, every code allowed.
    #[cfg(feature = "frame")]
    Shared(Series),
}

/// The answers of many sheets (or one) to the items of one form, in the order of the form.
///
/// A column holds one code a sheet; a code below -100 stands for a kind of [`Missing`]. Number and clock items hold 0
/// where there is an answer: they count in [`super::MissingShare`] and end a run of equal answers, nothing more.
#[derive(Debug, Clone)]
pub struct Answers {
    rows: usize,
    items: Vec<AnswerItem>,
    columns: Vec<Codes>,
}

impl Answers {
    /// Answers from columns of codes, one an item. A code that the item does not allow counts as
    /// [`Missing::Invalid`].
    ///
    /// # Errors
    /// When the numbers of items and columns, or the lengths of the columns, differ.
    ///
    /// ```
    /// use screening_core::validity::{AnswerItem, Answers};
    /// let items = vec![AnswerItem::new("1", &[0, 1]), AnswerItem::new("2", &[0, 1])];
    /// let answers = Answers::from_codes(items, vec![vec![0, 1], vec![1, -128]])?;
    /// assert_eq!((answers.rows(), answers.code(1, 1)), (2, None));
    /// # Ok::<(), screening_core::validity::ValidityError>(())
    /// ```
    pub fn from_codes(items: Vec<AnswerItem>, columns: Vec<Vec<i8>>) -> Result<Self, ValidityError> {
        if items.len() != columns.len() {
            return Err(ValidityError::Columns { items: items.len(), columns: columns.len() });
        }
        let rows = columns.first().map_or(0, Vec::len);
        if let Some((item, column)) = items.iter().zip(&columns).find(|(_, column)| column.len() != rows) {
            return Err(ValidityError::Length { item: item.id.clone(), expected: rows, found: column.len() });
        }
        let columns = items.iter().zip(columns).map(|(item, codes)| Codes::Owned(clean(item, codes))).collect();
        Ok(Self { rows, items, columns })
    }

    /// The answers of one sheet.
    pub fn of_sheet(instrument: &Instrument, sheet: &Sheet) -> Self {
        let items = AnswerItem::of_instrument(instrument.definition());
        let code = |position: usize, item: &AnswerItem| match sheet.missing(instrument, position) {
            Some(kind) => kind.code(),
            None if item.choice => sheet.answer(instrument, position).map_or(BLANK, |code| code as i8),
            None => 0,
        };
        let columns = items.iter().enumerate().map(|(at, item)| Codes::Owned(vec![code(at, item)])).collect();
        Self { rows: 1, items, columns }
    }

    /// The answers of a frame with a column `<instrument>.<item>` for each item. Byte columns without gaps are used as
    /// they stand. An answer that is not allowed counts as missing; [`crate::scoring::ScoredSheets::issues`] lists it.
    ///
    /// # Errors
    /// As [`crate::scoring::Scorer::score_frame`].
    #[cfg(feature = "frame")]
    pub fn of_frame(
        scorer: &crate::scoring::Scorer,
        frame: &polars::prelude::DataFrame,
    ) -> Result<Self, crate::scoring::FrameError> {
        use rayon::prelude::*;

        use crate::answers::wide_kind;
        use crate::scoring::frame::{Columns, Narrow};

        let items = AnswerItem::of_instrument(scorer.instrument().definition());
        let (read, _) = Columns::read(scorer, frame)?;
        let rows = read.rows;
        let (mut narrow, mut wide) = (read.narrow.into_iter(), read.wide.into_iter());
        let mut raw = Vec::with_capacity(items.len());
        for item in &items {
            // The reader gives one column for each item of its kind, so neither runs out.
            raw.push(if item.choice {
                narrow.next().unwrap_or(Narrow::Owned(vec![BLANK; rows]))
            } else {
                let values = wide.next().unwrap_or_default();
                Narrow::Owned(values.into_iter().map(|value| wide_kind(value).map_or(0, Missing::code)).collect())
            });
        }
        let columns = items.par_iter().zip(raw).map(|(item, column)| match column {
            Narrow::Owned(codes) => Codes::Owned(clean(item, codes)),
            Narrow::Direct(series) => of_series(item, series),
        });
        let columns = columns.collect();
        Ok(Self { rows, items, columns })
    }

    /// Some sheets of several lots of answers to one form, as (lot, row), in a new order. A row from nowhere is blank.
    ///
    /// # Errors
    /// When the lots are answers to different forms.
    pub(crate) fn gather(parts: &[Self], rows: &[(u32, u32)]) -> Result<Self, ValidityError> {
        let Some(first) = parts.first() else { return Self::from_codes(Vec::new(), Vec::new()) };
        if let Some(other) = parts.iter().find(|part| part.items != first.items) {
            let (items, columns) = (first.items.len(), other.items.len());
            return Err(ValidityError::Columns { items, columns });
        }
        let column = |item: usize| {
            let columns: Vec<&[i8]> = parts.iter().map(|part| part.column(item)).collect();
            let code = |(part, row): &(u32, u32)| columns.get(*part as usize)?.get(*row as usize).copied();
            Codes::Owned(rows.iter().map(|row| code(row).unwrap_or(BLANK)).collect())
        };
        let columns = (0..first.items.len()).map(column).collect();
        Ok(Self { rows: rows.len(), items: first.items.clone(), columns })
    }

    /// Number of sheets.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The items, in the order of the form.
    pub fn items(&self) -> &[AnswerItem] {
        &self.items
    }

    /// Position of an item.
    pub fn position(&self, id: &str) -> Option<usize> {
        self.items.iter().position(|item| item.id == id)
    }

    /// Positions of the choice items, in the order of the form.
    pub fn choices(&self) -> Vec<usize> {
        self.items.iter().enumerate().filter(|(_, item)| item.choice).map(|(at, _)| at).collect()
    }

    /// The answer of a sheet to an item; `None` when there is none, or no such item or sheet.
    pub fn code(&self, item: usize, row: usize) -> Option<i8> {
        self.column(item).get(row).copied().filter(|code| is_answer(*code))
    }

    /// The codes of an item, one a sheet; empty when there is no such item.
    pub(crate) fn column(&self, item: usize) -> &[i8] {
        match self.columns.get(item) {
            None => &[],
            Some(Codes::Owned(codes)) => codes,
            #[cfg(feature = "frame")]
            Some(Codes::Shared(series)) => bytes(series),
        }
    }

    /// The codes of some items.
    pub(crate) fn columns(&self, items: &[usize]) -> Vec<&[i8]> {
        items.iter().map(|item| self.column(*item)).collect()
    }
}

/// Codes of one item, with those that are not allowed marked as invalid.
fn clean(item: &AnswerItem, mut codes: Vec<i8>) -> Vec<i8> {
    if item.choice {
        let allowed = allowed(item);
        for code in &mut codes {
            if !allowed[usize::from(*code as u8)] {
                *code = Missing::Invalid.code();
            }
        }
    }
    codes
}

/// For every byte, whether it is an allowed code or one of the kinds of missing.
fn allowed(item: &AnswerItem) -> [bool; 256] {
    let mut table = [false; 256];
    for code in item.codes.iter().copied().chain(Missing::ALL.map(Missing::code)) {
        table[usize::from(code as u8)] = true;
    }
    table
}

#[cfg(feature = "frame")]
fn bytes(series: &Series) -> &[i8] {
    match (series.i8(), series.u8()) {
        (Ok(codes), _) => codes.downcast_iter().next().map_or(&[], |array| array.values().as_slice()),
        (_, Ok(codes)) => {
            codes.downcast_iter().next().map_or(&[], |array| bytemuck::cast_slice(array.values().as_slice()))
        }
        _ => &[],
    }
}

/// A byte column of a frame: as it stands where nothing has to be changed.
#[cfg(feature = "frame")]
fn of_series(item: &AnswerItem, series: Series) -> Codes {
    let unsigned = series.u8().is_ok();
    let mut table = allowed(item);
    if unsigned {
        // Above 127 there is no code, and the kinds of missing cannot be written.
        table[128..].fill(false);
    }
    let codes = bytes(&series);
    let holes = series.null_count() > 0;
    if !holes && codes.iter().all(|code| table[usize::from(*code as u8)]) {
        return Codes::Shared(series);
    }
    let invalid = Missing::Invalid.code();
    let mut owned: Vec<i8> =
        codes.iter().map(|code| if table[usize::from(*code as u8)] { *code } else { invalid }).collect();
    if holes {
        let null = series.is_null();
        let marks = null.iter().map(|null| null == Some(true));
        owned.iter_mut().zip(marks).filter(|(_, null)| *null).for_each(|(code, _)| *code = BLANK);
    }
    Codes::Owned(owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instrument::Library;

    #[test]
    fn the_floor_is_the_answer_without_difficulty() {
        let library = Library::bundled().unwrap();
        let items = AnswerItem::of_instrument(library.get("phq-9").unwrap().definition());
        assert!(items.iter().take(9).all(|item| item.floor() == Some(0)), "{items:?}");
        // The lie scale is neutral: neither answer is the better one.
        let mht = AnswerItem::of_instrument(library.get("mht").unwrap().definition());
        assert_eq!((mht[0].floor(), mht[81].floor()), (Some(0), None));
        // Reversed items have their floor at the other end.
        let pss = library.get("pss-10").unwrap().definition();
        let items = AnswerItem::of_instrument(pss);
        for (item, own) in pss.items.iter().zip(&items) {
            assert_eq!(own.floor(), Some(if item.reverse { 4 } else { 0 }), "{}", item.id);
        }
    }

    #[test]
    fn a_code_that_is_not_allowed_is_no_answer() {
        let answers = Answers::from_codes(vec![AnswerItem::new("1", &[0, 1])], vec![vec![0, 2, -126, 1]]).unwrap();
        let codes: Vec<_> = (0..5).map(|row| answers.code(0, row)).collect();
        assert_eq!(codes, [Some(0), None, None, Some(1), None]);
    }

    #[test]
    fn keyed_places_turn_round_with_the_item() {
        let item = AnswerItem::new("1", &[4, 0, 2]).reversed();
        assert_eq!(
            (item.category(0), item.category(2), item.category(4), item.category(1)),
            (Some(2), Some(1), Some(0), None)
        );
        assert_eq!((item.keyed(0), item.keyed(4)), (4, 0));
    }
}
