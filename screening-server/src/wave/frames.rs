//! Stored sheets as the frames of the engine, and rows of a file as sheets to be stored.

use std::fmt::Write as _;

use polars::prelude::*;
use screening_core::answers::Missing;
use screening_core::instrument::{Instrument, ItemKind};
use screening_core::screening::{Batch, Battery};
use serde_json::{Map, Value};

use super::prepared::Prepared;

/// A sheet of the store.
#[derive(Debug, Clone)]
pub(crate) struct StoredSheet {
    /// Pseudonym.
    pub(crate) pupil: String,
    pub(crate) battery: String,
    /// `{"instrument": {"item": answer}}`
    pub(crate) answers: String,
    pub(crate) administered_on: String,
    pub(crate) duration_s: Option<f64>,
    /// Where it came from: a source, or the name of a file.
    pub(crate) file: String,
    pub(crate) row: u32,
}

/// The column of one item, as it grows.
enum Cells {
    Codes(Vec<Option<i8>>),
    Numbers(Vec<Option<f64>>),
    Clocks(Vec<Option<String>>),
}

impl Cells {
    fn of(kind: ItemKind) -> Self {
        match kind {
            ItemKind::Choice => Self::Codes(Vec::new()),
            ItemKind::Number => Self::Numbers(Vec::new()),
            ItemKind::Clock => Self::Clocks(Vec::new()),
        }
    }

    fn push(&mut self, value: Option<&Value>) {
        match self {
            Self::Codes(codes) => codes.push(value.and_then(code)),
            Self::Numbers(numbers) => numbers.push(value.and_then(Value::as_f64)),
            Self::Clocks(clocks) => clocks.push(value.and_then(Value::as_str).map(str::to_owned)),
        }
    }

    fn column(self, name: String) -> Column {
        match self {
            Self::Codes(codes) => Column::new(name.into(), codes),
            Self::Numbers(numbers) => Column::new(name.into(), numbers),
            Self::Clocks(clocks) => Column::new(name.into(), clocks),
        }
    }
}

/// The code of an answer, or of the reason why there is none.
fn code(value: &Value) -> Option<i8> {
    if let Some(code) = value.as_i64() {
        return i8::try_from(code).ok();
    }
    match value.get("missing")?.as_str()? {
        "refused" => Some(Missing::Refused.code()),
        "not-shown" => Some(Missing::NotShown.code()),
        "invalid" => Some(Missing::Invalid.code()),
        _ => None,
    }
}

/// The word of a kind of missing answer, as it is stored.
fn word(code: i8) -> Option<&'static str> {
    match code {
        code if code == Missing::Refused.code() => Some("refused"),
        code if code == Missing::NotShown.code() => Some("not-shown"),
        code if code == Missing::Invalid.code() => Some("invalid"),
        _ => None,
    }
}

/// Why stored sheets cannot be put into a frame.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FrameError {
    #[error("stored answers cannot be read")]
    Stored,
    #[error(transparent)]
    Frame(#[from] PolarsError),
}

/// One batch for each battery and set of forms: a form is in a batch when the sheets of the batch hold it.
pub(crate) fn batches(prepared: &Prepared, sheets: &[StoredSheet]) -> Result<Vec<Batch>, FrameError> {
    let mut batches = Vec::new();
    for battery in &prepared.batteries {
        let mut groups: Vec<(Vec<String>, Vec<(&StoredSheet, Map<String, Value>)>)> = Vec::new();
        for sheet in sheets.iter().filter(|sheet| sheet.battery == battery.id()) {
            let answers: Map<String, Value> = serde_json::from_str(&sheet.answers).map_err(|_| FrameError::Stored)?;
            let own = battery.definition().all_instruments().filter(|id| answers.contains_key(*id)).cloned().collect();
            match groups.iter_mut().find(|(known, _)| *known == own) {
                Some((_, group)) => group.push((sheet, answers)),
                None => groups.push((own, vec![(sheet, answers)])),
            }
        }
        for (instruments, group) in groups {
            batches.push(Batch { battery: battery.clone(), sheets: frame(prepared, &instruments, &group)? });
        }
    }
    Ok(batches)
}

fn frame(
    prepared: &Prepared,
    instruments: &[String],
    sheets: &[(&StoredSheet, Map<String, Value>)],
) -> Result<DataFrame, FrameError> {
    let texts =
        |of: &dyn Fn(&StoredSheet) -> String| sheets.iter().map(|(sheet, _)| of(sheet)).collect::<Vec<String>>();
    let mut columns = vec![
        Column::new("source_file".into(), texts(&|sheet| sheet.file.clone())),
        Column::new("source_row".into(), sheets.iter().map(|(sheet, _)| sheet.row).collect::<Vec<u32>>()),
        Column::new("student_id".into(), texts(&|sheet| sheet.pupil.clone())),
        Column::new("administered_on".into(), texts(&|sheet| sheet.administered_on.clone())),
        Column::new(
            "duration_s".into(),
            sheets.iter().map(|(sheet, _)| sheet.duration_s).collect::<Vec<Option<f64>>>(),
        ),
    ];
    for instrument in instruments.iter().filter_map(|id| prepared.instrument(id)) {
        let instrument = instrument.instrument();
        for item in &instrument.definition().items {
            let mut cells = Cells::of(item.kind);
            for (_, answers) in sheets {
                cells.push(answers.get(instrument.id()).and_then(|own| own.get(&item.id)));
            }
            columns.push(cells.column(format!("{}.{}", instrument.id(), item.id)));
        }
    }
    Ok(DataFrame::new(sheets.len(), columns)?)
}

/// One row of a file, ready to be stored.
#[derive(Debug, Clone)]
pub(crate) struct ReadSheet {
    /// The id that the file gives, or that the matching found.
    pub(crate) student_id: Option<String>,
    /// The platform's number of the sheet.
    pub(crate) external: Option<String>,
    pub(crate) answers: String,
    pub(crate) administered_on: Option<String>,
    pub(crate) duration_s: Option<f64>,
    pub(crate) row: u32,
}

/// The rows of a frame of answers.
pub(crate) fn rows(frame: &DataFrame, battery: &Battery, prepared: &Prepared) -> PolarsResult<Vec<ReadSheet>> {
    let texts = |name: &str| -> PolarsResult<Option<StringChunked>> {
        let Ok(column) = frame.column(name) else { return Ok(None) };
        Ok(Some(column.as_materialized_series().cast(&DataType::String)?.str()?.clone()))
    };
    let (ids, external, days) = (texts("student_id")?, texts("sheet_id")?, texts("administered_on")?);
    let durations = match frame.column("duration_s") {
        Ok(column) => Some(column.as_materialized_series().cast(&DataType::Float64)?.f64()?.clone()),
        Err(_) => None,
    };
    let source_rows = match frame.column("source_row") {
        Ok(column) => Some(column.as_materialized_series().cast(&DataType::UInt32)?.u32()?.clone()),
        Err(_) => None,
    };
    let own = battery.definition().all_instruments().filter_map(|id| prepared.instrument(id));
    let mut instruments = Vec::new();
    for ready in own {
        if let Some(columns) = item_columns(frame, ready.instrument())? {
            instruments.push((ready.instrument(), columns));
        }
    }
    let get = |column: &Option<StringChunked>, row: usize| column.as_ref().and_then(|c| c.get(row)).map(str::to_owned);
    let read = (0..frame.height()).map(|row| ReadSheet {
        student_id: get(&ids, row),
        external: get(&external, row),
        answers: answers(&instruments, row),
        administered_on: get(&days, row).and_then(|day| day.get(..10).map(str::to_owned)),
        duration_s: durations.as_ref().and_then(|column| column.get(row)),
        row: source_rows.as_ref().and_then(|column| column.get(row)).unwrap_or(row as u32 + 1),
    });
    Ok(read.collect())
}

/// The columns of the items of an instrument, when the frame has them.
fn item_columns(frame: &DataFrame, instrument: &Instrument) -> PolarsResult<Option<Vec<Series>>> {
    let mut columns = Vec::new();
    for item in &instrument.definition().items {
        let Ok(column) = frame.column(&format!("{}.{}", instrument.id(), item.id)) else { return Ok(None) };
        let dtype = match item.kind {
            ItemKind::Choice => DataType::Int8,
            ItemKind::Number => DataType::Float64,
            ItemKind::Clock => DataType::String,
        };
        columns.push(column.as_materialized_series().cast(&dtype)?);
    }
    Ok(Some(columns))
}

fn answers(instruments: &[(&Instrument, Vec<Series>)], row: usize) -> String {
    let mut out = String::from("{");
    for (at, (instrument, columns)) in instruments.iter().enumerate() {
        // Writing to a string cannot fail.
        let _ = write!(out, "{}\"{}\":{{", if at == 0 { "" } else { "," }, instrument.id());
        for (at, (item, column)) in instrument.definition().items.iter().zip(columns).enumerate() {
            let value = match item.kind {
                ItemKind::Choice => column.i8().ok().and_then(|codes| codes.get(row)).map_or(Value::Null, |code| {
                    word(code).map_or_else(|| Value::from(code), |word| serde_json::json!({ "missing": word }))
                }),
                ItemKind::Number => column.f64().ok().and_then(|n| n.get(row)).map_or(Value::Null, number),
                ItemKind::Clock => column.str().ok().and_then(|t| t.get(row)).map_or(Value::Null, Value::from),
            };
            let _ = write!(out, "{}{}:{value}", if at == 0 { "" } else { "," }, Value::from(item.id.as_str()));
        }
        out.push('}');
    }
    out.push('}');
    out
}

/// Whole numbers without a point, as a form sends them.
fn number(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < 9e15 { Value::from(value as i64) } else { Value::from(value) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Catalogue;

    fn prepared() -> Prepared {
        let text = r#"{"title": {"en": "t", "zh-CN": "t"}, "wave": "w", "administered-on": "2026-10-12", "policy": "district-default",
            "batteries": [{"id": "b", "grades": {"from": 7, "to": 9}, "instruments": ["gad-7", "psqi"]}],
            "licences": {"psqi": "test"}}"#;
        Prepared::newest(text.as_bytes(), &Catalogue::load(None, None).unwrap()).unwrap()
    }

    /// Answers with every kind of item and of missing.
    fn sheet(prepared: &Prepared, row: u32) -> StoredSheet {
        let mut answers = Map::new();
        for ready in &prepared.instruments {
            let mut own = Map::new();
            for (at, item) in ready.instrument().definition().items.iter().enumerate() {
                let value = match item.kind {
                    ItemKind::Choice if at == 1 => serde_json::json!({ "missing": "refused" }),
                    ItemKind::Choice if at == 2 => Value::Null,
                    ItemKind::Choice => {
                        ready.instrument().definition().options_of(item).last().map_or(Value::Null, |o| o.code.into())
                    }
                    ItemKind::Number => 7.into(),
                    ItemKind::Clock => "22:30".into(),
                };
                own.insert(item.id.clone(), value);
            }
            answers.insert(ready.instrument().id().to_owned(), own.into());
        }
        StoredSheet {
            pupil: format!("p{row}"),
            battery: "b".to_owned(),
            answers: Value::Object(answers).to_string(),
            administered_on: "2026-10-13".to_owned(),
            duration_s: Some(61.5),
            file: "form".to_owned(),
            row,
        }
    }

    #[test]
    fn what_is_stored_comes_out_of_the_frame_as_it_was() {
        let prepared = prepared();
        let stored = [sheet(&prepared, 1), sheet(&prepared, 2)];
        let batches = batches(&prepared, &stored).unwrap();
        assert_eq!((batches.len(), batches[0].sheets.height()), (1, 2));
        let read = rows(&batches[0].sheets, &batches[0].battery, &prepared).unwrap();
        for (before, after) in stored.iter().zip(&read) {
            assert_eq!(before.answers, after.answers);
            assert_eq!(after.student_id.as_deref(), Some(before.pupil.as_str()));
            assert_eq!((after.duration_s, after.row), (before.duration_s, before.row));
            assert_eq!(after.administered_on.as_deref(), Some("2026-10-13"));
        }
    }

    #[test]
    fn sheets_of_different_forms_stand_in_different_batches() {
        let prepared = prepared();
        let mut part = sheet(&prepared, 2);
        let mut answers: Map<String, Value> = serde_json::from_str(&part.answers).unwrap();
        answers.shift_remove("psqi");
        part.answers = Value::Object(answers).to_string();
        let batches = batches(&prepared, &[sheet(&prepared, 1), part]).unwrap();
        assert_eq!(batches.len(), 2);
        assert!(batches[1].sheets.column("psqi.1").is_err());
    }
}
