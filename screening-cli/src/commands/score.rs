//! `screening score`

use std::path::Path;

use screening_core::instrument::wording::WordingPack;
use screening_core::scoring::{FrameOptions, ScoredSheets, Scorer, ScoringOptions};
use screening_io::AnswerSet;
use screening_io::output::{score_table, write_labelled};
use screening_io::sav::Dictionary;

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
    let answers = answers::read(&command.answers, instrument, &packs, command.accept_strays)?;
    let scored = scorer.score_frame(&answers.frame, &FrameOptions::default()).map_err(Failure::from_error)?;
    let table = score_table(&answers.frame, &scored).map_err(Failure::from_error)?;
    let facts = provenance(&scorer, &wording);
    let dictionary = Dictionary::of(&[instrument.definition()], context.language);
    write_labelled(&command.output, &table, &facts, &dictionary)?;
    report(context, command, &answers, &scored, &scorer, facts)
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
