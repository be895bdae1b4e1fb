//! The pupils: ids, names, ages, and whether the screening reaches them.

use std::collections::HashMap;

use jiff::ToSpan;
use jiff::civil::{Date, date};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::config::{Config, Rates};
use super::error::ExampleError;

/// What becomes of a pupil in this wave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    OutOfScope,
    Refused,
    Withdrawn,
    Absent,
    Unexplained,
    MakeUp,
    Sat,
}

/// One pupil of the roster.
#[derive(Debug, Clone)]
pub(super) struct Pupil {
    pub(super) student_id: String,
    pub(super) name: String,
    pub(super) girl: bool,
    pub(super) birth_date: Date,
    pub(super) fate: Fate,
    pub(super) scope_reason: String,
}

/// A class: where it is, and its pupils' ids.
#[derive(Debug, Clone, Copy)]
pub(super) struct ClassPlace {
    pub(super) school: u32,
    pub(super) grade: u8,
    pub(super) class: u32,
}

impl ClassPlace {
    /// Ids of one district have one length, so that an id with a digit too many or too few is nobody's.
    fn student_id(self, number: u64) -> String {
        format!("{}{:02}{:02}{number:02}", 10_000 + self.school, self.grade, self.class)
    }
}

/// Draws pupils.
#[derive(Debug)]
pub(super) struct People {
    surnames: Vec<String>,
    given: Vec<char>,
    rates: Rates,
    school_year: i16,
}

impl People {
    pub(super) fn new(config: &Config) -> Result<Self, ExampleError> {
        let surnames: Vec<String> = config.names.surnames.split_whitespace().map(str::to_owned).collect();
        let given: Vec<char> = config.names.given.chars().filter(|c| !c.is_whitespace()).collect();
        if surnames.is_empty() || given.is_empty() {
            return Err(ExampleError::description("names", "surnames and given-name characters are needed"));
        }
        Ok(Self { surnames, given, rates: config.rates.clone(), school_year: config.administered_on()?.year() })
    }

    /// The pupils of one class. `make_up` says whether the school has a make-up day.
    pub(super) fn class(&self, place: ClassPlace, size: u64, make_up: bool, rng: &mut ChaCha8Rng) -> Vec<Pupil> {
        let mut pupils: Vec<Pupil> = (1..=size).map(|number| self.pupil(place, number, make_up, rng)).collect();
        if pupils.len() >= 2 && rng.random_bool(self.rates.class_with_namesakes) {
            let second = rng.random_range(1..pupils.len());
            let name = pupils.get(rng.random_range(0..second)).map(|first| first.name.clone());
            if let (Some(name), Some(pupil)) = (name, pupils.get_mut(second)) {
                pupil.name = name;
            }
        }
        pupils
    }

    fn pupil(&self, place: ClassPlace, number: u64, make_up: bool, rng: &mut ChaCha8Rng) -> Pupil {
        let girl = !rng.random_bool(self.rates.male);
        let fate = self.fate(make_up, rng);
        let reason = rng.random_range(0..self.rates.scope_reasons.len().max(1));
        let reason = self.rates.scope_reasons.get(reason).filter(|_| fate == Fate::OutOfScope);
        Pupil {
            student_id: place.student_id(number),
            name: self.name(rng),
            girl,
            birth_date: self.birth_date(place.grade, rng),
            fate,
            scope_reason: reason.cloned().unwrap_or_default(),
        }
    }

    pub(super) fn fate(&self, make_up: bool, rng: &mut ChaCha8Rng) -> Fate {
        let rates = &self.rates;
        if rng.random_bool(rates.out_of_scope) {
            Fate::OutOfScope
        } else if rng.random_bool(rates.refused) {
            Fate::Refused
        } else if rng.random_bool(rates.withdrawn) {
            Fate::Withdrawn
        } else if rng.random_bool(rates.absent) {
            Fate::Absent
        } else if rng.random_bool(rates.unexplained) {
            Fate::Unexplained
        } else if make_up && rng.random_bool(rates.make_up) {
            Fate::MakeUp
        } else {
            Fate::Sat
        }
    }

    /// A surname and one or two characters.
    fn name(&self, rng: &mut ChaCha8Rng) -> String {
        let surname = rng.random_range(0..self.surnames.len());
        let mut name = self.surnames.get(surname).cloned().unwrap_or_default();
        let characters = if rng.random_bool(0.2) { 1 } else { 2 };
        for _ in 0..characters {
            let given = rng.random_range(0..self.given.len());
            name.extend(self.given.get(given));
        }
        name
    }

    /// School starts at six on 31 August: grade g of autumn Y is born from 1 September Y-g-6 to 31 August Y-g-5.
    fn birth_date(&self, grade: u8, rng: &mut ChaCha8Rng) -> Date {
        let overage = i16::from(rng.random_bool(self.rates.overage));
        let first = date(self.school_year.saturating_sub(i16::from(grade) + 6 + overage).max(1), 9, 1);
        first.saturating_add(rng.random_range(0..365_i64).days())
    }
}

/// How many pupils share their name with another of the class.
pub(super) fn namesakes(pupils: &[Pupil]) -> u64 {
    let mut counts: HashMap<&str, u64> = HashMap::new();
    for pupil in pupils {
        *counts.entry(&pupil.name).or_default() += 1;
    }
    counts.values().filter(|&&count| count > 1).sum()
}

/// An id as a pupil in a hurry types it; never the id of another pupil.
pub(super) fn mistyped(student_id: &str, rng: &mut ChaCha8Rng) -> String {
    match rng.random_range(0..3_u8) {
        0 => student_id.chars().take(student_id.chars().count().saturating_sub(1)).collect(),
        1 => student_id.replacen('0', "O", 1),
        _ => {
            let last: String = student_id.chars().last().into_iter().collect();
            format!("{student_id}{last}")
        }
    }
}
