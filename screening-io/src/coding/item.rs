//! What one cell means for one item.

use std::collections::HashMap;

use screening_core::answers::Missing;
use screening_core::instrument::model::{Definition, ItemDef, ItemKind, OptionDef};
use screening_core::instrument::wording::{OptionText, WordingPacks};
use screening_core::stats::Decimal;

use super::Coding;
use crate::parse::{cell_clock, cell_integer, cell_number, has_several};
use crate::table::Value;
use crate::words::{normal, words};

/// A cell that was read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Answer {
    /// The code of an option.
    Code(i8),
    /// The value of a number item.
    Number(f64),
    /// Minutes after midnight.
    Clock(u16),
    /// No answer, of a known kind.
    Missing(Missing),
    /// Not an answer; the id of the message that says why.
    Misfit(&'static str),
}

/// Reads the cells of one item.
pub(crate) struct ItemReader<'a> {
    item: &'a ItemDef,
    options: &'a [OptionDef],
    labels: Labels,
    wordings: Vec<&'a [OptionText]>,
    lowest: f64,
    highest: f64,
}

/// Codes by the texts that stand for them. A text that stands for two codes is not an answer.
#[derive(Default)]
struct Labels(HashMap<String, Option<i8>>);

impl Labels {
    fn learn(&mut self, text: &str, code: i8) {
        let known = self.0.entry(normal(text)).or_insert(Some(code));
        if *known != Some(code) {
            *known = None;
        }
    }

    fn code(&self, text: &str) -> Option<i8> {
        self.0.get(text).copied().flatten()
    }
}

impl<'a> ItemReader<'a> {
    /// A reader of an item. Texts of options are the labels of the definition and those of `wording`, in any language.
    pub(crate) fn new(definition: &'a Definition, item: &'a ItemDef, wording: Option<&'a WordingPacks>) -> Self {
        let set = item.options.as_deref().unwrap_or("default");
        let options = if item.kind == ItemKind::Choice {
            definition.option_sets.get(set).map_or(&[][..], Vec::as_slice)
        } else {
            &[]
        };
        let mut labels = Labels::default();
        for option in options {
            labels.learn(&option.label.zh_cn, option.code);
            labels.learn(&option.label.en, option.code);
        }
        let packs = wording.into_iter().flat_map(|packs| packs.of(&definition.id));
        let wordings: Vec<&[OptionText]> = packs.map(|pack| pack.options_of(item)).collect();
        for text in wordings.iter().copied().flatten() {
            labels.learn(&text.text, text.code);
        }
        let [lowest, highest] =
            item.range.map_or([f64::NEG_INFINITY, f64::INFINITY], |range| range.map(Decimal::to_f64));
        Self { item, options, labels, wordings, lowest, highest }
    }

    pub(crate) fn item(&self) -> &'a ItemDef {
        self.item
    }

    /// Whether the coding matters: only options can be written in several ways.
    pub(crate) fn is_choice(&self) -> bool {
        self.item.kind == ItemKind::Choice
    }

    /// What is allowed, for a message.
    pub(crate) fn allowed(&self, coding: Coding) -> String {
        let words: Vec<String> = match (self.item.kind, coding) {
            (ItemKind::Clock, _) => return "HH:MM".to_owned(),
            (ItemKind::Number, _) => {
                return self.item.range.map_or_else(String::new, |[low, high]| format!("{low} - {high}"));
            }
            (ItemKind::Choice, Coding::Text) => self.options.iter().map(|option| self.texts_of(option)).collect(),
            (ItemKind::Choice, Coding::Ordinal) => (1..=self.options.len()).map(|n| n.to_string()).collect(),
            (ItemKind::Choice, Coding::Score) => self.options.iter().map(|o| o.code.to_string()).collect(),
        };
        words.join(", ")
    }

    /// The label of an option and its wordings: `没有 (never / not at all)`.
    fn texts_of(&self, option: &OptionDef) -> String {
        let wordings = self.wordings.iter().copied().flatten().filter(|text| text.code == option.code);
        let wordings = wordings.map(|text| text.text.as_str());
        let texts: Vec<&str> = std::iter::once(option.label.en.as_str()).chain(wordings).collect();
        format!("{} ({})", option.label.zh_cn, texts.join(" / "))
    }

    /// Reads a cell.
    pub(crate) fn read(&self, value: &Value, coding: Coding) -> Answer {
        if let Some(missing) = self.missing(value, coding) {
            return Answer::Missing(missing);
        }
        match self.item.kind {
            ItemKind::Clock => cell_clock(value).map_or(Answer::Misfit("answer-not-a-clock"), Answer::Clock),
            ItemKind::Number => self.number(value),
            ItemKind::Choice => self.choice(value, coding),
        }
    }

    /// Blanks and the words and numbers that platforms write for them. A number that is a legal code or value of
    /// this item is an answer.
    fn missing(&self, value: &Value, coding: Coding) -> Option<Missing> {
        let number = cell_integer(value);
        // Codes that the engine itself writes; no instrument uses them.
        let engine = number.and_then(|number| Missing::from_code(i8::try_from(number).ok()?));
        if let Some(missing) = engine
            && self.is_choice()
        {
            return Some(missing);
        }
        let word = match value {
            Value::Blank => return Some(Missing::Skipped),
            Value::Text(text) => normal(text),
            Value::Number(_) | Value::Date(_) => number?.to_string(),
        };
        let special = &words().special;
        let kinds = [
            (&special.skipped, Missing::Skipped),
            (&special.not_shown, Missing::NotShown),
            (&special.refused, Missing::Refused),
        ];
        let (_, missing) = kinds.into_iter().find(|(list, _)| list.contains(&word))?;
        (number.is_none() || !self.is_legal(value, coding)).then_some(missing)
    }

    fn is_legal(&self, value: &Value, coding: Coding) -> bool {
        match self.item.kind {
            ItemKind::Clock => false,
            ItemKind::Number => matches!(self.number(value), Answer::Number(_)),
            ItemKind::Choice => matches!(self.choice(value, coding), Answer::Code(_)),
        }
    }

    fn number(&self, value: &Value) -> Answer {
        match cell_number(value) {
            Some(number) if (self.lowest..=self.highest).contains(&number) => Answer::Number(number),
            Some(_) => Answer::Misfit("answer-out-of-range"),
            None => Answer::Misfit("answer-not-a-number"),
        }
    }

    fn choice(&self, value: &Value, coding: Coding) -> Answer {
        let code = match coding {
            Coding::Text => return self.labelled(value),
            Coding::Ordinal => cell_integer(value)
                .and_then(|ordinal| usize::try_from(ordinal).ok()?.checked_sub(1))
                .and_then(|index| self.options.get(index)),
            Coding::Score => {
                cell_integer(value).and_then(|code| self.options.iter().find(|option| i64::from(option.code) == code))
            }
        };
        match code {
            Some(option) => Answer::Code(option.code),
            None if cell_number(value).is_some() => Answer::Misfit("answer-out-of-range"),
            None if has_several(value) => Answer::Misfit("answer-several"),
            None => Answer::Misfit("answer-not-a-number"),
        }
    }

    fn labelled(&self, value: &Value) -> Answer {
        let known = match value {
            Value::Text(text) => self.labels.code(&normal(text)),
            // A label that is a number is a number in a workbook.
            Value::Number(number) => self.labels.code(&number.to_string()),
            Value::Blank | Value::Date(_) => None,
        };
        match known {
            Some(code) => Answer::Code(code),
            None if has_several(value) => Answer::Misfit("answer-several"),
            None => Answer::Misfit("answer-unknown-label"),
        }
    }
}
