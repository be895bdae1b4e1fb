//! Content hashes of definition files.

use std::fmt::Write;

use sha2::{Digest, Sha256};

/// SHA-256 of a text in hexadecimal. Line ends differ between platforms; the content does not.
pub(crate) fn content_hash(text: &str) -> String {
    let digest = Sha256::digest(text.replace("\r\n", "\n").as_bytes());
    digest.iter().fold(String::with_capacity(64), |mut hash, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hash, "{byte:02x}");
        hash
    })
}

/// `id@version+hash`, with the first 12 digits of the content hash: what results cite.
pub(crate) fn citation(id: &str, version: &semver::Version, hash: &str) -> String {
    format!("{id}@{version}+{hash:.12}")
}
