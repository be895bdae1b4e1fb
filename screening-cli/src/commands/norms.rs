//! `screening norms`

mod build;
mod print;

use std::path::Path;

use screening_core::norms::{Centre, DeriveOptions, DriftOptions, NormSet, drift};
use screening_io::output::write_table;
use screening_io::{ReadOptions, read_results};

use super::{Context, print_json};
use crate::args::{Norms, NormsApply, NormsCommand};
use crate::fail::Failure;
use crate::texts::fill;

pub(crate) fn run(context: &Context, command: &NormsCommand) -> Result<(), Failure> {
    match &command.what {
        Norms::Build(build) => build::run(context, build),
        Norms::Show { file, table } => {
            let set = load(context, file)?;
            if context.json {
                return print_json(set.definition());
            }
            print::set(context, &set, *table);
            Ok(())
        }
        Norms::Drift { earlier, later } => {
            let report = drift(&load(context, earlier)?, &load(context, later)?, &DriftOptions::default());
            if context.json {
                return print_json(&report);
            }
            print::drift(context, &report);
            Ok(())
        }
        Norms::Apply(apply) => run_apply(context, apply),
    }
}

/// A norm file, or a set of the library by its id.
fn load(context: &Context, file: &Path) -> Result<NormSet, Failure> {
    let name = file.display().to_string();
    let bundled = if file.exists() { None } else { NormSet::bundled(&name) };
    let set = match bundled {
        Some(set) => set,
        None => {
            let refuse = |cause: std::io::Error| {
                Failure::Message(fill("norms-unreadable", context.language, &[name.clone(), cause.to_string()]))
            };
            NormSet::from_toml(&std::fs::read_to_string(file).map_err(refuse)?)
        }
    };
    set.map_err(|diagnostics| Failure::Message(format!("{name}: {diagnostics}")))
}

fn run_apply(context: &Context, command: &NormsApply) -> Result<(), Failure> {
    let set = load(context, &command.norms)?;
    let fits = set.check_against(&context.library()?);
    for finding in &fits.0 {
        eprintln!("{}: {} ({})", command.norms.display(), finding.message, finding.help);
    }
    if fits.has_errors() {
        return Err(Failure::Told);
    }
    let frame = read_results(&command.results, &ReadOptions::default(), &|heading| set.scale(heading).is_some())?;
    let centre = if command.true_score { Centre::EstimatedTrue } else { Centre::Observed };
    let options = DeriveOptions { level: command.level, centre };
    let applied = set.apply(&frame, &options).map_err(Failure::from_error)?;
    let table = frame.hstack(&applied.columns).map_err(Failure::from_error)?;
    let facts = [("screening.norms".to_owned(), set.citation())];
    write_table(&command.output, &table, &facts)?;
    if command.output == Path::new("-") {
        return Ok(());
    }
    if context.json {
        return print_json(&serde_json::json!({
            "norms": set.citation(), "accounts": applied.accounts, "absent": applied.absent,
        }));
    }
    print::accounts(context, &set, &applied);
    Ok(())
}
