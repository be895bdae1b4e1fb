//! A sheet, or the draft of one, as a form hands it in.

use std::fmt::Write as _;
use std::sync::Arc;

use jiff::civil::Date;
use screening_core::answers::Context;
use screening_core::instrument::{FlagSeverity, Instrument};
use screening_core::scoring::Sheet;
use screening_core::screening::Battery;
use sha2::{Digest, Sha256};

use crate::catalogue::{Catalogue, Ready};
use crate::json::Json;
use crate::order::{Fields, Order, OrderedSheet, Person, Place, day, missing, object, read_sheet, shown};
use crate::problem::{Fault, Faults, Problem, ProblemKind};

use super::prepared::Prepared;

const KEYS: [&str; 6] = ["pupil", "student_id", "answers", "administered_on", "duration_s", "revision"];

/// As long as the id of a pupil may be.
const LONGEST_ID: usize = 100;

/// Whose sheet it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Whose {
    /// The pupil by pseudonym.
    Pupil(String),
    /// The number of the class list.
    StudentId(String),
}

/// A sheet as it was handed in: read, and not yet held against the pupil.
#[derive(Debug)]
pub(crate) struct HandedIn {
    pub(crate) whose: Whose,
    pub(crate) sheets: Vec<(Arc<Ready>, Sheet)>,
    /// The answers as they are stored: instruments and items in their order.
    pub(crate) answers: String,
    pub(crate) administered_on: Option<Date>,
    pub(crate) duration_s: Option<f64>,
    /// Number of the save of a draft.
    pub(crate) revision: i64,
}

/// A critical answer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Critical {
    pub(crate) instrument: String,
    pub(crate) flag: String,
}

impl HandedIn {
    /// Reads a body; of a draft (`open`) answers may be missing.
    pub(crate) fn read(body: &[u8], prepared: &Prepared, open: bool) -> Result<Self, Problem> {
        let json: Json<'_> = serde_json::from_slice(body).map_err(|error| {
            Fault::new(ProblemKind::InvalidJson).with("row", error.line()).with("column", error.column())
        })?;
        let mut faults = Faults::default();
        let read = read(&json, prepared, open, &mut faults);
        match (read, faults.problem()) {
            (Some(read), None) => Ok(read),
            (_, Some(problem)) => Err(problem),
            // Out of reach: what cannot be read has told a fault.
            (None, None) => Err(ProblemKind::Internal.into()),
        }
    }

    /// The answers of a store, read again as they were handed in.
    pub(crate) fn stored(answers: &str, prepared: &Prepared) -> Result<Vec<(Arc<Ready>, Sheet)>, Problem> {
        let json: Json<'_> = serde_json::from_str(answers).map_err(|_| Problem::from(ProblemKind::Internal))?;
        let (root, mut faults) = (Place::root(), Faults::default());
        let (sheets, _) = sheets(&json, &root.key("answers"), prepared, true, &mut faults);
        faults.problem().map_or(Ok(sheets), Err)
    }

    /// Hash of everything that makes it the same sheet.
    pub(crate) fn hash(&self, pupil: &str) -> String {
        // As it was handed in: the day may be missing. Sheets that are stored are known again by exactly this text.
        hash(pupil, &self.answers, &format!("{:?}", self.administered_on), self.duration_s)
    }

    /// The sheets are those of a form of the battery: the first form, or a further one, each as a whole. Of a draft they are
    /// some of them.
    pub(crate) fn fits(&self, battery: &Battery, open: bool) -> Result<(), Problem> {
        let definition = battery.definition();
        let given = |id: &String| self.sheets.iter().any(|(ready, _)| ready.instrument().id() == id);
        let mut faults = Faults::default();
        for (ready, _) in &self.sheets {
            let id = ready.instrument().id();
            if !definition.all_instruments().any(|own| own == id) {
                let fault = Fault::new(ProblemKind::NotInBattery).at(format!("/answers/{id}")).with("instrument", id);
                let own: Vec<&str> = definition.all_instruments().map(String::as_str).collect();
                faults.push(fault.with("battery", battery.id()).with("allowed", own.join(", ")));
            }
        }
        let forms = std::iter::once(&definition.instruments)
            .chain(definition.further_forms.iter().map(|form| &form.instruments));
        for form in forms.filter(|form| !open && form.iter().any(given)) {
            for id in form.iter().filter(|id| !given(id)) {
                faults.push(Fault::new(ProblemKind::MissingKey).at(format!("/answers/{id}")).with("key", id));
            }
        }
        faults.problem().map_or(Ok(()), Err)
    }
}

/// Hash of everything that makes it the same sheet. `day` is the day of the test as the way in which the sheet came tells it.
pub(crate) fn hash(pupil: &str, answers: &str, day: &str, duration_s: Option<f64>) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(format!("{pupil}\n{answers}\n{day}\n{duration_s:?}")))
}

fn read(json: &Json<'_>, prepared: &Prepared, open: bool, faults: &mut Faults) -> Option<HandedIn> {
    let root = Place::root();
    let fields = Fields::read(json, &root, &KEYS, faults)?;
    let pupil = fields.text("pupil", LONGEST_ID, faults).filter(|id| !id.is_empty());
    let student =
        fields.text("student_id", LONGEST_ID, faults).map(|id| id.trim().to_owned()).filter(|id| !id.is_empty());
    let whose = match (pupil, student) {
        (Some(_), Some(_)) => {
            let fault = Fault::new(ProblemKind::ConflictingKeys).at("/pupil");
            faults.push(fault.with("first", "pupil").with("second", "student_id"));
            None
        }
        (Some(pupil), None) => Some(Whose::Pupil(pupil)),
        (None, Some(student)) => Some(Whose::StudentId(student)),
        (None, None) => {
            faults.push(Fault::new(ProblemKind::MissingKey).at("/student_id").with("key", "student_id"));
            None
        }
    };
    let administered_on = day(&fields, "administered_on", faults);
    let duration_s = fields.number("duration_s", (0.0, 1e7), faults);
    let revision = fields.whole("revision", (0, i64::MAX), faults).unwrap_or(0);
    let answers = fields.needed("answers", faults)?;
    let (sheets, answers) = sheets(answers, &root.key("answers"), prepared, open, faults);
    let whose = whose?;
    faults.is_empty().then_some(HandedIn { whose, sheets, answers, administered_on, duration_s, revision })
}

/// The sheets, and the text that is stored.
fn sheets(
    json: &Json<'_>,
    place: &Place<'_>,
    prepared: &Prepared,
    open: bool,
    faults: &mut Faults,
) -> (Vec<(Arc<Ready>, Sheet)>, String) {
    let (mut sheets, mut parts) = (Vec::new(), Vec::new());
    let Some(entries) = object(json, place, faults) else { return (sheets, String::new()) };
    if entries.is_empty() && !open {
        faults.push(Fault::new(ProblemKind::NoSheet).at(place.pointer()));
    }
    for (id, answers) in entries {
        let place = place.key(id);
        let Some(ready) = prepared.instrument(id) else {
            let fault = missing(crate::catalogue::Missed::Id { id: shown(id) }, ProblemKind::UnknownInstrument);
            faults.push(fault.at(place.pointer()));
            continue;
        };
        let Some(sheet) = read_sheet(answers, ready.instrument(), &place, open, faults) else { continue };
        let at = prepared.instruments.iter().position(|known| Arc::ptr_eq(known, ready));
        parts.push((at, text(answers, ready.instrument())));
        sheets.push((ready.clone(), sheet));
    }
    parts.sort();
    let parts: Vec<String> = parts.into_iter().map(|(_, part)| part).collect();
    (sheets, format!("{{{}}}", parts.join(",")))
}

/// `"id":{"1":0,...}`: the answers of one instrument in the order of its items.
fn text(answers: &Json<'_>, instrument: &Instrument) -> String {
    let Json::Object(entries) = answers else { return String::new() };
    let mut out = format!("\"{}\":{{", instrument.id());
    let mut first = true;
    for item in &instrument.definition().items {
        let Some((_, value)) = entries.iter().find(|(id, _)| *id == item.id) else { continue };
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let value = match value {
            Json::Object(fields) => {
                let kind =
                    fields.iter().find_map(|(_, value)| if let Json::Text(kind) = value { Some(kind) } else { None });
                format!("{{\"missing\":{}}}", quoted(kind.map_or("skipped", |kind| kind.as_ref())))
            }
            Json::Text(text) => quoted(text),
            other => match (other.whole(), other.number()) {
                (Some(whole), _) => whole.to_string(),
                (None, Some(number)) => serde_json::Value::from(number).to_string(),
                (None, None) => "null".to_owned(),
            },
        };
        // Writing to a string cannot fail.
        let _ = write!(out, "{}{}:{value}", if first { "" } else { "," }, quoted(&item.id));
        first = false;
    }
    out.push('}');
    out
}

/// The critical answers that are surely given. `open` while the sheet is being filled in.
pub(crate) fn critical(
    sheets: &[(Arc<Ready>, Sheet)],
    prepared: &Prepared,
    catalogue: &Catalogue,
    context: &Context,
    open: bool,
) -> Result<Vec<Critical>, Problem> {
    let mut found = Vec::new();
    for (ready, sheet) in sheets {
        let id = ready.instrument().id();
        let scorer = catalogue.variant(ready, open, prepared.cutoffs(id)).map_err(|error| {
            tracing::error!(instrument = id, error = %error, "an instrument cannot be compiled");
            Problem::from(ProblemKind::Internal)
        })?;
        let scores = scorer.score(sheet, context);
        let raised =
            scores.flags().filter(|flag| flag.definition.severity == FlagSeverity::Critical && flag.state.is_yes());
        found.extend(raised.map(|flag| Critical { instrument: id.to_owned(), flag: flag.definition.id.clone() }));
    }
    Ok(found)
}

/// The order that the scoring interface would read from the same answers: with the norms, the plan and the policy of the
/// screening.
pub(crate) fn order(
    sheets: Vec<(Arc<Ready>, Sheet)>,
    prepared: &Prepared,
    catalogue: &Catalogue,
    person: Person,
    duration_s: Option<f64>,
) -> Result<Order, Problem> {
    let ids: Vec<String> = sheets.iter().map(|(ready, _)| ready.instrument().id().to_owned()).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let mut ordered = Vec::with_capacity(sheets.len());
    for (ready, sheet) in sheets {
        let scorer = catalogue.variant(&ready, false, prepared.cutoffs(ready.instrument().id())).map_err(|error| {
            tracing::error!(instrument = ready.instrument().id(), error = %error, "an instrument cannot be compiled");
            Problem::from(ProblemKind::Internal)
        })?;
        ordered.push(OrderedSheet { scorer, sheet });
    }
    Ok(Order {
        id: None,
        sheets: ordered,
        person,
        partial: false,
        explain: true,
        policy: Some(prepared.policy.clone()),
        norms: prepared.norms_of(&ids),
        validity: prepared.validity.clone(),
        duration_s,
    })
}
