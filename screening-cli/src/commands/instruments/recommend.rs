//! `screening instruments recommend`

use screening_core::catalogue::{Proposed, Recommendation, Uncovered, WhyUncovered, Wish, recommend};
use screening_core::instrument::{Evidence, Language, Library, LicenceStatus};

use super::super::{Context, print_json};
use crate::args::RecommendCommand;
use crate::fail::Failure;
use crate::show;
use crate::texts::{fill, say};

pub(super) fn run(context: &Context, command: &RecommendCommand) -> Result<(), Failure> {
    let library = context.library()?;
    let wish = Wish {
        grade: command.grade,
        constructs: command.construct.clone(),
        minutes: command.minutes,
        informant: command.informant.into(),
        with: command.with.clone(),
    };
    let proposal = recommend(&library, &wish).map_err(Failure::from_error)?;
    if context.json {
        return print_json(&proposal);
    }
    print!("{}", page(&library, &wish, &proposal, context.language));
    Ok(())
}

fn page(library: &Library, wish: &Wish, proposal: &Recommendation, language: Language) -> String {
    let wanted: Vec<String> = wish.constructs.iter().map(|c| show::construct(c, language)).collect();
    let head = [wish.grade.to_string(), wanted.join(", "), wish.minutes.to_string()];
    let mut lines = vec![fill("recommend-head", language, &head), String::new()];
    for proposed in &proposal.instruments {
        lines.extend(one(library, proposed, language));
    }
    if !proposal.instruments.is_empty() {
        lines.push(fill("recommend-total", language, &[proposal.minutes.to_string()]));
        let ids: Vec<String> = proposal.instruments.iter().map(|proposed| format!("\"{}\"", proposed.id)).collect();
        lines.push(fill("recommend-battery", language, &[format!("instruments = [{}]", ids.join(", "))]));
    }
    lines.extend(proposal.uncovered.iter().map(|uncovered| lacking(uncovered, language)));
    lines.push(String::new());
    lines.push(say("recommend-decide", language));
    lines.join("\n") + "\n"
}

fn one(library: &Library, proposed: &Proposed, language: Language) -> Vec<String> {
    let name = library.get(&proposed.id).map_or("", |instrument| instrument.definition().name.get(language));
    let covers: Vec<String> = proposed.covers.iter().map(|c| show::construct(c, language)).collect();
    let mut reasons = vec![
        say(&format!("fit-{}", show::word(&proposed.fit)), language),
        say(
            if proposed.evidence == Evidence::High { "reason-evidence-high" } else { "reason-evidence-medium" },
            language,
        ),
        say(if proposed.chinese_data { "reason-chinese-data" } else { "reason-no-chinese-data" }, language),
        say(&format!("reason-licence-{}", show::word(&proposed.licence)), language),
        fill(
            if proposed.minutes_estimated { "reason-minutes-estimated" } else { "reason-minutes" },
            language,
            &[proposed.minutes.to_string()],
        ),
    ];
    if proposed.licence != LicenceStatus::Free {
        reasons.push(say("reason-settle-licence", language));
    }
    let mut lines = vec![fill("recommend-one", language, &[proposed.id.clone(), name.to_owned(), covers.join(", ")])];
    lines.extend(reasons.iter().map(|reason| format!("  - {reason}")));
    if !proposed.instead.is_empty() {
        lines.push(format!("  - {}", fill("recommend-instead", language, &[proposed.instead.join(", ")])));
    }
    lines.push(String::new());
    lines
}

fn lacking(uncovered: &Uncovered, language: Language) -> String {
    let id = match uncovered.why {
        WhyUncovered::NoneForGrade => "recommend-none-for-grade",
        WhyUncovered::NoTime => "recommend-no-time",
    };
    fill(id, language, &[show::construct(&uncovered.construct, language), uncovered.looked_at.join(", ")])
}
