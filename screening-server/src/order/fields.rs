//! The keys of an object, each of its type, none unknown and none twice.

use std::borrow::Cow;

use crate::json::Json;
use crate::problem::{Fault, Faults, ProblemKind};

use super::{Place, shown};

/// The entries of an object, with a fault for each key that comes again.
pub(crate) fn object<'j, 'b>(
    json: &'j Json<'b>,
    place: &Place<'_>,
    faults: &mut Faults,
) -> Option<&'j [(Cow<'b, str>, Json<'b>)]> {
    let Json::Object(entries) = json else {
        faults.push(wrong_type(json, "object", place));
        return None;
    };
    // Few keys are compared one by one; items are compared by position where they are read.
    if entries.len() <= 16 {
        for (at, (key, _)) in entries.iter().enumerate() {
            if entries.iter().take(at).any(|(earlier, _)| earlier == key) {
                faults.push(twice(key, place));
            }
        }
    } else {
        let mut seen = std::collections::HashSet::with_capacity(entries.len());
        entries
            .iter()
            .filter(|(key, _)| !seen.insert(key.as_ref()))
            .for_each(|(key, _)| faults.push(twice(key, place)));
    }
    Some(entries)
}

fn twice(key: &str, place: &Place<'_>) -> Fault {
    Fault::new(ProblemKind::DuplicateKey).at(place.key(key).pointer()).with("key", shown(key))
}

pub(crate) fn wrong_type(json: &Json<'_>, wanted: &'static str, place: &Place<'_>) -> Fault {
    Fault::new(ProblemKind::WrongType).at(place.pointer()).with("wanted", wanted).with("found", json.kind())
}

/// The keys of an object of ours.
pub(crate) struct Fields<'j, 'b, 'p> {
    entries: &'j [(Cow<'b, str>, Json<'b>)],
    place: &'p Place<'p>,
}

impl<'j, 'b, 'p> Fields<'j, 'b, 'p> {
    /// Reads an object that may have these keys and no others.
    pub(crate) fn read(json: &'j Json<'b>, place: &'p Place<'p>, keys: &[&str], faults: &mut Faults) -> Option<Self> {
        let entries = object(json, place, faults)?;
        for (key, _) in entries.iter().filter(|(key, _)| !keys.contains(&key.as_ref())) {
            let fault = Fault::new(ProblemKind::UnknownKey).at(place.key(key).pointer());
            faults.push(fault.with("key", shown(key)).with("allowed", keys.join(", ")));
        }
        Some(Self { entries, place })
    }

    /// Where these keys are.
    pub(crate) fn place(&self) -> &'p Place<'p> {
        self.place
    }

    /// The value of a key; null is the same as no key.
    pub(crate) fn get(&self, key: &str) -> Option<&'j Json<'b>> {
        self.entries
            .iter()
            .find(|(known, _)| known == key)
            .map(|(_, value)| value)
            .filter(|value| **value != Json::Null)
    }

    /// The value of a key that must be there.
    pub(crate) fn needed(&self, key: &str, faults: &mut Faults) -> Option<&'j Json<'b>> {
        let found = self.get(key);
        if found.is_none() {
            faults.push(Fault::new(ProblemKind::MissingKey).at(self.place.key(key).pointer()).with("key", key));
        }
        found
    }

    /// A text of limited length.
    pub(crate) fn text(&self, key: &str, longest: usize, faults: &mut Faults) -> Option<String> {
        match self.get(key)? {
            Json::Text(text) if text.chars().count() <= longest => Some(text.clone().into_owned()),
            Json::Text(_) => {
                let fault = Fault::new(ProblemKind::OutOfRange).at(self.place.key(key).pointer());
                faults.push(fault.with("low", 0).with("high", longest));
                None
            }
            other => self.refuse(other, "string", key, faults),
        }
    }

    /// Yes or no.
    pub(crate) fn flag(&self, key: &str, faults: &mut Faults) -> Option<bool> {
        match self.get(key)? {
            Json::Bool(value) => Some(*value),
            other => self.refuse(other, "boolean", key, faults),
        }
    }

    /// A whole number from `low` to `high`.
    pub(crate) fn whole(&self, key: &str, (low, high): (i64, i64), faults: &mut Faults) -> Option<i64> {
        let found = self.get(key)?;
        let Some(value) = found.whole() else { return self.refuse(found, "integer", key, faults) };
        if (low..=high).contains(&value) {
            return Some(value);
        }
        let fault = Fault::new(ProblemKind::OutOfRange).at(self.place.key(key).pointer());
        faults.push(fault.with("low", low).with("high", high));
        None
    }

    /// A number from `low` to `high`.
    pub(crate) fn number(&self, key: &str, (low, high): (f64, f64), faults: &mut Faults) -> Option<f64> {
        let found = self.get(key)?;
        let Some(value) = found.number() else { return self.refuse(found, "number", key, faults) };
        if (low..=high).contains(&value) {
            return Some(value);
        }
        let fault = Fault::new(ProblemKind::OutOfRange).at(self.place.key(key).pointer());
        faults.push(fault.with("low", low).with("high", high));
        None
    }

    /// A text of any length, borrowed.
    pub(crate) fn word(&self, key: &str, faults: &mut Faults) -> Option<&'j str> {
        match self.get(key)? {
            Json::Text(text) => Some(text),
            other => self.refuse(other, "string", key, faults),
        }
    }

    fn refuse<T>(&self, found: &Json<'_>, wanted: &'static str, key: &str, faults: &mut Faults) -> Option<T> {
        faults.push(wrong_type(found, wanted, &self.place.key(key)));
        None
    }
}
