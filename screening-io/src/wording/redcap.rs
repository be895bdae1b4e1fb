//! Reads a REDCap data dictionary.

use std::io::{Cursor, Read as _};

use zip::ZipArchive;

use super::LIMITS;
use super::form::{AnswerKind, Form, FormOption, Options, Question, plain};
use super::words::forms;
use crate::error::{IoError, Place, Problem};
use crate::table::{ReadOptions, Table, read_table_bytes};
use crate::words::normal;

/// The dictionary inside an instrument archive.
const PART: &str = "instrument.csv";

/// Reads the fields of one form.
pub(super) fn read(name: &str, bytes: &[u8], form: Option<&str>) -> Result<Form, IoError> {
    let unpacked = part_of_archive(name, bytes)?;
    let options = ReadOptions { limits: LIMITS, ..ReadOptions::default() };
    let table = read_table_bytes(name, unpacked.as_deref().unwrap_or(bytes), &options)?;
    let columns = Columns::find(&table)?;
    let rows = rows_of(&table, &columns, form)?;
    let form_name = rows.first().and_then(|row| text(&table, *row, columns.form));
    let file = std::path::Path::new(name).file_name().map(|file| file.to_string_lossy().into_owned());
    let source = [form_name, file].into_iter().flatten().collect::<Vec<_>>().join(", ");
    let mut reader = Reader { table: &table, columns, before: Vec::new(), questions: Vec::new(), left_out: Vec::new() };
    for row in rows {
        reader.field(row);
    }
    let (questions, left_out) = (reader.questions, reader.left_out);
    Ok(Form { place: table.place(), source, licence: None, panels: Vec::new(), questions, left_out })
}

/// The dictionary of an instrument archive; `None` when the file is no such archive (a workbook is a zip file too).
fn part_of_archive(name: &str, bytes: &[u8]) -> Result<Option<Vec<u8>>, IoError> {
    if !bytes.starts_with(b"PK") {
        return Ok(None);
    }
    let Ok(mut archive) = ZipArchive::new(Cursor::new(bytes)) else {
        return Ok(None);
    };
    let Ok(part) = archive.by_name(PART) else {
        return Ok(None);
    };
    let problem = |id| Problem::new(id, Place::file(name));
    let mut unpacked = Vec::new();
    let limit = LIMITS.file_bytes;
    let broken = |cause: std::io::Error| problem("redcap-archive").with("cause", cause);
    part.take(limit.saturating_add(1)).read_to_end(&mut unpacked).map_err(broken)?;
    if unpacked.len() as u64 > limit {
        return Err(problem("file-too-large").with("size", unpacked.len()).with("limit", limit).into());
    }
    Ok(Some(unpacked))
}

/// Which column is what.
#[derive(Clone, Copy)]
struct Columns {
    name: usize,
    label: usize,
    choices: usize,
    form: Option<usize>,
    section: Option<usize>,
    kind: Option<usize>,
    validation: Option<usize>,
    annotation: Option<usize>,
    number: Option<usize>,
}

impl Columns {
    fn find(table: &Table) -> Result<Self, IoError> {
        let words = &forms().redcap;
        let headings: Vec<String> = table.headings().iter().map(|heading| normal(heading)).collect();
        let find = |list: &[String]| list.iter().find_map(|word| headings.iter().position(|heading| heading == word));
        let need = |list: &[String]| {
            let missing = || Problem::new("redcap-columns", table.place()).with("wanted", list.join(" / "));
            find(list).ok_or_else(|| IoError::from(missing()))
        };
        Ok(Self {
            name: need(&words.name)?,
            label: need(&words.label)?,
            choices: need(&words.choices)?,
            form: find(&words.form),
            section: find(&words.section),
            kind: find(&words.kind),
            validation: find(&words.validation),
            annotation: find(&words.annotation),
            number: find(&words.number),
        })
    }
}

/// The content of a cell; `None` when it is blank or says that there is nothing.
fn text(table: &Table, row: usize, column: Option<usize>) -> Option<String> {
    let text = table.cell(row, column?).to_text();
    let nothing = text.is_empty() || forms().redcap.nothing.contains(&normal(&text));
    (!nothing).then_some(text)
}

/// The rows of the form that is named, or of the only one.
fn rows_of(table: &Table, columns: &Columns, form: Option<&str>) -> Result<Vec<usize>, IoError> {
    let of_row = |row: usize| text(table, row, columns.form).unwrap_or_default();
    let mut known: Vec<String> = Vec::new();
    for row in 0..table.height() {
        let name = of_row(row);
        if !known.contains(&name) {
            known.push(name);
        }
    }
    let wanted = match (form, known.as_slice()) {
        (Some(form), _) => known.iter().find(|name| name.as_str() == form).ok_or_else(|| {
            Problem::new("redcap-no-form", table.place()).with("wanted", form).with("known", known.join(", "))
        })?,
        (None, [only]) => only,
        (None, _) => {
            let problem = Problem::new("redcap-forms", table.place()).with("count", known.len());
            return Err(problem.with("known", known.join(", ")).into());
        }
    };
    Ok((0..table.height()).filter(|row| of_row(*row) == *wanted).collect())
}

struct Reader<'a> {
    table: &'a Table,
    columns: Columns,
    before: Vec<String>,
    questions: Vec<Question>,
    left_out: Vec<Problem>,
}

impl Reader<'_> {
    fn text(&self, row: usize, column: Option<usize>) -> Option<String> {
        text(self.table, row, column)
    }

    fn field(&mut self, row: usize) {
        let columns = self.columns;
        let name = self.text(row, Some(columns.name)).unwrap_or_default();
        // A label may say "NA" and mean it.
        let label = Some(plain(&self.table.cell(row, columns.label).to_text())).filter(|text| !text.is_empty());
        self.before.extend(self.text(row, columns.section).map(|text| plain(&text)));
        let annotation = self.text(row, columns.annotation).unwrap_or_default().to_uppercase();
        let has_mark =
            |mark: &str| annotation.split_whitespace().any(|word| word.split(['=', '(']).next() == Some(mark));
        let kind = self.kind(row);
        let place = self.table.row_place(row);
        let left = |id| Problem::new(id, place.clone()).value(&name);
        match kind.as_str() {
            "descriptive" => self.before.extend(label),
            "calc" => self.left_out.push(left("wording-left-score")),
            _ if has_mark("@CALCTEXT") || has_mark("@CALCDATE") => self.left_out.push(left("wording-left-score")),
            _ if has_mark("@HIDDEN") => self.left_out.push(left("wording-left-hidden")),
            _ => {
                let answer = self.answer(row, &kind, &name);
                self.questions.push(Question {
                    number: self.text(row, columns.number),
                    loinc: Vec::new(),
                    text: label,
                    before: std::mem::take(&mut self.before),
                    answer,
                    place,
                    name,
                });
            }
        }
    }

    /// The type of a field. A dictionary without types says it by the choices.
    fn kind(&self, row: usize) -> String {
        match self.columns.kind {
            Some(column) => normal(&self.table.cell(row, column).to_text()),
            None if self.text(row, Some(self.columns.choices)).is_some() => "radio".to_owned(),
            None => "text".to_owned(),
        }
    }

    fn answer(&self, row: usize, kind: &str, name: &str) -> AnswerKind {
        match kind {
            "radio" | "dropdown" | "select" => {
                AnswerKind::Choice(Options { list: self.choices(row, name), any_order: false })
            }
            // REDCap itself stores 1 and 0 and words both in the language of its own pages.
            "yesno" | "truefalse" => {
                let list = [1, 0].map(|code| FormOption { code, text: None }).to_vec();
                AnswerKind::Choice(Options { list: Ok(list), any_order: true })
            }
            "checkbox" => AnswerKind::Several,
            "slider" => AnswerKind::Number,
            "text" => match self.text(row, self.columns.validation).map(|text| normal(&text)) {
                Some(rule) if rule == "integer" || rule.starts_with("number") => AnswerKind::Number,
                Some(rule) if rule.starts_with("time") => AnswerKind::Clock,
                _ => AnswerKind::Entry,
            },
            _ => AnswerKind::Entry,
        }
    }

    /// `0, text | 1, text`. The text may hold commas.
    fn choices(&self, row: usize, name: &str) -> Result<Vec<FormOption>, IoError> {
        let problem = |id| Problem::new(id, self.table.cell_place(row, self.columns.choices)).value(name);
        let cell = self.text(row, Some(self.columns.choices)).ok_or_else(|| problem("redcap-no-choices"))?;
        let parts = cell.split('|').map(str::trim).filter(|part| !part.is_empty());
        parts
            .map(|part| {
                let (code, text) = part.split_once(',').unwrap_or((part, ""));
                let code = code.trim().parse().map_err(|_| problem("redcap-choice").with("choice", part))?;
                let text = plain(text);
                Ok(FormOption { code, text: (!text.is_empty()).then_some(text) })
            })
            .collect()
    }
}
