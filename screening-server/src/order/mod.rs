//! What a caller asks for: read strictly from JSON, every fault with its place.

pub(crate) mod fields;
mod options;
mod person;
mod place;
mod sheet;

use std::sync::Arc;

use screening_core::norms::NormSet;
use screening_core::risk::Policy;
use screening_core::scoring::{Scorer, Sheet};
use screening_core::validity::ValidityPlan;

use crate::catalogue::{Catalogue, Missed, Ready};
use crate::json::Json;
use crate::problem::{Fault, Faults, Problem, ProblemKind};

pub(crate) use fields::{Fields, object};
pub(crate) use person::{KEYS as PERSON_KEYS, Person, day, of as person_of};
pub(crate) use place::Place;
pub(crate) use sheet::{answers_missing, read as read_sheet, unknown_item};

/// Keys of a body for one instrument; a body for several has `policy` as well, and a line of a stream may have `id`.
const KEYS: [&str; 9] =
    ["answers", "context", "partial", "explain", "cutoffs", "norms", "validity", "duration_s", "policy"];
const KEYS_OF_A_LINE: [&str; 10] =
    ["id", "answers", "context", "partial", "explain", "cutoffs", "norms", "validity", "duration_s", "policy"];

/// As long as the `id` of a line may be.
const LONGEST_ID: usize = 200;

/// One sheet to be scored.
#[derive(Debug)]
pub(crate) struct OrderedSheet {
    pub(crate) scorer: Arc<Scorer>,
    pub(crate) sheet: Sheet,
}

/// What is to be scored, and how.
#[derive(Debug)]
pub(crate) struct Order {
    /// What a line of a stream calls itself.
    pub(crate) id: Option<String>,
    pub(crate) sheets: Vec<OrderedSheet>,
    pub(crate) person: Person,
    /// The sheets are still being filled in.
    pub(crate) partial: bool,
    /// Whether scores are explained.
    pub(crate) explain: bool,
    pub(crate) policy: Option<Arc<Policy>>,
    pub(crate) norms: Vec<Arc<NormSet>>,
    pub(crate) validity: Option<Arc<ValidityPlan>>,
    /// Seconds that all sheets together took.
    pub(crate) duration_s: Option<f64>,
}

/// What the body is about.
#[derive(Debug, Clone)]
pub(crate) enum Subject<'a> {
    /// One instrument; `answers` holds its items.
    One(&'a Arc<Ready>),
    /// Several; `answers` holds instruments.
    Several,
}

impl Order {
    /// Reads a body.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub(crate) fn read(
        body: &[u8],
        subject: &Subject<'_>,
        catalogue: &Catalogue,
        is_line: bool,
    ) -> Result<Self, Problem> {
        let json: Json<'_> = serde_json::from_slice(body).map_err(|error| {
            Fault::new(ProblemKind::InvalidJson).with("row", error.line()).with("column", error.column())
        })?;
        let mut faults = Faults::default();
        let order = read(&json, subject, catalogue, is_line, &mut faults);
        match (order, faults.problem()) {
            (Some(order), None) => Ok(order),
            (_, Some(problem)) => Err(problem),
            // Out of reach: what cannot be read has told a fault.
            (None, None) => Err(ProblemKind::Internal.into()),
        }
    }
}

fn read(
    json: &Json<'_>,
    subject: &Subject<'_>,
    catalogue: &Catalogue,
    is_line: bool,
    faults: &mut Faults,
) -> Option<Order> {
    let root = Place::root();
    let keys: &[&str] = if is_line { &KEYS_OF_A_LINE } else { &KEYS };
    let fields = Fields::read(json, &root, keys, faults)?;
    let id = fields.text("id", LONGEST_ID, faults);
    let partial = fields.flag("partial", faults).unwrap_or(false);
    let explain = fields.flag("explain", faults).unwrap_or(true);
    let person = person::read(&fields, faults);
    let duration_s = fields.number("duration_s", (0.0, 1e7), faults);
    let mut filled: Vec<(Arc<Ready>, Sheet)> = Vec::new();
    match (fields.needed("answers", faults), subject) {
        (None, _) => {}
        (Some(answers), Subject::One(ready)) => {
            let place = root.key("answers");
            let sheet = sheet::read(answers, ready.instrument(), &place, partial, faults);
            filled.extend(sheet.map(|sheet| ((*ready).clone(), sheet)));
        }
        (Some(answers), Subject::Several) => {
            several(answers, &root.key("answers"), catalogue, partial, faults, &mut filled)
        }
    }
    let cutoffs = options::cutoffs(&fields, subject, &filled, faults);
    let options = options::read(&fields, catalogue, partial, &person, &filled, faults);
    if !faults.is_empty() {
        return None;
    }
    let mut sheets = Vec::with_capacity(filled.len());
    for (at, (ready, sheet)) in filled.into_iter().enumerate() {
        let chosen = cutoffs.get(at).cloned().unwrap_or_default();
        match catalogue.variant(&ready, partial, chosen) {
            Ok(scorer) => sheets.push(OrderedSheet { scorer, sheet }),
            Err(error) => {
                tracing::error!(instrument = ready.instrument().id(), error = %error, "an instrument cannot be compiled");
                faults.push(Fault::new(ProblemKind::Internal));
                return None;
            }
        }
    }
    let options::Options { policy, norms, validity } = options;
    Some(Order { id, sheets, person, partial, explain, policy, norms, validity, duration_s })
}

/// The sheets of a battery.
fn several(
    json: &Json<'_>,
    place: &Place<'_>,
    catalogue: &Catalogue,
    partial: bool,
    faults: &mut Faults,
    filled: &mut Vec<(Arc<Ready>, Sheet)>,
) {
    let Some(entries) = fields::object(json, place, faults) else { return };
    if entries.is_empty() {
        faults.push(Fault::new(ProblemKind::NoSheet).at(place.pointer()));
    }
    for (reference, answers) in entries {
        let place = place.key(reference);
        let ready = match catalogue.instruments.find(reference) {
            Ok(ready) => ready,
            Err(missed) => {
                faults.push(missing(missed, ProblemKind::UnknownInstrument).at(place.pointer()));
                continue;
            }
        };
        let instrument = ready.instrument();
        if filled.iter().any(|(known, _)| known.instrument().id() == instrument.id()) {
            let fault = Fault::new(ProblemKind::InstrumentTwice).at(place.pointer());
            faults.push(fault.with("instrument", instrument.id()));
            continue;
        }
        let sheet = sheet::read(answers, instrument, &place, partial, faults);
        filled.extend(sheet.map(|sheet| (ready.clone(), sheet)));
    }
}

/// The fault of a reference that leads nowhere.
pub(crate) fn missing(missed: Missed, unknown: ProblemKind) -> Fault {
    match missed {
        Missed::Id { id } => Fault::new(unknown).with("id", shown(&id)),
        Missed::Version { id, version, versions } => Fault::new(ProblemKind::UnknownVersion)
            .with("id", id)
            .with("version", shown(&version))
            .with("versions", versions),
    }
}

/// What a caller wrote, as far as it can be a name: short, and without what a terminal or a page would obey.
pub(crate) fn shown(text: &str) -> String {
    text.chars().take(80).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
