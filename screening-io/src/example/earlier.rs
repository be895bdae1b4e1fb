//! The wave before: drawn class by class from the classes of the later wave, while those are written.
//!
//! A class sat it together in the grade below; the lowest grade of a school sat it as the highest grade of the school before
//! it in the list (the pupils of a junior school came from a primary school). Where no school follows, the highest grade has
//! left the district since, and is drawn anew. Everything is drawn from streams of its own: the later wave is the same with
//! and without it.

use std::path::{Path, PathBuf};

use jiff::civil::{Date, time};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::district::{Class, District, SatClass, count};
use super::error::ExampleError;
use super::form::Battery;
use super::latent::Person;
use super::people::{ClassPlace, Fate, Pupil};
use super::roster::Roster;
use super::summary::{AnswerFile, Summary};
use super::survey::SurveyWriter;

/// Added to the number of a school for its stream.
const STREAMS: u64 = 1 << 32;

/// A school of the wave before that is being written.
struct Open<'a> {
    school: u32,
    battery: &'a Battery,
    writer: SurveyWriter<'a>,
    file: String,
    sessions: u32,
}

/// Writes the wave before.
pub(super) struct EarlierWave<'a> {
    district: &'a District<'a>,
    schools: u32,
    first_day: Date,
    answers: PathBuf,
    roster: Roster,
    /// The school at hand, and the one before it until its highest grade has been written.
    own: Option<Open<'a>>,
    before: Option<Open<'a>>,
    rng: ChaCha8Rng,
    summary: Summary,
}

/// Folder of the wave before.
pub(super) fn folder(district: &District<'_>) -> PathBuf {
    district.params.out.join(&district.config.earlier.wave)
}

impl<'a> EarlierWave<'a> {
    pub(super) fn create(district: &'a District<'a>, schools: u32) -> Result<Self, ExampleError> {
        let answers = folder(district).join("answers");
        std::fs::create_dir_all(&answers).map_err(ExampleError::write(&answers))?;
        Ok(Self {
            district,
            schools,
            first_day: district.config.earlier_day()?,
            roster: Roster::create(&folder(district).join("roster.csv"))?,
            answers,
            own: None,
            before: None,
            rng: ChaCha8Rng::seed_from_u64(district.params.seed),
            summary: Summary::default(),
        })
    }

    /// The classes of a school follow.
    pub(super) fn enter(&mut self, school: u32, which: usize) -> Result<(), ExampleError> {
        let Some(battery) = self.district.batteries.get(which) else { return Ok(()) };
        self.rng = ChaCha8Rng::seed_from_u64(self.district.params.seed);
        self.rng.set_stream(STREAMS + u64::from(school) + 1);
        let digits = self.schools.to_string().len().max(2);
        let name = format!("school-{:0digits$}.{}", school + 1, battery.kind.file.extension());
        let path: &Path = &self.answers.join(&name);
        let created = self.first_day.to_datetime(time(8, 0, 0, 0));
        let writer = SurveyWriter::create(path, &self.district.config.survey, battery, created)?;
        self.before = self.own.take();
        self.own = Some(Open { school, battery, writer, file: format!("answers/{name}"), sessions: 0 });
        Ok(())
    }

    /// One class of the later wave.
    pub(super) fn class(&mut self, sat: &SatClass<'_>) -> Result<(), ExampleError> {
        let Some(grade) = sat.place.grade.checked_sub(1) else { return Ok(()) };
        let here = |open: &Open<'_>| (open.battery.kind.grades.from..=open.battery.kind.grades.to).contains(&grade);
        let open = [self.own.take(), self.before.take()];
        let [own, before] = open;
        let (mut own, mut before) = (own, before);
        let target = match (&mut own, &mut before) {
            (Some(open), _) if here(open) => Some(open),
            (_, Some(open)) if here(open) => Some(open),
            _ => None,
        };
        let written = match target {
            Some(open) => self.write(open, sat, grade),
            None => Ok(()),
        };
        (self.own, self.before) = (own, before);
        written
    }

    /// The school at hand has no more classes: the one before it is complete. `effects` and `size` are those of the school.
    pub(super) fn leave(&mut self, effects: &[f64], size: u64) -> Result<(), ExampleError> {
        if let Some(before) = self.before.take() {
            self.close(before)?;
        }
        let Some(mut own) = self.own.take() else { return Ok(()) };
        let next = (own.school as usize + 1).checked_rem(self.district.batteries.len()).unwrap_or(0);
        let followed = own.school + 1 < self.schools && next != 0;
        if followed {
            self.own = Some(own);
            return Ok(());
        }
        self.leavers(&mut own, effects, size)?;
        self.close(own)
    }

    /// The highest grade, which has left since.
    fn leavers(&mut self, open: &mut Open<'a>, effects: &[f64], size: u64) -> Result<(), ExampleError> {
        let top = open.battery.kind.grades.to;
        let places: Vec<(ClassPlace, u64)> = self.district.classes(open.battery, open.school, size).collect();
        for (place, size) in places.into_iter().filter(|(place, _)| place.grade == top) {
            // As if they were one grade on by now.
            let place = ClassPlace { grade: top + 1, ..place };
            let pupils = self.district.people.class(place, size, false, &mut self.rng);
            let effects = self.district.latent.class(effects, &mut self.rng);
            let traits = pupils.iter().map(|_| None).collect();
            self.write(open, &SatClass { place, pupils: &pupils, effects: &effects, traits }, top)?;
        }
        Ok(())
    }

    fn write(&mut self, open: &mut Open<'a>, sat: &SatClass<'_>, grade: u8) -> Result<(), ExampleError> {
        let district = self.district;
        let place = ClassPlace { school: open.school, grade, ..sat.place };
        let (battery, session) = (open.battery, open.sessions);
        let class = Class { battery, place, first_day: self.first_day, session, effects: sat.effects };
        open.sessions += 1;
        let mut pupils: Vec<Pupil> = Vec::with_capacity(sat.pupils.len());
        let mut sheets = Vec::new();
        for (pupil, traits) in sat.pupils.iter().zip(&sat.traits) {
            if self.rng.random_bool(district.config.earlier.moved_in) {
                continue;
            }
            let fate = district.people.fate(false, &mut self.rng);
            let scope_reason = match (fate, district.config.rates.scope_reasons.first()) {
                (Fate::OutOfScope, Some(reason)) => reason.clone(),
                _ => String::new(),
            };
            let pupil = Pupil { fate, scope_reason, ..pupil.clone() };
            if fate == Fate::Sat {
                let person = |grade| Person { grade, girl: pupil.girl };
                let (now, then) = (person(sat.place.grade), person(grade));
                let now_traits = match traits {
                    Some(traits) => traits.clone(),
                    None => district.latent.pupil(sat.effects, now, &mut self.rng),
                };
                let stability = district.config.earlier.stability;
                let latent = &district.latent;
                let then_traits = latent.at_other_wave(sat.effects, (now, then), &now_traits, stability, &mut self.rng);
                let again = |_: &mut ChaCha8Rng| then_traits.clone();
                let (rng, summary) = (&mut self.rng, &mut self.summary);
                district.sit_with(&class, &pupil, &then_traits, again, rng, &mut sheets, summary);
            }
            pupils.push(pupil);
        }
        count(&pupils, &mut self.summary);
        let name = district.school_name(open.school, battery);
        let class_name = district.config.district.class_name.replace("{n}", &place.class.to_string());
        self.roster.push(&name, grade, &class_name, &pupils)?;
        sheets.sort_by(|a, b| (a.submitted, &a.student_id).cmp(&(b.submitted, &b.student_id)));
        sheets.iter().try_for_each(|sheet| open.writer.push(sheet))
    }

    fn close(&mut self, open: Open<'a>) -> Result<(), ExampleError> {
        self.summary.schools += 1;
        let rows = open.writer.finish()?;
        self.summary.files.push(AnswerFile {
            file: open.file,
            battery: open.battery.kind.id.clone(),
            format: "survey",
            coding: Some(open.battery.kind.coding.id()),
            rows,
        });
        Ok(())
    }

    /// Completes the files and says what they hold.
    pub(super) fn finish(mut self) -> Result<Summary, ExampleError> {
        for open in [self.before.take(), self.own.take()].into_iter().flatten() {
            self.close(open)?;
        }
        self.roster.finish()?;
        let mut summary = self.summary;
        summary.sheets = summary.files.iter().map(|file| file.rows).sum();
        Ok(summary)
    }
}
