//! `screening instruments`

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use screening_core::instrument::{Diagnostic, Instrument, Library, Severity};
use screening_core::scoring::prove;

use super::{Context, print_json};
use crate::args::{Instruments, InstrumentsCommand};
use crate::fail::Failure;
use crate::show;
use crate::table::table;
use crate::texts::{fill, say};

pub(crate) fn run(context: &Context, command: &InstrumentsCommand) -> Result<(), Failure> {
    match &command.what {
        Instruments::List => list(context),
        Instruments::Show { id } => {
            let library = context.library()?;
            let instrument = find(context, &library, id)?;
            if context.json {
                return print_json(instrument.definition());
            }
            print!("{}", show::page(instrument, context.language));
            Ok(())
        }
        Instruments::Check { files } if files.is_empty() => check_library(context),
        Instruments::Check { files } => {
            let mut clean = true;
            for file in files {
                let text =
                    std::fs::read_to_string(file).map_err(|e| Failure::Message(format!("{}: {e}", file.display())))?;
                clean &= check(context, &file.display().to_string(), &text);
            }
            if clean { Ok(()) } else { Err(Failure::Told) }
        }
    }
}

/// The instrument, or a refusal that names those that exist.
pub(crate) fn find<'l>(context: &Context, library: &'l Library, id: &str) -> Result<&'l Instrument, Failure> {
    library.get(id).ok_or_else(|| {
        let known: Vec<&str> = library.iter().map(Instrument::id).collect();
        Failure::Message(fill("no-instrument", context.language, &[id.to_owned(), known.join(", ")]))
    })
}

fn list(context: &Context) -> Result<(), Failure> {
    let library = context.library()?;
    let language = context.language;
    if context.json {
        let rows: Vec<_> = library
            .iter()
            .map(|i| {
                let d = i.definition();
                serde_json::json!({
                    "id": d.id, "version": d.version, "hash": i.hash(), "name": d.name, "construct": d.construct, "informant": d.informant,
                    "ages": d.ages, "grades": d.grades, "items": d.items.len(), "evidence": d.evidence, "licence": d.licence.status,
                })
            })
            .collect();
        return print_json(&rows);
    }
    let headings = ["id", "name", "items", "grades", "informant", "licence", "evidence"].map(|id| say(id, language));
    let rows = library.iter().map(|instrument| {
        let d = instrument.definition();
        let grades = d.grades.map_or_else(|| "-".to_owned(), |g| format!("{}-{}", g.from, g.to));
        let words = [show::word(&d.informant), show::word(&d.licence.status), show::word(&d.evidence)]
            .map(|word| show::translate(&word, language));
        let [informant, licence, evidence] = words;
        vec![
            d.id.clone(),
            d.name.get(language).to_owned(),
            d.items.len().to_string(),
            grades,
            informant,
            licence,
            evidence,
        ]
    });
    println!("{}", table(&headings, rows.collect()));
    Ok(())
}

fn check_library(context: &Context) -> Result<(), Failure> {
    let library = context.library()?;
    let mut findings = 0;
    for instrument in library.iter() {
        for finding in prove(instrument) {
            findings += 1;
            eprintln!(
                "{}: {} {}: {} ({})",
                instrument.id(),
                finding.code,
                finding.path_text(),
                finding.message,
                finding.help
            );
        }
    }
    if findings > 0 {
        return Err(Failure::Told);
    }
    println!("{}", fill("check-library", context.language, &[library.len().to_string()]));
    Ok(())
}

/// Checks one file and prints every finding; says whether it may be used.
fn check(context: &Context, file: &str, text: &str) -> bool {
    let (instrument, mut diagnostics) = Instrument::diagnose(text);
    if let Some(instrument) = &instrument {
        diagnostics.extend(prove(instrument));
    }
    let diagnostics = diagnostics.located(text);
    if context.json {
        // The findings themselves are the answer.
        let _ = print_json(&serde_json::json!({ "file": file, "findings": diagnostics }));
    } else {
        for diagnostic in &diagnostics.0 {
            eprintln!("{}\n", render(file, text, diagnostic));
        }
    }
    let errors = diagnostics.has_errors();
    if !errors && !context.json {
        let id = instrument.map(|i| i.citation()).unwrap_or_default();
        println!("{}", fill("check-file", context.language, &[file.to_owned(), id, diagnostics.0.len().to_string()]));
    }
    !errors
}

/// The finding with the lines of the file that it is about.
fn render(file: &str, text: &str, diagnostic: &Diagnostic) -> String {
    let level = if diagnostic.severity == Severity::Error { Level::ERROR } else { Level::WARNING };
    let path = diagnostic.path_text();
    let title = level.primary_title(diagnostic.message.as_str()).id(diagnostic.code);
    let span = diagnostic.span.clone().unwrap_or(0..0);
    // A long table is shown by its first line.
    let first_line =
        text.get(span.start..span.end).and_then(|part| part.find('\n')).map_or(span.end, |at| span.start + at);
    let snippet = Snippet::source(text)
        .path(file)
        .annotation(AnnotationKind::Primary.span(span.start..first_line).label(path.as_str()));
    let report = &[title.element(snippet).element(Level::HELP.message(diagnostic.help.as_str()))];
    let report: &[Group<'_>] = report;
    Renderer::plain().render(report)
}
