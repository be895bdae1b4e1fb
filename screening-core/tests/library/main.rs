//! The bundled library proves itself: every lint, example, probe and cut-off edge of every definition; both ends of every
//! score are reached by a sheet; what is packed into the binary is what the files say.

mod ends;

use std::collections::BTreeSet;
use std::path::PathBuf;

use screening_core::instrument::{Instrument, Library};
use screening_core::scoring::prove;

/// Every definition file: its name without the extension, and its text.
fn files() -> Vec<(String, String)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../instruments");
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> = paths.filter(|path| path.extension().is_some_and(|e| e == "toml")).collect();
    paths.sort();
    // An id may hold a point (`asrs-v1.1`), and only `.toml` is cut off.
    let name = |path: &PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
    paths.iter().map(|path| (name(path), std::fs::read_to_string(path).unwrap())).collect()
}

#[test]
fn every_bundled_definition_is_proved() {
    let library = Library::bundled().unwrap_or_else(|e| panic!("{e}"));
    let mut failures = Vec::new();
    for instrument in library.iter() {
        for finding in prove(instrument) {
            failures.push(format!(
                "{}: {} at {}: {}",
                instrument.id(),
                finding.code,
                finding.path_text(),
                finding.message
            ));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn static_checks_leave_no_warning_in_the_library() {
    for (name, text) in files() {
        let (_, diagnostics) = Instrument::diagnose(&text);
        assert!(diagnostics.0.is_empty(), "{name}: {diagnostics}");
    }
}

#[test]
fn every_file_is_named_after_its_id_and_bundled() {
    let library = Library::bundled().unwrap_or_else(|e| panic!("{e}"));
    let mut names = BTreeSet::new();
    for (name, text) in files() {
        let instrument = Instrument::from_toml(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(instrument.id(), name, "the file must be named after its id");
        names.insert(name);
    }
    let bundled: BTreeSet<String> = library.iter().map(|instrument| instrument.id().to_owned()).collect();
    assert_eq!(bundled, names, "the library in the binary and the folder differ; build again");
}

/// The build script packs each file as JSON. Nothing may be lost or put into another order on that way: the words of a
/// rule, for one, are listed mildest first.
#[test]
fn the_packed_library_says_what_the_files_say() {
    let library = Library::bundled().unwrap_or_else(|e| panic!("{e}"));
    let mut differ = Vec::new();
    for (name, text) in files() {
        let read = Instrument::from_toml(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
        let packed = library.get(read.id()).unwrap_or_else(|| panic!("{name} is not bundled"));
        assert_eq!(packed.hash(), read.hash(), "{name}");
        assert_eq!(packed.citation(), read.citation(), "{name}");
        let written = |instrument: &Instrument| serde_json::to_string(instrument.definition()).unwrap();
        if written(packed) != written(&read) {
            differ.push(name);
        }
    }
    assert!(differ.is_empty(), "packed otherwise than the file says: {}", differ.join(", "));
}
