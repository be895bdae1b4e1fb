//! `screening evaluate`

use screening_core::disclosure::Rule;
use screening_core::instrument::Language;
use screening_core::risk::evaluate::{
    CannotSay, Corrected, Evaluation, Interval, Move, PolicyComparison, compare_policies, evaluate,
};
use screening_io::output::write_files;
use screening_io::{answers_for, read_interviews, read_wave};
use serde_json::json;

use super::simulate::{policy, suppressed_note};
use super::{Context, print_json};
use crate::args::EvaluateCommand;
use crate::fail::Failure;
use crate::table::table;
use crate::texts::{fill, say};

pub(crate) fn run(context: &Context, command: &EvaluateCommand) -> Result<(), Failure> {
    let library = context.library()?;
    let own = policy(&command.policy)?;
    let wave = read_wave(&command.results)?;
    let interviews = read_interviews(&command.interviews)?;
    let answers = command.answers.as_deref().map(|path| answers_for(path, &wave.results)).transpose()?;
    let rule = Rule::below(command.min_cell);
    let found =
        evaluate(&own, &library, &wave.results, answers.as_ref(), &interviews, rule).map_err(Failure::from_error)?;
    let against = match &command.against {
        Some(name) => {
            let other = policy(name)?;
            let compared = compare_policies(&own, &other, &library, &wave.results, answers.as_ref(), rule);
            Some(compared.map_err(Failure::from_error)?)
        }
        None => None,
    };
    let document = json!({ "wave": wave.id, "evaluation": found, "against": against });
    let text = serde_json::to_string_pretty(&document).map_err(Failure::from_error)?;
    let written = write_files(&command.out, &[("evaluation.json", text)])?;
    if context.json {
        return print_json(&document);
    }
    overview(context.language, &found);
    if let Some(against) = &against {
        moves(context.language, against, rule);
    }
    println!("{}\n{}\n", say("evaluate-note", context.language), suppressed_note(context.language, rule));
    written.iter().for_each(|path| println!("  {}", path.display()));
    Ok(())
}

fn overview(language: Language, found: &Evaluation) {
    let counts = [found.pupils, found.verified, found.unclear, found.unmatched].map(|count| count.to_string());
    println!("{}", fill("evaluate-counts", language, &counts));
    let ids = [
        "simulate-rule",
        "evaluate-positive",
        "evaluate-verified",
        "simulate-ppv",
        "evaluate-sensitivity",
        "evaluate-specificity",
    ];
    let threshold = found.rule.threshold;
    let mut rows = Vec::new();
    let groups = found.groups.iter().map(|own| (format!("{} {}", own.by, own.group), &own.accuracy));
    let tests =
        found.tests.iter().map(|own| (own.rule.clone().unwrap_or_else(|| say("evaluate-flagged", language)), own));
    for (name, own) in tests.chain(groups) {
        let figure = |of: fn(&Corrected) -> &Result<Interval, CannotSay>| {
            own.accuracy.as_ref().map_or("-".to_owned(), |accuracy| share(of(accuracy), language))
        };
        rows.push(vec![
            name,
            own.positive.text(threshold).get(language).to_owned(),
            own.verified.text(threshold).get(language).to_owned(),
            figure(|own| &own.ppv),
            figure(|own| &own.sensitivity),
            figure(|own| &own.specificity),
        ]);
    }
    println!("{}", table(&ids.map(|id| say(id, language)), rows));
}

fn share(figure: &Result<Interval, CannotSay>, language: Language) -> String {
    match figure {
        Ok(own) => format!("{:.0} % ({:.0}-{:.0})", own.value * 100.0, own.low * 100.0, own.high * 100.0),
        Err(CannotSay::NoPositive) => say("evaluate-no-positive", language),
        Err(CannotSay::NoNegative) => say("evaluate-no-negative", language),
        Err(CannotSay::OneOutcome) => say("evaluate-one-outcome", language),
    }
}

fn moves(language: Language, against: &PolicyComparison, rule: Rule) {
    let ids = ["evaluate-from", "evaluate-to", "pupils", "evaluate-by"];
    let row = |own: &Move| {
        let by: Vec<String> =
            own.by.iter().map(|(id, count)| format!("{id} {}", count.text(rule.threshold).get(language))).collect();
        vec![own.from.clone(), own.to.clone(), own.pupils.text(rule.threshold).get(language).to_owned(), by.join("; ")]
    };
    println!("{}", table(&ids.map(|id| say(id, language)), against.moves.iter().map(row).collect()));
}
