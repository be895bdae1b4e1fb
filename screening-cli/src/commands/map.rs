//! `screening map`

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use screening_io::{Form, ReadOptions, draft_mapping, read_file_bytes};

use super::{Context, print_json};
use crate::args::MapCommand;
use crate::fail::Failure;

pub(crate) fn run(context: &Context, command: &MapCommand) -> Result<(), Failure> {
    let library = context.library()?;
    let definitions = command
        .instruments_in_file
        .iter()
        .map(|id| Ok(super::instruments::find(context, &library, id)?.definition()))
        .collect::<Result<Vec<_>, Failure>>()?;
    let form = if command.long { Form::Long } else { Form::Wide };
    let bytes = read_file_bytes(&command.input, &ReadOptions::default())?;
    let name = command.input.display().to_string();
    let draft = draft_mapping(&name, &bytes, &definitions, form, context.language)?;
    if command.output != Path::new("-") {
        // Somebody may have edited the file.
        let mut file =
            OpenOptions::new().write(true).create_new(true).open(&command.output).map_err(Failure::from_error)?;
        file.write_all(draft.as_bytes()).map_err(Failure::from_error)?;
    } else if context.json {
        return print_json(&serde_json::json!({ "mapping": draft }));
    } else {
        print!("{draft}");
    }
    Ok(())
}
