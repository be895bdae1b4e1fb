//! Which column of an export is what under one layout: metadata, a question or a part of one, or something else.

use super::heading::{self, Heading, Part};
use super::registry::{Form, LayoutDef};
use crate::error::{IoError, Problem};
use crate::parse::{has_several, is_no_answer};
use crate::table::{Table, Value};
use crate::words::{narrow, words};

/// A column that belongs to a question.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    /// Its number: the one in the heading, or its place among the question columns, from 1.
    pub(crate) number: u32,
    pub(crate) part: Part,
    pub(crate) column: usize,
    /// The heading without the number.
    pub(crate) text: String,
}

/// What the columns of an export are.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    pub(crate) def: &'static LayoutDef,
    /// Metadata columns with the keys of the layout.
    pub(crate) metadata: Vec<(&'static str, usize)>,
    /// Question columns in their order.
    pub(crate) questions: Vec<Question>,
    /// Further columns with a heading that is a person heading.
    pub(crate) others: Vec<(usize, String)>,
    /// Columns that nothing is known of; a layout with any does not fit, except where it is lenient.
    pub(crate) unknown: Vec<usize>,
    /// Columns before the first question that a lenient layout leaves aside.
    pub(crate) left: Vec<usize>,
}

impl Layout {
    /// Reads the columns of a table in one layout, whether it fits or not.
    pub(crate) fn classify(table: &Table, def: &'static LayoutDef) -> Self {
        let mut layout = Self {
            def,
            metadata: Vec::new(),
            questions: Vec::new(),
            others: Vec::new(),
            unknown: Vec::new(),
            left: Vec::new(),
        };
        for column in 0..table.width() {
            let text = table.heading(column);
            if text.is_empty() {
                continue;
            }
            if let Some(metadata) = def.metadata(text) {
                layout.metadata.push((metadata.key.as_str(), column));
            } else if let Some(heading) = heading::read(text, def) {
                layout.question(column, heading);
            } else if words().person_heading(text).is_some() {
                layout.others.push((column, text.to_owned()));
            } else if def.lenient && layout.questions.is_empty() {
                layout.left.push(column);
            } else {
                layout.unknown.push(column);
            }
        }
        layout
    }

    fn question(&mut self, column: usize, heading: Heading) {
        let Heading { number, part, text } = heading;
        let place = u32::try_from(self.questions.len()).unwrap_or(u32::MAX).saturating_add(1);
        self.questions.push(Question { number: number.unwrap_or(place), part, column, text });
    }

    /// Keys of required columns that are not there.
    pub(crate) fn missing(&self) -> Vec<&'static str> {
        let required = self.def.columns.iter().filter(|column| column.required);
        required.filter(|column| self.metadata(&column.key).is_none()).map(|column| column.key.as_str()).collect()
    }

    /// Whether the layout can be that of the file.
    pub(crate) fn fits(&self) -> bool {
        self.missing().is_empty() && self.unknown.is_empty() && !self.questions.is_empty()
    }

    /// The first column of a metadata key.
    pub(crate) fn metadata(&self, key: &str) -> Option<usize> {
        self.metadata.iter().find(|(known, _)| *known == key).map(|(_, column)| *column)
    }

    /// Whether the numbers of the questions count without gaps.
    pub(crate) fn is_counted(&self) -> bool {
        self.def.headings.iter().any(|form| matches!(form, Form::Numbered | Form::Sub | Form::Code))
    }

    /// All columns that are not metadata, with their text without the question number.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (usize, &str)> {
        let questions = self.questions.iter().map(|question| (question.column, question.text.as_str()));
        questions.chain(self.others.iter().map(|(column, text)| (*column, text.as_str())))
    }

    /// Checks the numbers, and marks the columns of one question as its parts.
    pub(crate) fn settle_parts(&mut self, table: &Table) -> Result<(), IoError> {
        if !self.def.headings.contains(&Form::Numbered) {
            return self.numbers_once(table);
        }
        let mut at = 0;
        while let Some(first) = self.questions.get(at) {
            let number = first.number;
            let same = self.questions.iter().skip(at).take_while(|question| question.number == number).count();
            let stem_marked = self.def.matrix_marks.iter().any(|mark| first.text.contains(narrow(mark).as_str()));
            if same > 1 && stem_marked {
                for question in self.questions.iter_mut().skip(at).take(same) {
                    if question.part == Part::Whole {
                        question.part = Part::Either(question.text.clone());
                    }
                }
            }
            at += same.max(1);
        }
        self.numbers_once(table)
    }

    /// A number stands for one question: whole questions and separate groups of parts never share one.
    fn numbers_once(&self, table: &Table) -> Result<(), IoError> {
        let mut first: std::collections::HashMap<u32, usize> = std::collections::HashMap::new();
        let mut before: Option<&Question> = None;
        for question in &self.questions {
            let continues = before.is_some_and(|before| same_question(before, question));
            if !continues && let Some(first) = first.insert(question.number, question.column) {
                let letter = |column: usize| table.column_place(column).letter().unwrap_or_default();
                let problem = Problem::new("layout-number-duplicate", table.column_place(question.column));
                let problem = problem.with("number", question.number).with("first", letter(first));
                return Err(problem.with("second", letter(question.column)).into());
            }
            before = Some(question);
        }
        Ok(())
    }
}

/// Whether a column holds another part of the same question.
fn same_question(before: &Question, question: &Question) -> bool {
    let part = |question: &Question| question.part != Part::Whole;
    // What stands beside an answer may follow a whole question.
    let aside = question.part == Part::Aside;
    let numbered = before.number == question.number;
    let named = before.text == question.text;
    (part(question) && part(before) || aside) && (numbered || named)
}

/// What the columns of one question hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One answer a column: a single question, or the rows of a matrix.
    Answers,
    /// One option of a multiple choice a column.
    Options,
    /// Both are possible.
    Undecided,
    /// One column, with cells that name several options: a multiple choice, or single wrong cells of an item.
    Several,
    /// Texts written beside answers.
    Aside,
}

/// The columns of one question.
#[derive(Debug, Clone)]
pub(crate) struct Group<'a> {
    pub(crate) questions: &'a [Question],
    pub(crate) kind: Kind,
}

/// The question columns without those taken, by question.
pub(crate) fn groups<'a>(table: &Table, questions: &'a [Question]) -> Vec<Group<'a>> {
    questions
        .chunk_by(|one, other| same_question(one, other) && (one.part == Part::Aside) == (other.part == Part::Aside))
        .map(|questions| Group { questions, kind: kind(table, questions) })
        .collect()
}

fn kind(table: &Table, questions: &[Question]) -> Kind {
    let first = questions.first().map(|question| &question.part);
    match first {
        Some(Part::Option(_)) => Kind::Options,
        Some(Part::Aside) => Kind::Aside,
        Some(Part::Either(_)) if questions.iter().all(|question| may_be_an_option(table, question.column)) => {
            Kind::Undecided
        }
        Some(Part::Whole) if questions.iter().any(|question| names_several(table, question.column)) => Kind::Several,
        _ => Kind::Answers,
    }
}

/// Whether a cell of the column joins the texts of several options.
fn names_several(table: &Table, column: usize) -> bool {
    let mut known = vec![false; table.distinct()];
    table.cells(column).iter().any(|&id| {
        let Some(known) = known.get_mut(id as usize).filter(|known| !**known) else { return false };
        *known = true;
        has_several(table.value(id))
    })
}

/// A column of a multiple choice holds 0 and 1, or one text where the option was chosen.
fn may_be_an_option(table: &Table, column: usize) -> bool {
    let mut seen: Vec<&Value> = Vec::new();
    let mut known = vec![false; table.distinct()];
    for &id in table.cells(column) {
        let Some(known) = known.get_mut(id as usize).filter(|known| !**known) else { continue };
        *known = true;
        let value = table.value(id);
        if !is_no_answer(value) {
            seen.push(value);
        }
        if seen.len() > 2 {
            return false;
        }
    }
    let flag =
        |value: &&Value| matches!(crate::parse::cell_number(value), Some(number) if number == 0.0 || number == 1.0);
    seen.len() < 2 || seen.iter().all(flag)
}
