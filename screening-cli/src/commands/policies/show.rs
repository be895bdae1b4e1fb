//! `screening policies show`

use screening_core::risk::lint_policy;

use super::super::{Context, print_json};
use super::check::scopes;
use super::{Source, batteries, render};
use crate::fail::Failure;
use crate::table::table;
use crate::texts::{fill, say};

pub(super) fn run(context: &Context, name: &str) -> Result<(), Failure> {
    let language = context.language;
    let source = Source::read(context, name)?;
    let library = context.library()?;
    let batteries = batteries();
    let findings = lint_policy(&source.policy, &library, &scopes(&source.policy, &batteries)).located(&source.text);
    let d = source.policy.definition();
    if context.json {
        return print_json(
            &serde_json::json!({ "policy": d, "citation": source.policy.citation(), "findings": findings }),
        );
    }
    println!("{} · {}", d.name.get(language), source.policy.citation());
    println!("{}", d.population.get(language));
    let headings = ["tier", "response-hours", "owner", "next-step"].map(|id| say(id, language));
    let tiers = source.policy.tiers().map(|tier| {
        let hours = tier.response_hours.map_or_else(|| "-".to_owned(), |hours| hours.to_string());
        let texts = [&tier.owner, &tier.next_step].map(|text| text.get(language).to_owned());
        let [owner, next] = texts;
        vec![format!("{} ({})", tier.name.get(language), tier.id), hours, owner, next]
    });
    println!("{}", table(&headings, tiers.collect()));
    let headings = ["rule", "tier", "when", "why"].map(|id| say(id, language));
    let rules = d.rules.iter().map(|rule| {
        vec![
            rule.id.clone(),
            rule.tier.clone().unwrap_or_else(|| say("note", language)),
            rule.when.describe(&library, language),
            rule.description.get(language).to_owned(),
        ]
    });
    println!("{}", table(&headings, rules.collect()));
    for rate in &d.error_rates {
        let figures = rate.figures().into_iter().filter_map(|(key, figure)| Some(format!("{key} {}", figure?)));
        let figures: Vec<String> = figures.chain(rate.n.map(|n| format!("n {n}"))).collect();
        let of = rate.rule.clone().unwrap_or_else(|| say("whole-policy", language));
        println!("{of}: {} ({}; {})", figures.join(", "), rate.population.get(language), rate.source);
    }
    for finding in &findings.0 {
        println!("\n{}", render(&source.file, &source.text, finding));
    }
    println!("\n{}", fill("policy-checked", language, &[d.id.clone(), findings.0.len().to_string()]));
    Ok(())
}
