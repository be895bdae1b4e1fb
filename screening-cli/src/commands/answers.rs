//! Tables of answers to one instrument, as `score` and `audit` read them.

use std::io::Read;
use std::path::Path;

use screening_core::instrument::wording::WordingPacks;
use screening_core::instrument::{Instrument, Library};
use screening_io::{
    AnswerSet, ColumnNames, MappedSpec, Mapping, TablePart, TableSpec, read_answers, read_answers_bytes, read_mapped,
    read_mapped_bytes, read_wording,
};

use crate::args::AnswerArgs;
use crate::fail::Failure;

/// The wording packs of the arguments.
pub(super) fn wording(args: &AnswerArgs, library: &Library) -> Result<WordingPacks, Failure> {
    Ok(match &args.wording {
        Some(folder) => read_wording(folder, library)?,
        None => WordingPacks::default(),
    })
}

/// The answers to an instrument.
pub(super) fn read(
    args: &AnswerArgs,
    instrument: &Instrument,
    packs: &WordingPacks,
    accept_strays: bool,
) -> Result<AnswerSet, Failure> {
    read_file(args, &args.input, instrument, packs, accept_strays)
}

/// The answers of a file, in the way that the arguments say.
pub(super) fn read_file(
    args: &AnswerArgs,
    input: &Path,
    instrument: &Instrument,
    packs: &WordingPacks,
    accept_strays: bool,
) -> Result<AnswerSet, Failure> {
    if let Some(path) = &args.mapping {
        return read_by_mapping(args, (path, input), instrument, packs, accept_strays);
    }
    let spec = table_spec(args, instrument, packs, accept_strays);
    if input != Path::new("-") {
        return Ok(read_answers(input, &spec)?);
    }
    Ok(read_answers_bytes("-", &standard_input()?, &spec)?)
}

/// What a table without a mapping file holds.
pub(super) fn table_spec<'a>(
    args: &AnswerArgs,
    instrument: &'a Instrument,
    packs: &'a WordingPacks,
    accept_strays: bool,
) -> TableSpec<'a> {
    let names = match &args.prefix {
        Some(prefix) => ColumnNames::Prefix(prefix.clone()),
        None if !args.map.is_empty() => ColumnNames::Mapping(args.map.iter().cloned().collect()),
        None => ColumnNames::Canonical,
    };
    let part = TablePart {
        coding: args.coding.map(Into::into),
        accept_strays,
        ..TablePart::new(instrument.definition(), names)
    };
    TableSpec { parts: vec![part], wording: Some(packs), ..TableSpec::default() }
}

/// Reads with a mapping file; options of the command line go before what the file says.
fn read_by_mapping(
    args: &AnswerArgs,
    (path, input): (&Path, &Path),
    instrument: &Instrument,
    packs: &WordingPacks,
    accept_strays: bool,
) -> Result<AnswerSet, Failure> {
    let mut mapping = Mapping::read(path)?;
    mapping.instruments.retain(|id, _| id == instrument.id());
    for part in mapping.instruments.values_mut() {
        part.coding = args.coding.map(Into::into).or(part.coding);
        part.accept_strays |= accept_strays;
    }
    let spec = MappedSpec {
        wording: Some(packs),
        needs_student_id: false,
        ..MappedSpec::new(&mapping, vec![instrument.definition()])
    };
    if input != Path::new("-") {
        return Ok(read_mapped(input, &spec)?);
    }
    Ok(read_mapped_bytes("-", &standard_input()?, &spec)?)
}

pub(super) fn standard_input() -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    std::io::stdin().read_to_end(&mut bytes).map_err(Failure::from_error)?;
    Ok(bytes)
}
