//! Bodies of requests about the store: one JSON object, read strictly.

use axum::extract::Request;
use bytes::Bytes;
use serde::Serialize;

use crate::config::Limits;
use crate::json::Json;
use crate::order::Place;
use crate::order::fields::Fields;
use crate::problem::{Fault, Faults, Problem, ProblemKind};
use crate::store::Role;

use super::body;
use super::query::Query;

/// Longest text of a field.
const LONGEST: usize = 2000;
/// Longest list of a field.
const MOST: usize = 100;

/// The body of a request, which must be JSON.
pub(super) async fn json_of(request: Request, limits: &Limits) -> Result<Bytes, Problem> {
    body::check_type(request.headers(), body::JSON)?;
    body::whole(request, limits).await
}

/// Reads an object that may have these keys and no others. Everything that is wrong with it is told at once.
pub(super) fn read<T>(
    bytes: &[u8],
    keys: &[&str],
    read: impl FnOnce(&mut Form<'_, '_, '_>) -> Option<T>,
) -> Result<T, Problem> {
    let json: Json<'_> = serde_json::from_slice(bytes).map_err(|error| {
        Fault::new(ProblemKind::InvalidJson).with("row", error.line()).with("column", error.column())
    })?;
    let mut faults = Faults::default();
    let root = Place::root();
    let value = match Fields::read(&json, &root, keys, &mut faults) {
        Some(fields) => read(&mut Form { fields, faults: &mut faults }),
        None => None,
    };
    match (value, faults.problem()) {
        (Some(value), None) => Ok(value),
        (_, Some(problem)) => Err(problem),
        // Out of reach: what cannot be read has told a fault.
        (None, None) => Err(ProblemKind::Internal.into()),
    }
}

/// The fields of a body.
pub(super) struct Form<'j, 'b, 'f> {
    fields: Fields<'j, 'b, 'f>,
    faults: &'f mut Faults,
}

impl Form<'_, '_, '_> {
    /// A text that must be there.
    pub(super) fn text(&mut self, key: &str) -> Option<String> {
        self.fields.needed(key, self.faults)?;
        self.fields.text(key, LONGEST, self.faults)
    }

    /// A text that may be left out.
    pub(super) fn text_if(&mut self, key: &str) -> Option<String> {
        self.fields.text(key, LONGEST, self.faults)
    }

    /// A list of texts, that may be left out.
    pub(super) fn texts_if(&mut self, key: &str) -> Option<Vec<String>> {
        let place = self.fields.place().key(key);
        let wrong = |found: &Json<'_>, wanted: &'static str, place: &Place<'_>| {
            Fault::new(ProblemKind::WrongType).at(place.pointer()).with("wanted", wanted).with("found", found.kind())
        };
        let list = match self.fields.get(key)? {
            Json::List(list) if list.len() <= MOST => list,
            Json::List(_) => {
                self.faults
                    .push(Fault::new(ProblemKind::OutOfRange).at(place.pointer()).with("low", 0).with("high", MOST));
                return None;
            }
            other => {
                self.faults.push(wrong(other, "array", &place));
                return None;
            }
        };
        let mut texts = Vec::with_capacity(list.len());
        for (at, entry) in list.iter().enumerate() {
            match entry {
                Json::Text(text) => texts.push(text.clone().into_owned()),
                other => self.faults.push(wrong(other, "string", &place.index(at))),
            }
        }
        Some(texts)
    }

    /// Yes or no; may be left out.
    pub(super) fn flag_if(&mut self, key: &str) -> Option<bool> {
        self.fields.flag(key, self.faults)
    }

    /// A whole number from `low` to `high` that must be there.
    pub(super) fn whole(&mut self, key: &str, range: (i64, i64)) -> Option<i64> {
        self.fields.needed(key, self.faults)?;
        self.fields.whole(key, range, self.faults)
    }

    /// A whole number from `low` to `high`; may be left out.
    pub(super) fn whole_if(&mut self, key: &str, range: (i64, i64)) -> Option<i64> {
        self.fields.whole(key, range, self.faults)
    }

    /// A word out of some, that must be there.
    pub(super) fn word(&mut self, key: &str, allowed: &[&str]) -> Option<String> {
        let text = self.text(key)?;
        self.among(key, text, allowed)
    }

    /// A word out of some, that may be left out.
    pub(super) fn word_if(&mut self, key: &str, allowed: &[&str]) -> Option<String> {
        let text = self.text_if(key)?;
        self.among(key, text, allowed)
    }

    fn among(&mut self, key: &str, text: String, allowed: &[&str]) -> Option<String> {
        if allowed.contains(&text.as_str()) {
            return Some(text);
        }
        let place = self.fields.place().key(key).pointer();
        self.faults.push(Fault::new(ProblemKind::UnknownWord).at(place).with("allowed", allowed.join(", ")));
        None
    }

    /// A role that may be given.
    pub(super) fn role(&mut self, key: &str) -> Option<Role> {
        let names: Vec<&str> = Role::GIVEN.iter().map(|role| role.id()).collect();
        self.word(key, &names).and_then(|name| Role::named(&name))
    }

    /// A role that may be given, or left out.
    pub(super) fn role_if(&mut self, key: &str) -> Option<Role> {
        let names: Vec<&str> = Role::GIVEN.iter().map(|role| role.id()).collect();
        self.word_if(key, &names).and_then(|name| Role::named(&name))
    }
}

/// A part of a list.
#[derive(Debug, Serialize)]
pub(super) struct Page<T> {
    pub(super) items: Vec<T>,
    /// What to send as `after` to go on; null at the end.
    pub(super) next: Option<String>,
}

/// Which part of a list is wanted.
pub(super) struct Part {
    pub(super) after: String,
    pub(super) limit: i64,
}

/// Keys of the query of every list.
pub(super) const PART: &[&str] = &["after", "limit"];

impl Part {
    /// Reads `after` and `limit` (1 to 200).
    pub(super) fn of(query: &Query) -> Result<Self, Problem> {
        let limit =
            query.parsed("limit", |text| text.parse().ok().filter(|limit| (1..=crate::store::PAGE).contains(limit)))?;
        Ok(Self {
            after: query.get("after").unwrap_or_default().to_owned(),
            limit: limit.unwrap_or(crate::store::PAGE),
        })
    }

    /// The part, when these rows were found.
    pub(super) fn page<T>(&self, items: Vec<T>, id: impl Fn(&T) -> String) -> Page<T> {
        let full = i64::try_from(items.len()).is_ok_and(|count| count >= self.limit);
        let next = items.last().filter(|_| full).map(id);
        Page { items, next }
    }
}
