//! Frames as parquet and csv.

use std::io::Write;

use polars::prelude::*;
use screening_core::screening::{Provenance, ScreeningResult};
use serde_json::{Map, Value};

use super::guard::guarded_frame;
use super::stage::Failure;

/// Results with what they rest on as metadata of the file.
pub(super) fn write_parquet(writer: &mut impl Write, result: &ScreeningResult) -> Result<(), Failure> {
    write_frame(writer, &result.results, metadata(result)?)
}

/// A frame as parquet, with facts as metadata of the file.
pub(super) fn write_frame(
    writer: &mut impl Write,
    frame: &DataFrame,
    facts: Vec<(String, String)>,
) -> Result<(), Failure> {
    // The writer wants contiguous columns and rearranges its own copy; the buffers are shared.
    let mut frame = frame.clone();
    let facts = Some(KeyValueMetadata::from_static(facts));
    ParquetWriter::new(writer).with_key_value_metadata(facts).finish(&mut frame)?;
    Ok(())
}

fn metadata(result: &ScreeningResult) -> Result<Vec<(String, String)>, Failure> {
    let provenance: &Provenance = &result.summary.provenance;
    let citations = provenance.instruments.iter().map(|i| i.citation.as_str());
    let citations: Vec<&str> = citations.collect();
    let mut cutoffs = Map::new();
    for instrument in &provenance.instruments {
        cutoffs.insert(instrument.id.clone(), serde_json::to_value(&instrument.cutoffs)?);
    }
    let mut entries = vec![
        ("engine", provenance.engine.clone()),
        ("policy", provenance.policy.clone()),
        ("batteries", serde_json::to_string(&provenance.batteries)?),
        ("instruments", serde_json::to_string(&citations)?),
        ("cutoffs", Value::Object(cutoffs).to_string()),
        ("licences", serde_json::to_string(&provenance.licences)?),
        ("wave", serde_json::to_string(&result.summary.wave)?),
    ];
    if !provenance.norms.is_empty() {
        entries.push(("norms", serde_json::to_string(&provenance.norms)?));
    }
    if let Some(plan) = &provenance.validity {
        entries.push(("validity", plan.clone()));
    }
    if !provenance.earlier.is_empty() {
        entries.push(("earlier", serde_json::to_string(&provenance.earlier)?));
    }
    if !provenance.wording.is_empty() {
        entries.push(("wording", serde_json::to_string(&provenance.wording)?));
    }
    Ok(entries.into_iter().map(|(key, value)| (format!("screening.{key}"), value)).collect())
}

/// A frame as csv: UTF-8, for files with byte-order mark, since Excel takes a csv without one for the local encoding.
pub(super) fn write_csv(
    writer: &mut (impl Write + Send + ?Sized),
    frame: &DataFrame,
    mark: bool,
) -> Result<(), Failure> {
    write_csv_part(writer, frame, mark, true)
}

/// Some rows of a csv, with or without the headings.
pub(super) fn write_csv_part(
    writer: &mut (impl Write + Send + ?Sized),
    frame: &DataFrame,
    mark: bool,
    headings: bool,
) -> Result<(), Failure> {
    CsvWriter::new(writer).include_bom(mark).include_header(headings).finish(&mut guarded_frame(frame)?)?;
    Ok(())
}

/// The rows of a frame as JSON objects; nulls and what is not finite are left out, and what is no number and no truth value is text.
///
/// # Errors
/// When a column cannot be read as text.
///
/// ```
/// use polars::prelude::*;
/// let frame = df!["student_id" => ["p1", "p2"], "phq-9.total" => [Some(7_i32), None]]?;
/// let rows: Vec<_> = screening_io::output::row_objects(&frame)?.collect();
/// assert_eq!(rows[0]["phq-9.total"], 7);
/// assert!(!rows[1].contains_key("phq-9.total"));
/// # Ok::<(), PolarsError>(())
/// ```
pub fn row_objects(frame: &DataFrame) -> PolarsResult<impl Iterator<Item = Map<String, Value>>> {
    enum Cells {
        Whole(Int64Chunked),
        Numbers(Float64Chunked),
        Truths(BooleanChunked),
        Texts(StringChunked),
    }
    let mut columns = Vec::with_capacity(frame.width());
    for column in frame.columns() {
        let series = column.as_materialized_series();
        let cells = match series.dtype() {
            DataType::Boolean => Cells::Truths(series.bool()?.clone()),
            dtype if dtype.is_integer() => Cells::Whole(series.cast(&DataType::Int64)?.i64()?.clone()),
            dtype if dtype.is_primitive_numeric() => Cells::Numbers(series.cast(&DataType::Float64)?.f64()?.clone()),
            _ => Cells::Texts(series.cast(&DataType::String)?.str()?.clone()),
        };
        columns.push((column.name().to_string(), cells));
    }
    Ok((0..frame.height()).map(move |row| {
        let value = |(name, cells): &(String, Cells)| {
            let value = match cells {
                Cells::Whole(numbers) => numbers.get(row).map(Value::from),
                Cells::Numbers(numbers) => numbers.get(row).filter(|n| n.is_finite()).map(Value::from),
                Cells::Truths(truths) => truths.get(row).map(Value::from),
                Cells::Texts(texts) => texts.get(row).map(Value::from),
            };
            Some((name.clone(), value?))
        };
        columns.iter().filter_map(value).collect()
    }))
}

/// A frame as one JSON object a row; nulls are left out.
pub(super) fn write_ndjson(writer: &mut (impl Write + ?Sized), frame: &DataFrame) -> Result<(), Failure> {
    for object in row_objects(frame)? {
        serde_json::to_writer(&mut *writer, &object)?;
        writer.write_all(b"\n")?;
    }
    Ok(())
}
