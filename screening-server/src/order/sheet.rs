//! The answers to one instrument.

use screening_core::answers::Missing;
use screening_core::instrument::{AnswerError, Instrument, ItemKind};
use screening_core::scoring::Sheet;

use crate::json::Json;
use crate::problem::{Fault, Faults, ProblemKind};

use super::fields::{Fields, object, wrong_type};
use super::{Place, shown};

/// As many missing items as are named.
const NAMED: usize = 20;

/// Reads the answers. Unless the sheet is still open, every item must be there, null for a blank: a form that forgets to
/// send an item must not look like a person who skipped it.
pub(crate) fn read(
    json: &Json<'_>,
    instrument: &Instrument,
    place: &Place<'_>,
    partial: bool,
    faults: &mut Faults,
) -> Option<Sheet> {
    let entries = object(json, place, faults)?;
    let items = &instrument.definition().items;
    let mut sheet = Sheet::blank(instrument);
    let mut given = vec![false; items.len()];
    for (id, value) in entries {
        let Some(position) = instrument.item_position(id) else {
            faults.push(unknown_item(instrument, id, place));
            continue;
        };
        given.get_mut(position).into_iter().for_each(|seen| *seen = true);
        if *value != Json::Null {
            answer(&mut sheet, value, instrument, position, &place.key(id), faults);
        }
    }
    if !partial && given.contains(&false) {
        let absent = items.iter().zip(&given).filter(|(_, given)| !**given).map(|(item, _)| item.id.as_str());
        faults.push(answers_missing(instrument, &absent.collect::<Vec<_>>()).at(place.pointer()));
    }
    Some(sheet)
}

/// Items that are not there.
pub(crate) fn answers_missing(instrument: &Instrument, absent: &[&str]) -> Fault {
    let mut named = absent.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    if absent.len() > NAMED {
        named.push_str(", ...");
    }
    let fault = Fault::new(ProblemKind::AnswersMissing);
    fault.with("instrument", instrument.id()).with("count", absent.len()).with("items", named)
}

/// An item that is not one of the instrument.
pub(crate) fn unknown_item(instrument: &Instrument, id: &str, place: &Place<'_>) -> Fault {
    let items = &instrument.definition().items;
    let end = |item: Option<&screening_core::instrument::ItemDef>| item.map(|item| item.id.clone()).unwrap_or_default();
    Fault::new(ProblemKind::UnknownItem)
        .at(place.key(id).pointer())
        .with("instrument", instrument.id())
        .with("item", shown(id))
        .with("first", end(items.first()))
        .with("last", end(items.last()))
}

/// One answer, stored as it is or refused.
fn answer(
    sheet: &mut Sheet,
    json: &Json<'_>,
    instrument: &Instrument,
    position: usize,
    place: &Place<'_>,
    faults: &mut Faults,
) {
    let Some(item) = instrument.definition().items.get(position) else { return };
    if let Json::Object(_) = json {
        if let Some(kind) = why_missing(json, place, faults) {
            sheet.put_missing(instrument, position, kind);
        }
        return;
    }
    let stored = match item.kind {
        ItemKind::Choice => match json.whole() {
            Some(code) => sheet.put_code(instrument, position, code),
            None if json.number().is_some() => return faults.push(not_allowed(instrument, position, place, None)),
            None => return faults.push(wrong_type(json, "integer", place)),
        },
        ItemKind::Number => match json.number() {
            Some(value) => sheet.put_number(instrument, position, value),
            None => return faults.push(wrong_type(json, "number", place)),
        },
        ItemKind::Clock => match json {
            Json::Text(text) => sheet.put_clock(instrument, position, text),
            _ => return faults.push(wrong_type(json, "string", place)),
        },
    };
    if let Err(error) = stored {
        faults.push(not_allowed(instrument, position, place, Some(&error)));
    }
}

/// `{"missing": "refused"}`: an answer that is not there for another reason than being skipped.
fn why_missing(json: &Json<'_>, place: &Place<'_>, faults: &mut Faults) -> Option<Missing> {
    const KINDS: [(&str, Missing); 4] = [
        ("skipped", Missing::Skipped),
        ("refused", Missing::Refused),
        ("not-shown", Missing::NotShown),
        ("invalid", Missing::Invalid),
    ];
    let fields = Fields::read(json, place, &["missing"], faults)?;
    fields.needed("missing", faults)?;
    let word = fields.word("missing", faults)?;
    let kind = KINDS.iter().find(|(known, _)| *known == word).map(|(_, kind)| *kind);
    if kind.is_none() {
        let fault = Fault::new(ProblemKind::UnknownWord).at(place.key("missing").pointer());
        faults.push(fault.with("allowed", KINDS.map(|(word, _)| word).join(", ")));
    }
    kind
}

/// The answer itself is not repeated.
fn not_allowed(instrument: &Instrument, position: usize, place: &Place<'_>, why: Option<&AnswerError>) -> Fault {
    let definition = instrument.definition();
    let item = definition.items.get(position);
    let options = item.map(|item| definition.options_of(item)).unwrap_or_default();
    let allowed = match why {
        Some(AnswerError::OutOfRange { low, high, .. }) => format!("{low} .. {high}"),
        Some(AnswerError::NotATime { .. }) => "00:00 .. 23:59".to_owned(),
        _ => options.iter().map(|option| option.code.to_string()).collect::<Vec<_>>().join(", "),
    };
    Fault::new(ProblemKind::AnswerNotAllowed)
        .at(place.pointer())
        .with("instrument", instrument.id())
        .with("item", item.map(|item| item.id.clone()).unwrap_or_default())
        .with("allowed", allowed)
}
