//! A range of thresholds: of one scale alone, or of one rule while the rest of the policy stays.

use std::collections::{BTreeMap, HashMap};

use polars::prelude::DataFrame;

use super::super::condition::Reference;
use super::expected::{Accuracy, Basis, Prevalence, expect, operating_point};
use super::simulator::{Change, Simulator};
use super::sweep_report::{SweepReport, SweepRow, accuracies};
use super::{Capacity, SimulateError};
use crate::disclosure::{Dimension, Population, ProtectedTable, Rule, Shown, TableSpec, Zeros, protect};
use crate::instrument::expr::Comparison;
use crate::instrument::{Direction, Instrument};

/// Most thresholds of a sweep.
const MOST: usize = 200;

/// Whose thresholds are tried.
#[derive(Debug, Clone)]
pub enum Swept<'a> {
    /// A scale alone, as if `scale op threshold` were the whole policy. Pupils with status `valid` and a score take part.
    Scale {
        /// Instrument of the scale.
        instrument: &'a Instrument,
        /// Scale.
        scale: Reference,
        /// Results of the wave, as [`crate::screening::screen`] gives them.
        results: &'a DataFrame,
        /// Stated prevalence; without it nothing is expected.
        prevalence: Option<Prevalence>,
        /// Only published figures of this region.
        region: Option<&'a str>,
    },
    /// A threshold of a policy: its other rules, critical answers and all that they flag stay as they are. All pupils with a
    /// sheet take part. Nothing is expected of it, since no study is about this policy.
    Policy {
        /// The policy.
        simulator: &'a Simulator,
        /// The threshold; its `value` is replaced by each of the range.
        change: Change,
    },
}

/// A range of thresholds to be tried.
#[derive(Debug, Clone)]
pub struct Sweep<'a> {
    /// Whose thresholds.
    pub swept: Swept<'a>,
    /// Thresholds.
    pub thresholds: Vec<f64>,
    /// Counsellors' hours.
    pub capacity: Option<&'a Capacity>,
    /// Suppression.
    pub rule: Rule,
}

/// One pupil of the sweep.
struct Pupil {
    school: String,
    grade: String,
    sex: String,
}

/// Who is flagged by which threshold.
struct Tried {
    pupils: Vec<Pupil>,
    without_score: u64,
    operator: Comparison,
    /// The thresholds, that which flags most first.
    thresholds: Vec<f64>,
    /// By threshold and pupil.
    flags: Vec<Vec<bool>>,
}

impl Sweep<'_> {
    /// Tries all thresholds.
    ///
    /// Accuracy is the one published for the very threshold; where several are, that with most people; where none is, the
    /// model of [`operating_point`] from the area with most people.
    ///
    /// # Errors
    /// When the range is empty or too long, a column or a threshold is missing, or small counts cannot be protected.
    pub fn run(&self) -> Result<SweepReport, SimulateError> {
        let mut thresholds = self.thresholds.clone();
        thresholds.sort_by(f64::total_cmp);
        thresholds.dedup();
        if thresholds.is_empty() || thresholds.len() > MOST || thresholds.iter().any(|value| !value.is_finite()) {
            let why = format!("{} thresholds; give between 1 and {MOST} numbers", thresholds.len());
            return Err(SimulateError::Range(why));
        }
        let tried = match &self.swept {
            Swept::Scale { instrument, scale, results, .. } => alone(instrument, scale, results, thresholds)?,
            Swept::Policy { simulator, change } => in_policy(simulator, change, thresholds)?,
        };
        let shown = self.shown(&tried)?;
        let mut rows = Vec::with_capacity(tried.thresholds.len());
        for (at, threshold) in tried.thresholds.iter().enumerate() {
            let flagged = shown.get(at).copied().unwrap_or(Shown::Withheld);
            rows.push(self.row(&tried, at, *threshold, flagged)?);
        }
        mark_pareto(&mut rows);
        // Whoever a stricter threshold flags the wider one flags too, so the first that fits also finds most.
        let chosen = rows.iter().position(|row| row.within_capacity == Some(true));
        let not_reached = chosen.map(|at| self.not_reached(&tried, at)).transpose()?;
        let (what, rule) = match &self.swept {
            Swept::Scale { scale, .. } => (scale.to_string(), None),
            Swept::Policy { change, .. } => (change.what.clone(), Some(change.rule.clone().unwrap_or_default())),
        };
        Ok(SweepReport {
            what,
            rule,
            operator: tried.operator,
            pupils: tried.pupils.len() as u64,
            without_score: tried.without_score,
            chosen: chosen.and_then(|at| tried.thresholds.get(at)).copied(),
            rows,
            not_reached,
        })
    }

    fn row(&self, tried: &Tried, at: usize, threshold: f64, flagged: Shown) -> Result<SweepRow, SimulateError> {
        let count = tried.flags.get(at).map_or(0, |flags| flags.iter().filter(|flag| **flag).count());
        let share = count as f64 / tried.pupils.len() as f64;
        let hours = self.capacity.and_then(|capacity| flagged.figure(capacity.hours_for(count as u64)));
        let within_capacity = self.capacity.map(|capacity| fits(capacity, tried, at));
        let accuracy = self.accuracy(tried.operator, threshold, flagged.figure(share));
        let expected = match (&accuracy, self.prevalence()) {
            (Some(accuracy), Some(prevalence)) => Some(expect(tried.pupils.len() as u64, prevalence, accuracy)?),
            _ => None,
        };
        let share = flagged.figure(share);
        Ok(SweepRow { threshold, flagged, share, hours, within_capacity, accuracy, expected, pareto: false })
    }

    fn prevalence(&self) -> Option<Prevalence> {
        match &self.swept {
            Swept::Scale { prevalence, .. } => *prevalence,
            Swept::Policy { .. } => None,
        }
    }

    /// Published for the threshold, or modelled from the share that it flags where that may be shown.
    fn accuracy(&self, operator: Comparison, threshold: f64, share: Option<f64>) -> Option<Accuracy> {
        let Swept::Scale { instrument, scale, region, prevalence, .. } = &self.swept else { return None };
        let (published, areas) = accuracies(instrument, &scale.part, operator, *region);
        let most = |a: &&Accuracy, b: &&Accuracy| a.n.cmp(&b.n);
        let own = published.iter().filter(|(cutoff, _)| *cutoff == threshold).map(|(_, own)| own).max_by(most);
        if let Some(own) = own {
            return Some(own.clone());
        }
        let area = areas.iter().max_by(most)?;
        let Basis::Binormal { auc, .. } = &area.basis else { return None };
        let (sensitivity, specificity) = operating_point(*auc, (*prevalence)?.value, share?)?;
        // The uncertainty of an area is not that of a share: no interval is made up for it.
        Some(Accuracy { sensitivity, specificity, n: None, basis: area.basis.clone() })
    }

    /// What may be shown of each count. All thresholds are groupings of the same pupils, so that no difference between two of them
    /// tells how many pupils lie between.
    fn shown(&self, tried: &Tried) -> Result<Vec<Shown>, SimulateError> {
        let thresholds = tried.thresholds.len();
        if tried.pupils.is_empty() {
            return Ok(vec![Shown::Small; thresholds]);
        }
        let names: Vec<String> = (0..thresholds).map(|at| format!("t{at}")).collect();
        let levels: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut people = Population::new(vec![Dimension::sensitive("score", &["pattern"]).grouped_by(&levels)]);
        let mut patterns: BTreeMap<Vec<bool>, u64> = BTreeMap::new();
        for pupil in 0..tried.pupils.len() {
            let pattern = tried.flags.iter().map(|flags| flags.get(pupil) == Some(&true)).collect();
            *patterns.entry(pattern).or_default() += 1;
        }
        let mut add = |pattern: &[bool], count: u64| {
            let own: String = pattern.iter().map(|flag| if *flag { '1' } else { '0' }).collect();
            let mut leaf = vec![own.as_str()];
            leaf.extend(pattern.iter().map(|flag| if *flag { "yes" } else { "no" }));
            people.add(&[&leaf], count)
        };
        // Nobody may be between two thresholds: the reader does not know.
        for step in 0..=thresholds {
            let pattern: Vec<bool> = (0..thresholds).map(|at| at < step).collect();
            add(&pattern, 0)?;
        }
        for (pattern, count) in &patterns {
            add(pattern, *count)?;
        }
        // The difference between two shown thresholds is a count too.
        let mut asked = vec!["all", "pattern"];
        asked.extend(&levels);
        // That nobody lies between two thresholds may be told: it is so wherever nobody has such a score.
        let rule = Rule { zeros: Zeros::Publish, ..self.rule };
        let release = protect(&people, &[TableSpec::new("sweep").axis("score", &asked)], rule)?;
        let cells: HashMap<&str, Shown> =
            release.tables.iter().flat_map(ProtectedTable::holding).map(|(_, level, shown)| (level, shown)).collect();
        Ok(levels.iter().map(|level| cells.get(level).copied().unwrap_or(Shown::Small)).collect())
    }

    fn not_reached(&self, tried: &Tried, chosen: usize) -> Result<Vec<ProtectedTable>, SimulateError> {
        let mut people = Population::new(vec![
            Dimension::known("grade", &["grade"]),
            Dimension::known("sex", &["sex"]),
            Dimension::sensitive("reached", &["reached"]),
        ]);
        for reached in ["not-flagged", "reached", "not-reached"] {
            people.declare(2, &[reached])?;
        }
        let flag = |at: usize, pupil: usize| tried.flags.get(at).and_then(|flags| flags.get(pupil)) == Some(&true);
        for (at, pupil) in tried.pupils.iter().enumerate() {
            let reached = match (flag(chosen, at), flag(0, at)) {
                (true, _) => "reached",
                (false, true) => "not-reached",
                (false, false) => "not-flagged",
            };
            people.add(&[&[&format!("{:0>2}", pupil.grade)], &[&pupil.sex], &[reached]], 1)?;
        }
        let table = |id: &str, dimension: &str| {
            TableSpec::new(id).axis(dimension, &["all", dimension]).axis("reached", &["all", "reached"])
        };
        Ok(protect(&people, &[table("grades", "grade"), table("sexes", "sex")], self.rule)?.tables)
    }
}

/// A scale by itself.
fn alone(
    instrument: &Instrument,
    scale: &Reference,
    results: &DataFrame,
    mut thresholds: Vec<f64>,
) -> Result<Tried, SimulateError> {
    let definition = instrument.definition();
    let direction = definition.scales.iter().find(|own| own.id == scale.part).map(|own| own.direction);
    let lower_flags = direction == Some(Direction::HigherBetter);
    if lower_flags {
        thresholds.reverse();
    }
    let (pupils, scores, without_score) = scored(scale, results)?;
    let flags = |threshold: &f64| -> Vec<bool> {
        scores.iter().map(|score| if lower_flags { score <= threshold } else { score >= threshold }).collect()
    };
    let flags = thresholds.iter().map(flags).collect();
    let operator = if lower_flags { Comparison::Le } else { Comparison::Ge };
    Ok(Tried { pupils, without_score, operator, thresholds, flags })
}

/// Pupils whose sheet is valid, and their scores.
fn scored(scale: &Reference, results: &DataFrame) -> Result<(Vec<Pupil>, Vec<f64>, u64), SimulateError> {
    use polars::prelude::DataType;
    let missing = |name: &str| SimulateError::NoColumn(name.to_owned());
    let name = scale.to_string();
    let column = results.column(&name).map_err(|_| missing(&name))?;
    if !column.dtype().is_primitive_numeric() {
        return Err(missing(&name));
    }
    let scores = column.as_materialized_series().cast(&DataType::Float64)?;
    let text = |name: &str| {
        let column = results.column(name).map_err(|_| missing(name))?;
        Ok::<_, SimulateError>(column.as_materialized_series().cast(&DataType::String)?.str()?.clone())
    };
    let (schools, grades, sexes, status) = (text("school")?, text("grade")?, text("sex")?, text("status")?);
    let (mut pupils, mut values, mut without) = (Vec::new(), Vec::new(), 0);
    for (row, score) in scores.f64()?.iter().enumerate() {
        if status.get(row) != Some("valid") {
            continue;
        }
        let Some(score) = score.filter(|score| !score.is_nan()) else {
            without += 1;
            continue;
        };
        let word = |column: &polars::prelude::StringChunked| column.get(row).unwrap_or_default().to_owned();
        pupils.push(Pupil { school: word(&schools), grade: word(&grades), sex: word(&sexes) });
        values.push(score);
    }
    Ok((pupils, values, without))
}

/// A threshold within a policy.
fn in_policy(simulator: &Simulator, change: &Change, thresholds: Vec<f64>) -> Result<Tried, SimulateError> {
    let from = simulator.flagged_from();
    let levels = |value: f64| simulator.levels(&[Change { value, ..change.clone() }]);
    let first = thresholds.first().copied().unwrap_or_default();
    let there: Vec<usize> =
        levels(first)?.iter().enumerate().filter(|(_, level)| level.is_some()).map(|(at, _)| at).collect();
    let person = |at: &usize| {
        let (school, grade, sex) = simulator.person(*at);
        let grade = if grade == 0 { String::new() } else { grade.to_string() };
        Pupil { school: school.to_owned(), grade, sex: sex.to_owned() }
    };
    let pupils = there.iter().map(person).collect();
    let mut tried: Vec<(f64, Vec<bool>)> = Vec::with_capacity(thresholds.len());
    for threshold in thresholds {
        let levels = levels(threshold)?;
        let flag = |at: &usize| levels.get(*at).copied().flatten().is_some_and(|level| level >= from);
        tried.push((threshold, there.iter().map(flag).collect()));
    }
    let known = simulator.thresholds();
    let fits = |own: &&super::Threshold| {
        own.what == change.what
            && change.rule.as_ref().is_none_or(|rule| *rule == own.rule)
            && change.from.is_none_or(|from| from == own.value)
    };
    let operator = known.iter().find(fits).map_or(Comparison::Ge, |own| own.op);
    // The one that flags most first; of equal ones the one nearer the start of the range.
    tried.sort_by_key(|(_, flags)| std::cmp::Reverse(flags.iter().filter(|flag| **flag).count()));
    let (thresholds, flags) = tried.into_iter().unzip();
    Ok(Tried { pupils, without_score: 0, operator, thresholds, flags })
}

/// Whether every school can hold its interviews: a counsellor does not work at another school.
fn fits(capacity: &Capacity, tried: &Tried, at: usize) -> bool {
    let mut by_school: HashMap<&str, u64> = HashMap::new();
    let flags = tried.flags.get(at).map_or(&[][..], Vec::as_slice);
    for (pupil, _) in tried.pupils.iter().zip(flags).filter(|(_, flag)| **flag) {
        *by_school.entry(&pupil.school).or_default() += 1;
    }
    by_school.into_iter().all(|(school, count)| count <= capacity.interviews(&[school]))
}

/// Marks rows that no other row beats in found and flagged together.
fn mark_pareto(rows: &mut [SweepRow]) {
    let points: Vec<Option<(f64, f64)>> =
        rows.iter().map(|row| Some((row.share?, row.expected.as_ref()?.true_positives.value))).collect();
    for (row, own) in rows.iter_mut().zip(&points) {
        let Some((share, found)) = own else { continue };
        let beats =
            |other: &(f64, f64)| other.0 <= *share && other.1 >= *found && (other.0 < *share || other.1 > *found);
        row.pareto = !points.iter().flatten().any(beats);
    }
}
