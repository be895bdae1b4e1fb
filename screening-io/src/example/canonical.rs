//! Make-up sheets with canonical columns: `student_id`, `administered_on`, then `<instrument>.<item>`.
//!
//! A file of this form is what a school's own form or a researcher's script hands in. Codes are stored as they are, clock
//! times as `HH:MM`, and a blank is an empty cell.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use polars::io::parquet::write::BatchedWriter;
use polars::prelude::{Column, DataFrame, DataType, IntoColumn, NamedFrom, ParquetWriter, Series};

use super::config::{MakeUpFile, Survey};
use super::error::ExampleError;
use super::form::{AnswerKind, Battery, FormItem};
use super::respond::Answer;
use super::survey::{Sheet, amount_text, csv_writer};

/// Sheets held back before they are written: a parquet row group for every few sheets would make file and footer swell.
const HELD_BACK: usize = 4096;

/// Writes the make-up sheets of one battery.
pub(super) struct CanonicalWriter<'a> {
    battery: &'a Battery,
    survey: &'a Survey,
    sink: Sink,
    path: PathBuf,
    held: Vec<Sheet>,
    rows: u64,
}

enum Sink {
    // Opened with the first frame, whose columns are those of all.
    Parquet(Option<Box<BatchedWriter<BufWriter<File>>>>),
    Csv(Box<csv::Writer<BufWriter<File>>>),
}

impl<'a> CanonicalWriter<'a> {
    /// Opens the file.
    pub(super) fn create(
        path: &Path,
        form: MakeUpFile,
        battery: &'a Battery,
        survey: &'a Survey,
    ) -> Result<Self, ExampleError> {
        let sink = match form {
            MakeUpFile::Parquet => Sink::Parquet(None),
            MakeUpFile::Csv => {
                let mut writer = csv_writer(path)?;
                let items = battery.items().map(|(instrument, item)| format!("{instrument}.{}", item.id));
                let header = ["student_id", "administered_on"].into_iter().map(str::to_owned).chain(items);
                writer.write_record(header).map_err(ExampleError::csv(path))?;
                Sink::Csv(Box::new(writer))
            }
        };
        Ok(Self { battery, survey, sink, path: path.to_owned(), held: Vec::new(), rows: 0 })
    }

    /// Appends sheets and leaves `sheets` empty.
    pub(super) fn push(&mut self, sheets: &mut Vec<Sheet>) -> Result<(), ExampleError> {
        self.held.append(sheets);
        if self.held.len() >= HELD_BACK { self.write_held() } else { Ok(()) }
    }

    fn write_held(&mut self) -> Result<(), ExampleError> {
        let sheets = std::mem::take(&mut self.held);
        if sheets.is_empty() {
            return Ok(());
        }
        match &mut self.sink {
            Sink::Parquet(writer) => {
                let frame = frame(self.battery, self.survey, &sheets).map_err(ExampleError::parquet(&self.path))?;
                let writer = match writer {
                    Some(writer) => writer,
                    None => writer.insert(Box::new(open_parquet(&self.path, &frame)?)),
                };
                writer.write_batch(&frame).map_err(ExampleError::parquet(&self.path))?;
            }
            Sink::Csv(writer) => {
                for sheet in &sheets {
                    let answers = self.battery.items().zip(&sheet.answers);
                    let answers = answers.map(|((_, item), &answer)| text(item, answer, self.survey));
                    let person = [sheet.student_id.clone(), sheet.submitted.date().to_string()];
                    writer.write_record(person.into_iter().chain(answers)).map_err(ExampleError::csv(&self.path))?;
                }
            }
        }
        self.rows += sheets.len() as u64;
        Ok(())
    }

    /// Completes the file and says how many sheets it holds.
    pub(super) fn finish(mut self) -> Result<u64, ExampleError> {
        self.write_held()?;
        match self.sink {
            Sink::Parquet(Some(writer)) => {
                writer.finish().map_err(ExampleError::parquet(&self.path))?;
            }
            Sink::Parquet(None) => {}
            Sink::Csv(mut writer) => writer.flush().map_err(ExampleError::write(&self.path))?,
        }
        Ok(self.rows)
    }
}

fn open_parquet(path: &Path, frame: &DataFrame) -> Result<BatchedWriter<BufWriter<File>>, ExampleError> {
    let file = File::create(path).map_err(ExampleError::write(path))?;
    ParquetWriter::new(BufWriter::new(file)).batched(frame.schema()).map_err(ExampleError::parquet(path))
}

fn frame(battery: &Battery, survey: &Survey, sheets: &[Sheet]) -> polars::error::PolarsResult<DataFrame> {
    let ids: Vec<&str> = sheets.iter().map(|sheet| sheet.student_id.as_str()).collect();
    let epoch = jiff::civil::date(1970, 1, 1);
    let days: Vec<i32> = sheets.iter().map(|sheet| (sheet.submitted.date() - epoch).get_days()).collect();
    let mut columns = Vec::with_capacity(2 + battery.len());
    columns.push(Series::new("student_id".into(), ids).into_column());
    columns.push(Series::new("administered_on".into(), days).cast(&DataType::Date)?.into_column());
    for (place, (instrument, item)) in battery.items().enumerate() {
        let name = format!("{instrument}.{}", item.id);
        let answers = sheets.iter().map(|sheet| sheet.answers.get(place).copied().unwrap_or(Answer::Blank));
        columns.push(column(&name, item, answers, survey));
    }
    DataFrame::new(sheets.len(), columns)
}

fn column(name: &str, item: &FormItem, answers: impl Iterator<Item = Answer>, survey: &Survey) -> Column {
    let series = match &item.answer {
        AnswerKind::Choice(choice) => {
            let codes = answers.map(|answer| match answer {
                Answer::Option(place) => choice.options.get(place).map(|option| option.code),
                Answer::Wrong => Some(choice.wrong_code()),
                Answer::Blank | Answer::Amount(_) => None,
            });
            Series::new(name.into(), codes.collect::<Vec<Option<i8>>>())
        }
        AnswerKind::Amount(amount) if !amount.clock => {
            let numbers = answers.map(|answer| match answer {
                Answer::Amount(value) => Some(value),
                // A column of numbers has no room for words; a negative amount is as wrong.
                Answer::Wrong => Some(-1.0),
                Answer::Blank | Answer::Option(_) => None,
            });
            Series::new(name.into(), numbers.collect::<Vec<Option<f64>>>())
        }
        AnswerKind::Amount(_) => {
            let texts = answers.map(|answer| match answer {
                Answer::Amount(_) | Answer::Wrong => Some(text(item, answer, survey)),
                Answer::Blank | Answer::Option(_) => None,
            });
            Series::new(name.into(), texts.collect::<Vec<Option<String>>>())
        }
    };
    series.into_column()
}

fn text(item: &FormItem, answer: Answer, survey: &Survey) -> String {
    match (&item.answer, answer) {
        (AnswerKind::Choice(choice), Answer::Option(place)) => {
            choice.options.get(place).map(|option| option.code.to_string()).unwrap_or_default()
        }
        (AnswerKind::Choice(choice), Answer::Wrong) => choice.wrong_code().to_string(),
        (AnswerKind::Amount(amount), Answer::Wrong) if amount.clock => survey.wrong_clock.clone(),
        (AnswerKind::Amount(_), Answer::Wrong) => "-1".to_owned(),
        (AnswerKind::Amount(_), Answer::Amount(value)) => amount_text(item, value),
        _ => String::new(),
    }
}
