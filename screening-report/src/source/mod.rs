//! Results of a screening as a report needs them: from the folder of `screening run`, or straight from the engine.

mod columns;
mod measures;
mod norm;
mod summary;

use std::path::Path;

use indexmap::IndexMap;
use jiff::civil::Date;
use polars::prelude::*;
use screening_core::aggregates::{self, usable};
use screening_core::coverage::Status;
use screening_core::disclosure::Rule;
use screening_core::instrument::Library;
use screening_core::risk::Policy;
use screening_core::screening::ScreeningResult;
use screening_io::{IoError, Place, Problem, ReadOptions, read_file_bytes, read_wave};

pub(crate) use columns::{numbers, places, texts};
pub(crate) use measures::Person;
pub use measures::{Cuts, Measure, Value};
pub(crate) use measures::{RAISED, USUAL};
pub(crate) use norm::Norm;
use summary::ComparisonFact;
pub use summary::Summary;

use crate::error::{ReportError, refuse};

/// Results, and what they rest on. Names of pupils are not part of them.
#[derive(Debug, Clone)]
pub struct Results {
    pub(crate) summary: Summary,
    pub(crate) frame: DataFrame,
    pub(crate) policy: Policy,
    pub(crate) library: Library,
    pub(crate) pupils: Pupils,
    pub(crate) tiers: Measure,
    pub(crate) scales: Vec<Measure>,
}

/// The columns about pupils, row by row.
#[derive(Debug, Clone)]
pub(crate) struct Pupils {
    pub(crate) ids: Vec<String>,
    /// Names of the schools, in the order of their names.
    pub(crate) schools: Vec<String>,
    /// Place in `schools`.
    pub(crate) school: Vec<u32>,
    /// Grade; 0 where it is not known.
    pub(crate) grade: Vec<u8>,
    pub(crate) class: Vec<String>,
    /// 0 male, 1 female, 2 other, 3 not known.
    pub(crate) sex: Vec<u8>,
    /// Place in [`Status::ALL`].
    pub(crate) status: Vec<u8>,
    /// Place in the values of the tiers.
    pub(crate) tier: Vec<Option<u8>>,
    /// The same pupils as the counts know them.
    pub(crate) groups: aggregates::Pupils,
}

/// Sexes as the results name them; a fourth place stands for not known.
pub(crate) const SEXES: [&str; 3] = ["male", "female", "other"];

impl Results {
    /// Reads the folder that `screening run --out` wrote: `results.parquet` and `summary.json`.
    ///
    /// Without `policy` the bundled one that the results cite is used. Instruments come from `library`. All are held to the
    /// hashes that the results cite: texts of another version would be shown as if they were those of the results.
    ///
    /// # Errors
    /// When a file is missing or of another run than the other, or policy or instruments are not those of the results.
    pub fn read(folder: &Path, library: Library, policy: Option<Policy>) -> Result<Self, ReportError> {
        let wave = read_wave(folder)?;
        let path = folder.join("summary.json");
        let name = path.display().to_string();
        let bytes = read_file_bytes(&path, &ReadOptions::default())?;
        let broken = |cause: serde_json::Error| -> IoError {
            Problem::new("json-broken", Place::file(&name)).with("cause", cause).into()
        };
        let summary: Summary = serde_json::from_slice(&bytes).map_err(broken)?;
        if summary.wave.id != wave.id || Some(summary.wave.date) != wave.date {
            return Err(refuse("mixed", &[("what", &format!("{} / {}", summary.wave.id, wave.id))]));
        }
        Self::of(summary, wave.results, library, policy)
    }

    /// From what the engine gave, without files.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn from_screening(result: &ScreeningResult, library: Library, policy: Policy) -> Result<Self, ReportError> {
        let value = serde_json::to_value(&result.summary).map_err(ReportError::document)?;
        let summary = serde_json::from_value(value).map_err(ReportError::document)?;
        Self::of(summary, result.results.clone(), library, Some(policy))
    }

    fn of(summary: Summary, frame: DataFrame, library: Library, policy: Option<Policy>) -> Result<Self, ReportError> {
        let policy = the_policy(&summary, policy)?;
        let tiers = measures::tiers(&policy);
        let has = |name: &str| frame.column(name).is_ok();
        let mut scales = Vec::new();
        for fact in &summary.provenance.instruments {
            let found = library.get(&fact.id).filter(|instrument| instrument.citation() == fact.citation);
            let instrument = found.ok_or_else(|| refuse("instrument", &[("instrument", &fact.citation)]))?;
            scales.extend(measures::bands(instrument, fact, &has));
        }
        let pupils = Pupils::of(&frame, &tiers)?;
        let results = Self { summary, frame, policy, library, pupils, tiers, scales };
        results.check()?;
        Ok(results)
    }

    /// The two files tell the same counts.
    #[expect(clippy::naive_bytecount, reason = "places in a list, a few counts a report")]
    fn check(&self) -> Result<(), ReportError> {
        let statuses = Status::ALL.map(|status| (status.word().to_owned(), status.position() as u8));
        let counted = |place: u8| self.pupils.status.iter().filter(|own| **own == place).count() as u64;
        let enrolled = ("enrolled".to_owned(), self.pupils.ids.len() as u64);
        let found = statuses.map(|(word, place)| (word, counted(place)));
        for (word, count) in found.into_iter().chain([enrolled]) {
            if self.summary.coverage.get(&word).copied() != Some(count) {
                return Err(refuse("mixed", &[("what", &word)]));
            }
        }
        for (at, tier) in self.tiers.values.iter().enumerate() {
            let count = self.pupils.tier.iter().filter(|own| **own == Some(at as u8)).count() as u64;
            let told = self.summary.tiers.iter().find(|fact| fact.id == tier.id).map(|fact| fact.pupils);
            if told != Some(count) {
                return Err(refuse("mixed", &[("what", &tier.id)]));
            }
        }
        Ok(())
    }

    /// Wave id.
    pub fn wave(&self) -> &str {
        &self.summary.wave.id
    }

    /// Names of the schools, in their order.
    pub fn schools(&self) -> &[String] {
        &self.pupils.schools
    }

    /// Student ids, in the order of the roster.
    pub fn student_ids(&self) -> &[String] {
        &self.pupils.ids
    }

    /// First and last day of the sheets; the day of the wave where none is recorded.
    pub(crate) fn days(&self) -> Result<(Date, Date), ReportError> {
        let days = texts(&self.frame, "administered_on")?;
        let days = days.iter().flatten().filter_map(|day| day.get(..10)?.parse::<Date>().ok());
        let ends = days.fold(None, |ends: Option<(Date, Date)>, day| {
            Some(ends.map_or((day, day), |(first, last)| (first.min(day), last.max(day))))
        });
        Ok(ends.unwrap_or((self.summary.wave.date, self.summary.wave.date)))
    }

    /// For each pupil the place of the value of a scale, where the sheet can be interpreted.
    pub(crate) fn values(&self, measure: &Measure) -> Result<Vec<Option<u8>>, ReportError> {
        let words: Vec<&str> = measure.values.iter().map(|value| value.id.as_str()).collect();
        let mut values = places(&self.frame, &format!("{}.band", measure.id), &words)?;
        let usable = self.usable(&measure.instrument)?;
        values.iter_mut().zip(usable).filter(|(_, usable)| !usable).for_each(|(value, _)| *value = None);
        Ok(values)
    }

    /// For each pupil the score of a scale, NaN where there is none or the sheet cannot be interpreted.
    pub(crate) fn scores(&self, column: &str, instrument: &str) -> Result<Option<Vec<f64>>, ReportError> {
        let Some(mut scores) = numbers(&self.frame, column)? else { return Ok(None) };
        let usable = self.usable(instrument)?;
        scores.iter_mut().zip(usable).filter(|(_, usable)| !usable).for_each(|(score, _)| *score = f64::NAN);
        Ok(Some(scores))
    }

    /// For each pupil the T score of a scale, as [`Self::scores`]; none where the results have none.
    pub(crate) fn t_scores(&self, measure: &Measure) -> Result<Option<Vec<f64>>, ReportError> {
        for suffix in ["t", "t_normalised"] {
            if let Some(found) = self.scores(&format!("{}.{suffix}", measure.id), &measure.instrument)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Name of the school of each pupil.
    pub(crate) fn school_names(&self) -> Vec<&str> {
        let name = |at: &u32| self.pupils.schools.get(*at as usize).map_or("", String::as_str);
        self.pupils.school.iter().map(name).collect()
    }

    /// What a scale was compared on with the wave before.
    pub(crate) fn comparison(&self, measure: &Measure) -> Option<&ComparisonFact> {
        let of = |own: &&ComparisonFact| {
            let instrument = own.instrument.split('@').next().unwrap_or_default();
            own.to_wave == self.wave() && measure.id == format!("{instrument}.{}", own.scale)
        };
        self.summary.change.iter().flat_map(|change| &change.comparisons).find(of)
    }

    /// Whether other results have a scale by the same definition and cut-offs.
    pub(crate) fn same_key(&self, other: &Self, measure: &Measure) -> bool {
        let citation = |own: &Self| {
            let fact = own.summary.provenance.instruments.iter().find(|fact| fact.id == measure.instrument);
            fact.map(|fact| fact.citation.clone())
        };
        let cutoff = |own: &Self| own.scales.iter().find(|known| known.id == measure.id).map(|own| own.cutoff.clone());
        citation(self).is_some() && citation(self) == citation(other) && cutoff(self) == cutoff(other)
    }

    /// Whether the scores of an instrument may be interpreted, pupil by pupil.
    pub(crate) fn usable(&self, instrument: &str) -> Result<Vec<bool>, ReportError> {
        Ok(usable(&self.frame, instrument)?)
    }

    /// The rule of suppression of everything that is published or reported of the wave.
    pub fn rule(&self) -> Rule {
        self.summary.wave.suppression
    }

    /// Grades that answered an instrument, ascending.
    pub(crate) fn grades_of(&self, instrument: &str) -> Result<Vec<u8>, ReportError> {
        let mut asked = [false; 13];
        for measure in self.scales.iter().filter(|measure| measure.instrument == instrument) {
            let scores = numbers(&self.frame, &measure.id)?.unwrap_or_default();
            for (grade, _) in self.pupils.grade.iter().zip(&scores).filter(|(_, score)| score.is_finite()) {
                if let Some(slot) = asked.get_mut(usize::from(*grade)) {
                    *slot = true;
                }
            }
        }
        Ok((1..=12).filter(|grade| asked.get(usize::from(*grade)) == Some(&true)).collect())
    }
}

fn the_policy(summary: &Summary, given: Option<Policy>) -> Result<Policy, ReportError> {
    let cited = &summary.provenance.policy;
    let refused = |used: &str| refuse("policy", &[("cited", cited), ("given", used)]);
    let policy = match given {
        Some(policy) => policy,
        None => {
            let id = cited.split('@').next().unwrap_or_default();
            Policy::bundled(id).and_then(Result::ok).ok_or_else(|| refused("-"))?
        }
    };
    if policy.citation() == *cited { Ok(policy) } else { Err(refused(&policy.citation())) }
}

impl Pupils {
    fn of(frame: &DataFrame, tiers: &Measure) -> Result<Self, ReportError> {
        let plain = |name: &str| -> Result<Vec<String>, ReportError> {
            Ok(texts(frame, name)?.into_iter().map(Option::unwrap_or_default).collect())
        };
        let names = plain("school")?;
        let mut schools: IndexMap<String, ()> = names.iter().map(|name| (name.clone(), ())).collect();
        schools.sort_keys();
        let place = |name: &String| schools.get_index_of(name).map_or(0, |at| at as u32);
        let grade = |text: Option<String>| -> Result<u8, ReportError> {
            let Some(text) = text else { return Ok(0) };
            let known = text.parse().ok().filter(|grade| (1..=12).contains(grade));
            known.ok_or_else(|| refuse("word", &[("column", "grade"), ("value", &text)]))
        };
        let statuses = Status::ALL.map(Status::word);
        let status = places(frame, "status", &statuses)?;
        let missing = || refuse("word", &[("column", "status"), ("value", "")]);
        let words: Vec<&str> = tiers.values.iter().map(|value| value.id.as_str()).collect();
        let grades: Vec<u8> = texts(frame, "grade")?.into_iter().map(grade).collect::<Result<_, _>>()?;
        let sex: Vec<u8> = places(frame, "sex", &SEXES)?.into_iter().map(|sex| sex.unwrap_or(3)).collect();
        let mut groups = aggregates::Pupils::default();
        for ((school, grade), sex) in names.iter().zip(&grades).zip(&sex) {
            groups.push(school, (*grade > 0).then_some(*grade), SEXES.get(usize::from(*sex)).copied());
        }
        Ok(Self {
            ids: plain("student_id")?,
            school: names.iter().map(place).collect(),
            grade: grades,
            class: plain("class")?,
            sex,
            groups,
            status: status.into_iter().map(|status| status.ok_or_else(missing)).collect::<Result<_, _>>()?,
            tier: places(frame, "tier", &words)?,
            schools: schools.into_keys().collect(),
        })
    }
}
