//! cosign with a key: `.sig` files with an ECDSA P-256 signature over the SHA-256 of the content, in base64.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use loom_source::{Digest, EvidenceKind};
use p256::{
    ecdsa::{Signature, VerifyingKey, signature::hazmat::PrehashVerifier as _},
    pkcs8::{DecodePublicKey as _, Document},
};

use crate::{
    error::{KeyError, SignatureError, malformed},
    valid::{SignedName, ValidSignature},
};

const KIND: EvidenceKind = EvidenceKind::Cosign;

/// A public key on the curve P-256.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct CosignKey {
    key: VerifyingKey,
    /// The SHA-256 of the SubjectPublicKeyInfo.
    id: Digest,
}

impl CosignKey {
    /// Reads a `BEGIN PUBLIC KEY` block.
    pub(crate) fn parse(pem: &str) -> Result<Self, KeyError> {
        let wrong = |why: &str| KeyError::Malformed { kind: KIND, why: why.to_owned() };
        let (_, document) = Document::from_pem(pem).map_err(|error| wrong(&error.to_string()))?;
        Self::from_der(document.as_bytes())
    }

    /// Reads a SubjectPublicKeyInfo.
    pub(crate) fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        let key = VerifyingKey::from_public_key_der(der).map_err(|_| KeyError::Malformed {
            kind: KIND,
            why: "it is not an ECDSA key on the curve P-256".to_owned(),
        })?;
        Ok(Self { key, id: Digest::of(der) })
    }

    /// Whether `der` is a signature of the bytes with this SHA-256.
    pub(crate) fn verifies(&self, sha256: Digest, der: &[u8]) -> bool {
        let signature = Signature::from_der(der);
        signature.is_ok_and(|signature| self.verifies_parsed(sha256, &signature))
    }

    fn verifies_parsed(&self, sha256: Digest, signature: &Signature) -> bool {
        self.key.verify_prehash(sha256.as_bytes(), signature).is_ok()
    }

    /// The SHA-256 of the SubjectPublicKeyInfo, in hexadecimal.
    pub(crate) fn id(&self) -> String {
        self.id.to_string()
    }
}

impl fmt::Debug for CosignKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CosignKey").field(&self.id).finish()
    }
}

/// Verifies a `.sig` file. It names no key, so all are tried.
pub(crate) fn verify(
    file: &[u8],
    sha256: Digest,
    keys: &[&CosignKey],
) -> Result<ValidSignature, SignatureError> {
    let text = file.strip_suffix(b"\n").unwrap_or(file);
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    let der = STANDARD.decode(text).map_err(|error| malformed(KIND, error))?;
    let signature = Signature::from_der(&der)
        .map_err(|_| malformed(KIND, "it is not an ECDSA signature on the curve P-256 in DER"))?;
    match keys.iter().find(|key| key.verifies_parsed(sha256, &signature)) {
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
