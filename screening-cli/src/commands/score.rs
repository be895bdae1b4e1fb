//! `screening score`

use std::io::Read;
use std::path::Path;

use screening_core::instrument::Instrument;
use screening_core::instrument::wording::{WordingPack, WordingPacks};
use screening_core::scoring::{FrameOptions, ScoredSheets, Scorer, ScoringOptions};
use screening_io::output::{score_table, write_labelled};
use screening_io::sav::Dictionary;
use screening_io::{
    AnswerSet, ColumnNames, MappedSpec, Mapping, TablePart, TableSpec, read_answers, read_answers_bytes, read_mapped,
    read_mapped_bytes, read_wording,
};

use super::{Context, print_json};
use crate::args::ScoreCommand;
use crate::fail::Failure;
use crate::texts::fill;

pub(crate) fn run(context: &Context, command: &ScoreCommand) -> Result<(), Failure> {
    let library = context.library()?;
    let instrument = super::instruments::find(context, &library, &command.instrument)?;
    let options = ScoringOptions { cutoffs: command.cutoffs.iter().cloned().collect() };
    let scorer = Scorer::with_options(instrument, options).map_err(Failure::from_error)?;
    let packs = match &command.wording {
        Some(folder) => read_wording(folder, &library)?,
        None => WordingPacks::default(),
    };
    let wording: Vec<String> = packs.of(instrument.id()).map(WordingPack::citation).collect();
    let answers = read(command, instrument, &packs)?;
    let scored = scorer.score_frame(&answers.frame, &FrameOptions::default()).map_err(Failure::from_error)?;
    let table = score_table(&answers.frame, &scored).map_err(Failure::from_error)?;
    let facts = provenance(&scorer, &wording);
    let dictionary = Dictionary::of(&[instrument.definition()], context.language);
    write_labelled(&command.output, &table, &facts, &dictionary)?;
    report(context, command, &answers, &scored, &scorer, facts)
}

fn read(command: &ScoreCommand, instrument: &Instrument, packs: &WordingPacks) -> Result<AnswerSet, Failure> {
    if let Some(path) = &command.mapping {
        return read_by_mapping(command, path, instrument, packs);
    }
    let names = match &command.prefix {
        Some(prefix) => ColumnNames::Prefix(prefix.clone()),
        None if !command.map.is_empty() => ColumnNames::Mapping(command.map.iter().cloned().collect()),
        None => ColumnNames::Canonical,
    };
    let part = TablePart {
        coding: command.coding.map(Into::into),
        accept_strays: command.accept_strays,
        ..TablePart::new(instrument.definition(), names)
    };
    let spec = TableSpec { parts: vec![part], wording: Some(packs), ..TableSpec::default() };
    if command.input != Path::new("-") {
        return Ok(read_answers(&command.input, &spec)?);
    }
    let mut bytes = Vec::new();
    std::io::stdin().read_to_end(&mut bytes).map_err(Failure::from_error)?;
    Ok(read_answers_bytes("-", &bytes, &spec)?)
}

/// Reads with a mapping file; options of the command line go before what the file says.
fn read_by_mapping(
    command: &ScoreCommand,
    path: &Path,
    instrument: &Instrument,
    packs: &WordingPacks,
) -> Result<AnswerSet, Failure> {
    let mut mapping = Mapping::read(path)?;
    mapping.instruments.retain(|id, _| id == instrument.id());
    for part in mapping.instruments.values_mut() {
        part.coding = command.coding.map(Into::into).or(part.coding);
        part.accept_strays |= command.accept_strays;
    }
    let spec = MappedSpec {
        wording: Some(packs),
        needs_student_id: false,
        ..MappedSpec::new(&mapping, vec![instrument.definition()])
    };
    if command.input != Path::new("-") {
        return Ok(read_mapped(&command.input, &spec)?);
    }
    let mut bytes = Vec::new();
    std::io::stdin().read_to_end(&mut bytes).map_err(Failure::from_error)?;
    Ok(read_mapped_bytes("-", &bytes, &spec)?)
}

/// What every result cites: definition, cut-off sets, engine, and the wordings by which option texts were read.
fn provenance(scorer: &Scorer, wording: &[String]) -> Vec<(String, String)> {
    let definition = scorer.instrument().definition();
    let mut facts = vec![
        ("instrument".to_owned(), scorer.instrument().citation()),
        ("engine".to_owned(), screening_core::scoring::ENGINE_VERSION.to_owned()),
    ];
    let medium: Vec<&str> = scorer.medium_evidence().collect();
    if !medium.is_empty() {
        facts.push(("evidence.medium".to_owned(), medium.join(",")));
    }
    for (at, scale) in definition.scales.iter().enumerate() {
        facts.extend(scorer.cutoff_set(at).map(|set| (format!("cutoffs.{}", scale.id), set.to_owned())));
    }
    if !wording.is_empty() {
        facts.push(("wording".to_owned(), wording.join(",")));
    }
    facts
}

fn report(
    context: &Context,
    command: &ScoreCommand,
    answers: &AnswerSet,
    scored: &ScoredSheets,
    scorer: &Scorer,
    facts: Vec<(String, String)>,
) -> Result<(), Failure> {
    let to_stdout = command.output == Path::new("-");
    if context.json && !to_stdout {
        let facts = facts.into_iter().map(|(key, value)| (key, value.into())).collect::<serde_json::Map<_, _>>();
        return print_json(&serde_json::json!({
            "rows_in": answers.rows_in,
            "rows_scored": scored.rows(),
            "rows_rejected": answers.rows_rejected(),
            "cells_rejected": answers.rejected.len() - answers.rows_rejected(),
            "provenance": facts,
        }));
    }
    let language = context.language;
    for coding in &answers.codings {
        eprintln!("{}", fill("score-coding", language, &[coding.instrument.clone(), coding.coding.word().to_owned()]));
    }
    for rejected in &answers.rejected {
        eprintln!("{}", rejected.problem.render(language));
    }
    let counts = [
        answers.rows_in.to_string(),
        scored.rows().to_string(),
        answers.rows_rejected().to_string(),
        scorer.instrument().citation(),
    ];
    eprintln!("{}", fill("score-done", language, &counts));
    Ok(())
}
