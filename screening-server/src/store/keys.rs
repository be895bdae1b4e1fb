//! The keys of a store: in a file that only its owner reads, or in the environment; never in the database.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use data_encoding::{BASE64, HEXLOWER};
use hmac::{Hmac, KeyInit, Mac};
use rand::TryRng;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::error::StoreError;

/// What stands at the head of the key file.
const HEAD: &str = "\
# Keys of a screening store. Whoever has this file and the database can read every name.
# Without it the names in the database are lost: keep a copy, and not beside the backups.
";

/// Where the keys come from.
#[derive(Debug, Clone)]
pub enum KeySource {
    /// A file. It is made when it is not there and the store is new.
    File(PathBuf),
    /// The content of such a file, for example from the environment.
    Text(Zeroizing<String>),
}

/// One key.
type Key = Zeroizing<[u8; 32]>;

/// The keys.
#[derive(Clone)]
pub(crate) struct Keys {
    /// Makes pseudonyms of student ids.
    pub(crate) pseudonym: Key,
    /// Chains the audit log: the entries from now on.
    pub(crate) audit: Key,
    /// Keys that chained the audit log before, each with the number of the last entry under it, in their order.
    pub(crate) audit_before: Vec<(i64, Key)>,
    /// Hashes sessions and tokens.
    pub(crate) token: Key,
    /// Id of the key that new values are encrypted with.
    pub(crate) current: String,
    /// Keys that values are encrypted with, by id.
    pub(crate) identity: BTreeMap<String, Key>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("current", &self.current).finish_non_exhaustive()
    }
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct File {
    pseudonym: String,
    audit: String,
    token: String,
    current: String,
    identity: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    audit_before: Vec<AuditBefore>,
}

/// A key that chained the audit log up to an entry.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct AuditBefore {
    until: i64,
    key: String,
}

/// Fills bytes from the operating system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], StoreError> {
    let mut bytes = [0; N];
    rand::rngs::SysRng.try_fill_bytes(&mut bytes).map_err(|_| StoreError::NoRandom)?;
    Ok(bytes)
}

/// HMAC-SHA256 of parts, each with its length before it: no two lists of parts are the same message.
pub(crate) fn mac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    // A key of any length is a key of HMAC; 32 bytes always are.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return [0; 32] };
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

impl Keys {
    /// New keys.
    pub(crate) fn generate() -> Result<Self, StoreError> {
        let key = || random::<32>().map(Zeroizing::new);
        let current = "k1".to_owned();
        Ok(Self {
            pseudonym: key()?,
            audit: key()?,
            audit_before: Vec::new(),
            token: key()?,
            identity: BTreeMap::from([(current.clone(), key()?)]),
            current,
        })
    }

    /// Reads keys; makes a key file when there is none and `new` says that the store is new.
    pub(crate) fn load(source: &KeySource, new: bool) -> Result<Self, StoreError> {
        match source {
            KeySource::Text(text) => Self::parse(text, "in the environment"),
            KeySource::File(path) => match fs::read_to_string(path) {
                Ok(text) => {
                    check_owner(path)?;
                    Self::parse(&Zeroizing::new(text), &format!("in `{}`", path.display()))
                }
                Err(error) if error.kind() == std::io::ErrorKind::NotFound && new => {
                    let keys = Self::generate()?;
                    keys.write(path)?;
                    Ok(keys)
                }
                Err(error) => Err(StoreError::file(path, error)),
            },
        }
    }

    fn parse(text: &str, at: &str) -> Result<Self, StoreError> {
        let wrong = |why: String| StoreError::Keys { at: at.to_owned(), why };
        // The message of the reader would show the line, and with it a key.
        let file: File = toml::from_str(text)
            .map_err(|_| wrong("are not a key file; it has pseudonym, audit, token, current and [identity]".into()))?;
        let key = |name: &str, text: &str| {
            let bytes = BASE64.decode(text.trim().as_bytes()).ok().map(Zeroizing::new);
            let bytes = bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes.as_slice()).ok());
            bytes.map(Zeroizing::new).ok_or_else(|| wrong(format!("have no 32 bytes in base64 as `{name}`")))
        };
        let before = file.audit_before.iter().map(|before| Ok((before.until, key("audit_before", &before.key)?)));
        let identity = file.identity.iter().map(|(id, text)| Ok((id.clone(), key(id, text)?)));
        let keys = Self {
            pseudonym: key("pseudonym", &file.pseudonym)?,
            audit: key("audit", &file.audit)?,
            audit_before: before.collect::<Result<_, StoreError>>()?,
            token: key("token", &file.token)?,
            identity: identity.collect::<Result<_, StoreError>>()?,
            current: file.current,
        };
        if !keys.audit_before.is_sorted_by(|one, other| one.0 < other.0) {
            return Err(wrong("have `audit_before` in another order than that of the entries".to_owned()));
        }
        if !keys.identity.contains_key(&keys.current) {
            return Err(wrong(format!("name `{}` as current, which is not under [identity]", keys.current)));
        }
        Ok(keys)
    }

    /// The keys as they stand in a file.
    pub(crate) fn text(&self) -> Zeroizing<String> {
        let file = File {
            pseudonym: BASE64.encode(self.pseudonym.as_slice()),
            audit: BASE64.encode(self.audit.as_slice()),
            token: BASE64.encode(self.token.as_slice()),
            current: self.current.clone(),
            identity: self.identity.iter().map(|(id, key)| (id.clone(), BASE64.encode(key.as_slice()))).collect(),
            audit_before: (self.audit_before.iter())
                .map(|(until, key)| AuditBefore { until: *until, key: BASE64.encode(key.as_slice()) })
                .collect(),
        };
        // Texts under keys: there is nothing that could not be written.
        Zeroizing::new(format!("{HEAD}{}", toml::to_string(&file).unwrap_or_default()))
    }

    /// Writes the file anew, in one step, readable by its owner only.
    pub(crate) fn write(&self, path: &Path) -> Result<(), StoreError> {
        let beside = path.with_extension("new");
        let write = || {
            use std::os::unix::fs::OpenOptionsExt;
            let _ = fs::remove_file(&beside);
            let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
            file.write_all(self.text().as_bytes())?;
            file.sync_all()?;
            fs::rename(&beside, path)?;
            path.parent().map_or(Ok(()), |folder| fs::File::open(folder)?.sync_all())
        };
        write().map_err(|error| StoreError::file(path, error))
    }

    /// The key that chains an entry of the audit log.
    pub(crate) fn audit_of(&self, seq: i64) -> &[u8; 32] {
        self.audit_before.iter().find(|(until, _)| seq <= *until).map_or(&self.audit, |(_, key)| key)
    }

    /// What tells which key chains an entry, without telling anything about the key.
    pub(crate) fn audit_id(&self, seq: i64) -> String {
        let told = mac(self.audit_of(seq), &[b"key of the audit log"]);
        HEXLOWER.encode(told.get(..8).unwrap_or_default())
    }

    /// A new key chains the audit log behind an entry. The one before stays: what it chained is checked with it.
    pub(crate) fn rotate_audit(&mut self, until: i64) -> Result<(), StoreError> {
        let before = std::mem::replace(&mut self.audit, Zeroizing::new(random()?));
        self.audit_before.push((until, before));
        Ok(())
    }

    /// What tells that these are the keys of a database, without telling anything about them. Of the keys of the audit log it is
    /// the first that counts: it stays.
    pub(crate) fn check(&self) -> String {
        let audit = self.audit_before.first().map_or(&self.audit, |(_, key)| key);
        HEXLOWER.encode(&mac(&self.pseudonym, &[b"keys of this database", audit.as_slice(), self.token.as_slice()]))
    }
}

/// A key file that others can read is refused.
fn check_owner(path: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(path).map_err(|error| StoreError::file(path, error))?.permissions().mode() & 0o777;
    let others = mode & 0o077;
    if others == 0 {
        return Ok(());
    }
    let why = format!("can be read by others (mode {mode:o}); run: chmod 600 {}", path.display());
    Err(StoreError::Keys { at: format!("in `{}`", path.display()), why })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_file_comes_back_and_no_key_is_shown() {
        let keys = Keys::generate().unwrap();
        let again = Keys::parse(&keys.text(), "here").unwrap();
        assert_eq!((&again.pseudonym, &again.identity), (&keys.pseudonym, &keys.identity));
        assert_eq!(again.check(), keys.check());
        let shown = format!("{keys:?}");
        assert!(!shown.contains(&BASE64.encode(keys.audit.as_slice())) && shown.contains("k1"), "{shown}");
        let broken = keys.text().replace("audit = \"", "audit = \"%");
        let error = Keys::parse(&broken, "here").unwrap_err().to_string();
        assert!(error.contains("`audit`") && !error.contains('%'), "{error}");
    }

    #[test]
    fn entries_are_chained_by_the_key_of_their_time() {
        let mut keys = Keys::generate().unwrap();
        let (check, first) = (keys.check(), keys.audit_id(1));
        keys.rotate_audit(10).unwrap();
        keys.rotate_audit(20).unwrap();
        let again = Keys::parse(&keys.text(), "here").unwrap();
        assert_eq!(again.check(), check, "they are still the keys of the database");
        let ids = [1, 10, 11, 20, 21].map(|seq| again.audit_id(seq));
        assert!(ids[0] == first && ids[1] == first && ids[2] == ids[3], "{ids:?}");
        assert!(ids[1] != ids[2] && ids[3] != ids[4] && ids[4] != first, "{ids:?}");
        let swapped = keys.text().replace("until = 10", "until = 30");
        assert!(Keys::parse(&swapped, "here").unwrap_err().to_string().contains("order"));
    }

    #[test]
    fn a_key_file_that_others_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.toml");
        let source = KeySource::File(path.clone());
        assert!(Keys::load(&source, false).is_err(), "keys are made for a new store only");
        Keys::load(&source, true).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        Keys::load(&source, false).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(Keys::load(&source, false).unwrap_err().to_string().contains("chmod 600"));
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        let key = [7; 32];
        assert_ne!(mac(&key, &[b"ab", b"c"]), mac(&key, &[b"a", b"bc"]));
        assert_ne!(mac(&key, &[b"ab"]), mac(&key, &[b"ab", b""]));
    }
}
