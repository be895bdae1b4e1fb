//! Two policies over the same wave: who changes tier, and why.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::super::simulate::Simulator;
use super::EvaluateError;
use crate::disclosure::{
    Dimension, DisclosureError, Marks, Population, ProtectedTable, Rule, Shown, TableSpec, Zeros, protect,
};

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

/// A pupil whose tier differs. For the lists of a centre, not for publication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovedPupil {
    /// Row of the results.
    pub pupil: usize,
    /// Tier under the first policy.
    pub from: String,
    /// Tier under the second.
    pub to: String,
    /// Rules of the second policy that propose the new tier; empty where it follows from missing answers, a critical answer or
    /// a sheet that is not to be interpreted.
    pub by: Vec<String>,
    /// Rules of the first policy that proposed the old tier.
    pub no_longer_by: Vec<String>,
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
    /// Changes of tier, in the order of the tiers of the first policy, mildest first.
    pub moves: Vec<Move>,
    /// Who changes tier, in the order of the roster.
    #[serde(skip)]
    pub pupils: Vec<MovedPupil>,
}

/// One pupil under one policy: tier, and the rules that propose it.
struct Under<'a> {
    tier: &'a str,
    rules: Vec<usize>,
}

/// Compares two policies of one [`crate::screening::rehearse`]. A tier is the same when its id is.
///
/// # Errors
/// When the two were not run over the same pupils. Where no count of the tables can be shown without telling a small one, all are withheld.
pub fn compare_policies(first: &Simulator, second: &Simulator, rule: Rule) -> Result<PolicyComparison, EvaluateError> {
    if first.roster() != second.roster() {
        return Err(EvaluateError::Pupils { results: first.roster(), policy: second.roster() });
    }
    let (before, after) = (under(first)?, under(second)?);
    let rules = |simulator: &Simulator| -> Vec<String> {
        simulator.policy().definition().rules.iter().map(|rule| rule.id.clone()).collect()
    };
    let (rules_before, rules_after) = (rules(first), rules(second));
    let id = |rules: &[String], at: &usize| rules.get(*at).cloned().unwrap_or_default();
    let mut pupils = Vec::new();
    let mut both = Vec::new();
    for (pupil, after) in &after {
        let Some(before) = before.get(pupil) else { continue };
        both.push((before, after));
        if before.tier != after.tier {
            pupils.push(MovedPupil {
                pupil: *pupil,
                from: before.tier.to_owned(),
                to: after.tier.to_owned(),
                by: after.rules.iter().map(|at| id(&rules_after, at)).collect(),
                no_longer_by: before.rules.iter().map(|at| id(&rules_before, at)).collect(),
            });
        }
    }
    let (tiers_before, tiers_after) = (first.tier_ids(), second.tier_ids());
    let used = |rules: &[String], of: fn(&MovedPupil) -> &Vec<String>| -> Vec<usize> {
        let is_used = |rule: &String| pupils.iter().any(|own| of(own).contains(rule));
        rules.iter().enumerate().filter(|(_, rule)| is_used(rule)).map(|(at, _)| at).collect()
    };
    let used = (used(&rules_before, |own| &own.no_longer_by), used(&rules_after, |own| &own.by));
    let tables = tables(&both, (&tiers_before, &used.0), (&tiers_after, &used.1), rule)?;
    let order = |tiers: &[&str], id: &str| tiers.iter().position(|tier| *tier == id);
    let mut pairs: Vec<(&str, &str)> = pupils.iter().map(|own| (own.from.as_str(), own.to.as_str())).collect();
    pairs.sort_by_key(|(from, to)| (order(&tiers_before, from), order(&tiers_after, to)));
    pairs.dedup();
    let moves = pairs.into_iter().map(|(from, to)| {
        let own = || pupils.iter().filter(move |own| own.from == from && own.to == to);
        let named = |rules: &[String], of: fn(&MovedPupil) -> &Vec<String>| -> Vec<(usize, String)> {
            let is_named = |(_, rule): &(usize, &String)| own().any(|pupil| of(pupil).contains(*rule));
            rules.iter().enumerate().filter(is_named).map(|(at, rule)| (at, rule.clone())).collect()
        };
        let cell = |first: (&str, &str), second: (&str, &str)| {
            let key = [first.0, first.1, second.0, second.1].map(str::to_owned);
            tables.1.shown.get(&key).copied().unwrap_or(tables.1.nobody)
        };
        let by = named(&rules_after, |own| &own.by).into_iter();
        let no_longer = named(&rules_before, |own| &own.no_longer_by).into_iter();
        Move {
            from: from.to_owned(),
            to: to.to_owned(),
            pupils: cell(("tier", from), ("tier", to)),
            by: by.map(|(at, rule)| (rule, cell(("tier", from), (&level(at), "yes")))).collect(),
            no_longer_by: no_longer.map(|(at, rule)| (rule, cell((&level(at), "yes"), ("tier", to)))).collect(),
        }
    });
    let moves = moves.collect();
    Ok(PolicyComparison {
        first: first.policy().citation(),
        second: second.policy().citation(),
        table: tables.0,
        moves,
        pupils,
    })
}

/// By pupil with a sheet.
fn under(simulator: &Simulator) -> Result<BTreeMap<usize, Under<'_>>, EvaluateError> {
    let rules = &simulator.policy().definition().rules;
    let tiers = simulator.tier_ids();
    let own = |(pupil, level, holding): (usize, u8, Vec<usize>)| {
        let tier = tiers.get(usize::from(level)).copied().unwrap_or_default();
        let proposes = |at: &usize| rules.get(*at).is_some_and(|rule| rule.tier.as_deref() == Some(tier));
        (pupil, Under { tier, rules: holding.into_iter().filter(proposes).collect() })
    };
    Ok(simulator.detail()?.into_iter().map(own).collect())
}

/// Level of the pupils whom a rule put into their tier.
fn level(rule: usize) -> String {
    format!("by {rule}")
}

/// What may be shown by level and name of the first and of the second policy.
struct Cells {
    shown: HashMap<[String; 4], Shown>,
    /// Of a cell that is not there.
    nobody: Shown,
}

/// Tier by tier, tier by rule of the second policy, and rule of the first policy by tier; all protected together. Only rules that move
/// somebody have counts: `rules_before` and `rules_after` are their places.
fn tables(
    both: &[(&Under<'_>, &Under<'_>)],
    (tiers_before, rules_before): (&[&str], &[usize]),
    (tiers_after, rules_after): (&[&str], &[usize]),
    rule: Rule,
) -> Result<(ProtectedTable, Cells), EvaluateError> {
    let names = |rules: &[usize]| -> Vec<String> { rules.iter().map(|at| level(*at)).collect() };
    let (before, after) = (names(rules_before), names(rules_after));
    let (before, after): (Vec<&str>, Vec<&str>) =
        (before.iter().map(String::as_str).collect(), after.iter().map(String::as_str).collect());
    let mut people = Population::new(vec![
        Dimension::sensitive("first", &["tier", "rules"]).grouped_by(&before),
        Dimension::sensitive("second", &["tier", "rules"]).grouped_by(&after),
    ]);
    let leaf = |tier: &str, rules: &[usize], of: &[usize]| -> Vec<String> {
        let own: Vec<usize> = rules.iter().copied().filter(|at| of.contains(at)).collect();
        let mut names = vec![tier.to_owned(), format!("{own:?}")];
        names.extend(of.iter().map(|at| if own.contains(at) { "yes" } else { "no" }.to_owned()));
        names
    };
    fn texts(names: &[String]) -> Vec<&str> {
        names.iter().map(String::as_str).collect()
    }
    for tier in tiers_before {
        people.declare(0, &texts(&leaf(tier, &[], rules_before)))?;
    }
    for tier in tiers_after {
        people.declare(1, &texts(&leaf(tier, &[], rules_after)))?;
    }
    for (first, second) in both {
        let (first, second) =
            (leaf(first.tier, &first.rules, rules_before), leaf(second.tier, &second.rules, rules_after));
        people.add(&[&texts(&first), &texts(&second)], 1)?;
    }
    let tiers = TableSpec::new("tiers").axis("first", &["all", "tier"]).axis("second", &["all", "tier"]);
    if both.is_empty() {
        return Ok((
            ProtectedTable { spec: tiers, marks: Marks::Telling, cells: Vec::new() },
            Cells { shown: HashMap::new(), nobody: Shown::Value(0) },
        ));
    }
    let mut specs = vec![tiers];
    if !after.is_empty() {
        specs.push(TableSpec::new("by").axis("first", &["tier"]).axis("second", &after));
    }
    if !before.is_empty() {
        specs.push(TableSpec::new("no-longer-by").axis("first", &before).axis("second", &["tier"]));
    }
    let withheld = |spec: TableSpec| ProtectedTable { spec, marks: Marks::Open, cells: Vec::new() };
    // That nobody moves from one tier to another may be told; else nothing could be shown of policies that are nearly alike.
    let release = match protect(&people, &specs, Rule { zeros: Zeros::Publish, ..rule }) {
        Ok(release) => release,
        // Policies that are nearly alike leave no room: the tier under one tells the tier under the other.
        Err(DisclosureError::Unprotected { .. }) => {
            return Ok((withheld(TableSpec::new("tiers")), Cells { shown: HashMap::new(), nobody: Shown::Withheld }));
        }
        Err(other) => return Err(other.into()),
    };
    let nobody = Shown::Value(0);
    let mut cells = HashMap::new();
    for cell in release.tables.iter().flat_map(|table| &table.cells) {
        if let [(a, first), (b, second)] = cell.group.as_slice() {
            let name = |names: &Vec<String>| names.first().cloned().unwrap_or_default();
            cells.insert([a.clone(), name(first), b.clone(), name(second)], cell.shown);
        }
    }
    let mut tables = release.tables.into_iter();
    let first = tables.next().unwrap_or_else(|| ProtectedTable {
        spec: TableSpec::new("tiers"),
        marks: Marks::Telling,
        cells: Vec::new(),
    });
    Ok((first, Cells { shown: cells, nobody }))
}
