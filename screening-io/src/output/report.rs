//! Files of a report: all appear at once, or none.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::stage::Stage;
use crate::error::IoError;

/// Writes texts as files of the folder `out`, which is made when missing, and gives their paths. All files take the place of
/// those of an earlier run when the last one is complete.
///
/// # Errors
/// When the folder or a file cannot be written.
///
/// ```
/// let folder = tempfile::tempdir()?;
/// let written = screening_io::output::write_files(folder.path(), &[("a.json", "{}".to_owned())])?;
/// assert_eq!(std::fs::read_to_string(&written[0])?, "{}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write_files(out: &Path, files: &[(&'static str, String)]) -> Result<Vec<PathBuf>, IoError> {
    let mut stage = Stage::open(out)?;
    for (name, text) in files {
        stage.write(*name, |writer| Ok(writer.write_all(text.as_bytes())?))?;
    }
    stage.publish()
}
