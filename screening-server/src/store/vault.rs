//! What the keys are used for: encrypted columns, pseudonyms, hashes of tokens.

use std::sync::Arc;

use arc_swap::ArcSwap;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use data_encoding::{BASE32_NOPAD, HEXLOWER};
use zeroize::Zeroizing;

use super::error::StoreError;
use super::keys::{KeySource, Keys, mac, random};

/// Bytes of a nonce.
const NONCE: usize = 24;

/// Where a value stands. It is bound to the value: moved to another row or column, it cannot be read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) table: &'static str,
    pub(crate) column: &'static str,
    /// Primary key of the row.
    pub(crate) row: &'a str,
}

impl Place<'_> {
    fn bound(&self, key_id: &str) -> Vec<u8> {
        // No part but the last can hold a zero byte: three are names of this program.
        [self.table, self.column, key_id, self.row].join("\0").into_bytes()
    }
}

/// What the keys are used for.
#[derive(Debug, Clone)]
pub(crate) struct Vault {
    keys: Arc<ArcSwap<Keys>>,
    source: KeySource,
}

impl Vault {
    pub(crate) fn new(keys: Keys, source: KeySource) -> Self {
        Self { keys: Arc::new(ArcSwap::from_pointee(keys)), source }
    }

    /// Where the keys come from.
    pub(crate) fn source(&self) -> &KeySource {
        &self.source
    }

    /// The keys as they are now.
    pub(crate) fn keys(&self) -> Arc<Keys> {
        self.keys.load_full()
    }

    /// Reads the keys again. A file with other keys than those of this database is refused.
    pub(crate) fn reload(&self) -> Result<(), StoreError> {
        let keys = Keys::load(&self.source, false)?;
        if keys.check() != self.keys.load().check() {
            return Err(StoreError::OtherKeys);
        }
        self.keys.store(Arc::new(keys));
        Ok(())
    }

    /// Id of the key that is used now.
    pub(crate) fn current(&self) -> String {
        self.keys.load().current.clone()
    }

    /// Encrypts with a key, which is [`Self::current`] of the same row: a nonce of 24 random bytes, then XChaCha20-Poly1305.
    pub(crate) fn seal(&self, place: Place<'_>, key_id: &str, text: &[u8]) -> Result<Vec<u8>, StoreError> {
        let (cipher, bound) = self.cipher(place, key_id)?;
        let nonce = random::<NONCE>()?;
        let sealed = cipher.encrypt(&XNonce::from(nonce), Payload { msg: text, aad: &bound });
        let sealed = sealed.map_err(|_| StoreError::Sealed(place.table))?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Decrypts what was encrypted with the key `key_id`.
    pub(crate) fn open(&self, place: Place<'_>, key_id: &str, bytes: &[u8]) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let (cipher, bound) = self.cipher(place, key_id)?;
        let changed = || StoreError::Sealed(place.table);
        let (nonce, sealed) = bytes.split_at_checked(NONCE).ok_or_else(changed)?;
        let nonce = <[u8; NONCE]>::try_from(nonce).map_err(|_| changed())?;
        let opened = cipher.decrypt(&XNonce::from(nonce), Payload { msg: sealed, aad: &bound });
        opened.map(Zeroizing::new).map_err(|_| changed())
    }

    /// [`Self::open`] of a text.
    pub(crate) fn open_text(&self, place: Place<'_>, key_id: &str, bytes: &[u8]) -> Result<String, StoreError> {
        let bytes = self.open(place, key_id, bytes)?;
        String::from_utf8(bytes.to_vec()).map_err(|_| StoreError::Sealed(place.table))
    }

    fn cipher(&self, place: Place<'_>, key_id: &str) -> Result<(XChaCha20Poly1305, Vec<u8>), StoreError> {
        if !self.keys.load().identity.contains_key(key_id) {
            // Another process has rotated the keys meanwhile.
            self.reload()?;
        }
        let keys = self.keys.load();
        let key = keys.identity.get(key_id).ok_or_else(|| StoreError::KeyMissing(key_id.to_owned()))?;
        let cipher = XChaCha20Poly1305::new_from_slice(key.as_slice());
        Ok((cipher.map_err(|_| StoreError::KeyMissing(key_id.to_owned()))?, place.bound(key_id)))
    }

    /// The pseudonym of a pupil of a school: 32 letters and digits, from 160 bits of HMAC-SHA256.
    pub(crate) fn pseudonym(&self, school_id: &str, student_id: &str) -> String {
        self.name(&[b"pupil", school_id.as_bytes(), student_id.as_bytes()])
    }

    /// The same for the person within the district, whatever the school: by it a move between schools is seen.
    pub(crate) fn person(&self, district_id: &str, student_id: &str) -> String {
        self.name(&[b"person", district_id.as_bytes(), student_id.as_bytes()])
    }

    fn name(&self, parts: &[&[u8]]) -> String {
        let name = mac(&self.keys.load().pseudonym, parts);
        BASE32_NOPAD.encode(name.get(..20).unwrap_or_default()).to_ascii_lowercase()
    }

    /// The hash by which a token, a session or a set-up code is found. Their randomness makes a slow hash needless.
    pub(crate) fn hash(&self, kind: &str, secret: &str) -> String {
        HEXLOWER.encode(&mac(&self.keys.load().token, &[kind.as_bytes(), secret.as_bytes()]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault() -> Vault {
        let keys = Keys::generate().unwrap();
        let source = KeySource::Text(keys.text());
        Vault::new(keys, source)
    }

    fn place(row: &str) -> Place<'_> {
        Place { table: "identity", column: "name", row }
    }

    #[test]
    fn a_value_opens_in_its_place_and_nowhere_else() {
        let vault = vault();
        let sealed = vault.seal(place("a"), "k1", "王小明".as_bytes()).unwrap();
        assert_eq!(vault.open_text(place("a"), "k1", &sealed).unwrap(), "王小明");
        assert_ne!(sealed, vault.seal(place("a"), "k1", "王小明".as_bytes()).unwrap(), "a nonce is used once");
        let elsewhere =
            [place("b"), Place { column: "contact", ..place("a") }, Place { table: "account", ..place("a") }];
        for other in elsewhere {
            assert!(matches!(vault.open(other, "k1", &sealed), Err(StoreError::Sealed(_))), "{other:?}");
        }
        for at in [0, NONCE, sealed.len() - 1] {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(vault.open(place("a"), "k1", &changed).is_err(), "{at}");
        }
        assert!(vault.open(place("a"), "k1", &sealed[..10]).is_err());
        assert!(matches!(vault.open(place("a"), "k2", &sealed), Err(StoreError::KeyMissing(_))));
    }

    #[test]
    fn pseudonyms_depend_on_the_key_the_school_and_the_number() {
        let (one, other) = (vault(), vault());
        let name = one.pseudonym("s1", "2026001");
        assert_eq!(name, one.pseudonym("s1", "2026001"));
        assert!(name.len() == 32 && name.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{name}");
        for different in [
            one.pseudonym("s2", "2026001"),
            one.pseudonym("s1", "2026002"),
            one.person("s1", "2026001"),
            other.pseudonym("s1", "2026001"),
        ] {
            assert_ne!(name, different);
        }
    }
}
