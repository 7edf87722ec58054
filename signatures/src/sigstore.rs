//! Sigstore bundles, `.sigstore.json`: signed by an identity without a key, or by a key.
//!
//! | module | holds |
//! |---|---|
//! | `keyless` | bundles with a certificate: the identity, and what vouches for it |
//! | `managed_key` | bundles with a key |
//! | `trust_root` | reads trust roots, when one is needed |
//! | `provider` | the cryptography that the library asks for, by ring and RustCrypto |
//!
//! Attestations of GitHub are bundles: their signed statement lists the files that it is about by their digests.

mod keyless;
mod managed_key;
mod provider;
mod trust_root;

use loom_source::{Digest, EvidenceKind};
use sigstore_verify::types::{
    Bundle, HashAlgorithm, SignatureContent, Statement, bundle::VerificationMaterialContent,
};

use crate::{
    cosign::CosignKey,
    error::{SignatureError, clean, malformed},
    valid::ValidSignature,
    verifiers::Verifiers,
};

const KIND: EvidenceKind = EvidenceKind::Sigstore;

/// The type of in-toto statements, which list what they are about by digest.
const IN_TOTO: &str = "application/vnd.in-toto+json";

/// Verifies a bundle.
pub(crate) fn verify(
    file: &[u8],
    sha256: Digest,
    keys: &[&CosignKey],
    verifiers: &Verifiers<'_>,
) -> Result<ValidSignature, SignatureError> {
    let text = std::str::from_utf8(file).map_err(|_| malformed(KIND, "it is not UTF-8"))?;
    let bundle = Bundle::from_json(text).map_err(|error| malformed(KIND, error))?;
    let signed = signed_digests(&bundle)?;
    if !signed.contains(&sha256.to_string()) {
        let got = clean(&signed.join(", "));
        return Err(SignatureError::AnotherDigest { kind: KIND, expected: sha256, got });
    }
    match &bundle.verification_material.content {
        VerificationMaterialContent::PublicKey(_) => managed_key::verify(&bundle, sha256, keys),
        _ => keyless::verify(&bundle, sha256, verifiers),
    }
}

/// The SHA-256 digests that the bundle is about, in hexadecimal; nothing is verified yet.
fn signed_digests(bundle: &Bundle) -> Result<Vec<String>, SignatureError> {
    let digests: Vec<String> = match &bundle.content {
        SignatureContent::MessageSignature(message) => {
            let digest = message.message_digest.as_ref();
            let digest = digest.ok_or_else(|| malformed(KIND, "it states no digest"))?;
            let sha256 = digest.algorithm == HashAlgorithm::Sha2256;
            sha256.then(|| hex::encode(digest.digest.as_bytes())).into_iter().collect()
        }
        SignatureContent::DsseEnvelope(envelope) => {
            if envelope.payload_type != IN_TOTO {
                let why = format!("its payload is {}, expected {IN_TOTO}", envelope.payload_type);
                return Err(malformed(KIND, why));
            }
            let statement: Statement = serde_json::from_slice(envelope.payload.as_bytes())
                .map_err(|error| malformed(KIND, error))?;
            let digests = statement.subject.iter().filter_map(|subject| subject.digest.sha256);
            digests.map(|digest| digest.to_hex()).collect()
        }
        _ => return Err(malformed(KIND, "its content is of an unknown kind")),
    };
    if digests.is_empty() {
        return Err(malformed(KIND, "it states no SHA-256"));
    }
    Ok(digests)
}
