//! Puts a report together: numbers chapters, tables and pictures, and formats figures.

use screening_core::disclosure::Shown;
use screening_core::instrument::{Language, Text};

use crate::format::Format;
use crate::model::{Block, Cell, Chart, Column, Figure, FormField, Report, Section, Table};
use crate::words::say;

/// A report that is being written.
pub(crate) struct Writer {
    pub(crate) language: Language,
    pub(crate) format: Format,
    sections: Vec<Section>,
    chapters: usize,
    tables: usize,
    figures: usize,
}

impl Writer {
    pub(crate) fn new(language: Language, threshold: u32) -> Self {
        let format = Format::new(language, threshold);
        Self { language, format, sections: Vec::new(), chapters: 0, tables: 0, figures: 0 }
    }

    /// The text of a key.
    pub(crate) fn say(&self, key: &str, fills: &[(&str, &str)]) -> String {
        say(self.language, key, fills)
    }

    /// A text in the language of the report.
    pub(crate) fn pick<'t>(&self, text: &'t Text) -> &'t str {
        text.get(self.language)
    }

    /// Begins a numbered chapter.
    pub(crate) fn chapter(&mut self, key: &str) {
        self.chapters += 1;
        let (number, heading) = (ordinal(self.language, self.chapters), self.say(key, &[]));
        let heading = self.say("frame.chapter", &[("number", &number), ("heading", &heading)]);
        self.section(heading, 1, false);
    }

    /// Begins a section without a number.
    pub(crate) fn section(&mut self, heading: String, level: u8, new_page: bool) {
        self.sections.push(Section { heading, level, new_page, blocks: Vec::new() });
    }

    /// Begins a part of a chapter.
    pub(crate) fn part(&mut self, key: &str) {
        let heading = self.say(key, &[]);
        self.section(heading, 2, false);
    }

    /// Adds content; content before any heading stands under an empty one.
    pub(crate) fn block(&mut self, block: Block) {
        if self.sections.is_empty() {
            self.section(String::new(), 1, false);
        }
        if let Some(section) = self.sections.last_mut() {
            section.blocks.push(block);
        }
    }

    pub(crate) fn paragraph(&mut self, key: &str, fills: &[(&str, &str)]) {
        let text = self.say(key, fills);
        self.block(Block::Paragraph(text));
    }

    pub(crate) fn note(&mut self, key: &str, fills: &[(&str, &str)]) {
        let text = self.say(key, fills);
        self.block(Block::Note(text));
    }

    pub(crate) fn warning(&mut self, key: &str, fills: &[(&str, &str)]) {
        let text = self.say(key, fills);
        self.block(Block::Warning(text));
    }

    pub(crate) fn form(&mut self, fields: &[(&str, String, u8)]) {
        let field = |(key, value, lines): &(&str, String, u8)| FormField {
            label: self.say(key, &[]),
            value: value.clone(),
            lines: *lines,
        };
        let fields = fields.iter().map(field).collect();
        self.block(Block::Form(fields));
    }

    /// Adds a table. Its caption is the text `table.<id>`, its headings are texts `column.<name>`.
    pub(crate) fn table(
        &mut self,
        id: &str,
        fills: &[(&str, &str)],
        columns: &[(&str, f64)],
        rows: Vec<Vec<Cell>>,
        notes: Vec<String>,
    ) {
        let columns = columns.iter().map(|(name, width)| (self.say(&format!("column.{name}"), &[]), *width)).collect();
        self.table_of(id, fills, columns, rows, notes);
    }

    /// As [`Self::table`], with headings that are there already.
    pub(crate) fn table_of(
        &mut self,
        id: &str,
        fills: &[(&str, &str)],
        columns: Vec<(String, f64)>,
        rows: Vec<Vec<Cell>>,
        mut notes: Vec<String>,
    ) {
        self.tables += 1;
        if rows.is_empty() {
            notes.insert(0, self.say("note.nobody", &[]));
        }
        let (number, words) = (self.tables.to_string(), self.say(&format!("table.{id}"), fills));
        let caption = self.say("frame.table", &[("number", &number), ("words", &words)]);
        let columns = columns.into_iter().map(|(heading, width)| Column { heading, width }).collect();
        self.block(Block::Table(Table { id: id.to_owned(), caption, columns, rows, notes }));
    }

    /// Adds a picture. Its caption is the text `figure.<id>`.
    pub(crate) fn figure(&mut self, id: &str, fills: &[(&str, &str)], alt: String, chart: Chart) {
        self.figures += 1;
        let (number, words) = (self.figures.to_string(), self.say(&format!("figure.{id}"), fills));
        let caption = self.say("frame.figure", &[("number", &number), ("words", &words)]);
        self.block(Block::Figure(Figure { id: id.to_owned(), caption, alt, chart }));
    }

    pub(crate) fn finish(self, title: String, subtitle: Vec<String>, notice: &str, landscape: bool) -> Report {
        let notice = self.say(notice, &[]);
        Report { language: self.language, title, subtitle, notice, sections: self.sections, landscape, one_page: false }
    }

    /// As [`Self::finish`], for a report that is printed on one page.
    pub(crate) fn finish_page(self, title: String, subtitle: Vec<String>, notice: &str) -> Report {
        Report { one_page: true, ..self.finish(title, subtitle, notice, false) }
    }

    // Cells.

    pub(crate) fn text(&self, text: &Text) -> Cell {
        Cell::Text(text.get(self.language).to_owned())
    }

    pub(crate) fn count(&self, count: u64) -> Cell {
        Cell::figure(self.format.count(count), Some(count as f64))
    }

    pub(crate) fn shown(&self, shown: Shown) -> Cell {
        Cell::figure(self.format.shown(shown), shown.value().map(|count| count as f64))
    }

    pub(crate) fn share(&self, share: Option<f64>) -> Cell {
        Cell::figure(self.format.share(share), share)
    }

    pub(crate) fn share_interval(&self, interval: Option<(f64, f64)>) -> Cell {
        Cell::figure(self.format.share_interval(interval), None)
    }

    pub(crate) fn interval(&self, interval: Option<(f64, f64)>, decimals: usize) -> Cell {
        Cell::figure(self.format.interval(interval, decimals), None)
    }

    pub(crate) fn number(&self, value: Option<f64>, decimals: usize) -> Cell {
        Cell::figure(self.format.number(value, decimals), value)
    }

    pub(crate) fn probability(&self, p: Option<f64>) -> Cell {
        Cell::figure(self.format.probability(p), p)
    }
}

/// 1, 2, 3, or 一, 二, 三.
fn ordinal(language: Language, number: usize) -> String {
    if language == Language::En {
        return number.to_string();
    }
    let digits = ["", "一", "二", "三", "四", "五", "六", "七", "八", "九"];
    let digit = |at: usize| digits.get(at).copied().unwrap_or_default();
    match number {
        0..=9 => digit(number).to_owned(),
        10..=19 => format!("十{}", digit(number - 10)),
        20..=99 => format!("{}十{}", digit(number / 10), digit(number % 10)),
        _ => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chapters_are_numbered_as_people_do() {
        let zh = |number| ordinal(Language::ZhCn, number);
        assert_eq!((zh(1), zh(10), zh(12), zh(20)), ("一".into(), "十".into(), "十二".into(), "二十".into()));
        assert_eq!(ordinal(Language::En, 12), "12");
    }
}
