//! Guards a workbook, which is a zip archive, against unpacking to more than the limit.

use std::io::{Read, Seek, Write};

use zip::ZipArchive;

use crate::error::{IoError, Place, Problem};

/// No deflate stream grows by more than this factor, so a small file needs no trial.
const LARGEST_GROWTH: u64 = 1032;
/// A workbook has some dozens of parts.
const MOST_PARTS: usize = 10_000;

/// What is known of the parts of an archive that was let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Parts {
    /// Whether a part may speak of merged cells; false only where all parts were looked through.
    pub(super) may_merge: bool,
}

/// Checks the sizes that the archive states, and then what its parts really unpack to: a stated size can lie.
pub(super) fn check(name: &str, whole: impl Read + Seek, limit: u64) -> Result<Parts, IoError> {
    let place = || Place::file(name);
    let broken = |cause: String| Problem::new("xlsx-broken", place()).with("cause", cause);
    let bomb = || IoError::from(Problem::new("xlsx-bomb", place()).with("limit", limit));
    let mut archive = ZipArchive::new(whole).map_err(|cause| broken(cause.to_string()))?;
    if archive.len() > MOST_PARTS {
        return Err(bomb());
    }
    let mut stated = 0_u64;
    let mut packed = 0_u64;
    for index in 0..archive.len() {
        let part = archive.by_index_raw(index).map_err(|cause| broken(cause.to_string()))?;
        stated = stated.saturating_add(part.size());
        packed = packed.saturating_add(part.compressed_size());
    }
    if stated > limit {
        return Err(bomb());
    }
    if packed.saturating_mul(LARGEST_GROWTH) <= limit {
        return Ok(Parts { may_merge: true });
    }
    let mut left = limit;
    let mut may_merge = false;
    for index in 0..archive.len() {
        let part = archive.by_index(index).map_err(|cause| broken(cause.to_string()))?;
        let mut seeker = Seeker::default();
        let unpacked = std::io::copy(&mut part.take(left.saturating_add(1)), &mut seeker)
            .map_err(|cause| broken(cause.to_string()))?;
        left = left.checked_sub(unpacked).ok_or_else(bomb)?;
        may_merge |= seeker.found;
    }
    Ok(Parts { may_merge })
}

/// The name of the element, without what a namespace may put before it.
const MERGED: &[u8] = b"mergeCell";

/// Forgets what is written to it, but for whether it holds [`MERGED`].
#[derive(Default)]
struct Seeker {
    found: bool,
    /// The end of what was written before, in which the word may begin.
    tail: Vec<u8>,
}

impl Write for Seeker {
    fn write(&mut self, block: &[u8]) -> std::io::Result<usize> {
        let head = block.get(..block.len().min(MERGED.len() - 1)).unwrap_or_default();
        self.tail.extend(head);
        self.found |= holds(&self.tail) || holds(block);
        if block.len() >= MERGED.len() {
            self.tail.clear();
            self.tail.extend(block.get(block.len() - (MERGED.len() - 1)..).unwrap_or_default());
        } else {
            let surplus = self.tail.len().saturating_sub(MERGED.len() - 1);
            self.tail.drain(..surplus);
        }
        Ok(block.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Whether the bytes hold [`MERGED`]. Its capital letter is the rarest in a sheet, so that one is looked for.
fn holds(bytes: &[u8]) -> bool {
    const CAPITAL: usize = 5;
    let capitals = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'C').map(|(at, _)| at);
    capitals
        .filter_map(|at| at.checked_sub(CAPITAL))
        .any(|from| bytes.get(from..).is_some_and(|rest| rest.starts_with(MERGED)))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::Seeker;

    #[test]
    fn the_word_is_found_wherever_the_blocks_end() {
        let text = b"<sheetData/><x:mergeCells><x:mergeCell ref='A1:B2'/>";
        let word = text.len() - 40;
        for size in 1..text.len() {
            let mut seeker = Seeker::default();
            for block in text.chunks(size) {
                seeker.write_all(block).unwrap();
            }
            assert!(seeker.found, "{size}");
            let mut seeker = Seeker::default();
            for block in text[..word].chunks(size) {
                seeker.write_all(block).unwrap();
            }
            assert!(!seeker.found, "{size}");
        }
    }
}
