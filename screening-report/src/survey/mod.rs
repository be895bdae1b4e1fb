//! The survey report (调查报告) of a district and of a school, in the order of chapters that bureaus use.

mod basis;
mod change;
mod class;
mod distribution;
mod end;
mod evidence;
mod groups;
mod overall;
mod profile;
mod scales;
mod tests;
mod waterfall;

use jiff::civil::Date;
use rayon::prelude::*;
use screening_core::change::Outcome;
use screening_core::coverage::Status;
use screening_core::instrument::Text;

use crate::error::{ReportError, refuse};
use crate::figures::Counted;
use crate::model::Report;
use crate::released::{Counts, Group, release};
use crate::settings::Settings;
use crate::source::{Measure, Results, Value, places, texts};
use crate::words::both;
use crate::writer::Writer;

pub(crate) use basis::{due, grade_name};
use distribution::Spread;
pub use evidence::{EvidenceWave, evidence};
use profile::Profile;
use tests::Tests;

/// All counts of a wave after the one suppression step, ready for the reports of the district and of every school.
pub struct Survey<'a> {
    results: &'a Results,
    settings: &'a Settings,
    tiers: Counted<'a>,
    critical: Counted<'a>,
    scales: Vec<Counted<'a>>,
    changes: Vec<Changed<'a>>,
    tests: Tests,
    /// Why pupils have no valid sheet.
    reasons: Counts,
    days: (Date, Date),
    /// The rows of each school.
    by_school: Vec<Vec<usize>>,
    spreads: Vec<Spread>,
    profiles: Vec<Profile>,
    /// By instrument, the grades that answered it.
    grades: Vec<Vec<u8>>,
}

/// What changed on one scale since the wave before.
struct Changed<'a> {
    scale: &'a Measure,
    from_wave: String,
    /// Reliable change; none where no index could be computed.
    outcome: Option<Counted<'a>>,
}

/// Whom a report is about.
#[derive(Debug, Clone, Copy)]
struct Scope {
    school: Option<u32>,
}

impl Scope {
    fn all(self) -> Group {
        Group { school: self.school, ..Group::default() }
    }

    fn is_district(self) -> bool {
        self.school.is_none()
    }
}

impl<'a> Survey<'a> {
    /// Counts everything and decides what may be shown.
    ///
    /// # Errors
    /// When a column of the results is missing or holds words that policy and instruments do not have.
    pub fn of(results: &'a Results, settings: &'a Settings) -> Result<Self, ReportError> {
        let counted = |measure: &'a Measure, values: Vec<Option<u8>>| -> Result<Counted<'a>, ReportError> {
            let counts = release(&results.pupils, measure, &values, results.rule())?;
            Ok(Counted { measure, values, counts })
        };
        let tiers = counted(&results.tiers, results.pupils.tier.clone())?;
        let critical = counted(critical(), critical_values(results)?)?;
        let scales = results.scales.par_iter().map(|measure| counted(measure, results.values(measure)?));
        let scales: Vec<Counted<'a>> = scales.collect::<Result<_, _>>()?;
        let compared = results.summary.change.iter().flat_map(|change| &change.comparisons);
        let mut changes = Vec::new();
        for comparison in compared.filter(|own| own.to_wave == results.summary.wave.id) {
            let instrument = comparison.instrument.split('@').next().unwrap_or_default();
            let id = format!("{instrument}.{}", comparison.scale);
            let Some(scale) = results.scales.iter().find(|measure| measure.id == id) else { continue };
            let column = format!("{id}.change");
            let mut outcome = None;
            if results.frame.column(&column).is_ok() {
                let values = places(&results.frame, &column, &Outcome::ALL.map(Outcome::word))?;
                if values.iter().any(Option::is_some) {
                    outcome = Some(counted(outcomes(), values)?);
                }
            }
            changes.push(Changed { scale, from_wave: comparison.from_wave.clone(), outcome });
        }
        let tests = Tests::of(results, settings.level, &tiers, &scales)?;
        let reasons = release(&results.pupils, reasons(), &reason_values(results), results.rule())?;
        let instruments = &results.summary.provenance.instruments;
        let grades = instruments.iter().map(|fact| results.grades_of(&fact.id)).collect::<Result<_, _>>()?;
        let mut by_school = vec![Vec::new(); results.pupils.schools.len()];
        for (row, at) in results.pupils.school.iter().enumerate() {
            if let Some(rows) = by_school.get_mut(*at as usize) {
                rows.push(row);
            }
        }
        let spreads = Spread::all(results, &scales)?;
        let profiles = Profile::all(results, settings, &scales)?;
        Ok(Self {
            results,
            settings,
            tiers,
            critical,
            scales,
            changes,
            tests,
            reasons,
            days: results.days()?,
            by_school,
            spreads,
            profiles,
            grades,
        })
    }

    /// The rows of a scope.
    fn rows(&self, scope: Scope) -> Box<dyn Iterator<Item = usize> + '_> {
        match scope.school {
            None => Box::new(0..self.results.pupils.ids.len()),
            Some(school) => Box::new(self.by_school.get(school as usize).into_iter().flatten().copied()),
        }
    }

    /// The report of the district.
    ///
    /// # Errors
    /// When a column of the results has another type than results have.
    pub fn district(&self) -> Result<Report, ReportError> {
        self.report(Scope { school: None })
    }

    /// The report of one school.
    ///
    /// # Errors
    /// When there is no such school, and as [`Self::district`].
    pub fn school(&self, name: &str) -> Result<Report, ReportError> {
        self.report(Scope { school: Some(self.school_at(name)?) })
    }

    /// The place of a school.
    fn school_at(&self, name: &str) -> Result<u32, ReportError> {
        let schools = self.results.schools();
        let at = schools.iter().position(|school| school == name);
        let at = at.ok_or_else(|| refuse("school", &[("school", name), ("known", &schools.join(", "))]))?;
        Ok(at as u32)
    }

    fn report(&self, scope: Scope) -> Result<Report, ReportError> {
        let mut writer = Writer::new(self.settings.language, self.results.rule().threshold);
        let w = &mut writer;
        self.basis(w, scope);
        self.methods(w, scope);
        self.overall(w, scope);
        self.groups(w, scope);
        self.by_scale(w, scope)?;
        self.change(w, scope)?;
        self.follow_up(w, scope);
        self.limits(w, scope);
        self.conclusions(w);
        self.appendices(w, scope);
        let (title, subtitle) = self.title(w, scope);
        Ok(writer.finish(title, subtitle, "notice.survey", false))
    }

    fn title(&self, w: &Writer, scope: Scope) -> (String, Vec<String>) {
        let district = self.settings.district.as_ref().map(|text| w.pick(text).to_owned());
        let district = district.unwrap_or_else(|| w.say("title.this-district", &[]));
        let title = match self.school_name(scope) {
            None => w.say("title.district", &[("district", &district)]),
            Some(school) => w.say("title.school", &[("school", school)]),
        };
        let organisation = self.settings.organisation.as_ref().map(|text| w.pick(text).to_owned());
        let blank = || w.say("title.to-fill-in", &[]);
        let day = self.settings.date.map_or_else(blank, |date| date.to_string());
        let organisation = organisation.unwrap_or_else(blank);
        let wave = w.say("title.wave", &[("wave", self.results.wave())]);
        let signed = w.say("title.signed", &[("organisation", &organisation), ("date", &day)]);
        (title, vec![wave, signed])
    }

    fn school_name(&self, scope: Scope) -> Option<&str> {
        scope.school.and_then(|at| self.results.pupils.schools.get(at as usize)).map(String::as_str)
    }
}

/// Pupils with a critical answer beside those without.
fn critical() -> &'static Measure {
    static MEASURE: std::sync::LazyLock<Measure> = std::sync::LazyLock::new(|| {
        plain(
            "critical",
            vec![
                value("none", both("measure.critical-none", &[]), false),
                value("some", both("measure.critical-some", &[]), true),
            ],
        )
    });
    &MEASURE
}

/// Reliable change; a reliable worsening counts as raised.
fn outcomes() -> &'static Measure {
    static MEASURE: std::sync::LazyLock<Measure> = std::sync::LazyLock::new(|| {
        let values = Outcome::ALL.map(|own| value(own.word(), own.name(), own == Outcome::Deteriorated));
        plain("change", values.to_vec())
    });
    &MEASURE
}

/// Why pupils have no valid sheet.
fn reasons() -> &'static Measure {
    static MEASURE: std::sync::LazyLock<Measure> = std::sync::LazyLock::new(|| {
        let others = Status::ALL.into_iter().filter(|status| *status != Status::Valid);
        plain("status", others.map(|status| value(status.word(), status.name(), false)).collect())
    });
    &MEASURE
}

/// Place among the reasons: valid stands first in the order of statuses, and is none.
fn reason_values(results: &Results) -> Vec<Option<u8>> {
    results.pupils.status.iter().map(|status| status.checked_sub(1)).collect()
}

fn value(id: &str, name: Text, raised: bool) -> Value {
    Value { id: id.to_owned(), name, raised }
}

fn plain(id: &str, values: Vec<Value>) -> Measure {
    let name = both(&format!("measure.{id}"), &[]);
    Measure {
        id: id.to_owned(),
        instrument: String::new(),
        scale: name.clone(),
        name,
        values,
        direction: None,
        items: 0,
        cutoff: String::new(),
        source: String::new(),
        range: None,
        cuts: Vec::new(),
    }
}

/// Whether a pupil has a critical answer, of those with a sheet that counts or such an answer.
fn critical_values(results: &Results) -> Result<Vec<Option<u8>>, ReportError> {
    let listed = texts(&results.frame, "critical")?;
    let value = |(listed, tier): (&Option<String>, &Option<u8>)| match listed {
        Some(list) if !list.is_empty() => Some(1),
        _ => tier.map(|_| 0),
    };
    Ok(listed.iter().zip(&results.pupils.tier).map(value).collect())
}
