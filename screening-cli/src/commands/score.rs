//! `screening score`

use std::io::Read;
use std::path::Path;

use screening_core::instrument::Instrument;
use screening_core::instrument::wording::{WordingPack, WordingPacks};
use screening_core::scoring::{FrameOptions, Scorer, ScoringOptions};
use screening_io::output::{score_table, write_in_parts};
use screening_io::sav::Dictionary;
use screening_io::{
    AnswerSet, CHUNK_ROWS, CodingReport, ColumnNames, MappedSpec, Mapping, Source, TablePart, TableSpec, read_mapped,
    read_mapped_bytes, read_wording, stream_answers,
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
    let facts = provenance(&scorer, &wording);
    let dictionary = Dictionary::of(&[instrument.definition()], context.language);
    let quiet = context.json && command.output != Path::new("-");
    let mut done = Done::default();
    write_in_parts(&command.output, &facts, &dictionary, |sink| {
        read(command, instrument, &packs, &mut done, &mut |set| {
            let scored = scorer.score_frame(&set.frame, &FrameOptions::default()).map_err(Failure::from_error)?;
            sink.push(&score_table(&set.frame, &scored).map_err(Failure::from_error)?)?;
            for rejected in set.rejected.iter().filter(|_| !quiet) {
                eprintln!("{}", rejected.problem.render(context.language));
            }
            Ok(())
        })
    })?;
    report(context, command, &done, &scorer, facts)
}

/// What was read in all.
#[derive(Default)]
struct Done {
    rows_in: usize,
    rows: usize,
    rows_rejected: usize,
    cells_rejected: usize,
    codings: Vec<CodingReport>,
}

/// Takes the answers as they are read.
type Each<'a> = &'a mut dyn FnMut(AnswerSet) -> Result<(), Failure>;

/// Reads the answers part by part; a table with a mapping file, whose sheets may be spread over all rows, is one part.
fn read(
    command: &ScoreCommand,
    instrument: &Instrument,
    packs: &WordingPacks,
    done: &mut Done,
    each: Each<'_>,
) -> Result<(), Failure> {
    if let Some(path) = &command.mapping {
        let set = read_by_mapping(command, path, instrument, packs)?;
        let rejected = set.rows_rejected();
        *done = Done {
            rows_in: set.rows_in,
            rows: set.frame.height(),
            rows_rejected: rejected,
            cells_rejected: set.rejected.len() - rejected,
            codings: set.codings.clone(),
        };
        return each(set);
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
    let mut bytes = Vec::new();
    let source = if command.input == Path::new("-") {
        // What comes in on standard input cannot be read twice, so it is held in memory.
        std::io::stdin().read_to_end(&mut bytes).map_err(Failure::from_error)?;
        Source::Bytes { name: "-", bytes: &bytes }
    } else {
        Source::File(&command.input)
    };
    let streamed = stream_answers(source, &spec, CHUNK_ROWS, each)?;
    *done = Done {
        rows_in: streamed.rows_in,
        rows: streamed.rows,
        rows_rejected: streamed.rows_rejected,
        cells_rejected: streamed.cells_rejected,
        codings: streamed.codings,
    };
    Ok(())
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
    done: &Done,
    scorer: &Scorer,
    facts: Vec<(String, String)>,
) -> Result<(), Failure> {
    if context.json && command.output != Path::new("-") {
        let facts = facts.into_iter().map(|(key, value)| (key, value.into())).collect::<serde_json::Map<_, _>>();
        return print_json(&serde_json::json!({
            "rows_in": done.rows_in,
            "rows_scored": done.rows,
            "rows_rejected": done.rows_rejected,
            "cells_rejected": done.cells_rejected,
            "provenance": facts,
        }));
    }
    let language = context.language;
    for coding in &done.codings {
        eprintln!("{}", fill("score-coding", language, &[coding.instrument.clone(), coding.coding.word().to_owned()]));
    }
    let counts = [
        done.rows_in.to_string(),
        done.rows.to_string(),
        done.rows_rejected.to_string(),
        scorer.instrument().citation(),
    ];
    eprintln!("{}", fill("score-done", language, &counts));
    Ok(())
}
