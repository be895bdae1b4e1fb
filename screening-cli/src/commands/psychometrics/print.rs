//! An analysis on a terminal, as JSON, and as files.

use std::fmt::Write as _;
use std::path::Path;

use screening_core::instrument::Language;
use screening_core::psychometrics::analysis::{Analysis, Section};
use screening_core::psychometrics::irt::ItemBank;
use screening_core::scoring::ENGINE_VERSION;
use screening_io::Sample;
use screening_io::output::{AnalysisFiles, write_analysis};
use serde_json::{Value, json};

use crate::commands::{Context, print_json};
use crate::fail::Failure;
use crate::table::{list, list_of};
use crate::texts::{fill, say};

/// What an analysis was made of.
pub(super) struct Facts {
    source: String,
    scale: Option<String>,
    items: Vec<String>,
    rows: Option<[usize; 4]>,
    notes: Vec<String>,
}

impl Facts {
    pub(super) fn of(sample: &Sample) -> Self {
        let (rows_in, rows_rejected, cells_rejected) = sample.counts();
        Self {
            source: sample.citation().to_owned(),
            scale: sample.items().scale.clone(),
            items: sample.responses().names().to_vec(),
            rows: Some([rows_in, sample.responses().persons(), rows_rejected, cells_rejected]),
            notes: Vec::new(),
        }
    }

    pub(super) fn of_bank(file: &str, bank: &ItemBank) -> Self {
        Self {
            source: file.to_owned(),
            scale: None,
            items: bank.items().iter().map(|item| item.name.clone()).collect(),
            rows: None,
            notes: Vec::new(),
        }
    }

    pub(super) fn note(&mut self, text: String) {
        self.notes.push(text);
    }

    fn head(&self, language: Language) -> String {
        let scale = self.scale.clone().unwrap_or_else(|| "-".to_owned());
        let values = [self.source.clone(), scale, self.items.len().to_string()];
        let mut text = fill("psychometrics-head", language, &values) + "\n";
        if let Some(rows) = self.rows {
            text += &fill("psychometrics-rows", language, &rows.map(|count| count.to_string()));
            text.push('\n');
        }
        for note in &self.notes {
            text += note;
            text.push('\n');
        }
        text
    }
}

/// An analysis and what is written beside it.
pub(super) struct Found {
    name: &'static str,
    analysis: Analysis,
    facts: Facts,
    pub(super) files: AnalysisFiles,
}

impl Found {
    pub(super) fn new(name: &'static str, analysis: Analysis, facts: Facts) -> Self {
        Self { name, analysis, facts, files: AnalysisFiles::default() }
    }

    fn json(&self) -> Value {
        let rows = self.facts.rows.map(|[read, used, rejected, cells]| {
            json!({ "rows_in": read, "rows": used, "rows_rejected": rejected, "cells_rejected": cells })
        });
        json!({
            "analysis": self.name,
            "engine": ENGINE_VERSION,
            "source": self.facts.source,
            "scale": self.facts.scale,
            "items": self.facts.items,
            "counts": rows,
            "sections": self.analysis.to_json(),
        })
    }

    fn text(&self, language: Language) -> String {
        let mut text = self.facts.head(language);
        for section in &self.analysis.sections {
            text.push('\n');
            text += &section_text(section, language);
        }
        text
    }
}

fn section_text(section: &Section, language: Language) -> String {
    let mut text = String::new();
    if let Some(why) = &section.refused {
        let _ = writeln!(text, "{}", fill("psychometrics-refused", language, &[section.id.clone(), why.clone()]));
        return text;
    }
    let _ = writeln!(text, "## {}", section.id);
    for table in &section.tables {
        let (title, headings, rows) = table.in_language(language);
        let _ = writeln!(text, "[{title}]");
        if rows.is_empty() {
            let _ = writeln!(text, "{}\n", say("psychometrics-none", language));
            continue;
        }
        let shown = if headings.is_empty() { list_of(rows) } else { list(&headings, rows) };
        let _ = writeln!(text, "{shown}\n");
    }
    for sentence in &section.explanation {
        let _ = writeln!(text, "- {}", sentence.get(language));
    }
    text
}

/// Prints an analysis, and writes its files when a folder is given.
pub(super) fn show(context: &Context, out: Option<&Path>, found: &Found) -> Result<(), Failure> {
    let (text, json) = (found.text(context.language), found.json());
    let mut written = Vec::new();
    if let Some(out) = out {
        let pretty = serde_json::to_string_pretty(&json).map_err(Failure::from_error)?;
        let mut texts =
            vec![(format!("{}.txt", found.name), text.clone()), (format!("{}.json", found.name), pretty + "\n")];
        texts.extend(found.files.texts.iter().cloned());
        texts.extend(found.analysis.plots().into_iter().map(|plot| (format!("{}.svg", plot.name), plot.svg)));
        written = write_analysis(out, &AnalysisFiles { texts, tables: found.files.tables.clone() })?;
    }
    if context.json {
        return print_json(&json);
    }
    print!("{text}");
    if !written.is_empty() {
        println!();
        written.iter().for_each(|path| println!("  {}", path.display()));
    }
    Ok(())
}
