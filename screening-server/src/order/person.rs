//! What may be known of the person: sex, grade and age. Never a name.

use jiff::civil::Date;
use screening_core::answers::{Context, Sex, age_in_months};

use crate::problem::{Fault, Faults, ProblemKind};

use super::fields::Fields;

/// What may be told of a person.
pub(crate) const KEYS: [&str; 5] = ["sex", "grade", "age", "birth_date", "administered_on"];

/// The person who answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Person {
    /// As scoring and norms see it.
    pub(crate) context: Context,
    /// The day of the test.
    pub(crate) administered_on: Option<Date>,
}

pub(super) fn read(body: &Fields<'_, '_, '_>, faults: &mut Faults) -> Person {
    let Some(json) = body.get("context") else { return Person::default() };
    let place = body.place().key("context");
    let Some(fields) = Fields::read(json, &place, &KEYS, faults) else { return Person::default() };
    of(&fields, faults)
}

/// The person that some keys tell of.
pub(crate) fn of(fields: &Fields<'_, '_, '_>, faults: &mut Faults) -> Person {
    let place = fields.place();
    let sex = fields.word("sex", faults).and_then(|word| {
        let known = [Sex::Male, Sex::Female, Sex::Other].into_iter().find(|sex| sex.word() == word);
        if known.is_none() {
            let fault = Fault::new(ProblemKind::UnknownWord).at(place.key("sex").pointer());
            faults.push(fault.with("allowed", "male, female, other"));
        }
        known
    });
    let grade = fields.whole("grade", (1, 12), faults).map(|grade| grade as u8);
    let age = fields.whole("age", (0, 150), faults);
    let birth = day(fields, "birth_date", faults);
    let administered_on = day(fields, "administered_on", faults);
    if fields.get("age").is_some() && fields.get("birth_date").is_some() {
        let fault = Fault::new(ProblemKind::ConflictingKeys).at(place.key("age").pointer());
        faults.push(fault.with("first", "age").with("second", "birth_date"));
    }
    let age_months = match (birth, administered_on) {
        (Some(birth), Some(test)) => {
            let months = age_in_months(birth, test).ok();
            if months.is_none() {
                faults.push(Fault::new(ProblemKind::ImplausibleAge).at(place.key("birth_date").pointer()));
            }
            months
        }
        (Some(_), None) => {
            // The engine has no clock, and a sheet is often scored on another day.
            if fields.get("administered_on").is_none() {
                let fault = Fault::new(ProblemKind::MissingKey).at(place.key("administered_on").pointer());
                faults.push(fault.with("key", "administered_on"));
            }
            None
        }
        _ => age.map(|years| years as u16 * 12),
    };
    Person { context: Context { sex, grade, age_months }, administered_on }
}

pub(crate) fn day(fields: &Fields<'_, '_, '_>, key: &str, faults: &mut Faults) -> Option<Date> {
    let text = fields.word(key, faults)?;
    let is_plain = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    let day = if is_plain { text.parse::<Date>().ok() } else { None };
    if day.is_none() {
        faults.push(Fault::new(ProblemKind::NotADate).at(fields.place().key(key).pointer()));
    }
    day
}
