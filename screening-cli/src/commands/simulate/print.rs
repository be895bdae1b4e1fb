//! The page that a counsellor reads.

use std::fmt::Write as _;

use screening_core::disclosure::{ProtectedTable, Shown};
use screening_core::instrument::Language;
use screening_core::risk::Policy;
use screening_core::risk::simulate::{Basis, Change, Estimate, Expected, RuleYield, SimulationRelease, SweepReport};

use super::{Found, load, suppressed_note};
use crate::table::table;
use crate::texts::{fill, say};

/// Pairs of rules that are told.
const PAIRS: usize = 8;

/// Everything in words. Writing into a String cannot fail, so results of `writeln!` are dropped.
pub(super) fn page(found: &Found<'_>, changes: &[Change], language: Language) -> String {
    let policy = found.simulator.policy();
    let mut page = String::new();
    let head = [found.input.job.wave.clone(), policy.citation(), found.simulation.pupils.to_string()];
    let _ = writeln!(page, "{}", fill("simulate-head", language, &head));
    for own in changes {
        let rule = own.rule.as_ref().map(|rule| format!("{rule}: ")).unwrap_or_default();
        let values = [format!("{rule}{}", own.what), own.value.to_string()];
        let _ = writeln!(page, "{}", fill("simulate-changed", language, &values));
    }
    let _ = writeln!(page, "{}", tiers(found, policy, language));
    let _ = writeln!(page, "{}", schools(found, language));
    let _ = writeln!(page, "{}", groups(found, language));
    let _ = writeln!(page, "{}", rules(found, policy, language));
    overlaps(&mut page, found, policy, language);
    for sweep in [&found.sweep, &found.policy_sweep].into_iter().flatten() {
        sweep_page(&mut page, sweep, found, language);
    }
    if found.sweep.as_ref().is_some_and(|sweep| sweep.rows.iter().any(|row| row.expected.is_some())) {
        let _ = writeln!(page, "{}", say("simulate-note", language));
    }
    let _ = writeln!(page, "{}\n{}\n", suppressed_note(language, found.rule), say("not-a-diagnosis", language));
    page
}

fn shown_text(shown: Shown, found: &Found<'_>, language: Language) -> String {
    shown.text(found.rule.threshold).get(language).to_owned()
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

fn headings(ids: &[&str], language: Language) -> Vec<String> {
    ids.iter().map(|id| say(id, language)).collect()
}

fn tiers(found: &Found<'_>, policy: &Policy, language: Language) -> String {
    let flags = |id: &str| found.simulation.tiers.iter().any(|(tier, flagged)| tier == id && *flagged);
    let cell = |release: &SimulationRelease, id: &str| {
        let group: [&[&str]; 1] = [&[if flags(id) { "yes" } else { "no" }, id]];
        release.table("tiers").and_then(|table| table.get(&group)).unwrap_or(Shown::Small)
    };
    let mut names = vec!["tier", "pupils", "share"];
    if found.before.is_some() {
        names.insert(1, "simulate-before");
    }
    names.push("next-step");
    let rows = policy.tiers().map(|tier| {
        let shown = cell(&found.release, &tier.id);
        let share = shown.share_of(Shown::Value(found.simulation.pupils)).map_or("-".to_owned(), percent);
        let mut row = vec![tier.name.get(language).to_owned()];
        row.extend(found.before.as_ref().map(|before| shown_text(cell(before, &tier.id), found, language)));
        row.extend([shown_text(shown, found, language), share, tier.next_step.get(language).to_owned()]);
        row
    });
    table(&headings(&names, language), rows.collect())
}

fn schools(found: &Found<'_>, language: Language) -> String {
    let mut names = vec!["school", "simulate-flagged", "share"];
    if found.capacity.is_some() {
        names.extend(["simulate-hours", "simulate-hours-there", "simulate-fits"]);
    }
    let table_of = found.release.table("schools");
    let rows = found.simulation.schools.iter().map(|own| {
        let (flagged, hours, there) = load(found, own);
        let all = table_of.and_then(|table| table.get(&[&[&own.school], &[]])).unwrap_or(Shown::Small);
        let mut row = vec![own.school.clone(), shown_text(flagged, found, language)];
        row.push(flagged.share_of(all).map_or("-".to_owned(), percent));
        if let Some(there) = there {
            row.push(hours.map_or("-".to_owned(), |hours| format!("{hours:.0}")));
            row.push(format!("{there:.0}"));
            row.push(match hours {
                Some(hours) if hours > there => {
                    fill("simulate-short", language, &[format!("{:.0}", (hours - there).ceil())])
                }
                Some(_) => say("simulate-yes", language),
                None => "-".to_owned(),
            });
        }
        row
    });
    table(&headings(&names, language), rows.collect())
}

/// Flagged pupils by grade and by sex.
fn groups(found: &Found<'_>, language: Language) -> String {
    let mut rows = Vec::new();
    for id in ["grades", "sexes"] {
        let Some(own) = found.release.table(id) else { continue };
        for name in names(own) {
            let group = |result: &[&str]| own.get(&[&[name.as_str()], result]).unwrap_or(Shown::Small);
            let (flagged, all) = (group(&["yes"]), group(&[]));
            rows.push(vec![
                group_name(id, &name, language),
                shown_text(flagged, found, language),
                flagged.share_of(all).map_or("-".to_owned(), percent),
            ]);
        }
    }
    table(&headings(&["simulate-group", "simulate-flagged", "share"], language), rows)
}

/// The groups of the first axis, in the order of the table.
fn names(own: &ProtectedTable) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for cell in &own.cells {
        let Some((_, group)) = cell.group.first() else { continue };
        let name = group.first().cloned().unwrap_or_default();
        if !group.is_empty() && !names.contains(&name) {
            names.push(name);
        }
    }
    names.sort();
    names
}

/// `07` as a grade, `female` as a word.
pub(in crate::commands) fn group_name(kind: &str, name: &str, language: Language) -> String {
    match (kind, name) {
        (_, "" | "00") => say("group-unknown", language),
        ("grades" | "grade", grade) => fill("group-grade", language, &[grade.trim_start_matches('0').to_owned()]),
        (_, "male") => say("group-male", language),
        (_, "female") => say("group-female", language),
        (_, "other") => say("group-other", language),
        (_, own) => own.to_owned(),
    }
}

/// A rule in words, with its id.
pub(in crate::commands) fn rule_name(policy: &Policy, id: &str, language: Language) -> String {
    let rule = policy.definition().rules.iter().find(|rule| rule.id == id);
    rule.map_or_else(|| id.to_owned(), |rule| format!("{} [{id}]", rule.description.get(language)))
}

fn rules(found: &Found<'_>, policy: &Policy, language: Language) -> String {
    let row = |own: &RuleYield| {
        let shown =
            found.release.rules.iter().find(|(rule, _)| *rule == own.rule).map_or([Shown::Small; 3], |own| own.1);
        let [holds, open, alone] = shown.map(|shown| shown_text(shown, found, language));
        let alone = if own.flags { alone } else { "-".to_owned() };
        vec![rule_name(policy, &own.rule, language), holds, open, alone]
    };
    let asked = |own: &&RuleYield| own.holds + own.cannot_say > 0 || own.flags;
    let names = ["simulate-rule", "simulate-holds", "simulate-cannot-say", "simulate-alone"];
    table(&headings(&names, language), found.simulation.rules.iter().filter(asked).map(row).collect())
}

fn overlaps(page: &mut String, found: &Found<'_>, policy: &Policy, language: Language) {
    let mut pairs: Vec<(&str, &str, u64)> = found
        .release
        .overlaps
        .iter()
        .filter_map(|(first, second, shown)| Some((first.as_str(), second.as_str(), shown.value()?)))
        .collect();
    pairs.sort_by_key(|pair| std::cmp::Reverse(pair.2));
    pairs.truncate(PAIRS);
    if pairs.is_empty() {
        return;
    }
    let row = |(first, second, both): (&str, &str, u64)| {
        vec![rule_name(policy, first, language), rule_name(policy, second, language), both.to_string()]
    };
    let names = ["simulate-rule", "simulate-and", "simulate-both"];
    let _ = writeln!(page, "{}", table(&headings(&names, language), pairs.into_iter().map(row).collect()));
}

fn sweep_page(page: &mut String, sweep: &SweepReport, found: &Found<'_>, language: Language) {
    let alone = sweep.rule.is_none();
    let head = [sweep.what.clone(), sweep.pupils.to_string(), sweep.without_score.to_string()];
    let id = if alone { "simulate-sweep-alone" } else { "simulate-sweep-policy" };
    let _ = writeln!(page, "{}", fill(id, language, head.get(..if alone { 3 } else { 2 }).unwrap_or(&head)));
    let _ = writeln!(page, "{}", sweep_table(sweep, found, language));
    let Some(capacity) = &found.capacity else { return };
    let widest = sweep.rows.first().map(|row| row.threshold);
    let weekly = format!("{}", capacity.weeks);
    let sentence = match sweep.chosen {
        None => fill("simulate-none-fits", language, &[weekly]),
        Some(chosen) if Some(chosen) == widest => {
            fill("simulate-all-fit", language, &[format!("{} {chosen}", sweep.operator.sign()), weekly])
        }
        Some(chosen) => fill("simulate-chosen", language, &[format!("{} {chosen}", sweep.operator.sign()), weekly]),
    };
    let _ = writeln!(page, "{sentence}");
    let Some(tables) = sweep.not_reached.as_ref().filter(|_| sweep.chosen != widest) else { return };
    let mut rows = Vec::new();
    for own in tables {
        for name in names(own) {
            let shown = own.get(&[&[name.as_str()], &["not-reached"]]).unwrap_or(Shown::Small);
            rows.push(vec![group_name(own.spec.id(), &name, language), shown_text(shown, found, language)]);
        }
    }
    let widest = widest.map(|value| format!("{} {value}", sweep.operator.sign())).unwrap_or_default();
    let headings = [say("simulate-group", language), fill("simulate-not-reached", language, &[widest])];
    let _ = writeln!(page, "{}", table(&headings, rows));
}

fn sweep_table(sweep: &SweepReport, found: &Found<'_>, language: Language) -> String {
    let (hours, expected) = (found.capacity.is_some(), sweep.rows.iter().any(|row| row.expected.is_some()));
    let mut names = vec!["simulate-threshold", "simulate-flagged", "share"];
    if hours {
        names.extend(["simulate-hours", "simulate-fits"]);
    }
    if expected {
        names.extend([
            "simulate-found",
            "simulate-false",
            "simulate-missed",
            "simulate-ppv",
            "simulate-npv",
            "simulate-basis",
        ]);
    }
    let rows = sweep.rows.iter().map(|row| {
        let mark = if sweep.chosen == Some(row.threshold) { " ←" } else { "" };
        let mut cells = vec![
            format!("{} {}{mark}", sweep.operator.sign(), row.threshold),
            shown_text(row.flagged, found, language),
            row.share.map_or("-".to_owned(), percent),
        ];
        if hours {
            cells.push(row.hours.map_or("-".to_owned(), |hours| format!("{hours:.0}")));
            let id = if row.within_capacity == Some(true) { "simulate-yes" } else { "simulate-no" };
            cells.push(say(id, language));
        }
        if expected {
            let figure = |of: fn(&Expected) -> Estimate| {
                let own = row.expected.as_ref().map(of);
                own.map_or("-".to_owned(), |own| format!("{:.0} ({:.0}-{:.0})", own.value, own.low, own.high))
            };
            let share = |of: fn(&Expected) -> Estimate| {
                row.expected.as_ref().map_or("-".to_owned(), |own| percent(of(own).value))
            };
            let best = if row.pareto { " ◆" } else { "" };
            cells.push(figure(|own| own.true_positives) + best);
            cells.push(figure(|own| own.false_positives));
            cells.push(figure(|own| own.missed));
            cells.push(share(|own| own.ppv));
            cells.push(share(|own| own.npv));
            cells.push(match row.accuracy.as_ref().map(|own| &own.basis) {
                Some(Basis::Published { .. }) => say("simulate-published", language),
                Some(Basis::Binormal { .. }) => say("simulate-model", language),
                None => "-".to_owned(),
            });
        }
        cells
    });
    table(&headings(&names, language), rows.collect())
}
