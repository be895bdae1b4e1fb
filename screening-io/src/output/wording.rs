//! A wording pack as a file.

use std::io::Write;
use std::path::Path;

use screening_core::instrument::wording::WordingPack;

use super::stage::{Failure, Stage, problem};
use crate::error::{IoError, Place, Problem};

/// Writes a pack as TOML; `-` is standard output. A file is written beside its place and then moved, so a crash leaves
/// no half file.
///
/// # Errors
/// When the name does not end in `.toml`, so that no folder of packs would find it, or the file cannot be written.
pub fn write_wording(path: &Path, pack: &WordingPack) -> Result<(), IoError> {
    let unwritable = |cause: Failure| problem("output-unwritable", path, &*cause);
    let text = pack.to_toml().map_err(|cause| unwritable(cause.into()))?;
    if path.as_os_str() == "-" {
        return std::io::stdout().write_all(text.as_bytes()).map_err(|cause| unwritable(cause.into()));
    }
    let name = path.file_name().filter(|_| path.extension().is_some_and(|extension| extension == "toml"));
    let name = name.ok_or_else(|| Problem::new("wording-extension", Place::file(path.display().to_string())))?;
    let mut stage = Stage::open(path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")))?;
    stage.write(name.to_string_lossy().into_owned(), |writer| Ok(writer.write_all(text.as_bytes())?))?;
    stage.publish().map(|_| ())
}
