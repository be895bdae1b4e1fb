//! `screening instruments wording`

use std::path::Path;

use screening_core::instrument::Library;
use screening_core::instrument::wording::WordingPacks;
use screening_io::output::write_wording;
use screening_io::{ImportSpec, Imported, add_wording, import_fhir, import_redcap, wording_files};

use super::super::{Context, print_json};
use super::find;
use crate::args::{Wording, WordingImport};
use crate::fail::Failure;
use crate::table::table;
use crate::texts::{fill, say};

pub(super) fn run(context: &Context, what: &Wording) -> Result<(), Failure> {
    match what {
        Wording::Import(command) => import(context, command),
        Wording::Check { folder } => check(context, folder),
    }
}

fn import(context: &Context, command: &WordingImport) -> Result<(), Failure> {
    let library = context.library()?;
    let instrument = find(context, &library, &command.instrument)?;
    let spec = ImportSpec {
        source: command.source.clone(),
        licence: command.licence.clone(),
        map: command.map.iter().cloned().collect(),
        ..ImportSpec::new(instrument, &command.form_language)
    };
    // The arguments hold exactly one of the two.
    let imported = match (&command.fhir, &command.redcap) {
        (Some(file), _) => import_fhir(file, &command.value_set, &spec)?,
        (None, Some(file)) => import_redcap(file, command.form.as_deref(), &spec)?,
        (None, None) => return Err(Failure::Message(say("wording-no-form", context.language))),
    };
    write_wording(&command.output, &imported.pack)?;
    report(context, command, &imported)
}

fn report(context: &Context, command: &WordingImport, imported: &Imported) -> Result<(), Failure> {
    let language = context.language;
    let (pack, to_stdout) = (&imported.pack, command.output == Path::new("-"));
    if context.json && !to_stdout {
        let left_out: Vec<serde_json::Value> = imported
            .left_out
            .iter()
            .map(|p| serde_json::json!({ "id": p.id, "name": p.value, "why": p.why(language) }))
            .collect();
        return print_json(&serde_json::json!({
            "wording": pack.citation(), "items": pack.items.len(), "licence": pack.licence, "left_out": left_out,
        }));
    }
    for problem in &imported.left_out {
        let name = problem.value.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
        eprintln!("  {name}{}", problem.why(language));
    }
    let values = [pack.citation(), pack.items.len().to_string(), pack.licence.clone()];
    eprintln!("{}", fill("wording-imported", language, &values));
    Ok(())
}

/// Every pack is looked at, also behind one that is refused.
fn check(context: &Context, folder: &Path) -> Result<(), Failure> {
    let library: Library = context.library()?;
    let mut packs = WordingPacks::default();
    let (mut rows, mut refused) = (Vec::new(), Vec::new());
    for file in wording_files(folder)? {
        match add_wording(&mut packs, &file, &library) {
            Ok(pack) => rows.push(vec![
                file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
                pack.citation(),
                pack.items.len().to_string(),
                (pack.options.len() + pack.item_options.len()).to_string(),
                pack.licence.clone(),
            ]),
            Err(error) => refused.push(error),
        }
    }
    let language = context.language;
    if context.json {
        let refused: Vec<String> = refused.iter().map(|error| error.render(language)).collect();
        let fits: Vec<String> = rows.into_iter().filter_map(|row| row.into_iter().nth(1)).collect();
        print_json(&serde_json::json!({ "fits": fits, "refused": refused }))?;
        return if refused.is_empty() { Ok(()) } else { Err(Failure::Told) };
    }
    let counts = [rows.len().to_string(), refused.len().to_string()];
    if !rows.is_empty() {
        let headings = ["file", "wording", "items", "option-texts", "licence"].map(|id| say(id, language));
        println!("{}", table(&headings, rows));
    }
    println!("{}", fill("wording-checked", language, &counts));
    for error in &refused {
        eprintln!("{}\n", error.render(language));
    }
    if refused.is_empty() { Ok(()) } else { Err(Failure::Told) }
}
