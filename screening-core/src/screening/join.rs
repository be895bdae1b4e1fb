//! Sheets of further forms that came in files of their own join the sheets of their pupils.

use std::collections::HashMap;

use polars::prelude::*;

use crate::instrument::{Instrument, ItemKind, Library};
use crate::texts::say;

use super::audit::stack;
use super::error::ScreeningError;
use super::input::{AttemptPolicy, Batch};
use super::match_up::{FileRows, attempts_rule};
use super::result::Superseded;

/// What became of sheets before they were matched to pupils.
#[derive(Default)]
pub(super) struct Joined {
    /// Sheets that are part of another row now.
    pub(super) joined: u64,
    /// Sheets of a further form that another one of the same pupil replaces.
    pub(super) superseded: Vec<Superseded>,
}

/// Puts each sheet of a further form onto the pupil's sheets of the same battery. Afterwards every batch has the columns of
/// all forms; a sheet of a pupil without a first form stays a sheet of its own.
pub(super) fn join(
    batches: Vec<Batch>,
    library: &Library,
    attempts: AttemptPolicy,
) -> Result<(Vec<Batch>, Joined), ScreeningError> {
    let mut account = Joined::default();
    let (mut whole, mut further): (Vec<Batch>, Vec<Batch>) = (Vec::new(), Vec::new());
    for batch in batches {
        let definition = batch.battery.definition();
        let has_main = definition.instruments.iter().any(|id| holds(&batch.sheets, id, library));
        let has_form = |form: &super::FurtherForm| form.instruments.iter().any(|id| holds(&batch.sheets, id, library));
        if !has_main && definition.further_forms.iter().any(has_form) {
            further.push(batch);
        } else {
            whole.push(batch);
        }
    }
    for (batch, own) in together(further, library)? {
        let rest = onto(&mut whole, &batch, &own, attempts, &mut account, library)?;
        whole.extend(rest);
    }
    for batch in &mut whole {
        complete(batch, library)?;
    }
    Ok((whole, account))
}

/// Whether a frame has a column of an instrument.
fn holds(frame: &DataFrame, instrument: &str, library: &Library) -> bool {
    let Some(instrument) = library.get(instrument) else { return false };
    (0..instrument.definition().items.len()).any(|at| frame.column(&instrument.item_column(at)).is_ok())
}

/// Columns without an answer for further forms that a file does not have.
fn complete(batch: &mut Batch, library: &Library) -> Result<(), ScreeningError> {
    let definition = batch.battery.definition();
    if definition.further_forms.is_empty() {
        return Ok(());
    }
    let absent = definition.all_instruments().filter(|id| !holds(&batch.sheets, id, library));
    let rows = batch.sheets.height();
    let columns: Vec<Column> =
        absent.filter_map(|id| library.get(id)).flat_map(|instrument| blank_columns(instrument, rows)).collect();
    batch.sheets.hstack_mut(&columns)?;
    Ok(())
}

/// A batch with the instruments that it holds.
type Part = (Batch, Vec<String>);

/// The files of one form under each other, so that a pupil who is in two of them is seen.
fn together(further: Vec<Batch>, library: &Library) -> Result<Vec<Part>, ScreeningError> {
    let mut parts: Vec<Part> = Vec::new();
    for batch in further {
        let definition = batch.battery.definition();
        let own: Vec<String> =
            definition.all_instruments().filter(|id| holds(&batch.sheets, id, library)).cloned().collect();
        let sheets = same_columns(&batch.sheets, &own, library)?;
        let known = parts.iter_mut().find(|(known, of)| known.battery.id() == batch.battery.id() && *of == own);
        match known {
            Some((known, _)) => known.sheets = stack(&known.sheets, &sheets)?,
            None => parts.push((Batch { battery: batch.battery, sheets }, own)),
        }
    }
    Ok(parts)
}

/// The columns that matter, in one order; what a file does not have is blank.
fn same_columns(sheets: &DataFrame, own: &[String], library: &Library) -> Result<DataFrame, ScreeningError> {
    const ABOUT: [&str; 5] = ["student_id", "administered_on", "submitted_at", "source_file", "source_row"];
    let mut columns: Vec<Column> = Vec::new();
    for name in ABOUT {
        match sheets.column(name) {
            Ok(column) => columns.push(column.cast(&DataType::String)?),
            // A file without ids is refused where its rows are read.
            Err(_) if name == "student_id" => {}
            Err(_) => columns.push(Column::full_null(name.into(), sheets.height(), &DataType::String)),
        }
    }
    for instrument in own.iter().filter_map(|id| library.get(id)) {
        for blank in blank_columns(instrument, sheets.height()) {
            columns.push(sheets.column(blank.name()).cloned().unwrap_or(blank));
        }
    }
    Ok(DataFrame::new(sheets.height(), columns)?)
}

/// Columns without an answer to an instrument.
fn blank_columns(instrument: &Instrument, rows: usize) -> impl Iterator<Item = Column> + '_ {
    instrument.definition().items.iter().enumerate().map(move |(at, item)| {
        let kind = if item.kind == ItemKind::Clock { DataType::String } else { DataType::Int8 };
        Column::full_null(instrument.item_column(at).into(), rows, &kind)
    })
}

/// Joins the sheets of one form; gives those that found no sheet as a batch of their own.
fn onto(
    whole: &mut [Batch],
    batch: &Batch,
    own: &[String],
    attempts: AttemptPolicy,
    account: &mut Joined,
    library: &Library,
) -> Result<Option<Batch>, ScreeningError> {
    let rows = FileRows::read(&batch.battery, &batch.sheets)?;
    let items = own.iter().filter_map(|id| library.get(id));
    let columns: Vec<String> = items
        .flat_map(|instrument| (0..instrument.definition().items.len()).map(|at| instrument.item_column(at)))
        .collect();
    let chosen = choose(&rows, &batch.sheets, &columns, attempts, account);
    // By row of the form: not yet placed, part of another sheet, or replaced by what that sheet says itself.
    let mut fate = vec![Fate::Alone; rows.rows];
    for target in whole.iter_mut().filter(|target| target.battery.id() == batch.battery.id()) {
        let ids = FileRows::read(&target.battery, &target.sheets)?;
        let given = answers_given(&target.sheets, &columns);
        let mut places: Vec<Option<IdxSize>> = vec![None; ids.rows];
        for (row, (place, given)) in places.iter_mut().zip(&given).enumerate() {
            let Some(at) = chosen.get(ids.student_id(row)).copied() else { continue };
            let Some(fate) = fate.get_mut(at) else { continue };
            if *given == 0 {
                (*place, *fate) = (Some(at as IdxSize), Fate::Joined);
            } else if *fate == Fate::Alone {
                *fate = Fate::Replaced;
                account.superseded.push(Superseded {
                    student_id: ids.student_id(row).to_owned(),
                    place: rows.place(at),
                    counts: ids.place(row),
                    text: say("superseded.same-form", &[]),
                });
            }
        }
        if places.iter().any(Option::is_some) {
            fill(&mut target.sheets, &batch.sheets, &columns, own, &places)?;
        }
    }
    account.joined += fate.iter().filter(|fate| **fate == Fate::Joined).count() as u64;
    let alone = |row: usize| match chosen.get(rows.student_id(row)) {
        Some(at) => *at == row && fate.get(row) == Some(&Fate::Alone),
        // A sheet without an id is told as such.
        None => true,
    };
    let keep: BooleanChunked = (0..rows.rows).map(|row| Some(alone(row))).collect();
    let rest = batch.sheets.filter(&keep)?;
    if rest.height() == 0 {
        return Ok(None);
    }
    let mut rest = Batch { battery: batch.battery.clone(), sheets: rest };
    complete(&mut rest, library)?;
    Ok(Some(rest))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Alone,
    Joined,
    Replaced,
}

/// How many answers of some columns each row has.
fn answers_given(sheets: &DataFrame, columns: &[String]) -> Vec<u32> {
    let mut given = vec![0_u32; sheets.height()];
    for column in columns.iter().filter_map(|name| sheets.column(name).ok()) {
        let there = column.as_materialized_series().is_not_null();
        given.iter_mut().zip(there.iter()).for_each(|(count, there)| *count += u32::from(there == Some(true)));
    }
    given
}

/// Takes the answers of a form over into the rows that have none.
fn fill(
    target: &mut DataFrame,
    form: &DataFrame,
    columns: &[String],
    own: &[String],
    places: &[Option<IdxSize>],
) -> Result<(), ScreeningError> {
    let joined: BooleanChunked = places.iter().map(|place| Some(place.is_some())).collect();
    let places: IdxCa = places.iter().copied().collect();
    let mut added = form.select(columns.iter().map(String::as_str))?.take(&places)?.into_columns();
    added.extend(origin(form, own, &places)?);
    for column in added {
        let whole = match target.column(column.name()) {
            Ok(known) if known.null_count() < known.len() => {
                let other = column.as_materialized_series().cast(known.dtype())?;
                other.zip_with(&joined, known.as_materialized_series())?.into_column()
            }
            _ => column,
        };
        target.with_column(whole)?;
    }
    Ok(())
}

/// Where joined answers came from: file and row by instrument.
fn origin(sheets: &DataFrame, own: &[String], places: &IdxCa) -> PolarsResult<Vec<Column>> {
    let mut columns = Vec::new();
    for id in own {
        for name in ["source_file", "source_row"] {
            if let Ok(column) = sheets.column(name) {
                let mut column = column.take(places)?;
                column.rename(origin_column(id, name).into());
                columns.push(column);
            }
        }
    }
    Ok(columns)
}

/// Name of the column that says where the joined answers to an instrument came from. No item has a name of two parts.
pub(super) fn origin_column(instrument: &str, name: &str) -> String {
    format!("{instrument}.form.{name}")
}

/// The sheet of each pupil that counts, by student id; the others are listed.
fn choose(
    rows: &FileRows,
    sheets: &DataFrame,
    columns: &[String],
    attempts: AttemptPolicy,
    account: &mut Joined,
) -> HashMap<String, usize> {
    let answered = answers_given(sheets, columns);
    let mut by_pupil: HashMap<String, Vec<usize>> = HashMap::new();
    let mut order: Vec<String> = Vec::new();
    for row in (0..rows.rows).filter(|row| !rows.student_id(*row).is_empty()) {
        let list = by_pupil.entry(rows.student_id(row).to_owned()).or_default();
        if list.is_empty() {
            order.push(rows.student_id(row).to_owned());
        }
        list.push(row);
    }
    let mut chosen = HashMap::with_capacity(by_pupil.len());
    for id in order {
        let Some(list) = by_pupil.get(&id) else { continue };
        let time = |row: &&usize| (rows.moment(**row), **row);
        let given = |row: usize| answered.get(row).copied().unwrap_or(0);
        let best = match attempts {
            AttemptPolicy::First => list.iter().min_by_key(time),
            AttemptPolicy::Last => list.iter().max_by_key(time),
            AttemptPolicy::BestValid => list.iter().max_by_key(|row| (given(**row), time(row))),
        };
        let Some(best) = best.copied() else { continue };
        for row in list.iter().filter(|row| **row != best) {
            account.superseded.push(Superseded {
                student_id: id.clone(),
                place: rows.place(*row),
                counts: rows.place(best),
                text: say(attempts_rule(attempts), &[]),
            });
        }
        chosen.insert(id, best);
    }
    chosen
}
