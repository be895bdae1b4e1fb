//! The bundled library proves itself: every lint, example, probe and cut-off edge of every definition.

use screening_core::instrument::{Instrument, Library};
use screening_core::scoring::prove;

#[test]
fn every_bundled_definition_is_proved() {
    let library = Library::bundled().unwrap_or_else(|e| panic!("{e}"));
    assert!(library.len() >= 12);
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
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../instruments");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "toml") {
            let (_, diagnostics) = Instrument::diagnose(&std::fs::read_to_string(&path).unwrap());
            assert!(diagnostics.0.is_empty(), "{}: {diagnostics}", path.display());
        }
    }
}
