//! `screening merge`

use std::path::PathBuf;

use screening_core::coverage::Status;
use screening_core::tally::WaveTally;
use screening_io::output::{read_tally, write_merged};

use super::{Context, print_json};
use crate::args::MergeCommand;
use crate::fail::Failure;
use crate::table::table;
use crate::texts::{fill, say};

pub(crate) fn run(context: &Context, command: &MergeCommand) -> Result<(), Failure> {
    let mut whole: Option<WaveTally> = None;
    let mut parts = Vec::new();
    for path in &command.parts {
        let (tally, part) = read_tally(path)?;
        let refuse = |cause| Failure::Message(format!("{}: {cause}", path.display()));
        match &mut whole {
            Some(whole) => whole.merge(&tally).map_err(refuse)?,
            None => whole = Some(tally),
        }
        parts.push(part);
    }
    let Some(whole) = whole else { return Ok(()) };
    let written = write_merged(&command.out, &whole, &parts)?;
    told(context, &whole, &written)
}

/// Coverage, levels, and the files.
pub(super) fn told(context: &Context, whole: &WaveTally, written: &[PathBuf]) -> Result<(), Failure> {
    let summary = whole.summary();
    if context.json {
        return print_json(&summary);
    }
    let language = context.language;
    let counts = [summary.districts as u64, summary.schools as u64, whole.pupils()];
    println!("{}", fill("merge-whole", language, &counts.map(|count| count.to_string())));
    let mut headings = vec![say("enrolled", language)];
    headings.extend(Status::ALL.iter().map(|status| status.name().get(language).to_owned()));
    let mut cells = vec![summary.coverage.enrolled().to_string()];
    cells.extend(Status::ALL.iter().map(|status| summary.coverage.get(*status).to_string()));
    println!("{}", table(&headings, vec![cells]));
    let enrolled = f64::from(summary.coverage.enrolled()).max(1.0);
    let rows = summary.tiers.iter().map(|tier| {
        let share = format!("{:.1} %", tier.pupils as f64 / enrolled * 100.0);
        vec![tier.name.get(language).to_owned(), tier.pupils.to_string(), share]
    });
    println!("{}", table(&["tier", "pupils", "share"].map(|id| say(id, language)), rows.collect()));
    let critical = [summary.critical, summary.stray_critical].map(|count| count.to_string());
    println!("{}\n", fill("merge-critical", language, &critical));
    for path in written {
        println!("  {}", path.display());
    }
    println!("\n{}", say("not-a-diagnosis", language));
    Ok(())
}
