//! What an instrument is: the model of its file, reading, checking with diagnostics, and the bundled library.

mod check;
pub mod compare;
pub mod diagnostic;
pub mod expr;
mod library;
pub mod model;
mod read;
mod text;
pub mod wording;

pub use diagnostic::{Diagnostic, Diagnostics, Place, Severity};
pub use library::{Library, LibraryError};
pub use semver::Version;

pub use model::{
    Definition, Direction, Evidence, FlagSeverity, Informant, ItemDef, ItemKind, Level, LicenceStatus, Method, Span,
    Verdict,
};
pub use text::{Language, Text};

use crate::hash::{citation, content_hash};
use crate::stats::{Decimal, exact};

/// A definition that passed its checks, with what is derived from it.
///
/// ```
/// use screening_core::instrument::Library;
/// let library = Library::bundled()?;
/// let mht = library.get("mht").expect("bundled");
/// assert_eq!(mht.definition().items.len(), 100);
/// assert!(mht.citation().starts_with("mht@"));
/// # Ok::<(), screening_core::instrument::LibraryError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Instrument {
    definition: Definition,
    hash: String,
    slots: Vec<ItemSlot>,
    positions: std::collections::HashMap<String, usize>,
}

/// Where the answer of an item is held: choices in bytes, numbers and clock times in 32-bit integers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemSlot {
    /// Position among the choice items.
    Narrow(usize),
    /// Position among the number and clock items.
    Wide(usize),
}

/// Why a text is not an answer to an item.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// Not one of the allowed codes.
    #[error("`{value}` is not one of the allowed codes {allowed}; check the coding of the column")]
    NotAllowed {
        /// The value.
        value: String,
        /// The allowed codes.
        allowed: String,
    },
    /// A number item was given no number.
    #[error("`{value}` is not a number; write it with digits and a point, without a unit")]
    NotANumber {
        /// The value.
        value: String,
    },
    /// A number outside the range.
    #[error("`{value}` lies outside {low} to {high}; check the unit")]
    OutOfRange {
        /// The value.
        value: String,
        /// Lowest allowed number.
        low: Decimal,
        /// Highest allowed number.
        high: Decimal,
    },
    /// A clock item was given no time.
    #[error("`{value}` is not a time of day; write it as HH:MM on the 24-hour clock, for example 22:30")]
    NotATime {
        /// The value.
        value: String,
    },
}

impl Instrument {
    /// Reads and checks a definition.
    ///
    /// # Errors
    /// All diagnostics, when at least one of them is an error.
    pub fn from_toml(text: &str) -> Result<Self, Diagnostics> {
        let (definition, mut diagnostics) = read::read(text)?;
        diagnostics.extend(check::check(&definition));
        let diagnostics = diagnostics.located(text);
        if diagnostics.has_errors() { Err(diagnostics) } else { Ok(Self::new(definition, text)) }
    }

    /// Reads a definition and returns whatever the static checks say of it, warnings included.
    pub fn diagnose(text: &str) -> (Option<Self>, Diagnostics) {
        match read::read(text) {
            Err(diagnostics) => (None, diagnostics),
            Ok((definition, mut diagnostics)) => {
                diagnostics.extend(check::check(&definition));
                let diagnostics = diagnostics.located(text);
                let instrument = (!diagnostics.has_errors()).then(|| Self::new(definition, text));
                (instrument, diagnostics)
            }
        }
    }

    fn new(definition: Definition, text: &str) -> Self {
        Self::from_parts(definition, content_hash(text))
    }

    /// A definition that was checked before, with the hash of its text.
    pub(crate) fn from_parts(definition: Definition, hash: String) -> Self {
        let (mut narrow, mut wide) = (0, 0);
        let slots = definition
            .items
            .iter()
            .map(|item| {
                let counter = if item.kind == ItemKind::Choice { &mut narrow } else { &mut wide };
                *counter += 1;
                if item.kind == ItemKind::Choice {
                    ItemSlot::Narrow(*counter - 1)
                } else {
                    ItemSlot::Wide(*counter - 1)
                }
            })
            .collect();
        let positions = definition.items.iter().enumerate().map(|(at, item)| (item.id.clone(), at)).collect();
        Self { definition, hash, slots, positions }
    }

    /// The definition.
    pub fn definition(&self) -> &Definition {
        &self.definition
    }

    /// Instrument id.
    pub fn id(&self) -> &str {
        &self.definition.id
    }

    /// SHA-256 of the definition file, in hexadecimal.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// `id@version+hash`, with the first 12 digits of the content hash: what results cite.
    pub fn citation(&self) -> String {
        citation(&self.definition.id, &self.definition.version, &self.hash)
    }

    /// Position of an item in the definition.
    pub fn item_position(&self, id: &str) -> Option<usize> {
        self.positions.get(id).copied()
    }

    /// Position of a scale in the definition.
    pub fn scale_position(&self, id: &str) -> Option<usize> {
        self.definition.scales.iter().position(|scale| scale.id == id)
    }

    /// Where the answer of the item at `position` is held.
    ///
    /// # Panics
    /// When `position` is not below the number of items.
    pub fn slot(&self, position: usize) -> ItemSlot {
        self.slots[position]
    }

    /// Number of choice slots and of wide slots.
    pub fn slot_counts(&self) -> (usize, usize) {
        let narrow = self.slots.iter().filter(|slot| matches!(slot, ItemSlot::Narrow(_))).count();
        (narrow, self.slots.len() - narrow)
    }

    /// Column name of the item at `position`: `<instrument>.<item>`.
    pub fn item_column(&self, position: usize) -> String {
        format!("{}.{}", self.definition.id, self.definition.items[position].id)
    }

    /// Reads one answer text for the item at `position` into its stored form.
    ///
    /// # Errors
    /// When the text is not an allowed code, number or time.
    pub fn parse_answer(&self, position: usize, text: &str) -> Result<i32, AnswerError> {
        let item = &self.definition.items[position];
        let text = text.trim();
        match item.kind {
            ItemKind::Choice => self.parse_code(item, text),
            ItemKind::Number => parse_number(item, text),
            ItemKind::Clock => parse_clock(text).ok_or_else(|| AnswerError::NotATime { value: text.to_owned() }),
        }
    }

    /// The stored form of a number for the number item at `position`.
    ///
    /// # Errors
    /// When it lies outside the item's range or is no finite number.
    pub fn number_answer(&self, position: usize, value: f64) -> Result<i32, AnswerError> {
        number_answer(&self.definition.items[position], value)
    }

    fn parse_code(&self, item: &ItemDef, text: &str) -> Result<i32, AnswerError> {
        let options = self.definition.options_of(item);
        let whole = text.strip_suffix(".0").unwrap_or(text);
        let code = whole.parse::<i8>().ok().filter(|code| options.iter().any(|option| option.code == *code));
        code.map(i32::from).ok_or_else(|| AnswerError::NotAllowed {
            value: text.to_owned(),
            allowed: options.iter().map(|option| option.code.to_string()).collect::<Vec<_>>().join(", "),
        })
    }
}

/// Reads a number into units of the item's last kept decimal.
fn parse_number(item: &ItemDef, text: &str) -> Result<i32, AnswerError> {
    let value: f64 = text.parse().map_err(|_| AnswerError::NotANumber { value: text.to_owned() })?;
    number_answer(item, value)
}

fn number_answer(item: &ItemDef, value: f64) -> Result<i32, AnswerError> {
    let not_a_number = || AnswerError::NotANumber { value: value.to_string() };
    let [low, high] = item.range.unwrap_or([Decimal::ZERO, Decimal::from_int(1_000_000)]);
    let out_of_range = || AnswerError::OutOfRange { value: value.to_string(), low, high };
    let unit = 10_i64.pow(u32::from(item.decimals));
    // Whole numbers, the usual case, need no decimals.
    if value.fract() == 0.0 && value.abs() < 1e6 {
        let whole = Decimal::from_int(value as i32);
        let inside = (low..=high).contains(&whole);
        return if inside {
            i32::try_from(value as i64 * unit).map_err(|_| not_a_number())
        } else {
            Err(out_of_range())
        };
    }
    // More digits than a decimal holds (1/3 from a spreadsheet) are read to the ninth place first.
    let decimal = Decimal::from_f64(value).or_else(|| format!("{value:.9}").parse().ok()).ok_or_else(not_a_number)?;
    if decimal < low || decimal > high {
        return Err(out_of_range());
    }
    let scaled = exact::half_even_div(decimal.mantissa() * unit, decimal.denominator());
    i32::try_from(scaled).map_err(|_| not_a_number())
}

/// Reads `HH:MM` (or `HH:MM:SS`, seconds dropped only when zero) as minutes after midnight.
fn parse_clock(text: &str) -> Option<i32> {
    let mut parts = text.split([':', '：']);
    let (hours, minutes, seconds) = (parts.next()?, parts.next()?, parts.next());
    let plain = |part: &str| (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    if parts.next().is_some()
        || !plain(hours)
        || minutes.len() != 2
        || !plain(minutes)
        || seconds.is_some_and(|s| s != "00")
    {
        return None;
    }
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    ((0..24).contains(&hours) && (0..60).contains(&minutes)).then_some(hours * 60 + minutes)
}

impl Definition {
    /// How well the key of a scale is established.
    pub fn scale_evidence(&self, scale: &model::ScaleDef) -> Evidence {
        scale.evidence.unwrap_or(self.evidence)
    }

    /// How well a cut-off set is established.
    pub fn cutoff_evidence(&self, cutoff: &model::CutoffDef) -> Evidence {
        cutoff.evidence.unwrap_or(self.evidence)
    }

    /// The options of a choice item; empty for other kinds or when the set does not exist.
    pub fn options_of(&self, item: &ItemDef) -> &[model::OptionDef] {
        if item.kind != ItemKind::Choice {
            return &[];
        }
        self.option_sets.get(item.options.as_deref().unwrap_or("default")).map_or(&[], Vec::as_slice)
    }

    /// Item positions that a scale's `items` list names: ids, or ranges such as `3-9` over the order of the items.
    ///
    /// # Errors
    /// The first name or range that fits no item.
    pub fn expand_items(&self, names: &[String]) -> Result<Vec<usize>, String> {
        let position = |id: &str| self.items.iter().position(|item| item.id == id);
        let mut positions = Vec::new();
        for name in names {
            if let Some(at) = position(name) {
                positions.push(at);
                continue;
            }
            let range = name.split_once('-').and_then(|(from, to)| Some((position(from)?, position(to)?)));
            match range {
                Some((from, to)) if from <= to => positions.extend(from..=to),
                _ => return Err(name.clone()),
            }
        }
        Ok(positions)
    }
}
