//! Wording packs from a folder, and packs made from the files of form builders.
//!
//! [`read_wording`] reads every pack of a folder. [`import_fhir`] and [`import_redcap`] make a pack from a FHIR
//! Questionnaire or a REDCap data dictionary, for an instrument that the caller names. The form must be that
//! instrument: as many questions, in the same order, with the same option codes. Where both sides have LOINC codes they
//! must be the same.

mod fhir;
mod fit;
mod form;
mod redcap;
mod words;

use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use screening_core::instrument::wording::{WordingPack, WordingPacks, WordingProblems};
use screening_core::instrument::{Instrument, Language, Library, Text};

use crate::error::{IoError, Place, Problem};
use crate::table::{Limits, read_bytes};

/// A form or a pack is some kilobytes; the limit keeps a wrong file out of memory.
const LIMITS: Limits = Limits { file_bytes: 16 << 20, unpacked_bytes: 64 << 20, columns: 256, cells: 1_000_000 };

/// What a pack is made for.
#[derive(Debug, Clone)]
pub struct ImportSpec<'a> {
    /// The instrument that the form is said to be.
    pub instrument: &'a Instrument,
    /// Language of the wording as a BCP 47 tag. A form in several languages gives that of this language.
    pub language: &'a str,
    /// Where the wording comes from; by default what the form says of itself.
    pub source: Option<String>,
    /// What may be done with the wording; by default the form's copyright statement, or else the licence that the
    /// definition states for the instrument.
    pub licence: Option<String>,
    /// Item id to question (FHIR link id, REDCap field name), for all items. By default the questions are told by their
    /// LOINC codes, or by their order when the form has exactly as many as the instrument.
    pub map: IndexMap<String, String>,
}

impl<'a> ImportSpec<'a> {
    /// A form about which nothing more is known.
    pub fn new(instrument: &'a Instrument, language: &'a str) -> Self {
        Self { instrument, language, source: None, licence: None, map: IndexMap::new() }
    }
}

/// A pack that was made from a form.
#[derive(Debug, Clone)]
pub struct Imported {
    /// The pack. It fits the instrument.
    pub pack: WordingPack,
    /// What of the form is not in the pack: scores, other questions, headings between questions, options without a
    /// text in the language.
    pub left_out: Vec<Problem>,
}

/// Makes a pack from a FHIR Questionnaire (R4 or R5, JSON; alone or in a Bundle). `value_sets` are further JSON files
/// with the ValueSets that its questions refer to.
///
/// # Errors
/// When a file cannot be read, is no Questionnaire, or is not the form of the instrument.
pub fn import_fhir(path: &Path, value_sets: &[PathBuf], spec: &ImportSpec<'_>) -> Result<Imported, IoError> {
    let bytes = read_bytes(path, &LIMITS)?;
    let mut sets = Vec::with_capacity(value_sets.len());
    for set in value_sets {
        sets.push((set.display().to_string(), read_bytes(set, &LIMITS)?));
    }
    import_fhir_bytes(&path.display().to_string(), &bytes, &sets, spec)
}

/// As [`import_fhir`], for files in memory: name and content.
///
/// # Errors
/// As [`import_fhir`].
pub fn import_fhir_bytes(
    name: &str,
    bytes: &[u8],
    value_sets: &[(String, Vec<u8>)],
    spec: &ImportSpec<'_>,
) -> Result<Imported, IoError> {
    fit::fit(fhir::read(name, bytes, value_sets, spec)?, spec)
}

/// Makes a pack from a REDCap data dictionary (csv or xlsx, as downloaded or from the API) or an instrument archive
/// (zip). `form` names one of several forms.
///
/// # Errors
/// When the file cannot be read, is no data dictionary, or is not the form of the instrument.
pub fn import_redcap(path: &Path, form: Option<&str>, spec: &ImportSpec<'_>) -> Result<Imported, IoError> {
    let bytes = read_bytes(path, &LIMITS)?;
    import_redcap_bytes(&path.display().to_string(), &bytes, form, spec)
}

/// As [`import_redcap`], for a file in memory.
///
/// # Errors
/// As [`import_redcap`].
pub fn import_redcap_bytes(
    name: &str,
    bytes: &[u8],
    form: Option<&str>,
    spec: &ImportSpec<'_>,
) -> Result<Imported, IoError> {
    fit::fit(redcap::read(name, bytes, form)?, spec)
}

/// The packs of a folder: its `*.toml` files, in the order of their names.
///
/// # Errors
/// When the folder cannot be read or holds none.
pub fn wording_files(folder: &Path) -> Result<Vec<PathBuf>, IoError> {
    let place = || Place::file(folder.display().to_string());
    let unreadable = |cause: std::io::Error| Problem::new("wording-folder", place()).with("cause", cause);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
    if files.is_empty() {
        return Err(Problem::new("wording-folder-empty", place()).into());
    }
    files.sort();
    Ok(files)
}

/// Reads one pack, checks it and adds it.
///
/// # Errors
/// When the file cannot be read, is no pack, or does not fit its instrument or the packs before it.
pub fn add_wording<'p>(
    packs: &'p mut WordingPacks,
    file: &Path,
    library: &Library,
) -> Result<&'p WordingPack, IoError> {
    let bytes = read_bytes(file, &LIMITS)?;
    let place = || Place::file(file.display().to_string());
    let text = std::str::from_utf8(&bytes).map_err(|_| Problem::new("wording-encoding", place()))?;
    // Editors of some systems put a mark before the text.
    let pack = WordingPack::from_toml(text.strip_prefix('\u{feff}').unwrap_or(text));
    pack.and_then(|pack| packs.add(pack, library)).map_err(|problems| refused(place(), &problems))
}

/// Reads every pack of a folder.
///
/// # Errors
/// The first file that is refused: a pack that does not fit is never left out in silence.
///
/// ```no_run
/// use screening_core::instrument::Library;
/// let library = Library::bundled()?;
/// let packs = screening_io::read_wording("wording".as_ref(), &library)?;
/// let languages: Vec<&str> = packs.of("phq-9").map(|pack| pack.language.as_str()).collect();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read_wording(folder: &Path, library: &Library) -> Result<WordingPacks, IoError> {
    let mut packs = WordingPacks::default();
    for file in wording_files(folder)? {
        add_wording(&mut packs, &file, library)?;
    }
    Ok(packs)
}

fn refused(place: Place, problems: &WordingProblems) -> IoError {
    let lines = |language| {
        let lines: Vec<String> = problems.0.iter().map(|p| format!("  {}", p.render(language))).collect();
        lines.join("\n")
    };
    let detail = Text { en: lines(Language::En), zh_cn: lines(Language::ZhCn) };
    Problem::new("wording-refused", place).with("count", problems.0.len()).detail(detail).into()
}
