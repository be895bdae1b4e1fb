//! `screening example`

use indicatif::{ProgressBar, ProgressStyle};
use screening_io::example::{ExampleParams, generate};

use super::{Context, print_json};
use crate::args::ExampleCommand;
use crate::fail::Failure;
use crate::texts::fill;

pub(crate) fn run(context: &Context, command: &ExampleCommand) -> Result<(), Failure> {
    let library = context.library()?;
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
