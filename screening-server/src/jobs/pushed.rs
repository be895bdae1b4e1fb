//! A push of a survey platform as a sheet, by the mapping of its source.

use screening_core::instrument::{Instrument, Language};
use screening_core::screening::Battery;
use screening_io::{MappedSpec, Mapping, SheetColumns, read_mapped_bytes};

use crate::problem::{Fault, Problem, ProblemKind};
use crate::push::{DURATION, ID, Pushed, SUBMITTED};
use crate::wave::{Prepared, ReadSheet, Source, rows};

/// The sheet of a push, and the battery that it belongs to.
///
/// # Errors
/// When the mapping of the source does not fit what the platform sent.
pub(crate) fn sheet<'p>(
    pushed: &Pushed,
    source: &Source,
    name: &str,
    prepared: &'p Prepared,
) -> Result<(ReadSheet, &'p Battery), Problem> {
    let refused = |why: String| Problem::from(Fault::new(ProblemKind::FileRefused).with("why", why));
    let file = source.answer_file(name).map_err(refused)?;
    let battery = prepared.battery(&file.battery).ok_or_else(|| refused(file.battery.clone()))?;
    let mut mapping: Mapping = source.mapping.clone().ok_or_else(|| refused("mapping".to_owned()))?;
    let has = |heading: &str| pushed.cells.iter().any(|(known, _)| known == heading).then(|| heading.to_owned());
    mapping.sheet = SheetColumns { id: has(ID), submitted: has(SUBMITTED), duration: has(DURATION) };
    let definitions = mapping.instruments.keys().filter_map(|id| prepared.library.get(id));
    let definitions = definitions.map(Instrument::definition).collect();
    let spec = MappedSpec { needs_student_id: false, ..MappedSpec::new(&mapping, definitions) };
    // The reader names columns and rules; the answer itself is not repeated.
    let set = read_mapped_bytes("push.json", &pushed.table(), &spec)
        .map_err(|error| refused(error.problem().why(Language::En)))?;
    let mut sheets = rows(&set.frame, battery, prepared).map_err(|error| refused(error.to_string()))?;
    Ok((sheets.pop().ok_or_else(|| refused("no row".to_owned()))?, battery))
}
