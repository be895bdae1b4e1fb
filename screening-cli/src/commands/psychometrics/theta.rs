//! Item response theory and adaptive tests.

use std::path::Path;

use screening_core::psychometrics::analysis::{self, CatStudyOptions, IrtOptions, IrtResult};
use screening_core::psychometrics::cat::{CatOptions, Stopping};
use screening_core::psychometrics::irt::{CalibrationOptions, ItemBank, Prior, ScoreOptions};
use screening_io::{read_bank, score_columns, write_bank};

use super::Read;
use super::print::{Facts, Found, show};
use crate::args::{CatArgs, IrtArgs};
use crate::commands::Context;
use crate::fail::Failure;
use crate::texts::fill;

pub(super) fn irt(context: &Context, args: &IrtArgs) -> Result<(), Failure> {
    let read = Read::of(context, &args.sample)?;
    let options = IrtOptions {
        calibration: CalibrationOptions::new(args.model.into()),
        scores: ScoreOptions { estimator: args.scores.into(), ..ScoreOptions::default() },
        bank: bank(context, &read, args.parameters.as_deref())?,
    };
    let IrtResult { analysis, bank, scores } =
        analysis::irt(read.sample.responses(), &options).map_err(Failure::from_error)?;
    let rows = read.sample.rows_with(score_columns(&scores))?;
    let mut found = Found::new("irt", analysis, Facts::of(&read.sample));
    found.files.texts.push(("items.json".to_owned(), write_bank(&bank)));
    found.files.tables.push(("scores.csv".to_owned(), rows));
    show(context, args.sample.output.as_deref(), &found)
}

/// Known parameters: of a file, or of the scale itself.
fn bank(context: &Context, read: &Read, from: Option<&str>) -> Result<Option<ItemBank>, Failure> {
    match from {
        None => Ok(None),
        Some("definition") => {
            let scale = read.sample.items().scale.clone().unwrap_or_default();
            let bank = ItemBank::of_scale(read.definition()?, &scale).map_err(Failure::from_error)?;
            bank.map(Some).ok_or_else(|| {
                Failure::Message(fill("psychometrics-no-parameters", context.language, &[read.id.clone(), scale]))
            })
        }
        Some(path) => Ok(Some(read_bank(Path::new(path))?)),
    }
}

pub(super) fn cat(context: &Context, args: &CatArgs) -> Result<(), Failure> {
    let bank = read_bank(&args.parameters)?;
    let stopping =
        Stopping { se: Some(args.se), min_items: args.min_items, max_items: args.max_items, ..Stopping::default() };
    let options = CatStudyOptions {
        rules: CatOptions { randomesque: args.randomesque, stopping, ..CatOptions::default() },
        persons: args.persons,
        population: Prior { mean: args.mean, deviation: args.sd },
        seed: args.seed,
    };
    let found = analysis::adaptive(&bank, &options).map_err(Failure::from_error)?;
    let facts = Facts::of_bank(&args.parameters.display().to_string(), &bank);
    show(context, args.output.as_deref(), &Found::new("cat", found, facts))
}
