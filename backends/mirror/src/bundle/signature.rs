//! The signature of a manifest: minisign's form, in which every byte is determined or signed.

use std::time::SystemTime;

use loom_signatures::{
    Content, EvidenceKind, KeyError, SignatureError, Verifiers, VerifyingKey, verify,
};

/// The largest signature, in bytes.
pub(crate) const MAX_SIGNATURE: u64 = 4096;

/// The first line, which minisign writes unless it is told otherwise, and which no signature covers.
const FIRST_LINE: &str = "untrusted comment: signature from minisign secret key\n";

/// Why the signature of a bundle does not hold.
#[derive(Debug, thiserror::Error)]
pub enum ManifestSignatureError {
    /// What the manifest names as the key of its signature is none.
    #[error("bundle.json names a public key that is none")]
    Key(#[source] KeyError),
    /// The signature is not in the one form that a bundle may have.
    #[error("bundle.json.minisig is not in the form that store-format.md defines: {0}")]
    Form(&'static str),
    /// The signature is not one of the manifest by the key.
    #[error("bundle.json.minisig does not hold")]
    Signature(#[source] SignatureError),
}

/// The minisign key whose base64 is `signer`.
///
/// # Errors
/// Where it is none.
pub fn signer_key(signer: &str) -> Result<VerifyingKey, ManifestSignatureError> {
    VerifyingKey::parse(&format!("minisign:{signer}")).map_err(ManifestSignatureError::Key)
}

/// Checks that `signature` is one of `manifest` by the key that the manifest names.
pub(crate) fn check(
    signer: &str,
    manifest: &[u8],
    signature: &[u8],
) -> Result<(), ManifestSignatureError> {
    if !signature.starts_with(FIRST_LINE.as_bytes()) {
        return Err(ManifestSignatureError::Form("its first line is not the usual one"));
    }
    // One line feed at the end of each line: their number is checked below.
    if signature.contains(&b'\r') || !signature.ends_with(b"\n") {
        return Err(ManifestSignatureError::Form("its lines do not end with one line feed"));
    }
    let keys = [signer_key(signer)?];
    let verifiers = Verifiers { keys: &keys, ..Verifiers::none(SystemTime::UNIX_EPOCH) };
    let content = &mut &*manifest;
    verify(EvidenceKind::Minisign, signature, Content::of(content), &verifiers)
        .map(|_| ())
        .map_err(ManifestSignatureError::Signature)
}
