//! `screening instruments pages`: a reference page for every instrument, in Markdown, from the definitions alone.

use std::collections::BTreeMap;
use std::path::Path;

use screening_core::instrument::{Instrument, Language, Library};

use super::super::Context;
use crate::args::PagesCommand;
use crate::fail::Failure;
use crate::markdown;
use crate::texts::fill;

pub(super) fn run(context: &Context, command: &PagesCommand) -> Result<(), Failure> {
    let pages = pages(&context.library()?);
    put(context, &command.out, command.check, &pages, "pages-stale")
}

/// Writes generated pages, or says which of them are not current; `stale` is the id of that text.
pub(crate) fn put(
    context: &Context,
    out: &Path,
    check: bool,
    pages: &BTreeMap<String, String>,
    stale: &str,
) -> Result<(), Failure> {
    let file = |path: &Path, e: std::io::Error| Failure::Message(format!("{}: {e}", path.display()));
    if !check {
        std::fs::create_dir_all(out).map_err(|e| file(out, e))?;
        for (name, text) in pages {
            let path = out.join(name);
            std::fs::write(&path, text).map_err(|e| file(&path, e))?;
        }
        let facts = [pages.len().to_string(), out.display().to_string()];
        println!("{}", fill("pages-done", context.language, &facts));
        return Ok(());
    }
    let mut old: Vec<String> = pages
        .iter()
        .filter(|(name, text)| std::fs::read_to_string(out.join(name)).ok().as_ref() != Some(text))
        .map(|(name, _)| name.clone())
        .collect();
    // A page of something that is gone would be believed.
    for entry in std::fs::read_dir(out).map_err(|e| file(out, e))?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if !pages.contains_key(&name) {
            old.push(name);
        }
    }
    if old.is_empty() {
        println!("{}", fill("pages-current", context.language, &[pages.len().to_string()]));
        return Ok(());
    }
    Err(Failure::Message(fill(stale, context.language, &[old.join(", ")])))
}

/// File name to text.
fn pages(library: &Library) -> BTreeMap<String, String> {
    let mut pages: BTreeMap<String, String> =
        library.iter().map(|instrument| (format!("{}.md", instrument.id()), markdown::page(instrument))).collect();
    let all: Vec<&Instrument> = library.iter().collect();
    pages.insert("README.md".to_owned(), markdown::index(&all, Language::En));
    pages
}
