//! Counts the keys of a role that signed a document.

use loom_signatures::document::DocumentPublicKey;
use loom_source::record::{
    DocumentSignature, KeyId, MirrorKey, MirrorRole, MirrorRoot, SignedDocument, SignedKind,
};

use super::MirrorRejection;

/// The keys of `role` that signed the document, each once: at least as many as the threshold.
///
/// Signatures of other keys, of unknown schemes, and those that are wrong, do not count.
pub(super) fn signers(
    root: &MirrorRoot,
    role: &MirrorRole,
    kind: SignedKind,
    document: &SignedDocument,
) -> Result<Vec<KeyId>, MirrorRejection> {
    let schema = format!("loom-{} 1", kind.as_str());
    let signed_by = |id: &KeyId| {
        let Some(MirrorKey::Ed25519(public)) = root.keys.get(id) else { return false };
        let public = DocumentPublicKey::from_bytes(*public);
        document.signatures.iter().any(|signature| match signature {
            DocumentSignature::Ed25519 { key, signature } if key == id => {
                public.verify(&schema, document.payload.as_bytes(), signature).is_ok()
            }
            _ => false,
        })
    };
    let signers: Vec<KeyId> = role.keys.iter().filter(|id| signed_by(id)).copied().collect();
    if usize::try_from(role.threshold).is_ok_and(|threshold| signers.len() >= threshold) {
        return Ok(signers);
    }
    let needed = (role.keys.len(), role.threshold);
    Err(MirrorRejection::signatures(kind, root.number, needed, &signers))
}
