//! Two policies over the same wave: who changes tier, and why.

use std::collections::BTreeMap;

use polars::prelude::DataFrame;
use serde::Serialize;

use super::super::policy::Policy;
use super::super::simulate::Simulator;
use super::EvaluateError;
use crate::disclosure::{Dimension, Population, ProtectedTable, Rule, Shown, TableSpec, protect};
use crate::instrument::Library;

/// Pupils who go from one tier to another, and the rules that do it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Move {
    /// Tier under the first policy.
    pub from: String,
    /// Tier under the second.
    pub to: String,
    /// Pupils.
    pub pupils: Shown,
    /// Rules of the second policy that propose the new tier, with the pupils among these.
    pub by: Vec<(String, Shown)>,
    /// Rules of the first policy that proposed the old tier.
    pub no_longer_by: Vec<(String, Shown)>,
}

/// Two policies over the same wave.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct PolicyComparison {
    /// First policy.
    pub first: String,
    /// Second policy.
    pub second: String,
    /// Pupils by tier under both, as they may be shown.
    pub table: ProtectedTable,
    /// Pupils whose tier differs, in the order of the tiers of the first policy.
    pub moves: Vec<Move>,
}

/// Compares two policies over the same results.
///
/// # Errors
/// When the results lack columns, or small counts cannot be protected.
pub fn compare_policies(
    first: &Policy,
    second: &Policy,
    library: &Library,
    results: &DataFrame,
    answers: Option<&DataFrame>,
    rule: Rule,
) -> Result<PolicyComparison, EvaluateError> {
    let (one, other) =
        (Simulator::new(first, library, results, answers)?, Simulator::new(second, library, results, answers)?);
    let (before, after) = (one.levels(&[])?, other.levels(&[])?);
    let (held_before, held_after) = (one.holding(), other.holding());
    let (tiers_before, tiers_after) = (one.tier_ids(), other.tier_ids());
    let name = |tiers: &[String], level: u8| tiers.get(usize::from(level)).cloned().unwrap_or_default();
    let mut people =
        Population::new(vec![Dimension::sensitive("first", &["tier"]), Dimension::sensitive("second", &["tier"])]);
    for tier in &tiers_before {
        people.declare(0, &[tier])?;
    }
    for tier in &tiers_after {
        people.declare(1, &[tier])?;
    }
    let mut rules: BTreeMap<(u8, u8), (BTreeMap<usize, u64>, BTreeMap<usize, u64>)> = BTreeMap::new();
    for (row, pair) in before.iter().zip(&after).enumerate() {
        let (Some(from), Some(to)) = pair else { continue };
        people.add(&[&[&name(&tiers_before, *from)], &[&name(&tiers_after, *to)]], 1)?;
        if name(&tiers_before, *from) != name(&tiers_after, *to) {
            let (by, no_longer) = rules.entry((*from, *to)).or_default();
            let count = |held: &[Vec<usize>], policy: &Policy, tier: &str, into: &mut BTreeMap<usize, u64>| {
                for at in held.get(row).into_iter().flatten() {
                    if policy.definition().rules.get(*at).is_some_and(|own| own.tier.as_deref() == Some(tier)) {
                        *into.entry(*at).or_default() += 1;
                    }
                }
            };
            count(&held_after, second, &name(&tiers_after, *to), by);
            count(&held_before, first, &name(&tiers_before, *from), no_longer);
        }
    }
    let spec = TableSpec::new("tiers").axis("first", &["all", "tier"]).axis("second", &["all", "tier"]);
    let table = protect(&people, &[spec], rule)?.tables.into_iter().next();
    let table = table.unwrap_or_else(|| ProtectedTable { spec: TableSpec::new("tiers"), cells: Vec::new() });
    let moves = rules.into_iter().map(|((from, to), (by, no_longer))| {
        let (from, to) = (name(&tiers_before, from), name(&tiers_after, to));
        let pupils = table.get(&[&[&from], &[&to]]).unwrap_or(Shown::Withheld);
        // The rules of a move tell its pupils apart, so they are named only where their number may be told.
        let tell = |policy: &Policy, counts: BTreeMap<usize, u64>| -> Vec<(String, Shown)> {
            let own = |(at, count): (usize, u64)| {
                let id = policy.definition().rules.get(at)?.id.clone();
                let whole = pupils.value()?;
                let threshold = u64::from(rule.threshold);
                let few = count < threshold;
                let rest = whole.saturating_sub(count);
                let shown = if few {
                    Shown::Small
                } else if rest > 0 && rest < threshold {
                    Shown::Withheld
                } else {
                    Shown::Value(count)
                };
                Some((id, shown))
            };
            counts.into_iter().filter_map(own).collect()
        };
        Move { by: tell(second, by), no_longer_by: tell(first, no_longer), from, to, pupils }
    });
    let moves = moves.collect();
    Ok(PolicyComparison { first: first.citation(), second: second.citation(), table, moves })
}
