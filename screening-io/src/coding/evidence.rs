//! What the answers of a file say about its coding.

use std::collections::HashMap;

use screening_core::instrument::{Language, Text};

use super::{Answer, Coding, ItemReader};
use crate::error::{column_letter, shorten};
use crate::messages::say;
use crate::parse::cell_number;
use crate::table::{Table, Value};

/// Columns and values printed at most; the counts are of all.
const COLUMNS_SHOWN: usize = 12;
const VALUES_SHOWN: usize = 6;

/// One column: the values seen and how each coding reads them.
struct Seen {
    title: String,
    values: Vec<String>,
    readings: [Vec<String>; 3],
}

/// The evidence of all choice items of one instrument.
#[derive(Default)]
pub(crate) struct Evidence {
    /// Cells that are an answer of some kind.
    pub(crate) answers: u64,
    /// Answers that no option matches, by coding in the order of [`Coding::ALL`].
    misfits: [u64; 3],
    /// Answers that two codings read as different options: text-ordinal, text-score, ordinal-score.
    differ: [u64; 3],
    /// Misfits as scores when one is taken from, or added to, every answer.
    pub(crate) shifted: [u64; 2],
    /// Answers that mean one option as an ordinal and another as a score that is one too high: possible where the options
    /// stand in another order than their codes.
    pub(crate) turned: u64,
    /// Answers that no coding and no shift can explain: they say nothing about which one is right.
    pub(crate) strays: u64,
    seen: Vec<Seen>,
    columns: usize,
}

/// How often each value occurs in the columns of an instrument. A table may be counted part by part.
#[derive(Default)]
pub(crate) struct Tally {
    columns: Vec<Counted>,
}

/// The values of one column, in the order in which they came.
#[derive(Default)]
struct Counted {
    counts: Vec<(Value, u64)>,
    places: HashMap<Key, usize>,
}

/// A value as something that can be looked up: its kind, its number and its text.
type Key = (u8, u64, Box<str>);

fn key(value: &Value) -> Key {
    match value {
        Value::Blank => (0, 0, "".into()),
        Value::Number(number) => (1, number.to_bits(), "".into()),
        Value::Date(days) => (2, days.to_bits(), "".into()),
        Value::Text(text) => (3, 0, text.clone()),
    }
}

impl Tally {
    /// Adds the rows of a table; all tables have the same columns.
    pub(crate) fn add(&mut self, table: &Table, readers: &[ItemReader<'_>], columns: &[usize]) {
        self.columns.resize_with(columns.len(), Counted::default);
        let mut counts = vec![0_u64; table.distinct()];
        for ((reader, &column), counted) in readers.iter().zip(columns).zip(&mut self.columns) {
            if !reader.is_choice() {
                continue;
            }
            let mut found: Vec<u32> = Vec::new();
            for &id in table.cells(column) {
                if let Some(count) = counts.get_mut(id as usize) {
                    if *count == 0 {
                        found.push(id);
                    }
                    *count += 1;
                }
            }
            for id in found {
                if let Some(count) = counts.get_mut(id as usize) {
                    counted.add(table.value(id), std::mem::take(count));
                }
            }
        }
    }
}

impl Counted {
    fn add(&mut self, value: &Value, count: u64) {
        let place = *self.places.entry(key(value)).or_insert_with(|| {
            self.counts.push((value.clone(), 0));
            self.counts.len() - 1
        });
        if let Some((_, known)) = self.counts.get_mut(place) {
            *known += count;
        }
    }
}

/// The steps of [`Evidence::shifted`].
pub(crate) const STEPS: [f64; 2] = [-1.0, 1.0];

/// A step as it is printed.
pub(crate) fn step_word(index: usize) -> &'static str {
    if index == 0 { "-1" } else { "+1" }
}

impl Evidence {
    /// Gathers the evidence of the columns of one instrument; items without options say nothing.
    pub(crate) fn gather(table: &Table, readers: &[ItemReader<'_>], columns: &[usize]) -> Self {
        let mut tally = Tally::default();
        tally.add(table, readers, columns);
        Self::of(&tally, table, readers, columns)
    }

    /// The evidence of what was counted, in one table or in the parts of one; `table` lends the headings.
    pub(crate) fn of(tally: &Tally, table: &Table, readers: &[ItemReader<'_>], columns: &[usize]) -> Self {
        let mut evidence = Self::default();
        for ((reader, &column), counted) in readers.iter().zip(columns).zip(&tally.columns) {
            if reader.is_choice() {
                let counts = counted.counts.iter().map(|(value, count)| (value, *count)).collect();
                evidence.column(table, reader, column, counts);
            }
        }
        evidence
    }

    fn column(&mut self, table: &Table, reader: &ItemReader<'_>, column: usize, mut tally: Vec<(&Value, u64)>) {
        tally.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let letter = column_letter(u32::try_from(column).unwrap_or(u32::MAX));
        let title = format!("{letter} {}", shorten(table.heading(column), 12));
        let mut shown = Vec::new();
        for (value, count) in tally {
            let answers = Coding::ALL.map(|coding| reader.read(value, coding));
            if answers.iter().all(|answer| matches!(answer, Answer::Missing(_))) {
                continue;
            }
            self.count(reader, value, count, answers);
            if shown.len() < VALUES_SHOWN {
                shown.push((value, answers));
            }
        }
        // Chosen by frequency, printed by size.
        shown.sort_by(|(one, _), (other, _)| {
            let size = |value| cell_number(value).unwrap_or(f64::INFINITY);
            size(one).total_cmp(&size(other))
        });
        self.columns += 1;
        if self.seen.len() < COLUMNS_SHOWN {
            self.seen.push(Seen::new(title, shown));
        }
    }

    fn count(&mut self, reader: &ItemReader<'_>, value: &Value, count: u64, answers: [Answer; 3]) {
        self.answers += count;
        for (misfits, answer) in self.misfits.iter_mut().zip(answers) {
            *misfits += if is_misfit(answer) { count } else { 0 };
        }
        let [text, ordinal, score] = answers;
        for (differ, (one, other)) in self.differ.iter_mut().zip([(text, ordinal), (text, score), (ordinal, score)]) {
            let alike = one == other || is_misfit(one) && is_misfit(other);
            *differ += if alike { 0 } else { count };
        }
        let number = cell_number(value);
        let lowered = number.map(|number| reader.read(&Value::Number(number - 1.0), Coding::Score));
        if let (Answer::Code(one), Some(Answer::Code(other))) = (ordinal, lowered) {
            self.turned += if one == other { 0 } else { count };
        }
        let mut stray = answers.into_iter().all(is_misfit);
        for (misfits, step) in self.shifted.iter_mut().zip(STEPS) {
            let fits = number.is_some_and(|number| {
                matches!(reader.read(&Value::Number(number + step), Coding::Score), Answer::Code(_))
            });
            *misfits += if fits { 0 } else { count };
            stray &= !fits;
        }
        self.strays += if stray { count } else { 0 };
    }

    /// Answers that do not fit a coding.
    pub(crate) fn misfits(&self, coding: Coding) -> u64 {
        let [text, ordinal, score] = self.misfits;
        match coding {
            Coding::Text => text,
            Coding::Ordinal => ordinal,
            Coding::Score => score,
        }
    }

    /// Whether two codings read every answer alike.
    pub(crate) fn same(&self, one: Coding, other: Coding) -> bool {
        let [text_ordinal, text_score, ordinal_score] = self.differ;
        match (one, other) {
            (Coding::Text, Coding::Ordinal) | (Coding::Ordinal, Coding::Text) => text_ordinal == 0,
            (Coding::Text, Coding::Score) | (Coding::Score, Coding::Text) => text_score == 0,
            (Coding::Ordinal, Coding::Score) | (Coding::Score, Coding::Ordinal) => ordinal_score == 0,
            _ => true,
        }
    }

    /// The table for people.
    pub(crate) fn describe(&self) -> Text {
        Text { en: self.render(Language::En), zh_cn: self.render(Language::ZhCn) }
    }

    fn render(&self, language: Language) -> String {
        let word = |key: &str| say(&format!("frame.evidence.{key}"), language, &[]);
        let mut rows = vec![[
            word("column"),
            word("seen"),
            Coding::Text.title(language),
            Coding::Ordinal.title(language),
            Coding::Score.title(language),
        ]];
        for seen in &self.seen {
            let [text, ordinal, score] = &seen.readings;
            rows.push([seen.title.clone(), seen.values.join(" "), text.join(" "), ordinal.join(" "), score.join(" ")]);
        }
        if self.columns > self.seen.len() {
            let count = (self.columns - self.seen.len()).to_string();
            rows.push([
                say("frame.more", language, &[("count", &count)]),
                String::new(),
                String::new(),
                String::new(),
                String::new(),
            ]);
        }
        let total = say("frame.evidence.misfits", language, &[("answers", &self.answers.to_string())]);
        let [text, ordinal, score] = self.misfits.map(|count| count.to_string());
        rows.push([total, String::new(), text, ordinal, score]);
        let mut out = align(&rows);
        for (index, count) in self.shifted.iter().enumerate() {
            let count = count.to_string();
            out.push_str("  ");
            out.push_str(&say("frame.evidence.shift", language, &[("step", step_word(index)), ("count", &count)]));
            out.push('\n');
        }
        out
    }
}

impl Seen {
    fn new(title: String, shown: Vec<(&Value, [Answer; 3])>) -> Self {
        let mut seen = Self { title, values: Vec::new(), readings: Default::default() };
        for (value, answers) in shown {
            let text = value.to_text();
            let text = shorten(&text, 10).into_owned();
            for (readings, answer) in seen.readings.iter_mut().zip(answers) {
                readings.push(match answer {
                    Answer::Code(code) => format!("{text}→{code}"),
                    Answer::Missing(_) => format!("{text}→–"),
                    _ => format!("{text}→?"),
                });
            }
            seen.values.push(text);
        }
        seen
    }
}

fn is_misfit(answer: Answer) -> bool {
    matches!(answer, Answer::Misfit(_))
}

/// Sets rows in columns, wide characters counting twice.
fn align(rows: &[[String; 5]]) -> String {
    let mut widths = [0_usize; 5];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(display_width(cell));
        }
    }
    let mut out = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            line.push_str("  ");
            line.push_str(cell);
            line.extend(std::iter::repeat_n(' ', width - display_width(cell)));
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

fn display_width(text: &str) -> usize {
    text.chars().map(|c| if c >= '\u{1100}' && !('\u{2010}'..='\u{2bff}').contains(&c) { 2 } else { 1 }).sum()
}
