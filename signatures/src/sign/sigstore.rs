//! Sigstore bundles with a key, version 0.3, without a log entry.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use loom_source::Digest;
use serde_json::json;

use super::{CosignSecretKey, SigningError};

/// The media type of the bundle.
const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// Signs a file with this SHA-256: the text of its `.sigstore.json` file.
///
/// # Errors
/// Where the library cannot sign.
///
/// # Examples
/// ```
/// # let pem = "-----BEGIN PRIVATE KEY-----
/// # MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgr8Tugjt00J28hEcV
/// # fSrzSoo+Jk94fhG5Z31aqQCmyYuhRANCAARuYZL+bT1HwE6CblqC525QsTS/UJXs
/// # Q8aoo045KtBDoAzMRJHTn6LTlGs3I4PPXveo4Aw8oE0jYIezjnAXvX8M
/// # -----END PRIVATE KEY-----";
/// use std::time::SystemTime;
///
/// use loom_signatures::{Content, EvidenceKind, Verifiers, sign, verify};
/// use loom_source::Digest;
///
/// let key = sign::CosignSecretKey::parse(pem)?;
/// let sha256 = Digest::of(b"content");
/// let bundle = sign::sigstore_bundle(&key, sha256)?;
///
/// let verifiers = Verifiers { keys: &[key.public()?], ..Verifiers::none(SystemTime::now()) };
/// verify(EvidenceKind::Sigstore, bundle.as_bytes(), Content::digest(sha256), &verifiers)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn sigstore_bundle(key: &CosignSecretKey, sha256: Digest) -> Result<String, SigningError> {
    let bundle = json!({
        "mediaType": MEDIA_TYPE,
        "verificationMaterial": {
            "publicKey": { "hint": key.hint()? },
            "tlogEntries": [],
            "timestampVerificationData": { "rfc3161Timestamps": [] },
        },
        "messageSignature": {
            "messageDigest": { "algorithm": "SHA2_256", "digest": STANDARD.encode(sha256.as_bytes()) },
            "signature": STANDARD.encode(key.sign_der(sha256)?),
        },
    });
    Ok(format!("{bundle:#}\n"))
}
