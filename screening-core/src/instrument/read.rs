//! Reading a definition file.

use super::diagnostic::{Diagnostic, Diagnostics};
use super::model::{Definition, SCHEMA};
use crate::place;

/// Reads the TOML of a definition. Findings that do not prevent reading are returned beside it.
pub(super) fn read(text: &str) -> Result<(Definition, Diagnostics), Diagnostics> {
    let definition: Definition = toml::from_str(text).map_err(|error| {
        let mut diagnostic = Diagnostic::error(
            "format",
            Vec::new(),
            error.message().trim().to_owned(),
            "compare with the format reference; a misspelt or unknown key is an error",
        );
        diagnostic.span = error.span();
        Diagnostics(vec![diagnostic])
    })?;
    if definition.schema != SCHEMA {
        let found = definition.schema;
        let diagnostic = Diagnostic::error(
            "schema",
            place!["schema"],
            format!("this engine reads schema {SCHEMA}, the file says {found}"),
            "use a matching engine, or convert the file",
        );
        return Err(Diagnostics(vec![diagnostic]).located(text));
    }
    Ok((definition, Diagnostics::default()))
}
