//! Answer files as a survey platform exports them.
//!
//! Six metadata columns, then `1、` the student id, then one column a question. The question's number counts on from 2
//! through all instruments of the battery.

use std::borrow::Cow;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use jiff::civil::DateTime;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook};

use super::config::{Coding, Survey, SurveyFile};
use super::error::ExampleError;
use super::form::{AnswerKind, Battery, FormItem};
use super::respond::Answer;

/// One sheet: who, when, how long, and the cells of the whole battery.
#[derive(Debug, Clone)]
pub(super) struct Sheet {
    pub(super) student_id: String,
    pub(super) submitted: DateTime,
    pub(super) seconds: u32,
    pub(super) source: usize,
    pub(super) address: u8,
    pub(super) answers: Vec<Answer>,
}

/// A cell of an export.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell<'a> {
    Text(Cow<'a, str>),
    Whole(i64),
}

/// Writes one export file, row by row.
pub(super) struct SurveyWriter<'a> {
    survey: &'a Survey,
    battery: &'a Battery,
    sink: Sink,
    path: PathBuf,
    rows: u32,
}

enum Sink {
    // The workbook keeps finished rows in a temporary file, so that memory does not grow with the school.
    Xlsx(Box<Workbook>),
    Csv(Box<csv::Writer<BufWriter<File>>>),
}

impl<'a> SurveyWriter<'a> {
    /// Opens the file and writes the header.
    pub(super) fn create(
        path: &Path,
        survey: &'a Survey,
        battery: &'a Battery,
        created: DateTime,
    ) -> Result<Self, ExampleError> {
        let sink = match battery.kind.file {
            SurveyFile::Xlsx => {
                let mut workbook = Workbook::new();
                // The time of creation is part of the file; a fixed one keeps the bytes the same.
                let created =
                    ExcelDateTime::parse_from_str(&created.to_string()).map_err(ExampleError::workbook(path))?;
                workbook.set_properties(&DocProperties::new().set_creation_datetime(&created));
                workbook.add_worksheet_with_constant_memory().map_err(ExampleError::workbook(path))?;
                Sink::Xlsx(Box::new(workbook))
            }
            SurveyFile::Csv => Sink::Csv(Box::new(csv_writer(path)?)),
        };
        let mut writer = Self { survey, battery, sink, path: path.to_owned(), rows: 0 };
        writer.header()?;
        Ok(writer)
    }

    fn header(&mut self) -> Result<(), ExampleError> {
        let topics = std::iter::once(self.survey.student_id.as_str())
            .chain(self.battery.items().map(|(_, item)| item.topic.as_str()));
        let questions = topics.enumerate().map(|(place, topic)| {
            self.survey.numbering.replace("{n}", &(place + 1).to_string()).replace("{topic}", topic)
        });
        let metadata = self.survey.metadata.iter().cloned();
        let cells: Vec<Cell<'_>> = metadata.chain(questions).map(|text| Cell::Text(text.into())).collect();
        self.write(0, &cells)
    }

    /// Appends one sheet.
    pub(super) fn push(&mut self, sheet: &Sheet) -> Result<(), ExampleError> {
        self.rows += 1;
        let survey = self.survey;
        let source = survey.sources.get(sheet.source % survey.sources.len().max(1)).map_or("", String::as_str);
        let mut cells = Vec::with_capacity(7 + sheet.answers.len());
        cells.extend([
            Cell::Whole(i64::from(self.rows)),
            Cell::Text(sheet.submitted.strftime("%Y/%m/%d %H:%M:%S").to_string().into()),
            Cell::Text(survey.seconds.replace("{n}", &sheet.seconds.to_string()).into()),
            Cell::Text(source.into()),
            Cell::Text(survey.source_detail.as_str().into()),
            Cell::Text(survey.address.replace("{n}", &sheet.address.to_string()).into()),
            Cell::Text(sheet.student_id.as_str().into()),
        ]);
        let battery = self.battery;
        for ((_, item), &answer) in battery.items().zip(&sheet.answers) {
            cells.push(cell(item, answer, battery.kind.coding, survey));
        }
        self.write(self.rows, &cells)
    }

    fn write(&mut self, row: u32, cells: &[Cell<'_>]) -> Result<(), ExampleError> {
        match &mut self.sink {
            Sink::Xlsx(workbook) => {
                let sheet = workbook.worksheet_from_index(0).map_err(ExampleError::workbook(&self.path))?;
                for (column, cell) in cells.iter().enumerate() {
                    let column = u16::try_from(column).unwrap_or(u16::MAX);
                    let written = match cell {
                        Cell::Text(text) => sheet.write_string(row, column, text.as_ref()),
                        Cell::Whole(number) => sheet.write_number(row, column, *number as f64),
                    };
                    written.map_err(ExampleError::workbook(&self.path))?;
                }
                Ok(())
            }
            Sink::Csv(writer) => writer
                .write_record(
                    cells
                        .iter()
                        .map(|cell| match cell {
                            Cell::Text(text) => Cow::Borrowed(text.as_ref()),
                            Cell::Whole(number) => Cow::Owned(number.to_string()),
                        })
                        .map(|field: Cow<'_, str>| field.into_owned()),
                )
                .map_err(ExampleError::csv(&self.path)),
        }
    }

    /// Completes the file and says how many sheets it holds.
    pub(super) fn finish(self) -> Result<u64, ExampleError> {
        match self.sink {
            Sink::Xlsx(mut workbook) => workbook.save(&self.path).map_err(ExampleError::workbook(&self.path))?,
            Sink::Csv(mut writer) => writer.flush().map_err(ExampleError::write(&self.path))?,
        }
        Ok(u64::from(self.rows))
    }
}

/// A csv file that Excel opens as utf-8.
pub(super) fn csv_writer(path: &Path) -> Result<csv::Writer<BufWriter<File>>, ExampleError> {
    let file = File::create(path).map_err(ExampleError::write(path))?;
    let mut file = BufWriter::new(file);
    file.write_all("\u{feff}".as_bytes()).map_err(ExampleError::write(path))?;
    Ok(csv::Writer::from_writer(file))
}

/// One answer as the export shows it.
fn cell<'a>(item: &'a FormItem, answer: Answer, coding: Coding, survey: &'a Survey) -> Cell<'a> {
    match answer {
        Answer::Blank => blank(coding, survey),
        Answer::Wrong => wrong(item, coding, survey),
        Answer::Amount(value) => Cell::Text(amount_text(item, value).into()),
        Answer::Option(place) => match (&item.answer, coding) {
            (_, Coding::Ordinal) => Cell::Whole(place as i64 + 1),
            (AnswerKind::Choice(choice), _) => match choice.options.get(place) {
                Some(option) if coding == Coding::Text => Cell::Text(option.label.zh_cn.as_str().into()),
                Some(option) => Cell::Whole(i64::from(option.code)),
                None => blank(coding, survey),
            },
            (AnswerKind::Amount(_), _) => blank(coding, survey),
        },
    }
}

fn blank(coding: Coding, survey: &Survey) -> Cell<'_> {
    match coding {
        Coding::Text => Cell::Text(survey.blank_text.as_str().into()),
        Coding::Ordinal => Cell::Whole(i64::from(survey.blank_ordinal)),
        Coding::Score => Cell::Text("".into()),
    }
}

fn wrong<'a>(item: &FormItem, coding: Coding, survey: &'a Survey) -> Cell<'a> {
    match (&item.answer, coding) {
        (AnswerKind::Amount(amount), _) if amount.clock => Cell::Text(survey.wrong_clock.as_str().into()),
        (AnswerKind::Amount(_), _) | (_, Coding::Text) => Cell::Text(survey.wrong_text.as_str().into()),
        (AnswerKind::Choice(choice), Coding::Ordinal) => Cell::Whole(choice.options.len() as i64 + 4),
        (AnswerKind::Choice(choice), Coding::Score) => Cell::Whole(i64::from(choice.wrong_code())),
    }
}

/// A clock time as `HH:MM`, a number with no more digits than it has.
pub(super) fn amount_text(item: &FormItem, value: f64) -> String {
    match &item.answer {
        AnswerKind::Amount(amount) if amount.clock => {
            let minutes = value.round() as i64;
            format!("{:02}:{:02}", minutes / 60, minutes % 60)
        }
        AnswerKind::Amount(amount) => screening_core::stats::short(value, usize::from(amount.decimals)),
        AnswerKind::Choice(_) => format!("{value:.0}"),
    }
}
