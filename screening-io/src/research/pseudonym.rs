//! Keyed pseudonyms.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::ResearchKey;

/// Bytes of a pseudonym: 128 bits, so that two of a billion pupils share one with a chance of 1 in 10^21.
const LENGTH: usize = 16;

/// What a pseudonym stands for. Each kind has a domain of its own: a school and a pupil of the same name differ.
#[derive(Debug, Clone, Copy)]
pub(super) enum Domain {
    Pupil,
    School,
    Class,
}

impl Domain {
    /// Part of every pseudonym ever given out: it must never change.
    fn label(self) -> &'static [u8] {
        match self {
            Self::Pupil => b"screening-research/1/pupil",
            Self::School => b"screening-research/1/school",
            Self::Class => b"screening-research/1/class",
        }
    }
}

/// Makes pseudonyms with one key.
///
/// A pseudonym is the first 128 bits, as 32 hexadecimal digits, of HMAC-SHA256 over the domain and the parts of the
/// identifier, each with its length before it so that no two lists of parts are the same bytes. It depends on nothing else:
/// the same pupil has the same pseudonym in every wave.
pub(super) struct Pseudonyms<'a> {
    key: &'a ResearchKey,
}

impl<'a> Pseudonyms<'a> {
    pub(super) fn new(key: &'a ResearchKey) -> Self {
        Self { key }
    }

    pub(super) fn of(&self, domain: Domain, parts: &[&str]) -> String {
        let mut message = Vec::new();
        for part in std::iter::once(domain.label()).chain(parts.iter().map(|part| part.as_bytes())) {
            message.extend((part.len() as u64).to_be_bytes());
            message.extend(part);
        }
        let code = hmac_sha256(self.key.bytes(), &message);
        code.iter().take(LENGTH).fold(String::with_capacity(2 * LENGTH), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}

fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mac = Hmac::<Sha256>::new_from_slice(key);
    let mut mac = mac.unwrap_or_else(|_| unreachable!("a key of any length is a key of HMAC (RFC 2104)"));
    mac.update(message);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// RFC 4231, test cases 1, 2, 3 and 6.
    #[test]
    fn the_published_test_vectors() {
        let cases: [(&[u8], &[u8], &str); 4] = [
            (&[0x0b; 20], b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
            (
                b"Jefe",
                b"what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (&[0xaa; 20], &[0xdd; 50], "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
            (
                &[0xaa; 131],
                b"Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
        ];
        for (key, message, expected) in cases {
            assert_eq!(hex(&hmac_sha256(key, message)), expected);
        }
    }

    #[test]
    fn domains_parts_and_keys_are_apart() {
        let folder = tempfile::tempdir().unwrap();
        let key = ResearchKey::create(&folder.path().join("a")).unwrap();
        let other = ResearchKey::create(&folder.path().join("b")).unwrap();
        let one = Pseudonyms::new(&key);
        let all = [
            one.of(Domain::Pupil, &["1"]),
            one.of(Domain::School, &["1"]),
            one.of(Domain::Class, &["1"]),
            one.of(Domain::Class, &["1", ""]),
            one.of(Domain::Class, &["", "1"]),
            one.of(Domain::Pupil, &["2"]),
            Pseudonyms::new(&other).of(Domain::Pupil, &["1"]),
        ];
        let distinct: std::collections::HashSet<&String> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
        assert!(all.iter().all(|text| text.len() == 32));
        assert_eq!(all[0], one.of(Domain::Pupil, &["1"]));
    }
}
