//! `screening simulate`

mod print;

pub(super) use print::{group_name, rule_name};

use std::path::Path;

use screening_core::disclosure::{Rule, Shown};
use screening_core::instrument::Language;
use screening_core::risk::Reference;
use screening_core::risk::simulate::{
    Capacity, Change, Expected, Load, Prevalence, Simulation, SimulationRelease, Simulator, Sweep, SweepReport,
    SweepRow, Swept,
};
use screening_core::screening::Rehearsal;
use screening_io::job::{JobInput, Step, read_job, read_policy, rehearse_job};
use screening_io::output::{Mark, Plot, Series, write_files};
use serde_json::{Value, json};

use super::run::Progress;
use super::{Context, print_json};
use crate::args::{Place, SimulateCommand};
use crate::fail::Failure;
use crate::texts::{fill, say};

/// What one run of the command found.
struct Found<'a> {
    input: &'a JobInput,
    simulator: &'a Simulator,
    simulation: Simulation,
    release: SimulationRelease,
    /// The job's own policy and thresholds, where something else was tried.
    before: Option<SimulationRelease>,
    capacity: Option<Capacity>,
    sweep: Option<SweepReport>,
    policy_sweep: Option<SweepReport>,
    rule: Rule,
}

pub(crate) fn run(context: &Context, command: &SimulateCommand) -> Result<(), Failure> {
    // Small files first: a mistake in them is told before a district is scored.
    let capacity = command.capacity.as_deref().map(capacity).transpose()?;
    let other = command.policy.as_deref().map(|name| read_policy(name, Path::new(""))).transpose()?;
    let prevalence = command.prevalence.map(|(value, low, high)| Prevalence::new(value, low, high)).transpose();
    let prevalence = prevalence.map_err(Failure::from_error)?;
    let progress = Progress::new(context);
    let input = read_job(&command.job, false, &|step| progress.step(&step))?;
    let others: Vec<_> = other.iter().collect();
    let rehearsal = rehearse_job(&input, &others, &|step| progress.step(&step))?;
    let simulator = rehearsal.others.first().unwrap_or(&rehearsal.own);
    let rule = command.counts.rule();
    let changes: Vec<Change> = command.set.iter().map(|(place, value)| change(place, *value)).collect();
    let simulation = simulator.run(&changes).map_err(Failure::from_error)?;
    let release = simulation.release(rule).map_err(Failure::from_error)?;
    let tried = other.is_some() || !changes.is_empty();
    let before = tried.then(|| rehearsal.own.run(&[]).and_then(|own| own.release(rule))).transpose();
    let sweep = sweep(command, &input, &rehearsal, prevalence, capacity.as_ref(), rule)?;
    let policy_sweep = policy_sweep(command, simulator, capacity.as_ref(), rule)?;
    let before = before.map_err(Failure::from_error)?;
    let found = Found { input: &input, simulator, simulation, release, before, capacity, sweep, policy_sweep, rule };
    let document = document(&found, &changes);
    let text = serde_json::to_string_pretty(&document).map_err(Failure::from_error)?;
    let mut files = vec![("simulation.json", text)];
    if let Some(sweep) = found.sweep.as_ref().filter(|sweep| sweep.rows.iter().any(|row| row.expected.is_some())) {
        files.push(("sweep.svg", plot(sweep, context.language).svg()));
    }
    progress.step(&Step::Writing);
    let written = write_files(&command.out, &files)?;
    progress.finish();
    if context.json {
        return print_json(&document);
    }
    print!("{}", print::page(&found, &changes, context.language));
    written.iter().for_each(|path| println!("  {}", path.display()));
    Ok(())
}

fn capacity(path: &Path) -> Result<Capacity, Failure> {
    let named = |cause: &dyn std::fmt::Display| Failure::Message(format!("{}: {cause}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|cause| named(&cause))?;
    Capacity::from_toml(&text).map_err(|cause| named(&cause))
}

fn change(place: &Place, value: f64) -> Change {
    Change { rule: place.rule.clone(), what: place.what.clone(), from: place.from, value }
}

fn sweep(
    command: &SimulateCommand,
    input: &JobInput,
    rehearsal: &Rehearsal,
    prevalence: Option<Prevalence>,
    capacity: Option<&Capacity>,
    rule: Rule,
) -> Result<Option<SweepReport>, Failure> {
    let Some((scale, thresholds)) = &command.sweep else { return Ok(None) };
    let scale: Reference = scale.parse().map_err(Failure::Message)?;
    let instrument = input
        .library
        .get(&scale.instrument)
        .ok_or_else(|| Failure::Message(format!("there is no instrument `{}`", scale.instrument)))?;
    let swept = Swept::Scale {
        instrument,
        scale,
        results: &rehearsal.screening.results,
        prevalence,
        region: command.region.as_deref(),
    };
    let own = Sweep { swept, thresholds: thresholds.clone(), capacity, rule };
    own.run().map(Some).map_err(Failure::from_error)
}

fn policy_sweep(
    command: &SimulateCommand,
    simulator: &Simulator,
    capacity: Option<&Capacity>,
    rule: Rule,
) -> Result<Option<SweepReport>, Failure> {
    let Some((place, thresholds)) = &command.policy_sweep else { return Ok(None) };
    let swept = Swept::Policy { simulator, change: change(place, 0.0) };
    let own = Sweep { swept, thresholds: thresholds.clone(), capacity, rule };
    own.run().map(Some).map_err(Failure::from_error)
}

fn document(found: &Found<'_>, changes: &[Change]) -> Value {
    json!({
        "wave": found.input.job.wave,
        "policy": found.simulator.policy().citation(),
        "job-policy": found.input.policy.citation(),
        "changes": changes,
        "thresholds": found.simulator.thresholds(),
        "pupils": found.simulation.pupils,
        "release": found.release,
        "before": found.before,
        "schools": found.simulation.schools.iter().map(|own| load_json(found, own)).collect::<Vec<_>>(),
        "sweep": found.sweep,
        "policy-sweep": found.policy_sweep,
    })
}

/// Load of a school: flagged pupils, hours they take, hours there are. Hours tell the number of interviews, so they follow its
/// count.
fn load(found: &Found<'_>, own: &Load) -> (Shown, Option<f64>, Option<f64>) {
    let group: [&[&str]; 2] = [&[&own.school], &["yes"]];
    let shown = found.release.table("schools").and_then(|table| table.get(&group)).unwrap_or(Shown::Small);
    let hours = found.capacity.as_ref().and_then(|capacity| shown.figure(capacity.hours_for(own.flagged)));
    (shown, hours, found.capacity.as_ref().map(|capacity| capacity.hours(&own.school)))
}

fn load_json(found: &Found<'_>, own: &Load) -> Value {
    let (flagged, hours, there) = load(found, own);
    json!({ "school": own.school, "flagged": flagged, "hours": hours, "hours-there": there })
}

/// Found and missed against the pupils that are flagged; thresholds on the Pareto front have a diamond.
fn plot(sweep: &SweepReport, language: Language) -> Plot {
    let points = |of: fn(&Expected) -> f64| -> Vec<(f64, f64)> {
        let of = |row: &SweepRow| Some((row.flagged.value()? as f64, of(row.expected.as_ref()?)));
        sweep.rows.iter().filter_map(of).collect()
    };
    let found = points(|own| own.true_positives.value);
    let missed = points(|own| own.missed.value);
    let front = sweep
        .rows
        .iter()
        .filter(|row| row.pareto)
        .filter_map(|row| Some((row.flagged.value()? as f64, row.expected.as_ref()?.true_positives.value)));
    let front = front.collect();
    let labels = sweep.rows.iter().filter(|row| row.flagged.value().is_some() && row.expected.is_some());
    let labels = labels.map(|row| format!("{}{}", sweep.operator.sign(), row.threshold)).collect();
    let series = |id: &str, (colour, mark): (&'static str, Mark), points, labels| Series {
        name: say(id, language),
        colour,
        points,
        labels,
        mark,
    };
    Plot {
        title: format!("{}: {}", sweep.what, say("simulate-plot", language)),
        x: say("simulate-plot-x", language),
        y: say("simulate-plot-y", language),
        note: say("simulate-note", language),
        series: vec![
            series("simulate-found", ("#0072b2", Mark::Discs), found, labels),
            series("simulate-missed", ("#d55e00", Mark::Squares), missed, Vec::new()),
            series("simulate-front", ("#1a1a1a", Mark::Diamonds), front, Vec::new()),
        ],
    }
}

/// What the marks of suppressed counts mean.
pub(super) fn suppressed_note(language: Language, rule: Rule) -> String {
    if rule.is_exact() {
        return say("exact-note", language);
    }
    fill("suppressed-note", language, &[rule.threshold.to_string(), rule.threshold.to_string()])
}
