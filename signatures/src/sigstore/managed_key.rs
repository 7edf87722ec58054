//! Bundles with a key: the key that is configured is what counts, so neither a log nor a trust root is read.

use loom_source::{Digest, EvidenceKind};
use sigstore_verify::types::{Bundle, SignatureContent};

use crate::{
    cosign::CosignKey,
    error::{SignatureError, malformed},
    valid::{SignedName, ValidSignature},
};

const KIND: EvidenceKind = EvidenceKind::Sigstore;

/// Verifies a bundle about `sha256`, which it states. Its hint of a key is not signed and not used: all keys are tried.
pub(super) fn verify(
    bundle: &Bundle,
    sha256: Digest,
    keys: &[&CosignKey],
) -> Result<ValidSignature, SignatureError> {
    let (hash, signature) = match &bundle.content {
        SignatureContent::MessageSignature(message) => (sha256, message.signature.as_bytes()),
        SignatureContent::DsseEnvelope(envelope) => {
            (Digest::of(&envelope.pae()), envelope.signature.sig.as_bytes())
        }
        _ => return Err(malformed(KIND, "its content is of an unknown kind")),
    };
    match keys.iter().find(|key| key.verifies(hash, signature)) {
        Some(key) => Ok(ValidSignature::by_key(KIND, key.id(), SignedName::Nothing)),
        None if keys.is_empty() => {
            Err(SignatureError::UnknownKey { kind: KIND, got: None, expected: Vec::new() })
        }
        None => {
            let keys = keys.iter().map(|key| key.id()).collect();
            Err(SignatureError::BadSignature { kind: KIND, keys })
        }
    }
}
