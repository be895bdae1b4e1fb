//! The key file that pseudonyms are made with.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::Path;

use rand::TryRng as _;
use rand::rngs::SysRng;

use crate::error::{IoError, Place, Problem};

/// Bytes of a key.
const LENGTH: usize = 32;
/// A key file is one line; what is longer is something else.
const LONGEST_FILE: u64 = 4096;

/// A secret of 32 random bytes. Whoever holds it can find out which pupil a pseudonym stands for; it stays at the centre.
#[derive(Clone)]
pub struct ResearchKey([u8; LENGTH]);

impl std::fmt::Debug for ResearchKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ResearchKey(secret)")
    }
}

impl ResearchKey {
    /// Makes a key from the random numbers of the operating system and writes it into a new file: 64 hexadecimal digits,
    /// readable by the owner alone on systems that know such permissions.
    ///
    /// # Errors
    /// When the file is there already (a lost key cannot be made again), cannot be written, or the system has no random
    /// numbers.
    ///
    /// ```
    /// use screening_io::research::ResearchKey;
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("centre.key");
    /// ResearchKey::create(&path)?;
    /// assert_eq!(std::fs::read_to_string(&path)?.trim_end().len(), 64);
    /// assert_eq!(ResearchKey::create(&path).unwrap_err().id(), "research-key-exists");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn create(path: &Path) -> Result<Self, IoError> {
        let problem = |id| Problem::new(id, Place::file(path.display().to_string()));
        let mut bytes = [0; LENGTH];
        SysRng.try_fill_bytes(&mut bytes).map_err(|cause| problem("research-key-random").with("cause", cause))?;
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).map_err(|cause| match cause.kind() {
            ErrorKind::AlreadyExists => problem("research-key-exists"),
            _ => problem("output-unwritable").with("cause", cause),
        })?;
        let mut text = String::with_capacity(2 * LENGTH + 1);
        for byte in bytes {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        text.push('\n');
        let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
        written.map_err(|cause| problem("output-unwritable").with("cause", cause))?;
        Ok(Self(bytes))
    }

    /// Reads a key file.
    ///
    /// # Errors
    /// When the file cannot be read or does not hold 64 hexadecimal digits.
    pub fn read(path: &Path) -> Result<Self, IoError> {
        let problem = |id| Problem::new(id, Place::file(path.display().to_string()));
        let unreadable = |cause: std::io::Error| problem("file-unreadable").with("cause", cause);
        let file = std::fs::File::open(path).map_err(unreadable)?;
        let mut bytes = Vec::new();
        file.take(LONGEST_FILE).read_to_end(&mut bytes).map_err(unreadable)?;
        // What the file holds instead is not told: it may be a secret.
        Ok(parse(&bytes).map(Self).ok_or_else(|| problem("research-key-content"))?)
    }

    pub(super) fn bytes(&self) -> &[u8; LENGTH] {
        &self.0
    }
}

fn parse(bytes: &[u8]) -> Option<[u8; LENGTH]> {
    let digits = std::str::from_utf8(bytes).ok()?.trim();
    if digits.len() != 2 * LENGTH || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let mut key = [0; LENGTH];
    for (at, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digits.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_written_once_for_the_owner_and_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("k");
        let key = ResearchKey::create(&path).unwrap();
        assert_eq!(ResearchKey::read(&path).unwrap().bytes(), key.bytes());
        assert_eq!(ResearchKey::create(&path).unwrap_err().id(), "research-key-exists");
        assert_eq!(ResearchKey::read(&path).unwrap().bytes(), key.bytes(), "the first key stands");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        let other = ResearchKey::create(&folder.path().join("other")).unwrap();
        assert_ne!(other.bytes(), key.bytes());
        assert!(!format!("{key:?}").contains(&format!("{:02x}", key.bytes()[0]).repeat(2)));
    }

    #[test]
    fn what_is_no_key_is_refused_and_not_repeated() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("k");
        for content in ["", "secret-password", &"0".repeat(63), &"g".repeat(64), &"0".repeat(66)] {
            std::fs::write(&path, content).unwrap();
            let error = ResearchKey::read(&path).unwrap_err();
            assert_eq!(error.id(), "research-key-content");
            assert!(content.is_empty() || !error.to_string().contains(content));
        }
        assert_eq!(ResearchKey::read(&folder.path().join("none")).unwrap_err().id(), "file-unreadable");
    }
}
