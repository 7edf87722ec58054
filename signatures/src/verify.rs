//! [`verify()`]: one function for all schemes.

use loom_source::EvidenceKind;

use crate::{
    content::Content, cosign, error::SignatureError, evidence, key::VerifyingKey, minisign,
    openpgp, sigstore, valid::ValidSignature, verifiers::Verifiers,
};

/// Verifies that `signature`, a file of the kind that its name says, is a signature of `content` by one of `verifiers`.
///
/// # Errors
/// See [`SignatureError`]: a variant for each reason.
pub fn verify(
    named: EvidenceKind,
    signature: &[u8],
    mut content: Content<'_>,
    verifiers: &Verifiers<'_>,
) -> Result<ValidSignature, SignatureError> {
    let kind = evidence::detect(named, signature);
    let limit = evidence::limit(kind);
    if signature.len() > limit {
        return Err(SignatureError::TooLarge { kind, size: signature.len(), limit });
    }
    match kind {
        EvidenceKind::Minisign => {
            let keys = verifiers.keys.iter().filter_map(VerifyingKey::as_minisign);
            minisign::verify(signature, &mut content, &keys.collect::<Vec<_>>())
        }
        EvidenceKind::Cosign => {
            let keys = verifiers.keys.iter().filter_map(VerifyingKey::as_cosign);
            cosign::verify(signature, content.sha256, &keys.collect::<Vec<_>>())
        }
        EvidenceKind::Sigstore => {
            let keys = verifiers.keys.iter().filter_map(VerifyingKey::as_cosign);
            sigstore::verify(signature, content.sha256, &keys.collect::<Vec<_>>(), verifiers)
        }
        EvidenceKind::Gpg => {
            let keys = verifiers.keys.iter().filter_map(VerifyingKey::as_openpgp);
            openpgp::verify(signature, &mut content, &keys.collect::<Vec<_>>(), verifiers.at)
        }
    }
}
