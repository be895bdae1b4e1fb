//! Joins interviews with a policy.

use std::collections::BTreeSet;

use jiff::civil::Date;
use polars::prelude::{DataFrame, DataType, StringChunked};
use serde::Serialize;

use super::super::simulate::{SimulateError, Simulator};
use super::accuracy::{CannotSay, TestFigures, Tested, figures};
use super::interview::{Interview, Needs};
use super::tables::Tables;
use crate::disclosure::{DisclosureError, Rule, Shown};

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
    #[error("none of {0} interviews is of a pupil with a sheet in this wave; give the job of the same wave")]
    NoneMatches(usize),
    /// The results are not those of the simulator.
    #[error("the results have {results} pupils, the policy was run over {policy}; give those of one rehearsal")]
    Pupils {
        /// Rows of the results.
        results: usize,
        /// Pupils of the simulator.
        policy: usize,
    },
    /// The policy cannot be run.
    #[error(transparent)]
    Simulate(#[from] SimulateError),
    /// Small counts cannot be protected.
    #[error(transparent)]
    Disclosure(#[from] DisclosureError),
    /// The results cannot be read.
    #[error("the results cannot be read: {0}")]
    Frame(#[from] polars::error::PolarsError),
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
    /// The figures. Those that rest on interviews of a side are there only where the number of these may be shown.
    pub figures: TestFigures,
}

/// Accuracy in one group.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct GroupAccuracy {
    /// `grade` or `sex`.
    pub by: &'static str,
    /// Group; empty where it is not known.
    pub group: String,
    /// Being flagged, then each rule.
    pub tests: Vec<TestAccuracy>,
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
    /// Pupils with a sheet that counts.
    pub pupils: u64,
    /// Pupils with a sheet and a clear outcome.
    pub verified: u64,
    /// Pupils with interviews of which none has a clear outcome.
    pub unclear: u64,
    /// Interviewed pupils who have no sheet in this wave.
    pub unmatched: u64,
    /// Being flagged, then each rule in the order of the policy.
    pub tests: Vec<TestAccuracy>,
    /// The same by grade and by sex.
    pub groups: Vec<GroupAccuracy>,
    /// Schools.
    pub schools: Vec<SchoolYield>,
    /// The rule of suppression.
    pub rule: Rule,
}

/// One pupil.
pub(super) struct Row {
    pub(super) level: u8,
    /// By test.
    pub(super) positive: Vec<bool>,
    pub(super) need: Option<bool>,
    pub(super) grade: String,
    pub(super) sex: String,
    pub(super) school: String,
}

impl Row {
    fn grade(&self) -> &str {
        &self.grade
    }

    fn sex(&self) -> &str {
        &self.sex
    }
}

/// Evaluates a policy against interviews of the same wave. The last interview of a pupil with a clear outcome counts.
///
/// `simulator` and `results` come from one [`crate::screening::rehearse`].
///
/// # Errors
/// When interviews disagree or belong to another wave, or small counts cannot be protected.
pub fn evaluate(
    simulator: &Simulator,
    results: &DataFrame,
    interviews: &[Interview],
    rule: Rule,
) -> Result<Evaluation, EvaluateError> {
    let ids = student_ids(results, simulator)?;
    let needs = Needs::of(interviews)?;
    let from = simulator.flagged_from();
    let rules = &simulator.policy().definition().rules;
    let mut rows = Vec::new();
    let mut with_sheet = BTreeSet::new();
    for (pupil, level, holding) in simulator.detail()? {
        let id = ids.get(pupil).unwrap_or_default().trim();
        let (school, grade, sex) = simulator.person(pupil);
        let mut positive = vec![level >= from];
        positive.extend((0..rules.len()).map(|at| holding.contains(&at)));
        let grade = if grade == 0 { String::new() } else { format!("{grade:02}") };
        let (school, sex) = (school.to_owned(), sex.to_owned());
        rows.push(Row { level, positive, need: needs.known.get(id).copied(), grade, sex, school });
        with_sheet.insert(id);
    }
    let verified = rows.iter().filter(|row| row.need.is_some()).count() as u64;
    let all: BTreeSet<&str> = interviews.iter().map(|own| own.student_id.trim()).collect();
    let unmatched = all.iter().filter(|id| !with_sheet.contains(*id)).count() as u64;
    if unmatched == all.len() as u64 && !all.is_empty() {
        return Err(EvaluateError::NoneMatches(interviews.len()));
    }
    let tables = Tables::of(&rows, rules.len() + 1, rule)?;
    let names: Vec<Option<String>> =
        std::iter::once(None).chain(rules.iter().map(|rule| Some(rule.id.clone()))).collect();
    let every: Vec<&Row> = rows.iter().collect();
    let mut groups = Vec::new();
    for (by, of) in [("grade", Row::grade as fn(&Row) -> &str), ("sex", Row::sex)] {
        let known: BTreeSet<&str> = rows.iter().map(of).collect();
        for group in known {
            let own: Vec<&Row> = rows.iter().filter(|row| of(row) == group).collect();
            groups.push(GroupAccuracy {
                by,
                group: group.to_owned(),
                tests: tests(&own, &names, &tables, (by, group)),
            });
        }
    }
    Ok(Evaluation {
        policy: simulator.policy().citation(),
        pupils: rows.len() as u64,
        verified,
        unclear: needs.unclear.iter().filter(|id| with_sheet.contains(*id)).count() as u64,
        unmatched,
        tests: tests(&every, &names, &tables, ("all", "")),
        groups,
        schools: yields(&rows, &tables),
        rule,
    })
}

pub(super) fn student_ids(results: &DataFrame, simulator: &Simulator) -> Result<StringChunked, EvaluateError> {
    if results.height() != simulator.roster() {
        return Err(EvaluateError::Pupils { results: results.height(), policy: simulator.roster() });
    }
    let ids = results.column("student_id")?.as_materialized_series().cast(&DataType::String)?;
    Ok(ids.str()?.clone())
}

fn tests(
    rows: &[&Row],
    names: &[Option<String>],
    tables: &Tables,
    (axis, group): (&'static str, &str),
) -> Vec<TestAccuracy> {
    let test = |(at, rule): (usize, &Option<String>)| {
        let tested: Vec<Tested> = rows
            .iter()
            .map(|row| Tested { positive: row.positive.get(at) == Some(&true), need: row.need, level: row.level })
            .collect();
        let [positive, verified, verified_negative] = tables.test(axis, group, at);
        let free = |shown: Shown| shown.value().is_some();
        let found = figures(&tested);
        let few = TestFigures::none(CannotSay::TooFew);
        let any = |side: bool| tested.iter().any(|own| own.positive == side && own.need.is_some());
        let (above, below) = (free(verified) || !any(true), free(verified_negative) || !any(false));
        let figures = TestFigures {
            ppv: if above { found.ppv } else { few.ppv },
            npv: if below { found.npv } else { few.npv },
            sensitivity: if above && below { found.sensitivity } else { few.sensitivity },
            specificity: if above && below { found.specificity } else { few.specificity },
            uncorrected: found.uncorrected.filter(|_| above && below),
            joined: found.joined,
        };
        TestAccuracy { rule: rule.clone(), positive, verified, verified_negative, figures }
    };
    names.iter().enumerate().map(test).collect()
}

fn yields(rows: &[Row], tables: &Tables) -> Vec<SchoolYield> {
    let schools: BTreeSet<&str> = rows.iter().map(|row| row.school.as_str()).collect();
    let row = |school: &str| {
        let cell = |level: &str| tables.get("school", school, level);
        let (flagged, interviewed, in_need) = (cell("positive 0"), cell("interviewed"), cell("need"));
        SchoolYield { school: school.to_owned(), flagged, interviewed, in_need, share: in_need.share_of(interviewed) }
    };
    schools.into_iter().map(row).collect()
}
