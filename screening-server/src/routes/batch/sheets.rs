//! Rows of an Arrow stream: their columns, scored as a frame, and written as Arrow again.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bytes::Bytes;
use polars::prelude::*;
use polars_arrow::datatypes::{ArrowDataType, ArrowSchema};
use screening_core::answers::Context;
use screening_core::instrument::Instrument;
use screening_core::scoring::{AnswerIssue, FrameError, FrameOptions, Scorer};
use screening_io::output::{provenance, score_table};

use crate::json::Json;
use crate::order::{Fields, PERSON_KEYS, Place, answers_missing, person_of, unknown_item};
use crate::problem::{Fault, Faults, Problem, ProblemKind};

use super::messages::{invalid, too_large};

/// What ends a stream.
pub(super) const END: [u8; 8] = [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];

/// The column that tells why a row was not scored.
const PROBLEM: &str = "problem";

/// Writes a problem with a row.
type Tell<'a> = &'a dyn Fn(&Problem, u64) -> Vec<u8>;

/// The columns of a stream, and how its rows are scored.
pub(super) struct Sheets {
    scorer: Arc<Scorer>,
    /// The message that describes the columns, needed to read each batch.
    schema: Bytes,
    /// Bytes that the texts of a column of a batch may have together.
    most_text: usize,
    /// The columns of what comes out.
    answered: SchemaRef,
}

/// What came of some rows.
pub(super) struct Answered {
    /// Messages with the results.
    pub(super) bytes: Vec<u8>,
    pub(super) scored: u64,
    pub(super) refused: u64,
}

impl Sheets {
    /// Looks at the columns.
    pub(super) fn open(schema: Bytes, scorer: Arc<Scorer>, most_text: usize) -> Result<Self, Problem> {
        let mut reader = IpcStreamReader::new(Cursor::new(&schema));
        let arrow = unwinding(|| reader.arrow_schema())?;
        let mut faults = Faults::default();
        check_columns(&arrow, scorer.instrument(), &mut faults);
        if let Some(problem) = faults.problem() {
            return Err(problem);
        }
        let empty = DataFrame::empty_with_schema(&unwinding(|| reader.schema())?);
        let (answered, _) = scored(&scorer, &empty, Refused::default(), &[], &|_, _| Vec::new(), 0)?;
        Ok(Self { schema, most_text, answered: answered.schema().clone(), scorer })
    }

    /// The message that describes the columns of what comes out.
    pub(super) fn head(&self) -> Result<Vec<u8>, Problem> {
        let (head, _) = self.encoded(DataFrame::empty_with_schema(&self.answered))?;
        Ok(head)
    }

    /// A row that tells only why the stream ends.
    pub(super) fn refusal(&self, told: Vec<u8>) -> Result<Vec<u8>, Problem> {
        let mut row = DataFrame::full_null(&self.answered, 1);
        row.with_column(Column::new(PROBLEM.into(), [text(told)])).map_err(|_| defect())?;
        Ok(self.encoded(row)?.1)
    }

    /// Scores the rows of a batch, the first of which has this number.
    pub(super) fn score(&self, batch: &[u8], first: u64, tell: Tell<'_>) -> Result<Answered, Problem> {
        let bytes = [&self.schema, batch, &END].concat();
        let frame = unwinding(|| IpcStreamReader::new(Cursor::new(&bytes)).finish())?;
        self.check_texts(&frame)?;
        let mut refused = Refused::default();
        let people = people(&frame, &mut refused);
        let (frame, refused) = scored(&self.scorer, &frame, refused, &people, tell, first)?;
        let rows = frame.height();
        let (_, bytes) = self.encoded(frame)?;
        Ok(Answered { bytes, scored: (rows - refused) as u64, refused: refused as u64 })
    }

    /// Texts may share their bytes on the way in, and take room of their own on the way out.
    fn check_texts(&self, frame: &DataFrame) -> Result<(), Problem> {
        let texts = frame.columns().iter().filter_map(|column| column.as_materialized_series().str().ok());
        let longest = texts.map(|texts| texts.iter().flatten().map(str::len).sum::<usize>()).max();
        if longest.is_some_and(|bytes| bytes > self.most_text) {
            return Err(too_large("arrow-bytes", self.most_text).into());
        }
        Ok(())
    }

    /// The message with the columns of a frame, and those with its rows.
    fn encoded(&self, mut frame: DataFrame) -> Result<(Vec<u8>, Vec<u8>), Problem> {
        let mut bytes = Vec::new();
        let mut writer = IpcStreamWriter::new(&mut bytes);
        let facts = provenance(&self.scorer, &[]).into_iter();
        writer.set_custom_schema_metadata(Arc::new(facts.map(|(key, value)| (key.into(), value.into())).collect()));
        frame.rechunk_mut();
        writer.finish(&mut frame).map_err(|_| defect())?;
        let length = bytes.get(4..8).and_then(|length| length.try_into().ok()).map_or(0, u32::from_le_bytes) as usize;
        let end = bytes.len().saturating_sub(END.len()).max(8 + length);
        bytes.truncate(end);
        let rows = bytes.split_off((8 + length).min(end));
        Ok((bytes, rows))
    }
}

/// What is wrong with rows, by their place in the batch.
type Refused = BTreeMap<usize, Faults>;

/// Runs what reads bytes from outside: what it cannot read, and what it fails over, is no stream.
fn unwinding<T>(read: impl FnOnce() -> PolarsResult<T>) -> Result<T, Problem> {
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(Ok(read)) => Ok(read),
        Ok(Err(_)) | Err(_) => Err(invalid("arrow-broken").into()),
    }
}

fn defect() -> Problem {
    ProblemKind::Internal.into()
}

/// Texts and numbers only: there is nothing that is not UTF-8.
fn text(told: Vec<u8>) -> String {
    String::from_utf8(told).unwrap_or_default()
}

/// Every item has its column, no column of the instrument is something else, none comes twice, and all have a type that is read.
fn check_columns(schema: &ArrowSchema, instrument: &Instrument, faults: &mut Faults) {
    let root = Place::root();
    let prefix = format!("{}.", instrument.id());
    for field in schema.iter_values() {
        let name = field.name.as_str();
        let place = root.key(name);
        let item = name.strip_prefix(&prefix);
        if let Some(item) = item.filter(|item| instrument.item_position(item).is_none()) {
            faults.push(unknown_item(instrument, item, &root).at(place.pointer()));
        }
        if name == PROBLEM {
            faults.push(invalid("arrow-problem-column").at(place.pointer()));
        }
        if !is_read(&field.dtype) {
            let found = format!("{:?}", field.dtype);
            let found = found.split(['(', ' ']).next().unwrap_or_default().to_owned();
            let wanted = "boolean, integer, floating point, utf8, date32";
            faults.push(
                Fault::new(ProblemKind::WrongType).at(place.pointer()).with("wanted", wanted).with("found", found),
            );
        }
    }
    let absent = |at: &usize| !schema.contains(&instrument.item_column(*at));
    let absent: Vec<String> =
        (0..instrument.definition().items.len()).filter(absent).map(|at| instrument.item_column(at)).collect();
    if !absent.is_empty() {
        let absent: Vec<&str> = absent.iter().map(String::as_str).collect();
        faults.push(answers_missing(instrument, &absent));
    }
}

/// Types without parts, which any writer has.
fn is_read(dtype: &ArrowDataType) -> bool {
    use ArrowDataType as T;
    matches!(
        dtype,
        T::Null
            | T::Boolean
            | T::Int8
            | T::Int16
            | T::Int32
            | T::Int64
            | T::UInt8
            | T::UInt16
            | T::UInt32
            | T::UInt64
            | T::Float32
            | T::Float64
            | T::Date32
            | T::Utf8
            | T::LargeUtf8
            | T::Utf8View
    )
}

/// The people of a batch, read as strictly as those of a JSON body; nobody where no column tells of them.
fn people(frame: &DataFrame, refused: &mut Refused) -> Vec<Context> {
    let column = |key: &'static str| Some((key, frame.column(key).ok()?.as_materialized_series()));
    let columns: Vec<(&str, &Series)> = PERSON_KEYS.iter().filter_map(|key| column(key)).collect();
    if columns.is_empty() {
        return Vec::new();
    }
    let person = |row: usize| {
        let entries = columns.iter().map(|(key, column)| ((*key).into(), json(column, row))).collect();
        let (json, root, mut faults) = (Json::Object(entries), Place::root(), Faults::default());
        let context = Fields::read(&json, &root, &PERSON_KEYS, &mut faults)
            .map(|fields| person_of(&fields, &mut faults).context)
            .unwrap_or_default();
        if !faults.is_empty() {
            refused.insert(row, faults);
        }
        context
    };
    (0..frame.height()).map(person).collect()
}

/// A cell as JSON has it. What has no place there becomes a text, which is refused where another is needed.
fn json(column: &Series, row: usize) -> Json<'_> {
    match column.get(row) {
        Ok(AnyValue::Null) | Err(_) => Json::Null,
        Ok(AnyValue::Boolean(value)) => Json::Bool(value),
        Ok(AnyValue::String(text)) => Json::Text(text.into()),
        Ok(value) => {
            let whole = if value.is_integer() { value.extract::<i64>().map(Json::Whole) } else { None };
            let number = || if value.is_float() { value.extract::<f64>().map(Json::Number) } else { None };
            whole.or_else(number).unwrap_or_else(|| Json::Text(value.to_string().into()))
        }
    }
}

/// The results of all rows, nothing but the problem for those that are refused, and how many those are.
fn scored(
    scorer: &Scorer,
    frame: &DataFrame,
    mut refused: Refused,
    people: &[Context],
    tell: Tell<'_>,
    first: u64,
) -> Result<(DataFrame, usize), Problem> {
    let sheets = scorer.score_with(frame, people, &FrameOptions { bounds: false }).map_err(unreadable)?;
    let mut issues: Vec<&AnswerIssue> = sheets.issues().iter().collect();
    let instrument = scorer.instrument();
    issues.sort_by_key(|issue| instrument.item_position(item_of(instrument, issue)));
    for issue in issues {
        refused.entry(issue.row).or_default().push(not_allowed(instrument, issue));
    }
    let mut table = score_table(frame, &sheets).map_err(|_| defect())?;
    plain(&mut table).map_err(|_| defect())?;
    let count = refused.len();
    let problems: BTreeMap<usize, String> = refused
        .into_iter()
        .filter_map(|(row, faults)| Some((row, text(tell(&faults.problem()?, first + row as u64)))))
        .collect();
    // What passes through, every column that is no item, stands before the results.
    let through = frame.width() - instrument.definition().items.len();
    let kept: IdxCa = (0..frame.height()).map(|row| (!problems.contains_key(&row)).then_some(row as IdxSize)).collect();
    let mut columns = Vec::with_capacity(table.width() + 1);
    for (at, column) in table.columns().iter().enumerate() {
        let whole = at < through || problems.is_empty();
        columns.push(if whole { column.clone() } else { column.take(&kept).map_err(|_| defect())? });
    }
    let told: StringChunked = (0..frame.height()).map(|row| problems.get(&row).map(String::as_str)).collect();
    columns.push(told.with_name(PROBLEM.into()).into_column());
    Ok((DataFrame::new(frame.height(), columns).map_err(|_| defect())?, count))
}

/// Words as text: a dictionary would have to be sent before each batch, and not every reader takes its marks of nulls.
fn plain(table: &mut DataFrame) -> PolarsResult<()> {
    for at in 0..table.width() {
        let column = table.columns().get(at).filter(|column| matches!(column.dtype(), DataType::Enum(..)));
        if let Some(text) = column.map(|column| column.cast(&DataType::String)).transpose()? {
            table.replace_column(at, text)?;
        }
    }
    Ok(())
}

/// The item of a column.
fn item_of<'a>(instrument: &Instrument, issue: &'a AnswerIssue) -> &'a str {
    issue.column.strip_prefix(instrument.id()).map_or("", |item| item.trim_start_matches('.'))
}

/// The answer itself is not repeated.
fn not_allowed(instrument: &Instrument, issue: &AnswerIssue) -> Fault {
    Fault::new(ProblemKind::AnswerNotAllowed)
        .at(Place::root().key(&issue.column).pointer())
        .with("instrument", instrument.id())
        .with("item", item_of(instrument, issue))
        .with("allowed", &issue.allowed)
}

/// Columns were looked at before, so what is left is their type.
fn unreadable(error: FrameError) -> Problem {
    match error {
        FrameError::Type { column, found, expected } => {
            let fault = Fault::new(ProblemKind::WrongType).at(Place::root().key(&column).pointer());
            fault.with("wanted", expected).with("found", found).into()
        }
        FrameError::MissingColumns { .. } | FrameError::Polars(_) => invalid("arrow-broken").into(),
    }
}
