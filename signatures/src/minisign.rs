//! minisign: `.minisig` files with a signature over the BLAKE2b hash of the content, and a signed comment.

use std::collections::BTreeSet;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use loom_source::EvidenceKind;
use minisign_verify::{PublicKey, Signature, StreamVerifier};

use crate::{
    content::Content,
    error::{KeyError, SignatureError, malformed},
    hashed,
    valid::{SignedName, TrustedComment, ValidSignature},
};

const KIND: EvidenceKind = EvidenceKind::Minisign;

/// The algorithm of keys, and of legacy signatures: over the content itself.
const PLAIN: &[u8] = b"Ed";

/// The algorithm of signatures over the hash of the content.
const PREHASHED: &[u8] = b"ED";

/// The bytes of a secret key.
const SECRET_LENGTH: usize = 158;

/// A minisign public key.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct MinisignKey {
    key: PublicKey,
    id: [u8; 8],
}

impl MinisignKey {
    /// Reads the base64 line of a public key.
    pub(crate) fn parse(line: &str) -> Result<Self, KeyError> {
        let wrong = |why: &str| KeyError::Malformed { kind: KIND, why: why.to_owned() };
        let bytes = STANDARD.decode(line).map_err(|error| wrong(&error.to_string()))?;
        if bytes.len() == SECRET_LENGTH {
            return Err(KeyError::Secret);
        }
        if bytes.len() != 42 {
            return Err(wrong(&format!("it has {} bytes, expected 42", bytes.len())));
        }
        let id = bytes.strip_prefix(PLAIN).and_then(|rest| rest.first_chunk());
        let id = *id.ok_or_else(|| wrong("its algorithm is not Ed25519"))?;
        let key = PublicKey::from_base64(line).map_err(|error| wrong(&error.to_string()))?;
        Ok(Self { key, id })
    }

    /// The key id as the tool prints it: 16 upper case hexadecimal digits.
    pub(crate) fn id(&self) -> String {
        show_id(self.id)
    }
}

/// A key id as minisign prints it; the file has the bytes in the opposite order.
pub(crate) fn show_id(bytes: [u8; 8]) -> String {
    format!("{:016X}", u64::from_le_bytes(bytes))
}

/// Verifies a `.minisig` file.
pub(crate) fn verify(
    file: &[u8],
    content: &mut Content<'_>,
    keys: &[&MinisignKey],
) -> Result<ValidSignature, SignatureError> {
    let MinisignFile { signature, id, comment } = MinisignFile::parse(file)?;
    // A key id is 8 bytes that anybody can choose: all keys that have it are tried.
    let candidates = keys.iter().filter(|key| key.id == id);
    let streams: Result<Vec<StreamVerifier<'_>>, _> =
        candidates.map(|key| key.key.verify_stream(&signature)).collect();
    let mut streams = streams.map_err(|error| malformed(KIND, error))?;
    if streams.is_empty() {
        let expected: BTreeSet<String> = keys.iter().map(|key| key.id()).collect();
        let expected = expected.into_iter().collect();
        return Err(SignatureError::UnknownKey { kind: KIND, got: Some(show_id(id)), expected });
    }
    hashed::read(KIND, content, |chunk| {
        streams.iter_mut().for_each(|stream| stream.update(chunk))
    })?;
    if streams.iter_mut().any(|stream| stream.finalize().is_ok()) {
        let names = SignedName::TrustedComment(TrustedComment(comment));
        return Ok(ValidSignature::by_key(KIND, show_id(id), names));
    }
    Err(SignatureError::BadSignature { kind: KIND, keys: vec![show_id(id)] })
}

/// A `.minisig` file.
struct MinisignFile {
    signature: Signature,
    id: [u8; 8],
    comment: String,
}

impl MinisignFile {
    /// Reads the four lines. Stricter than the tool: base64 has one spelling, and nothing follows, so that no byte outside
    /// of the first line can change without being noticed.
    fn parse(file: &[u8]) -> Result<Self, SignatureError> {
        let text = std::str::from_utf8(file).map_err(|_| malformed(KIND, "it is not UTF-8"))?;
        let text = text.strip_suffix('\n').unwrap_or(text);
        let lines: Vec<&str> =
            text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).collect();
        let Ok([untrusted, first, comment, second]) = <[&str; 4]>::try_from(lines) else {
            return Err(malformed(KIND, "it does not have four lines"));
        };
        if !untrusted.starts_with("untrusted comment:") {
            return Err(malformed(KIND, "its first line is no untrusted comment"));
        }
        let Some(trusted) = comment.strip_prefix("trusted comment: ") else {
            return Err(malformed(KIND, "its third line is no trusted comment"));
        };
        let bytes = STANDARD.decode(first).map_err(|error| malformed(KIND, error))?;
        let second_bytes = STANDARD.decode(second).map_err(|error| malformed(KIND, error))?;
        if bytes.len() != 74 || second_bytes.len() != 64 {
            return Err(malformed(KIND, "its signatures do not have the expected length"));
        }
        if bytes.starts_with(PLAIN) {
            let algorithm = "the legacy algorithm Ed, without a hash".to_owned();
            return Err(SignatureError::Legacy { kind: KIND, algorithm });
        }
        let id = bytes.strip_prefix(PREHASHED).and_then(|rest| rest.first_chunk());
        let id = *id.ok_or_else(|| malformed(KIND, "its algorithm is not ED"))?;
        let normal = format!("untrusted comment: \n{first}\n{comment}\n{second}");
        let signature = Signature::decode(&normal).map_err(|error| malformed(KIND, error))?;
        Ok(Self { signature, id, comment: trusted.to_owned() })
    }
}

impl std::fmt::Debug for MinisignKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("MinisignKey").field(&self.id()).finish()
    }
}
