//! What an export would be read as, for a mapping file to start from.

use screening_core::instrument::Definition;

use super::{InstrumentPart, SurveySpec, assign, detect, identity};
use crate::table::Table;

/// What is known of the columns of a table.
#[derive(Debug, Clone, Default)]
pub(crate) struct Suggestion {
    /// Name of the layout, by language, and its id.
    pub(crate) layout: Option<detect::LayoutReport>,
    /// Person field and column.
    pub(crate) person: Vec<(&'static str, usize)>,
    /// Columns of the number of the sheet, its time and its duration.
    pub(crate) sheet: [Option<usize>; 3],
    /// Columns of each instrument; empty when they could not be told.
    pub(crate) items: Vec<Vec<usize>>,
}

/// Reads the headings of a table as those of an export.
pub(crate) fn suggest(table: &Table, definitions: &[&Definition]) -> Suggestion {
    let mut out = Suggestion::default();
    let Ok((layout, report)) = detect::detect(table, None) else { return out };
    out.layout = Some(report);
    out.sheet = ["sequence", "submitted", "duration"].map(|key| layout.metadata(key));
    let instruments = definitions.iter().map(|definition| InstrumentPart::new(definition)).collect();
    let spec = SurveySpec { instruments, for_matching: true, ..SurveySpec::default() };
    let Ok(persons) = identity(table, &layout, &spec) else { return out };
    out.person.extend(persons.student_id.map(|column| ("student_id", column)));
    out.person.extend(persons.others.iter().map(|person| (person.field.key(), person.column)));
    if let Ok(parts) = assign::assign(table, &layout, &persons.columns_taken, &spec) {
        out.items = parts.into_iter().map(|part| part.columns).collect();
    }
    out
}
