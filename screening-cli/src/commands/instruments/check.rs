//! `screening instruments check`

use std::path::PathBuf;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use rayon::prelude::*;
use screening_core::instrument::{Diagnostic, Instrument, Severity};
use screening_core::scoring::prove;

use super::super::{Context, print_json};
use crate::fail::Failure;
use crate::texts::fill;

/// Checks files, or the whole library when there are none.
pub(super) fn run(context: &Context, files: &[PathBuf]) -> Result<(), Failure> {
    if files.is_empty() {
        return check_library(context);
    }
    let mut clean = true;
    for file in files {
        let text = std::fs::read_to_string(file).map_err(|e| Failure::Message(format!("{}: {e}", file.display())))?;
        clean &= check(context, &file.display().to_string(), &text);
    }
    if clean { Ok(()) } else { Err(Failure::Told) }
}

fn check_library(context: &Context) -> Result<(), Failure> {
    let library = context.library()?;
    let instruments: Vec<&Instrument> = library.iter().collect();
    let findings: Vec<String> = instruments
        .par_iter()
        .flat_map_iter(|instrument| {
            prove(instrument)
                .into_iter()
                .map(|f| format!("{}: {} {}: {} ({})", instrument.id(), f.code, f.path_text(), f.message, f.help))
        })
        .collect();
    findings.iter().for_each(|finding| eprintln!("{finding}"));
    if !findings.is_empty() {
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
pub(crate) fn render(file: &str, text: &str, diagnostic: &Diagnostic) -> String {
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
