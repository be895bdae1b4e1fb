//! Runs the rules of a plan over sheets, and combines them into a verdict.

use super::check::{ReadyIndex, ReadyRule, ValidityCheck};
use super::error::ValidityError;
use super::facts::SheetFacts;
use super::plan::DistanceMeasure;
use super::reference::{IndexReference, WaveReference};
use super::report::{RuleResult, SheetVerdict, ValidityReport};
use super::{Answers, Guttman, IndexColumn, Mahalanobis, MissingShare, ResponseTime, ResponseVariability};
use crate::instrument::expr::Comparison;
use crate::instrument::{Text, Verdict};
use crate::scoring::Sheet;
use crate::texts::say;

/// What came of an index.
pub(super) enum Computed {
    /// A value a sheet.
    Column { column: IndexColumn, partners: Vec<Option<usize>> },
    /// Nothing, for this reason.
    Silent(Text),
}

impl From<IndexColumn> for Computed {
    fn from(column: IndexColumn) -> Self {
        Self::Column { column, partners: Vec::new() }
    }
}

impl ReadyRule {
    /// The values of one index.
    pub(super) fn compute(
        &self,
        answers: &Answers,
        facts: &SheetFacts,
        reference: Option<&IndexReference>,
    ) -> Result<Computed, ValidityError> {
        let silent = |key: &str| Ok(Computed::Silent(say(key, &[])));
        Ok(match (&self.index, reference) {
            (ReadyIndex::MissingShare, _) => MissingShare.run(answers).into(),
            (ReadyIndex::LongString(index), _) => index.run(answers).into(),
            (ReadyIndex::Variability, _) => ResponseVariability.run(answers).into(),
            (ReadyIndex::EvenOdd(index), _) => index.run(answers).into(),
            (ReadyIndex::PersonFit(index), _) => index.run(answers).into(),
            (ReadyIndex::Pairs { .. }, Some(IndexReference::Pairs(pairs))) => pairs.run(answers).into(),
            (ReadyIndex::Mahalanobis { gaps, measure }, Some(IndexReference::Moments(moments))) => {
                let (items, means) = (moments.items.clone(), moments.means.clone());
                let index = Mahalanobis::new(items, means, &moments.covariance, *gaps)?;
                match measure {
                    DistanceMeasure::Probability => index.probability(answers).into(),
                    DistanceMeasure::Distance => index.distance(answers).into(),
                }
            }
            (ReadyIndex::Guttman { measure, .. }, Some(IndexReference::Steps(orders))) => {
                Guttman::new(orders.clone(), answers.items())?.run(answers, *measure).into()
            }
            (ReadyIndex::Pairs { .. } | ReadyIndex::Mahalanobis { .. } | ReadyIndex::Guttman { .. }, _) => {
                return silent("validity-silent.no-wave");
            }
            (ReadyIndex::ResponseTime, _) => match (&facts.durations, facts.questions) {
                (Some(durations), Some(questions)) => ResponseTime::new(questions)?.run(durations).into(),
                _ => return silent("validity-silent.no-time"),
            },
            (ReadyIndex::PageTime { index, columns }, _) => {
                let pages: Option<Vec<_>> = columns.iter().map(|column| facts.pages.get(column).cloned()).collect();
                match pages {
                    Some(pages) => index.run(&pages)?.into(),
                    None => return silent("validity-silent.no-pages"),
                }
            }
            (ReadyIndex::Neighbours(index), _) => match &facts.classes {
                Some(classes) => {
                    let found = index.run_between(answers, classes, facts.persons.as_deref())?;
                    Computed::Column { column: found.column, partners: found.partners }
                }
                None => return silent("validity-silent.no-class"),
            },
        })
    }
}

impl ValidityCheck {
    /// Judges sheets. Without a reference, rules that need a wave stay silent.
    ///
    /// A sheet is *invalid* when a rule that is enough alone says so, when a validity rule of the definition says so, or
    /// when the fired rules with the verdict `invalid` come from at least `min-invalid` groups. It is *doubtful* when a rule
    /// that is enough alone or a rule of the definition says so, or when the fired rules of either verdict come from at
    /// least `min-doubtful` groups. Only rules that surely fire count; nothing is taken away from the sheet, and its
    /// critical answers are told beside the verdict.
    ///
    /// # Errors
    /// When the answers are to another form, the reference is another one's, or facts and answers differ in length.
    pub fn run(
        &self,
        answers: &Answers,
        facts: &SheetFacts,
        reference: Option<&WaveReference>,
    ) -> Result<ValidityReport, ValidityError> {
        self.same_form(answers)?;
        reference.map_or(Ok(()), |reference| self.same_reference(reference))?;
        lengths(answers.rows(), facts)?;
        let mut results = Vec::with_capacity(self.rules.len());
        for rule in &self.rules {
            results.extend(self.result(rule, answers, facts, reference)?);
        }
        let verdicts = self.verdicts(answers.rows(), &results, facts);
        Ok(ValidityReport {
            plan: self.plan.clone(),
            instrument: self.instrument.clone(),
            results,
            own: facts.own.clone(),
            critical: facts.critical.clone(),
            verdicts,
        })
    }

    /// Judges one sheet.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn sheet(
        &self,
        sheet: &Sheet,
        facts: &SheetFacts,
        reference: Option<&WaveReference>,
    ) -> Result<ValidityReport, ValidityError> {
        self.run(&Answers::of_sheet(&self.instrument, sheet), facts, reference)
    }

    fn result(
        &self,
        rule: &ReadyRule,
        answers: &Answers,
        facts: &SheetFacts,
        reference: Option<&WaveReference>,
    ) -> Result<Option<RuleResult>, ValidityError> {
        let Some(definition) = self.plan.definition().rules.get(rule.at) else { return Ok(None) };
        let own = reference.and_then(|reference| reference.rules.get(&definition.id));
        let mut result = RuleResult {
            rule: rule.at,
            column: None,
            cut: definition.fires.and_then(|fires| fires.value).map(crate::stats::Decimal::to_f64),
            silent: own.and_then(|own| own.silent.clone()),
            partners: Vec::new(),
            fired: Vec::new(),
        };
        if definition.fires.is_some_and(|fires| fires.percentile.is_some()) {
            result.cut = own.and_then(|own| own.cut);
            if result.cut.is_none() && result.silent.is_none() {
                result.silent = Some(say("validity-silent.no-wave", &[]));
            }
        }
        // A rule with no threshold here may still show its value.
        match rule.compute(answers, facts, own.and_then(|own| own.index.as_ref()))? {
            Computed::Column { column, partners } => {
                let fires = definition.fires.zip(result.cut);
                result.fired =
                    column.values().iter().map(|value| state(*value, fires.map(|(f, c)| (f.op, c)))).collect();
                (result.column, result.partners) = (Some(column), partners);
            }
            Computed::Silent(why) => {
                result.silent.get_or_insert(why);
            }
        }
        Ok(Some(result))
    }

    fn verdicts(&self, rows: usize, results: &[RuleResult], facts: &SheetFacts) -> Vec<SheetVerdict> {
        let plan = self.plan.definition();
        let mut groups: Vec<&str> = Vec::new();
        let mut weights = Vec::with_capacity(results.len());
        for result in results {
            let Some(rule) = plan.rules.get(result.rule) else { continue };
            let Some(verdict) = rule.verdict else { continue };
            let name = rule.group.as_deref().unwrap_or(&rule.id);
            let group = groups.iter().position(|known| *known == name).unwrap_or_else(|| {
                groups.push(name);
                groups.len() - 1
            });
            weights.push((result, verdict, rule.alone, group));
        }
        let mut of_either = vec![false; groups.len()];
        let mut of_invalid = vec![false; groups.len()];
        let count = |marks: &[bool]| marks.iter().filter(|mark| **mark).count();
        (0..rows)
            .map(|row| {
                of_either.fill(false);
                of_invalid.fill(false);
                let mut alone: Option<Verdict> = None;
                for (result, verdict, enough, group) in &weights {
                    if result.fired.get(row) != Some(&FIRED) {
                        continue;
                    }
                    if let Some(mark) = of_either.get_mut(*group) {
                        *mark = true;
                    }
                    if let Some(mark) = of_invalid.get_mut(*group).filter(|_| *verdict == Verdict::Invalid) {
                        *mark = true;
                    }
                    alone = alone.max(enough.then_some(*verdict));
                }
                for rule in &facts.own {
                    let fired = rule.states.get(row).is_some_and(|state| state.is_yes());
                    alone = alone.max(fired.then_some(rule.verdict));
                }
                if alone == Some(Verdict::Invalid) || count(&of_invalid) >= usize::from(plan.min_invalid) {
                    SheetVerdict::Invalid
                } else if alone.is_some() || count(&of_either) >= usize::from(plan.min_doubtful) {
                    SheetVerdict::Doubtful
                } else {
                    SheetVerdict::Valid
                }
            })
            .collect()
    }
}

pub(super) const QUIET: u8 = 0;
pub(super) const FIRED: u8 = 1;
pub(super) const UNDECIDED: u8 = 2;

fn state(value: f64, fires: Option<(Comparison, f64)>) -> u8 {
    let Some((op, cut)) = fires else { return UNDECIDED };
    match value.partial_cmp(&cut) {
        None => UNDECIDED,
        Some(ordering) if op.holds(ordering) => FIRED,
        Some(_) => QUIET,
    }
}

/// Every fact must be there for every sheet.
fn lengths(rows: usize, facts: &SheetFacts) -> Result<(), ValidityError> {
    let refuse = |item: &str, found: usize| {
        if found == rows { Ok(()) } else { Err(ValidityError::Length { item: item.to_owned(), expected: rows, found }) }
    };
    facts.durations.as_ref().map_or(Ok(()), |durations| refuse("duration_s", durations.len()))?;
    facts.classes.as_ref().map_or(Ok(()), |classes| refuse("class", classes.len()))?;
    facts.persons.as_ref().map_or(Ok(()), |persons| refuse("student_id", persons.len()))?;
    facts.pages.iter().try_for_each(|(name, page)| refuse(name, page.len()))?;
    facts.own.iter().try_for_each(|rule| refuse(&rule.id, rule.states.len()))?;
    facts.critical.iter().try_for_each(|flag| refuse(&flag.id, flag.states.len()))
}
