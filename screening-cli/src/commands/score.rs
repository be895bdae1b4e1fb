//! `screening score`

use std::path::Path;

use screening_core::instrument::Instrument;
use screening_core::instrument::wording::{WordingPack, WordingPacks};
use screening_core::scoring::{FrameOptions, Scorer, ScoringOptions};
use screening_io::output::{provenance, score_table, write_in_parts};
use screening_io::sav::Dictionary;
use screening_io::{AnswerSet, CHUNK_ROWS, CodingReport, Source, stream_answers};

use super::{Context, answers, print_json};
use crate::args::ScoreCommand;
use crate::fail::Failure;
use crate::texts::fill;

pub(crate) fn run(context: &Context, command: &ScoreCommand) -> Result<(), Failure> {
    let library = context.library()?;
    let instrument = super::instruments::find(context, &library, &command.answers.instrument)?;
    let options = ScoringOptions { cutoffs: command.cutoffs.iter().cloned().collect() };
    let scorer = Scorer::with_options(instrument, options).map_err(Failure::from_error)?;
    let packs = answers::wording(&command.answers, &library)?;
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
    let args = &command.answers;
    if args.mapping.is_some() {
        let set = answers::read(args, instrument, packs, command.accept_strays)?;
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
    let spec = answers::table_spec(args, instrument, packs, command.accept_strays);
    // What comes in on standard input cannot be read twice, so it is held in memory.
    let bytes = if args.input == Path::new("-") { Some(answers::standard_input()?) } else { None };
    let source = match &bytes {
        Some(bytes) => Source::Bytes { name: "-", bytes },
        None => Source::File(&args.input),
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
