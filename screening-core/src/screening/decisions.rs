//! Decisions of named persons, recorded beside the proposals and never over them.

use std::collections::HashMap;
use std::sync::LazyLock;

use indexmap::IndexMap;
use jiff::civil::Date;
use polars::prelude::*;
use serde::Serialize;

use crate::instrument::Text;
use crate::risk::{Policy, RecordPlace};
use crate::texts::{Fill, say};

use super::error::ScreeningError;
use super::people::day_of;
use super::result::{Rejection, RejectionKind, ScreeningResult, SheetPlace};

static REASONS: LazyLock<IndexMap<String, Text>> = LazyLock::new(|| {
    // A broken resource is excluded by a test; at run time every reason is then unknown and refused.
    toml::from_str(include_str!("../../resources/decisions.toml")).unwrap_or_default()
});

/// Why a person decides so: codes with their names.
///
/// ```
/// assert!(screening_core::screening::decision_reasons().contains_key("as-proposed"));
/// ```
pub fn decision_reasons() -> &'static IndexMap<String, Text> {
    &REASONS
}

/// What one person decided about one pupil.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// Student id.
    pub student_id: String,
    /// Who decided: the name of a member of staff, or a code for it.
    pub decided_by: String,
    /// When.
    pub decided_on: Date,
    /// The tier that was decided, an id of the policy.
    pub tier: String,
    /// Why, a code of [`decision_reasons`].
    pub reason: String,
    /// Where it came from.
    #[serde(skip)]
    pub place: RecordPlace,
}

/// A decision with the pupil it is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PupilDecision {
    /// Row of [`ScreeningResult::results`].
    pub pupil: usize,
    /// The decision.
    #[serde(flatten)]
    pub decision: Decision,
    /// Whether it is the one that stands: the latest, and of one day the last of the file.
    pub stands: bool,
}

/// Proposals and decisions beside each other, of the pupils about whom somebody decided.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Agreement {
    /// Pupils about whom somebody decided: `same + higher + lower + without_proposal`.
    pub decided: u32,
    /// The tier that was proposed was decided.
    pub same: u32,
    /// A more urgent one was.
    pub higher: u32,
    /// A less urgent one was.
    pub lower: u32,
    /// No tier was proposed: no sheet counts, and nothing else is known.
    pub without_proposal: u32,
    /// Pupils above the unflagged tier about whom nobody has decided yet.
    pub open: u32,
    /// Share of the same among those with a proposal; none without any.
    pub share_same: Option<f64>,
    /// Pupils by proposed and decided tier, the most urgent first; cells without a pupil are left out.
    pub cells: Vec<AgreementCell>,
}

/// One cell of the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AgreementCell {
    /// Proposed tier; none where nothing was proposed.
    pub proposed: Option<String>,
    /// Decided tier.
    pub decided: String,
    /// Pupils.
    pub pupils: u32,
}

impl ScreeningResult {
    /// Records decisions beside the proposals: the columns `decided_tier`, `decided_by`, `decided_on` and `decision_reason`, the
    /// list [`ScreeningResult::decisions`] and the table [`super::Summary::agreement`]. No proposal changes. Of several
    /// decisions about a pupil the latest stands, and all are kept in the list.
    ///
    /// Decisions about nobody on the roster, and decisions dated before the wave, are listed in
    /// [`ScreeningResult::rejected`].
    ///
    /// # Errors
    /// When decisions were recorded already, `policy` is not that of the result, a tier or a reason is not known, or nobody is
    /// named as the one who decided.
    pub fn record_decisions(&mut self, decisions: &[Decision], policy: &Policy) -> Result<(), ScreeningError> {
        if self.summary.agreement.is_some() {
            return Err(ScreeningError::DecidedTwice);
        }
        let (used, given) = (self.summary.provenance.policy.clone(), policy.citation());
        if used != given {
            return Err(ScreeningError::DecisionPolicy { used, given });
        }
        for decision in decisions {
            check(decision, policy)?;
        }
        let ids = self.results.column("student_id")?.str()?.clone();
        let rows: HashMap<&str, usize> = ids.iter().enumerate().filter_map(|(row, id)| Some((id?, row))).collect();
        let mut list: Vec<PupilDecision> = Vec::new();
        for decision in decisions {
            let id = decision.student_id.trim();
            match rows.get(id) {
                None => self.rejected.push(rejection(decision, "decision-unknown-pupil", "student_id", id)),
                Some(_) if decision.decided_on < self.summary.wave.date => {
                    let day = decision.decided_on.to_string();
                    self.rejected.push(rejection(decision, "decision-before-wave", "decided_on", &day));
                }
                Some(row) => list.push(PupilDecision { pupil: *row, decision: decision.clone(), stands: false }),
            }
        }
        // Stable: decisions of one day stay in the order of the file.
        list.sort_by_key(|entry| (entry.pupil, entry.decision.decided_on));
        let last: Vec<bool> = (0..list.len())
            .map(|at| list.get(at).map(|entry| entry.pupil) != list.get(at + 1).map(|entry| entry.pupil))
            .collect();
        list.iter_mut().zip(last).for_each(|(entry, last)| entry.stands = last);
        let columns = columns(&list, self.results.height())?;
        self.results.hstack_mut(&columns)?;
        self.summary.agreement = Some(self.agreement(&list, policy)?);
        self.decisions = list;
        Ok(())
    }

    fn agreement(&self, list: &[PupilDecision], policy: &Policy) -> Result<Agreement, ScreeningError> {
        let tiers = self.results.column("tier")?.cast(&DataType::String)?;
        let proposed = tiers.str()?;
        let severity = |id: &str| policy.tier(id).map(|tier| tier.severity);
        let mut table = Agreement {
            decided: 0,
            same: 0,
            higher: 0,
            lower: 0,
            without_proposal: 0,
            open: 0,
            share_same: None,
            cells: Vec::new(),
        };
        let mut counts: HashMap<(Option<&str>, &str), u32> = HashMap::new();
        let mut decided = vec![false; self.results.height()];
        for entry in list.iter().filter(|entry| entry.stands) {
            let own = proposed.get(entry.pupil);
            table.decided += 1;
            *counts.entry((own, entry.decision.tier.as_str())).or_default() += 1;
            *match own.map(|own| severity(&entry.decision.tier).cmp(&severity(own))) {
                None => &mut table.without_proposal,
                Some(std::cmp::Ordering::Equal) => &mut table.same,
                Some(std::cmp::Ordering::Greater) => &mut table.higher,
                Some(std::cmp::Ordering::Less) => &mut table.lower,
            } += 1;
            if let Some(mark) = decided.get_mut(entry.pupil) {
                *mark = true;
            }
        }
        let unflagged = policy.definition().unflagged_tier.as_str();
        let open = proposed
            .iter()
            .zip(&decided)
            .filter(|(tier, decided)| !**decided && tier.is_some_and(|tier| tier != unflagged));
        table.open = open.count() as u32;
        let compared = table.decided - table.without_proposal;
        table.share_same = (compared > 0).then(|| f64::from(table.same) / f64::from(compared));
        let order: Vec<Option<&str>> = policy.tiers().map(|tier| Some(tier.id.as_str())).chain([None]).collect();
        for own in order {
            for tier in policy.tiers() {
                if let Some(pupils) = counts.get(&(own, tier.id.as_str())) {
                    table.cells.push(AgreementCell {
                        proposed: own.map(str::to_owned),
                        decided: tier.id.clone(),
                        pupils: *pupils,
                    });
                }
            }
        }
        Ok(table)
    }
}

fn check(decision: &Decision, policy: &Policy) -> Result<(), ScreeningError> {
    let file = if decision.place.file.is_empty() { "decisions" } else { decision.place.file.as_str() };
    let refuse =
        |why: String| Err(ScreeningError::Decision { place: format!("{file}, row {}", decision.place.row), why });
    if decision.decided_by.trim().is_empty() {
        return refuse(
            "nobody is named in `decided_by`; a decision is that of a person: write the name or a code".into(),
        );
    }
    if policy.tier(&decision.tier).is_none() {
        let known: Vec<&str> = policy.tiers().map(|tier| tier.id.as_str()).collect();
        return refuse(format!("`{}` is no tier of the policy; use one of {}", decision.tier, known.join(", ")));
    }
    if !REASONS.contains_key(&decision.reason) {
        let known: Vec<&str> = REASONS.keys().map(String::as_str).collect();
        return refuse(format!("`{}` is no reason; use one of {}", decision.reason, known.join(", ")));
    }
    Ok(())
}

fn rejection(decision: &Decision, reason: &'static str, column: &str, value: &str) -> Rejection {
    Rejection {
        kind: RejectionKind::Record,
        place: SheetPlace { battery: String::new(), file: decision.place.file.clone(), row: decision.place.row },
        column: column.to_owned(),
        value: value.to_owned(),
        reason,
        text: say(&format!("rejected.{reason}"), &[("value", Fill::Same(value))]),
    }
}

fn columns(list: &[PupilDecision], rows: usize) -> Result<Vec<Column>, ScreeningError> {
    let mut of: Vec<Option<&Decision>> = vec![None; rows];
    for entry in list.iter().filter(|entry| entry.stands) {
        if let Some(slot) = of.get_mut(entry.pupil) {
            *slot = Some(&entry.decision);
        }
    }
    let texts = |name: &str, get: fn(&Decision) -> &str| {
        let texts: StringChunked = of.iter().map(|decision| decision.map(get)).collect();
        texts.with_name(name.into()).into_column()
    };
    let days: Int32Chunked = of.iter().map(|decision| decision.map(|decision| day_of(decision.decided_on))).collect();
    Ok(vec![
        texts("decided_tier", |decision| &decision.tier),
        texts("decided_by", |decision| decision.decided_by.trim()),
        days.with_name("decided_on".into()).into_series().cast(&DataType::Date)?.into_column(),
        texts("decision_reason", |decision| &decision.reason),
    ])
}
