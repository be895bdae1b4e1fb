//! `screening evaluate`

use std::path::Path;

use screening_core::disclosure::{Rule, Shown};
use screening_core::instrument::Language;
use screening_core::psychometrics::roc::Interval;
use screening_core::risk::Policy;
use screening_core::risk::evaluate::{
    CannotSay, Evaluation, Move, PolicyComparison, SchoolYield, TestAccuracy, TestFigures, compare_policies, evaluate,
};
use screening_io::job::{Step, read_job, read_policy, rehearse_job};
use screening_io::output::{write_files, write_moved};
use screening_io::read_interviews;
use serde_json::json;

use super::run::Progress;
use super::simulate::{group_name, rule_name, suppressed_note};
use super::{Context, print_json};
use crate::args::EvaluateCommand;
use crate::fail::Failure;
use crate::table::table;
use crate::texts::{fill, say};

pub(crate) fn run(context: &Context, command: &EvaluateCommand) -> Result<(), Failure> {
    let interviews = read_interviews(&command.interviews)?;
    let read = |name: &Option<String>| name.as_deref().map(|name| read_policy(name, Path::new(""))).transpose();
    let (own, against) = (read(&command.policy)?, read(&command.against)?);
    let progress = Progress::new(context);
    let input = read_job(&command.job, false, &|step| progress.step(&step))?;
    let others: Vec<&Policy> = own.iter().chain(&against).collect();
    let rehearsal = rehearse_job(&input, &others, &|step| progress.step(&step))?;
    let mut tried = rehearsal.others.iter();
    let simulator = if own.is_some() { tried.next().unwrap_or(&rehearsal.own) } else { &rehearsal.own };
    let rule = command.counts.rule();
    let results = &rehearsal.screening.results;
    let found = evaluate(simulator, results, &interviews, rule).map_err(Failure::from_error)?;
    let compared = tried.next().map(|other| compare_policies(simulator, other, rule)).transpose();
    let compared = compared.map_err(Failure::from_error)?;
    progress.step(&Step::Writing);
    let document = json!({ "wave": input.job.wave, "evaluation": found, "against": compared });
    let text = serde_json::to_string_pretty(&document).map_err(Failure::from_error)?;
    let mut written = write_files(&command.out, &[("evaluation.json", text)])?;
    if let Some(compared) = &compared {
        let path = command.out.join("moved.csv");
        write_moved(&path, results, compared)?;
        written.push(path);
    }
    progress.finish();
    if context.json {
        return print_json(&document);
    }
    overview(context.language, &found, simulator.policy());
    if let (Some(compared), Some(against)) = (&compared, &against) {
        moves(context.language, compared, (simulator.policy(), against), rule);
    }
    println!("{}\n{}", say("evaluate-note", context.language), suppressed_note(context.language, rule));
    println!("{}\n", say("not-a-diagnosis", context.language));
    written.iter().for_each(|path| println!("  {}", path.display()));
    Ok(())
}

fn overview(language: Language, found: &Evaluation, policy: &Policy) {
    let counts = [found.pupils, found.verified, found.unclear, found.unmatched].map(|count| count.to_string());
    println!("{}", found.policy);
    println!("{}", fill("evaluate-counts", language, &counts));
    let ids = [
        "simulate-rule",
        "evaluate-positive",
        "evaluate-verified",
        "evaluate-others",
        "evaluate-ppv",
        "evaluate-sensitivity",
        "evaluate-specificity",
    ];
    let headings = ids.map(|id| say(id, language));
    let name = |own: &TestAccuracy| {
        own.rule.as_ref().map_or_else(|| say("evaluate-flagged", language), |id| rule_name(policy, id, language))
    };
    let rows = found.tests.iter().map(|own| row(name(own), own, found.rule, language));
    println!("{}", table(&headings, rows.collect()));
    let [_, rest @ ..] = headings;
    let mut headings = vec![say("simulate-group", language)];
    headings.extend(rest);
    let flagged = found.groups.iter().filter_map(|group| Some((group, group.tests.first()?)));
    let rows = flagged.map(|(group, own)| row(group_name(group.by, &group.group, language), own, found.rule, language));
    println!("{}", table(&headings, rows.collect()));
    let ids = ["school", "simulate-flagged", "evaluate-interviewed", "evaluate-in-need", "evaluate-share"];
    let row = |own: &SchoolYield| {
        let text = |shown: Shown| shown.text(found.rule.threshold).get(language).to_owned();
        let share = own.share.map_or("-".to_owned(), |share| format!("{:.0} %", share * 100.0));
        vec![own.school.clone(), text(own.flagged), text(own.interviewed), text(own.in_need), share]
    };
    println!("{}", table(&ids.map(|id| say(id, language)), found.schools.iter().map(row).collect()));
}

fn row(name: String, own: &TestAccuracy, rule: Rule, language: Language) -> Vec<String> {
    let count = |shown: Shown| shown.text(rule.threshold).get(language).to_owned();
    let TestFigures { ppv, sensitivity, specificity, .. } = &own.figures;
    vec![
        name,
        count(own.positive),
        count(own.verified),
        count(own.verified_negative),
        share(ppv, language),
        share(sensitivity, language),
        share(specificity, language),
    ]
}

fn share(figure: &Result<Interval, CannotSay>, language: Language) -> String {
    match figure {
        Ok(own) => format!("{:.0} % ({:.0}-{:.0})", own.estimate * 100.0, own.low * 100.0, own.high * 100.0),
        Err(CannotSay::NoPositive) => say("evaluate-no-positive", language),
        Err(CannotSay::NoNegative) => say("evaluate-no-negative", language),
        Err(CannotSay::OneOutcome) => say("evaluate-one-outcome", language),
        Err(CannotSay::TooFew) => say("evaluate-too-few", language),
    }
}

fn moves(language: Language, compared: &PolicyComparison, (before, after): (&Policy, &Policy), rule: Rule) {
    println!("{}", fill("evaluate-compared", language, &[compared.first.clone(), compared.second.clone()]));
    let tier = |policy: &Policy, id: &str| {
        policy.tier(id).map_or_else(|| id.to_owned(), |tier| tier.name.get(language).to_owned())
    };
    let reasons = |policy: &Policy, list: &[(String, Shown)]| {
        let one = |(id, count): &(String, Shown)| {
            format!("{}: {}", rule_name(policy, id, language), count.text(rule.threshold).get(language))
        };
        list.iter().map(one).collect::<Vec<_>>().join("\n")
    };
    let row = |own: &Move| {
        vec![
            tier(before, &own.from),
            tier(after, &own.to),
            own.pupils.text(rule.threshold).get(language).to_owned(),
            reasons(after, &own.by),
            reasons(before, &own.no_longer_by),
        ]
    };
    let ids = ["evaluate-from", "evaluate-to", "pupils", "evaluate-by", "evaluate-no-longer-by"];
    if compared.moves.is_empty() {
        println!("{}", say("evaluate-nobody-moves", language));
    } else {
        println!("{}", table(&ids.map(|id| say(id, language)), compared.moves.iter().map(row).collect()));
    }
}
