//! Reads signed bytes once, for the scheme and for their SHA-256.

use std::io::ErrorKind;

use loom_source::{Digest, EvidenceKind};
use sha2::{Digest as _, Sha256};

use crate::{content::Content, error::SignatureError};

/// The bytes that are read at once.
const CHUNK: usize = 256 * 1024;

/// Gives the bytes of `content` to `consume`, and compares their SHA-256 with the one that the caller states: a signature
/// must not be verified over other bytes than those that are used.
pub(crate) fn read(
    kind: EvidenceKind,
    content: &mut Content<'_>,
    mut consume: impl FnMut(&[u8]),
) -> Result<(), SignatureError> {
    let Some(bytes) = content.bytes.as_deref_mut() else {
        let missing = std::io::Error::new(ErrorKind::InvalidInput, "its bytes were not given");
        return Err(SignatureError::Content(missing));
    };
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; CHUNK];
    loop {
        let read = match bytes.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(SignatureError::Content(error)),
        };
        hasher.update(&buffer[..read]);
        consume(&buffer[..read]);
    }
    let got = Digest::from_hasher(hasher);
    if got == content.sha256 {
        return Ok(());
    }
    Err(SignatureError::AnotherDigest { kind, expected: content.sha256, got: got.to_string() })
}
