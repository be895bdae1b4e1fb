//! `screening instruments`

pub(crate) mod check;
mod list;
pub(crate) mod pages;
mod recommend;
mod show;
mod wording;

use screening_core::instrument::{Instrument, Library};

use super::Context;
use crate::args::{Instruments, InstrumentsCommand};
use crate::fail::Failure;
use crate::texts::fill;

pub(crate) fn run(context: &Context, command: &InstrumentsCommand) -> Result<(), Failure> {
    match &command.what {
        Instruments::List(filters) => list::run(context, filters),
        Instruments::Show { id, wording } => show::run(context, id, wording.as_deref()),
        Instruments::Check { files } => check::run(context, files),
        Instruments::Recommend(wish) => recommend::run(context, wish),
        Instruments::Pages(target) => pages::run(context, target),
        Instruments::Wording(command) => wording::run(context, &command.what),
    }
}

/// The instrument, or a refusal that names those that exist.
pub(crate) fn find<'l>(context: &Context, library: &'l Library, id: &str) -> Result<&'l Instrument, Failure> {
    library.get(id).ok_or_else(|| {
        let known: Vec<&str> = library.iter().map(Instrument::id).collect();
        Failure::Message(fill("no-instrument", context.language, &[id.to_owned(), known.join(", ")]))
    })
}
