//! What the rules of a plan need to know of a wave.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::check::{ReadyIndex, ReadyRule, ValidityCheck};
use super::error::ValidityError;
use super::facts::SheetFacts;
use super::run::Computed;
use super::{Answers, Gaps, Guttman, Mahalanobis, PairMoments, StepOrder, Synonyms};
use crate::instrument::Text;
use crate::texts::{Fill, say};

/// Sheets with a value below which no percentile is taken.
const FEWEST_FOR_A_PERCENTILE: usize = 100;

/// What was estimated from a wave: covariances, pairs of items, orders of steps, percentiles.
///
/// It can be stored and used later, for a single sheet or a small school: no wave can be judged by a handful of sheets.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct WaveReference {
    /// Instrument, as `id@version+hash`.
    pub instrument: String,
    /// Plan, as `id@version+hash`.
    pub plan: String,
    /// Number of sheets.
    pub sheets: usize,
    /// What each rule needs, by rule id.
    pub rules: BTreeMap<String, RuleReference>,
}

/// What one rule needs.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RuleReference {
    /// Of the index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<IndexReference>,
    /// The threshold that a percentile came to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut: Option<f64>,
    /// Why there is nothing: the rule stays silent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silent: Option<Text>,
}

/// What an index needs of a wave.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum IndexReference {
    /// Pairs of items.
    Pairs(Synonyms),
    /// Means and covariances.
    Moments(Moments),
    /// Orders of steps by scale.
    Steps(Vec<StepOrder>),
}

/// Means and covariances of items.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Moments {
    /// Positions of the items.
    pub items: Vec<usize>,
    /// Means.
    pub means: Vec<f64>,
    /// Covariances, row by row.
    pub covariance: Vec<f64>,
}

impl ValidityCheck {
    /// Estimates from a wave what the rules need. A rule for which the wave is too small or does not vary stays silent,
    /// with the reason.
    ///
    /// # Errors
    /// When the answers are to another form, or facts and answers differ in length.
    pub fn estimate(&self, answers: &Answers, facts: &SheetFacts) -> Result<WaveReference, ValidityError> {
        self.same_form(answers)?;
        let needs = |rule: &&ReadyRule| matches!(rule.index, ReadyIndex::Pairs { .. } | ReadyIndex::Mahalanobis { .. });
        let moments = self.rules.iter().find(needs).map(|_| PairMoments::of(answers, &answers.choices()));
        let mut reference = WaveReference {
            instrument: self.instrument.citation(),
            plan: self.plan.citation(),
            sheets: answers.rows(),
            rules: BTreeMap::new(),
        };
        for rule in &self.rules {
            let Some(definition) = self.plan.definition().rules.get(rule.at) else { continue };
            let percentile = definition.fires.and_then(|fires| fires.percentile);
            let mut own = RuleReference::default();
            match self.index_of_wave(rule, answers, moments.as_ref()) {
                Ok(index) => own.index = index,
                Err(error) => own.silent = Some(silent(&error)),
            }
            if let (Some(percentile), None) = (percentile, &own.silent)
                && let Computed::Column { column, .. } = rule.compute(answers, facts, own.index.as_ref())?
            {
                let known = column.values().iter().filter(|value| !value.is_nan()).count();
                if known >= FEWEST_FOR_A_PERCENTILE {
                    own.cut = column.quantile(percentile.to_f64() / 100.0);
                } else {
                    let (known, needed) = (known.to_string(), FEWEST_FOR_A_PERCENTILE.to_string());
                    let fills = [("sheets", Fill::Same(known.as_str())), ("needed", Fill::Same(&needed))];
                    own.silent = Some(say("validity-silent.percentile", &fills));
                }
            }
            if own != RuleReference::default() {
                reference.rules.insert(definition.id.clone(), own);
            }
        }
        Ok(reference)
    }

    fn index_of_wave(
        &self,
        rule: &ReadyRule,
        answers: &Answers,
        moments: Option<&PairMoments>,
    ) -> Result<Option<IndexReference>, ValidityError> {
        match (&rule.index, moments) {
            (ReadyIndex::Pairs { kind, critical }, Some(moments)) => {
                Ok(Some(IndexReference::Pairs(Synonyms::find(*kind, moments, *critical)?)))
            }
            (ReadyIndex::Mahalanobis { .. }, Some(moments)) => {
                let index = Mahalanobis::of_wave(moments, Gaps::Answered, |at| self.instrument.item_column(at))?;
                Ok(Some(IndexReference::Moments(Moments {
                    items: index.items().to_vec(),
                    means: index.means().to_vec(),
                    covariance: index.covariance(),
                })))
            }
            (ReadyIndex::Guttman { scales, .. }, _) => {
                Ok(Some(IndexReference::Steps(Guttman::of_wave(answers, scales)?.scales().to_vec())))
            }
            _ => Ok(None),
        }
    }

    /// The reference must be of this plan and this definition: positions would mean other items.
    pub(super) fn same_reference(&self, reference: &WaveReference) -> Result<(), ValidityError> {
        let (instrument, plan) = (self.instrument.citation(), self.plan.citation());
        if reference.instrument == instrument && reference.plan == plan {
            return Ok(());
        }
        Err(ValidityError::Reference {
            reference: format!("{} and the plan {}", reference.instrument, reference.plan),
            form: format!("{instrument} and the plan is {plan}"),
        })
    }

    pub(super) fn same_form(&self, answers: &Answers) -> Result<(), ValidityError> {
        let own = self.instrument.definition().items.iter().map(|item| item.id.as_str());
        if own.eq(answers.items().iter().map(super::AnswerItem::id)) {
            return Ok(());
        }
        let form = format!("another form of {} items", answers.items().len());
        Err(ValidityError::Reference { reference: self.instrument.citation(), form })
    }
}

/// Why a wave gives an index nothing to go by, in words.
fn silent(error: &ValidityError) -> Text {
    match error {
        ValidityError::TooFewSheets { sheets, needed, .. } => {
            let (sheets, needed) = (sheets.to_string(), needed.to_string());
            say("validity-silent.few-sheets", &[("sheets", Fill::Same(&sheets)), ("needed", Fill::Same(&needed))])
        }
        ValidityError::Singular { item } => say("validity-silent.singular", &[("item", Fill::Same(item))]),
        ValidityError::Unfit { index, .. } if *index == Guttman::KIND => say("validity-silent.no-order", &[]),
        _ => say("validity-silent.no-pairs", &[]),
    }
}
