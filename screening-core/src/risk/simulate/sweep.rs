//! A range of thresholds of one scale.

use polars::prelude::DataFrame;
use serde::Serialize;

use super::super::condition::Reference;
use super::columns::{numbers, words};
use super::expected::{Accuracy, Basis, Expected, Prevalence, expect, operating_point};
use super::{Capacity, SimulateError};
use crate::disclosure::{Dimension, Population, ProtectedTable, Rule, Shown, TableSpec, protect};
use crate::instrument::{Direction, Instrument};

/// Most thresholds of a sweep.
const MOST: usize = 200;

/// A range of thresholds to be tried alone, as if `scale op threshold` were the whole policy.
#[derive(Debug, Clone)]
pub struct Sweep<'a> {
    /// Instrument of the scale.
    pub instrument: &'a Instrument,
    /// Scale.
    pub scale: Reference,
    /// Thresholds, from the one that flags most.
    pub thresholds: Vec<f64>,
    /// Stated prevalence; without it nothing is expected.
    pub prevalence: Option<Prevalence>,
    /// Counsellors' hours.
    pub capacity: Option<&'a Capacity>,
    /// Only published figures of this region.
    pub region: Option<&'a str>,
    /// Suppression.
    pub rule: Rule,
}

/// One threshold.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SweepRow {
    /// Threshold.
    pub threshold: f64,
    /// Pupils it flags.
    pub flagged: Shown,
    /// Their share.
    pub share: Option<f64>,
    /// Hours of interviews.
    pub hours: Option<f64>,
    /// Whether every school can hold its interviews.
    pub within_capacity: Option<bool>,
    /// Sensitivity and specificity, and where they come from.
    pub accuracy: Option<Accuracy>,
    /// What is to be expected.
    pub expected: Option<Expected>,
    /// No other threshold finds as many with fewer flagged, or more with as many.
    pub pareto: bool,
}

/// All thresholds.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SweepReport {
    /// Scale.
    pub scale: String,
    /// Operator, `>=` or `<=`.
    pub operator: &'static str,
    /// Pupils with a score.
    pub pupils: u64,
    /// Pupils without a score that can be interpreted: nothing is said about them.
    pub without_score: u64,
    /// The thresholds, the one that flags most first.
    pub rows: Vec<SweepRow>,
    /// The threshold that finds most within the hours of every school.
    pub chosen: Option<f64>,
    /// Pupils whom the widest threshold flags and the chosen one does not, by grade and sex: who is not reached for want of
    /// hours.
    pub not_reached: Option<Vec<ProtectedTable>>,
}

/// Published accuracies of a scale at stated cut-offs, and areas under the curve.
///
/// Only cut-offs written as `>= number` or `<= number` are taken.
pub fn accuracies(instrument: &Instrument, scale: &str, region: Option<&str>) -> (Vec<(f64, Accuracy)>, Vec<Accuracy>) {
    let definition = instrument.definition();
    let own = definition.accuracy.iter().filter(|own| own.scale == scale);
    let own = own.filter(|own| region.is_none_or(|region| own.region.as_deref() == Some(region)));
    let (mut at_cutoffs, mut areas) = (Vec::new(), Vec::new());
    for own in own {
        let cite = definition.sources.get(&own.source).map_or(own.source.clone(), |source| source.cite.clone());
        let cutoff =
            own.cutoff.as_deref().and_then(|text| text.trim_start_matches(['>', '<', '=', ' ']).trim().parse().ok());
        // A published range stands for its middle.
        let figure = |figure: Option<crate::instrument::model::Figure>| {
            figure.map(|figure| f64::midpoint(figure.lowest().to_f64(), figure.highest().to_f64()))
        };
        let (sensitivity, specificity) = (figure(own.sensitivity), figure(own.specificity));
        if let (Some(cutoff), Some(sensitivity), Some(specificity)) = (cutoff, sensitivity, specificity) {
            let basis = Basis::Published { population: own.population.clone(), source: cite.clone() };
            at_cutoffs.push((cutoff, Accuracy { sensitivity, specificity, n: own.n, basis }));
        }
        if let Some(auc) = figure(own.auc) {
            let basis = Basis::Binormal { auc, population: own.population.clone(), source: cite };
            areas.push(Accuracy { sensitivity: f64::NAN, specificity: f64::NAN, n: own.n, basis });
        }
    }
    (at_cutoffs, areas)
}

/// One pupil of the sweep.
struct Pupil {
    school: String,
    grade: String,
    sex: String,
    score: f64,
}

impl Sweep<'_> {
    /// Tries all thresholds over the results of a wave. Pupils with status `valid` and a score take part.
    ///
    /// Accuracy is the one published for the very threshold; where several are, that with most people; where none is, the
    /// model of [`operating_point`] from the area with most people.
    ///
    /// # Errors
    /// When the range is empty or too long, a column is missing, or small counts cannot be protected.
    pub fn run(&self, results: &DataFrame) -> Result<SweepReport, SimulateError> {
        let direction =
            self.instrument.definition().scales.iter().find(|own| own.id == self.scale.part).map(|own| own.direction);
        let lower_flags = direction == Some(Direction::HigherBetter);
        let mut thresholds = self.thresholds.clone();
        thresholds.sort_by(|a, b| if lower_flags { b.total_cmp(a) } else { a.total_cmp(b) });
        thresholds.dedup();
        if thresholds.is_empty() || thresholds.len() > MOST || thresholds.iter().any(|value| !value.is_finite()) {
            let why = format!("{} thresholds; give between 1 and {MOST} numbers", thresholds.len());
            return Err(SimulateError::Range(why));
        }
        let (pupils, without_score) = self.pupils(results)?;
        let flags = |score: f64, threshold: f64| if lower_flags { score <= threshold } else { score >= threshold };
        // How many of the thresholds each pupil reaches.
        let steps: Vec<usize> = pupils
            .iter()
            .map(|pupil| thresholds.iter().take_while(|threshold| flags(pupil.score, **threshold)).count())
            .collect();
        let shown = self.shown(&steps, thresholds.len())?;
        let accuracy = accuracies(self.instrument, &self.scale.part, self.region);
        let mut rows = Vec::with_capacity(thresholds.len());
        for (at, threshold) in thresholds.iter().enumerate() {
            let flagged = shown.get(at).copied().unwrap_or(Shown::Withheld);
            rows.push(self.row(*threshold, at, flagged, &pupils, &steps, &accuracy)?);
        }
        mark_pareto(&mut rows);
        let fitting = rows.iter().enumerate().filter(|(_, row)| row.within_capacity == Some(true));
        // Thresholds of one scale are nested: the one that flags most also finds most.
        let chosen = fitting.map(|(at, _)| at).next();
        let not_reached = match chosen {
            Some(at) => Some(self.not_reached(&pupils, &steps, at)?),
            None => None,
        };
        Ok(SweepReport {
            scale: self.scale.to_string(),
            operator: if lower_flags { "<=" } else { ">=" },
            pupils: pupils.len() as u64,
            without_score,
            chosen: chosen.and_then(|at| thresholds.get(at)).copied(),
            rows,
            not_reached,
        })
    }

    fn row(
        &self,
        threshold: f64,
        at: usize,
        flagged: Shown,
        pupils: &[Pupil],
        steps: &[usize],
        (published, areas): &(Vec<(f64, Accuracy)>, Vec<Accuracy>),
    ) -> Result<SweepRow, SimulateError> {
        let n = pupils.len() as f64;
        let count = steps.iter().filter(|step| **step > at).count();
        let most = |a: &&Accuracy, b: &&Accuracy| a.n.cmp(&b.n);
        let own = published.iter().filter(|(cutoff, _)| *cutoff == threshold).map(|(_, own)| own).max_by(most).cloned();
        let share = count as f64 / n;
        let modelled = || {
            let area = areas.iter().max_by(most)?;
            let Basis::Binormal { auc, .. } = &area.basis else { return None };
            let (sensitivity, specificity) = operating_point(*auc, self.prevalence?.value, share)?;
            // The uncertainty of an area is not that of a share: no interval is made up for it.
            Some(Accuracy { sensitivity, specificity, n: None, basis: area.basis.clone() })
        };
        let modelled = if own.is_none() && flagged.value().is_some() { modelled() } else { None };
        let accuracy = own.or(modelled);
        let expected = match (&accuracy, self.prevalence) {
            (Some(accuracy), Some(prevalence)) => Some(expect(pupils.len() as u64, prevalence, accuracy)?),
            _ => None,
        };
        let hours = self.capacity.and_then(|capacity| flagged.figure(capacity.hours_for(count as u64)));
        let within_capacity = self.capacity.map(|capacity| fits(capacity, pupils, steps, at));
        let share = flagged.figure(share);
        Ok(SweepRow { threshold, flagged, share, hours, within_capacity, accuracy, expected, pareto: false })
    }

    fn pupils(&self, results: &DataFrame) -> Result<(Vec<Pupil>, u64), SimulateError> {
        let missing = |name: &str| SimulateError::NoColumn(name.to_owned());
        let scale = self.scale.to_string();
        let scores = numbers(results, &scale)?.ok_or_else(|| missing(&scale))?;
        let text = |name: &str| -> Result<Vec<String>, SimulateError> {
            let column = words(results, name)?.ok_or_else(|| missing(name))?;
            Ok(column.iter().map(|word| word.unwrap_or_default().to_owned()).collect())
        };
        let (schools, grades, sexes) = (text("school")?, text("grade")?, text("sex")?);
        let status = text("status")?;
        let invalid = super::columns::invalid_rows(results, self.instrument)?;
        let mut pupils = Vec::new();
        let mut without = 0;
        for (row, score) in scores.iter().enumerate() {
            if status.get(row).is_none_or(|status| status != "valid") {
                continue;
            }
            if score.is_nan() || invalid.get(row) == Some(&true) {
                without += 1;
                continue;
            }
            let word = |list: &[String]| list.get(row).cloned().unwrap_or_default();
            pupils.push(Pupil { school: word(&schools), grade: word(&grades), sex: word(&sexes), score: *score });
        }
        Ok((pupils, without))
    }

    /// What may be shown of each count. All thresholds are groupings of the same pupils, so that no difference between two of them
    /// tells how many pupils have a score between.
    fn shown(&self, steps: &[usize], thresholds: usize) -> Result<Vec<Shown>, SimulateError> {
        let names: Vec<String> = (0..thresholds).map(|at| format!("t{at}")).collect();
        let levels: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut people = Population::new(vec![Dimension::sensitive("score", &["step"]).grouped_by(&levels)]);
        for step in 0..=thresholds {
            let count = steps.iter().filter(|own| **own == step).count() as u64;
            let own = step.to_string();
            let mut leaf = vec![own.as_str()];
            leaf.extend((0..thresholds).map(|at| if step > at { "yes" } else { "no" }));
            people.add(&[&leaf], count)?;
        }
        if steps.is_empty() {
            return Ok(vec![Shown::Value(0); thresholds]);
        }
        let mut asked = vec!["all"];
        asked.extend(&levels);
        let release = protect(&people, &[TableSpec::new("sweep").axis("score", &asked)], self.rule)?;
        let table = release.tables.first();
        let of = |level: &&str| {
            let cell = table.and_then(|table| {
                table
                    .cells
                    .iter()
                    .find(|cell| cell.group.first().is_some_and(|(own, names)| own == level && names == &["yes"]))
            });
            cell.map_or(Shown::Withheld, |cell| cell.shown)
        };
        Ok(levels.iter().map(of).collect())
    }

    fn not_reached(
        &self,
        pupils: &[Pupil],
        steps: &[usize],
        chosen: usize,
    ) -> Result<Vec<ProtectedTable>, SimulateError> {
        let mut people = Population::new(vec![
            Dimension::known("grade", &["grade"]),
            Dimension::known("sex", &["sex"]),
            Dimension::sensitive("reached", &["reached"]),
        ]);
        for (pupil, step) in pupils.iter().zip(steps) {
            let reached = match step {
                0 => "not-flagged",
                step if *step > chosen => "reached",
                _ => "not-reached",
            };
            people.add(&[&[&format!("{:0>2}", pupil.grade)], &[&pupil.sex], &[reached]], 1)?;
        }
        let table = |id: &str, dimension: &str| {
            TableSpec::new(id).axis(dimension, &["all", dimension]).axis("reached", &["all", "reached"])
        };
        Ok(protect(&people, &[table("grades", "grade"), table("sexes", "sex")], self.rule)?.tables)
    }
}

/// Whether every school can hold its interviews.
fn fits(capacity: &Capacity, pupils: &[Pupil], steps: &[usize], at: usize) -> bool {
    let mut by_school: std::collections::HashMap<&str, u64> = std::collections::HashMap::new();
    for (pupil, _) in pupils.iter().zip(steps).filter(|(_, step)| **step > at) {
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
