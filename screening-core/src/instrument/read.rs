//! Reading a definition file.

use super::diagnostic::{Diagnostic, Diagnostics};
use super::model::{Definition, SCHEMA};
use crate::place;

/// Reads the TOML of a definition. Findings that do not prevent reading are returned beside it.
pub(super) fn read(text: &str) -> Result<(Definition, Diagnostics), Diagnostics> {
    let definition: Definition = toml::from_str(text).map_err(|error| {
        Diagnostics::of_toml(&error, "compare with the format reference; a misspelt or unknown key is an error")
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
