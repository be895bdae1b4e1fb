//! What is written, read back by other means.

mod district;
mod prevalence;
mod read_back;
mod small;

use std::collections::HashMap;
use std::path::Path;

use screening_core::instrument::model::Definition;

use super::{ExampleError, ExampleParams, Summary, generate, instrument_ids};

/// The definitions that the district needs, from the folder of the workspace.
fn definitions() -> HashMap<String, Definition> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../instruments");
    let read = |id: &String| {
        let text = std::fs::read_to_string(folder.join(format!("{id}.toml"))).expect("a definition of the workspace");
        (id.clone(), toml::from_str(&text).expect("a definition that reads"))
    };
    instrument_ids().expect("the bundled description reads").iter().map(read).collect()
}

fn make(out: &Path, pupils: u64, schools: Option<u32>, seed: u64) -> Result<Summary, ExampleError> {
    let definitions = definitions();
    let params = ExampleParams { schools, waves: 1, ..ExampleParams::new(out, pupils, seed) };
    generate(&params, &|id| definitions.get(id), &|_| {})
}

fn make_waves(out: &Path, pupils: u64, seed: u64, waves: u8) -> Result<Summary, ExampleError> {
    let definitions = definitions();
    let params = ExampleParams { waves, ..ExampleParams::new(out, pupils, seed) };
    generate(&params, &|id| definitions.get(id), &|_| {})
}
