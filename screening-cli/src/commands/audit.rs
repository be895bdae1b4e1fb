//! `screening audit`

use screening_core::audit::{AuditReport, Auditor, Certainty};
use screening_core::instrument::Language;
use screening_core::scoring::Scorer;

use super::{Context, answers, print_json};
use crate::args::AuditCommand;
use crate::fail::Failure;
use crate::table::table;
use crate::texts::{fill, say};

pub(crate) fn run(context: &Context, command: &AuditCommand) -> Result<(), Failure> {
    let library = context.library()?;
    let instrument = super::instruments::find(context, &library, &command.answers.instrument)?;
    let scorer = Scorer::new(instrument).map_err(Failure::from_error)?;
    let packs = answers::wording(&command.answers, &library)?;
    let answers = answers::read(&command.answers, instrument, &packs, true)?;
    let report = Auditor::new(&scorer).run_with(&answers.frame, &answers.strays()).map_err(Failure::from_error)?;
    if context.json {
        print_json(&report)?;
    } else {
        print(context.language, &report);
    }
    // The findings are printed; the exit code tells scripts.
    if report.worst() == Some(Certainty::Certain) { Err(Failure::Told) } else { Ok(()) }
}

fn print(language: Language, report: &AuditReport) {
    let counts = [report.citation.clone(), report.sheets.to_string(), report.findings.len().to_string()];
    println!("{}", fill("audit-head", language, &counts));
    if !report.findings.is_empty() {
        let headings = ["audit-certainty", "audit-finding", "audit-seen", "audit-advice"].map(|id| say(id, language));
        let rows = report.findings.iter().map(|finding| {
            vec![
                finding.certainty.name().get(language).to_owned(),
                finding.id.clone(),
                finding.text.get(language).to_owned(),
                finding.advice.get(language).to_owned(),
            ]
        });
        println!("{}", table(&headings, rows.collect()));
    }
    for silent in &report.silent {
        let kind = silent.kind.name();
        println!(
            "{}",
            fill("audit-silent", language, &[kind.get(language).to_owned(), silent.why.get(language).to_owned()])
        );
    }
    println!(
        "{}",
        match report.worst() {
            Some(Certainty::Certain) => say("audit-stop", language),
            Some(_) => say("audit-look", language),
            None => say("audit-clear", language),
        }
    );
}
