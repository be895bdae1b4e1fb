//! `screening example`

use indicatif::{ProgressBar, ProgressStyle};
use screening_core::instrument::Library;
use screening_io::example::{ExampleParams, generate};
use screening_io::province::{ProvinceParams, province};

use super::{Context, print_json};
use crate::args::ExampleCommand;
use crate::fail::Failure;
use crate::texts::fill;

pub(crate) fn run(context: &Context, command: &ExampleCommand) -> Result<(), Failure> {
    let library = context.library()?;
    if command.screen {
        return province_of(context, command, &library);
    }
    let params = ExampleParams {
        schools: command.schools,
        waves: command.waves,
        ..ExampleParams::new(&command.out, command.pupils, command.seed)
    };
    let bar = ProgressBar::new(command.pupils);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} {eta}") {
        bar.set_style(style);
    }
    let lookup = |id: &str| library.get(id).map(screening_core::instrument::Instrument::definition);
    let summary =
        generate(&params, &lookup, &|progress| bar.set_position(progress.pupils_done)).map_err(Failure::from_error)?;
    bar.finish_and_clear();
    if context.json {
        return print_json(&summary);
    }
    let job = command.out.join("screening.toml").display().to_string();
    println!(
        "{}",
        fill("example-done", context.language, &[command.pupils.to_string(), summary.schools.to_string(), job])
    );
    Ok(())
}

/// Draws, screens and tallies a province.
fn province_of(context: &Context, command: &ExampleCommand, library: &Library) -> Result<(), Failure> {
    let ExampleCommand { pupils, district_pupils, seed, .. } = *command;
    let params = ProvinceParams { pupils, district_pupils, seed, out: command.out.clone() };
    let bar = ProgressBar::new(pupils);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} {eta}") {
        bar.set_style(style);
    }
    let (whole, written) =
        province(&params, library, &|progress| bar.set_position(progress.pupils)).map_err(Failure::from_error)?;
    bar.finish_and_clear();
    super::merge::told(context, &whole, &written)
}
