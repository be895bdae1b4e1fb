//! Guards a workbook, which is a zip archive, against unpacking to more than the limit.

use std::io::{Read, Seek};

use zip::ZipArchive;

use crate::error::{IoError, Place, Problem};

/// No deflate stream grows by more than this factor, so a small file needs no trial.
const LARGEST_GROWTH: u64 = 1032;
/// A workbook has some dozens of parts.
const MOST_PARTS: usize = 10_000;

/// Checks the sizes that the archive states, and then what its parts really unpack to: a stated size can lie.
pub(super) fn check(name: &str, whole: impl Read + Seek, limit: u64) -> Result<(), IoError> {
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
        return Ok(());
    }
    let mut left = limit;
    for index in 0..archive.len() {
        let part = archive.by_index(index).map_err(|cause| broken(cause.to_string()))?;
        let unpacked = std::io::copy(&mut part.take(left.saturating_add(1)), &mut std::io::sink())
            .map_err(|cause| broken(cause.to_string()))?;
        left = left.checked_sub(unpacked).ok_or_else(bomb)?;
    }
    Ok(())
}
