//! Joins interviews with results.

use std::collections::{BTreeMap, HashMap};

use jiff::civil::Date;
use polars::prelude::DataFrame;
use serde::{Deserialize, Serialize};

use super::super::policy::Policy;
use super::super::simulate::{SimulateError, Simulator};
use super::{Corrected, Stratum, corrected};
use crate::disclosure::{Dimension, DisclosureError, Population, Rule, Shown, TableSpec, protect};
use crate::instrument::Library;

/// What an interview came to. Not a diagnosis: whether the pupil should get support.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum InterviewOutcome {
    /// Support is wanted.
    NeedsSupport,
    /// None is needed now.
    NoNeed,
    /// The interview left it open.
    CannotSay,
    /// It did not take place.
    NotHeld,
}

/// One interview.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interview {
    /// Pupil.
    pub student_id: String,
    /// Day.
    pub date: Date,
    /// Outcome.
    pub outcome: InterviewOutcome,
    /// Who held it, as a role.
    pub interviewer_role: String,
}

/// Why interviews cannot be evaluated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluateError {
    /// Two interviews of a pupil on one day that disagree.
    #[error("pupil `{student}` has two outcomes on {date}; keep the one that holds")]
    Disagree {
        /// Pupil.
        student: String,
        /// Day.
        date: Date,
    },
    /// No interview belongs to the wave.
    #[error("none of {0} interviews is of a pupil with a sheet in these results; give the results of the same wave")]
    NoneMatches(usize),
    /// The results cannot be used.
    #[error(transparent)]
    Results(#[from] SimulateError),
    /// Small counts cannot be protected.
    #[error(transparent)]
    Disclosure(#[from] DisclosureError),
}

/// Accuracy of a rule, or of being flagged at all.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct TestAccuracy {
    /// Rule; none for being flagged by the policy.
    pub rule: Option<String>,
    /// Pupils for whom it holds.
    pub positive: Shown,
    /// Interviewed among them, with a clear outcome.
    pub verified: Shown,
    /// Interviewed among the others.
    pub verified_negative: Shown,
    /// The figures; none where fewer than the threshold were interviewed, since they would tell of single pupils.
    pub accuracy: Option<Corrected>,
}

/// Accuracy of being flagged in one group.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct GroupAccuracy {
    /// `grade` or `sex`.
    pub by: &'static str,
    /// Group.
    pub group: String,
    /// Accuracy.
    pub accuracy: TestAccuracy,
}

/// Load and yield of a school, in the order of names.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SchoolYield {
    /// School.
    pub school: String,
    /// Flagged pupils.
    pub flagged: Shown,
    /// Interviews with a clear outcome.
    pub interviewed: Shown,
    /// Pupils in need of support.
    pub in_need: Shown,
    /// Share in need of those interviewed.
    pub share: Option<f64>,
}

/// How a policy did.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Evaluation {
    /// Policy.
    pub policy: String,
    /// Pupils with a sheet.
    pub pupils: u64,
    /// Interviews with a clear outcome, of pupils with a sheet.
    pub verified: u64,
    /// Interviews without a clear outcome.
    pub unclear: u64,
    /// Interviews of pupils who have no sheet in the results.
    pub unmatched: u64,
    /// Being flagged, then each rule in the order of the policy.
    pub tests: Vec<TestAccuracy>,
    /// Being flagged, by grade and by sex.
    pub groups: Vec<GroupAccuracy>,
    /// Schools.
    pub schools: Vec<SchoolYield>,
    /// The rule of suppression.
    pub rule: Rule,
}

/// One pupil.
struct Row {
    level: u8,
    flagged: bool,
    need: Option<bool>,
    grade: String,
    sex: String,
    school: String,
}

/// Evaluates a policy against interviews of the same wave. The last interview of a pupil with a clear outcome counts.
///
/// # Errors
/// When interviews disagree or belong to other results, or the results lack columns.
pub fn evaluate(
    policy: &Policy,
    library: &Library,
    results: &DataFrame,
    answers: Option<&DataFrame>,
    interviews: &[Interview],
    rule: Rule,
) -> Result<Evaluation, EvaluateError> {
    let simulator = Simulator::new(policy, library, results, answers)?;
    let levels = simulator.levels(&[])?;
    let holding = simulator.holding();
    let (needs, unclear) = outcomes(interviews)?;
    let text = |name: &str| simulator.text(results, name);
    let (ids, schools, grades, sexes) = (text("student_id")?, text("school")?, text("grade")?, text("sex")?);
    let flagged_from = simulator.first_flagged();
    let mut rows = Vec::new();
    let mut held = Vec::new();
    for (row, level) in levels.iter().enumerate() {
        let Some(level) = *level else { continue };
        let word = |list: &[String]| list.get(row).cloned().unwrap_or_default();
        let need = needs.get(word(&ids).trim()).copied();
        let flagged = level >= flagged_from;
        rows.push(Row { level, flagged, need, grade: word(&grades), sex: word(&sexes), school: word(&schools) });
        held.push(holding.get(row).map_or(&[][..], Vec::as_slice));
    }
    let verified = rows.iter().filter(|row| row.need.is_some()).count() as u64;
    if verified == 0 && !needs.is_empty() {
        return Err(EvaluateError::NoneMatches(interviews.len()));
    }
    let mut tests = vec![accuracy(None, rows.iter().map(|row| (row, row.flagged)), rule)];
    for (at, own) in policy.definition().rules.iter().enumerate() {
        let pairs = rows.iter().zip(&held).map(|(row, held)| (row, held.contains(&at)));
        tests.push(accuracy(Some(own.id.clone()), pairs, rule));
    }
    let mut groups = Vec::new();
    for (by, of) in
        [("grade", (|row: &Row| row.grade.clone()) as fn(&Row) -> String), ("sex", |row: &Row| row.sex.clone())]
    {
        let names: std::collections::BTreeSet<String> = rows.iter().map(of).collect();
        for group in names {
            let own = rows.iter().filter(|row| of(row) == group).map(|row| (row, row.flagged));
            let accuracy = accuracy(None, own, rule);
            groups.push(GroupAccuracy { by, group, accuracy });
        }
    }
    Ok(Evaluation {
        policy: policy.citation(),
        pupils: rows.len() as u64,
        verified,
        unclear,
        unmatched: needs.len() as u64 - verified,
        tests,
        groups,
        schools: yields(&rows, rule)?,
        rule,
    })
}

/// Need by pupil, from the last clear interview; and how many pupils have none that is clear.
fn outcomes(interviews: &[Interview]) -> Result<(HashMap<String, bool>, u64), EvaluateError> {
    let mut last: BTreeMap<&str, (Date, bool)> = BTreeMap::new();
    for own in interviews {
        let need = match own.outcome {
            InterviewOutcome::NeedsSupport => true,
            InterviewOutcome::NoNeed => false,
            InterviewOutcome::CannotSay | InterviewOutcome::NotHeld => continue,
        };
        let entry = last.entry(own.student_id.trim()).or_insert((own.date, need));
        if entry.0 == own.date && entry.1 != need {
            return Err(EvaluateError::Disagree { student: own.student_id.clone(), date: own.date });
        }
        if own.date > entry.0 {
            *entry = (own.date, need);
        }
    }
    let all: std::collections::BTreeSet<&str> = interviews.iter().map(|own| own.student_id.trim()).collect();
    let unclear = (all.len() - last.len()) as u64;
    Ok((last.into_iter().map(|(id, (_, need))| (id.to_owned(), need)).collect(), unclear))
}

fn accuracy<'a>(test: Option<String>, rows: impl Iterator<Item = (&'a Row, bool)>, rule: Rule) -> TestAccuracy {
    let mut strata: BTreeMap<(u8, bool), Stratum> = BTreeMap::new();
    for (row, positive) in rows {
        let start = Stratum { positive, pupils: 0, verified: 0, in_need: 0 };
        let stratum = strata.entry((row.level, positive)).or_insert(start);
        stratum.pupils += 1;
        stratum.verified += u64::from(row.need.is_some());
        stratum.in_need += u64::from(row.need == Some(true));
    }
    let strata: Vec<Stratum> = strata.into_values().collect();
    let threshold = u64::from(rule.threshold);
    let sum =
        |positive: bool, of: fn(&Stratum) -> u64| strata.iter().filter(|own| own.positive == positive).map(of).sum();
    let shown = |count: u64| if count < threshold { Shown::Small } else { Shown::Value(count) };
    let (positive, verified): (u64, u64) = (sum(true, |own| own.pupils), sum(true, |own| own.verified));
    let negative: u64 = sum(false, |own| own.verified);
    TestAccuracy {
        rule: test,
        positive: shown(positive),
        verified: shown(verified),
        verified_negative: shown(negative),
        accuracy: (verified >= threshold).then(|| corrected(&strata, 0.95)),
    }
}

fn yields(rows: &[Row], rule: Rule) -> Result<Vec<SchoolYield>, EvaluateError> {
    let mut people = Population::new(vec![
        Dimension::known("school", &["school"]),
        Dimension::sensitive("result", &["flagged", "interview", "need"]).grouped_by(&["interviewed", "outcome"]),
    ]);
    for row in rows {
        let flagged = if row.flagged { "yes" } else { "no" };
        let (interviewed, outcome) = match row.need {
            Some(true) => ("yes", "need"),
            Some(false) => ("yes", "none"),
            None => ("no", "not-asked"),
        };
        people.add(&[&[&row.school], &[flagged, interviewed, outcome, interviewed, outcome]], 1)?;
    }
    for flagged in ["yes", "no"] {
        for (interviewed, outcome) in [("yes", "need"), ("yes", "none"), ("no", "not-asked")] {
            people.declare(1, &[flagged, interviewed, outcome, interviewed, outcome])?;
        }
    }
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let spec = TableSpec::new("yield")
        .axis("school", &["all", "school"])
        .axis("result", &["all", "flagged", "interviewed", "outcome"]);
    let release = protect(&people, &[spec], rule)?;
    let schools: std::collections::BTreeSet<&str> = rows.iter().map(|row| row.school.as_str()).collect();
    let cell = |school: &str, level: &str, name: &str| {
        let cells = release.tables.first().into_iter().flat_map(|table| &table.cells);
        let own = |cell: &&crate::disclosure::CellView| {
            let at = |axis: usize, level: &str, name: &str| {
                cell.group
                    .get(axis)
                    .is_some_and(|(own, names)| own == level && names.last().is_some_and(|last| last == name))
            };
            at(0, "school", school) && at(1, level, name)
        };
        cells.into_iter().find(own).map_or(Shown::Withheld, |cell| cell.shown)
    };
    let row = |school: &str| {
        let (flagged, interviewed) = (cell(school, "flagged", "yes"), cell(school, "interviewed", "yes"));
        let in_need = cell(school, "outcome", "need");
        let share = in_need.share_of(interviewed);
        SchoolYield { school: school.to_owned(), flagged, interviewed, in_need, share }
    };
    Ok(schools.into_iter().map(row).collect())
}
