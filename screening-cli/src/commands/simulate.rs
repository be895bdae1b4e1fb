//! `screening simulate`

use std::path::Path;

use screening_core::change::Wave;
use screening_core::disclosure::{ProtectedRelease, Rule, Shown};
use screening_core::instrument::{Language, Library};
use screening_core::risk::simulate::{
    Basis, Capacity, Change, Estimate, Expected, Overlap, Prevalence, RuleYield, Simulation, Simulator, Sweep,
    SweepReport, SweepRow,
};
use screening_core::risk::{Policy, Reference, TierDef};
use screening_io::output::{Plot, Series, write_files};
use screening_io::{answers_for, read_wave};
use serde_json::{Value, json};

use super::{Context, print_json};
use crate::args::SimulateCommand;
use crate::fail::Failure;
use crate::table::table;
use crate::texts::{fill, say};

pub(crate) fn run(context: &Context, command: &SimulateCommand) -> Result<(), Failure> {
    let library = context.library()?;
    let policy = policy(&command.policy)?;
    let wave = read_wave(&command.results)?;
    let answers = command.answers.as_deref().map(|path| answers_for(path, &wave.results)).transpose()?;
    let rule = Rule::below(command.min_cell);
    let capacity = command.capacity.as_deref().map(capacity).transpose()?;
    let simulator = Simulator::new(&policy, &library, &wave.results, answers.as_ref()).map_err(Failure::from_error)?;
    let changes = command.set.iter().map(change).collect::<Result<Vec<_>, _>>()?;
    let simulation = simulator.run(&changes).map_err(Failure::from_error)?;
    let release = simulation.release(rule).map_err(Failure::from_error)?;
    let sweep = sweep(command, &library, &wave, capacity.as_ref(), rule)?;
    let differing = simulator.differing().map_err(Failure::from_error)?;
    let document = json!({
        "wave": wave.id,
        "policy": policy.citation(),
        "changes": changes,
        "left-out": simulator.left_out(),
        "differing-from-results": simulation.shown(differing, rule),
        "pupils": simulation.pupils,
        "tables": release,
        "schools": schools(&simulation, &release, capacity.as_ref()),
        "rules": rules(&simulation, rule),
        "overlaps": overlaps(&simulation, rule),
        "sweep": sweep,
    });
    let text = serde_json::to_string_pretty(&document).map_err(Failure::from_error)?;
    let mut files = vec![("simulation.json", text)];
    if let Some(sweep) = &sweep {
        files.push(("sweep.svg", plot(sweep, context.language).svg()));
    }
    let written = write_files(&command.out, &files)?;
    if context.json {
        return print_json(&document);
    }
    overview(context.language, &policy, &simulation, &release, &simulator);
    if let Some(sweep) = &sweep {
        println!("{}", sweep_table(sweep, context.language, rule));
    }
    println!("{}\n{}\n", say("simulate-note", context.language), suppressed_note(context.language, rule));
    written.iter().for_each(|path| println!("  {}", path.display()));
    Ok(())
}

/// A policy by the id of a bundled one, or from a file.
pub(crate) fn policy(name: &str) -> Result<Policy, Failure> {
    let found = match Policy::bundled(name) {
        Some(found) => found,
        None => Policy::from_toml(
            &std::fs::read_to_string(name).map_err(|cause| Failure::Message(format!("{name}: {cause}")))?,
        ),
    };
    found.map_err(|findings| Failure::Message(format!("{name}: {findings}")))
}

fn capacity(path: &Path) -> Result<Capacity, Failure> {
    let named = |cause: &dyn std::fmt::Display| Failure::Message(format!("{}: {cause}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|cause| named(&cause))?;
    Capacity::from_toml(&text).map_err(|cause| named(&cause))
}

fn change((rule, scale, value): &(Option<String>, String, f64)) -> Result<Change, Failure> {
    let scale: Reference = scale.parse().map_err(Failure::Message)?;
    Ok(Change { rule: rule.clone(), scale, value: *value })
}

fn sweep(
    command: &SimulateCommand,
    library: &Library,
    wave: &Wave,
    capacity: Option<&Capacity>,
    rule: Rule,
) -> Result<Option<SweepReport>, Failure> {
    let Some((scale, thresholds)) = &command.sweep else { return Ok(None) };
    let scale: Reference = scale.parse().map_err(Failure::Message)?;
    let instrument = library
        .get(&scale.instrument)
        .ok_or_else(|| Failure::Message(format!("there is no instrument `{}`", scale.instrument)))?;
    let prevalence = command.prevalence.map(|(value, low, high)| Prevalence::new(value, low, high)).transpose();
    let own = Sweep {
        instrument,
        scale,
        thresholds: thresholds.clone(),
        prevalence: prevalence.map_err(Failure::from_error)?,
        capacity,
        region: command.region.as_deref(),
        rule,
    };
    own.run(&wave.results).map(Some).map_err(Failure::from_error)
}

fn rules(simulation: &Simulation, rule: Rule) -> Vec<Value> {
    let of = |own: &RuleYield| {
        let shown = |count| simulation.shown(count, rule);
        json!({
            "rule": own.rule, "tier": own.tier, "holds": shown(own.holds),
            "cannot-say": shown(own.cannot_say), "alone": shown(own.alone),
        })
    };
    simulation.rules.iter().map(of).collect()
}

fn overlaps(simulation: &Simulation, rule: Rule) -> Vec<Value> {
    let of =
        |own: &Overlap| json!({ "first": own.first, "second": own.second, "both": simulation.shown(own.both, rule) });
    simulation.overlaps.iter().map(of).collect()
}

/// Load of each school; hours tell the number of interviews, so they follow its count.
fn schools(simulation: &Simulation, release: &ProtectedRelease, capacity: Option<&Capacity>) -> Vec<Value> {
    let tiers = release.table("schools");
    let of = |(school, flagged, _): &(String, u64, u64)| {
        let group: [&[&str]; 2] = [&[school], &["yes"]];
        let shown = tiers.and_then(|table| table.get(&group)).unwrap_or(Shown::Withheld);
        let hours = capacity.and_then(|capacity| shown.figure(capacity.hours_for(*flagged)));
        let there = capacity.map(|capacity| capacity.hours(school));
        json!({ "school": school, "flagged": shown, "hours": hours, "hours-there": there })
    };
    simulation.schools.iter().map(of).collect()
}

fn overview(
    language: Language,
    policy: &Policy,
    simulation: &Simulation,
    release: &ProtectedRelease,
    simulator: &Simulator<'_>,
) {
    let tiers = release.table("schools");
    let threshold = release.rule.threshold;
    let headings = ["tier", "pupils"].map(|id| say(id, language)).to_vec();
    let row = |tier: &TierDef| {
        let flagged = simulation.tiers.iter().any(|(id, flagged)| *id == tier.id && *flagged);
        let group: [&[&str]; 2] = [&[], &[if flagged { "yes" } else { "no" }, &tier.id]];
        let shown = tiers.and_then(|table| table.get(&group)).unwrap_or(Shown::Withheld);
        vec![tier.name.get(language).to_owned(), shown.text(threshold).get(language).to_owned()]
    };
    println!("{}", table(&headings, policy.tiers().map(row).collect()));
    let headings = ["simulate-rule", "simulate-holds", "simulate-alone"].map(|id| say(id, language)).to_vec();
    let row = |own: &RuleYield| {
        let text = |count| simulation.shown(count, release.rule).text(threshold).get(language).to_owned();
        vec![own.rule.clone(), text(own.holds), text(own.alone)]
    };
    println!("{}", table(&headings, simulation.rules.iter().filter(|own| own.tier.is_some()).map(row).collect()));
    for own in simulator.left_out() {
        println!("{}", fill("simulate-left-out", language, &[own.rule.clone(), own.part.clone()]));
    }
}

fn sweep_table(sweep: &SweepReport, language: Language, rule: Rule) -> String {
    let ids = [
        "simulate-threshold",
        "pupils",
        "simulate-share",
        "simulate-hours",
        "simulate-found",
        "simulate-false",
        "simulate-missed",
        "simulate-ppv",
        "simulate-basis",
    ];
    let rows = sweep.rows.iter().map(|row| {
        let mark = if sweep.chosen == Some(row.threshold) { " ←" } else { "" };
        let percent = |share: f64| format!("{:.1} %", share * 100.0);
        let figure = |of: fn(&Expected) -> Estimate| {
            row.expected
                .as_ref()
                .map(of)
                .map_or("-".to_owned(), |own| format!("{:.0} ({:.0}-{:.0})", own.value, own.low, own.high))
        };
        let ppv = row.expected.as_ref().map_or("-".to_owned(), |own| percent(own.ppv.value));
        let basis = match row.accuracy.as_ref().map(|own| &own.basis) {
            Some(Basis::Published { .. }) => say("simulate-published", language),
            Some(Basis::Binormal { .. }) => say("simulate-model", language),
            None => "-".to_owned(),
        };
        vec![
            format!("{} {}{mark}", sweep.operator, row.threshold),
            row.flagged.text(rule.threshold).get(language).to_owned(),
            row.share.map_or("-".to_owned(), percent),
            row.hours.map_or("-".to_owned(), |hours| format!("{hours:.0}")),
            figure(|own| own.true_positives),
            figure(|own| own.false_positives),
            figure(|own| own.missed),
            ppv,
            basis,
        ]
    });
    table(&ids.map(|id| say(id, language)), rows.collect())
}

/// Found and false alarms against the pupils that are flagged.
fn plot(sweep: &SweepReport, language: Language) -> Plot {
    let points = |of: fn(&Expected) -> f64| -> Vec<(f64, f64)> {
        let of = |row: &SweepRow| Some((row.flagged.value()? as f64, of(row.expected.as_ref()?)));
        sweep.rows.iter().filter_map(of).collect()
    };
    let found = points(|own| own.true_positives.value);
    let missed = points(|own| own.missed.value);
    let labels = sweep.rows.iter().filter(|row| row.flagged.value().is_some() && row.expected.is_some());
    let labels = labels.map(|row| format!("{}{}", sweep.operator, row.threshold)).collect();
    let series = |id: &str, colour: &'static str, points, labels| Series {
        name: say(id, language),
        colour,
        points,
        labels,
        line: true,
    };
    Plot {
        title: format!("{}: {}", sweep.scale, say("simulate-plot", language)),
        x: say("simulate-plot-x", language),
        y: say("simulate-plot-y", language),
        note: say("simulate-note", language),
        series: vec![
            series("simulate-found", "#2e7d32", found, labels),
            series("simulate-missed", "#c62828", missed, Vec::new()),
        ],
    }
}

/// What the marks of suppressed counts mean.
pub(crate) fn suppressed_note(language: Language, rule: Rule) -> String {
    fill("suppressed-note", language, &[rule.threshold.to_string(), rule.threshold.to_string()])
}
