//! Signs documents, for those who publish a mirror.

use loom_signatures::document::DocumentSecretKey;
use loom_source::record::{DocumentSignature, KeyId, SignedDocument, SignedKind};

/// A document with this payload, signed with each of the keys.
///
/// # Examples
/// ```
/// use loom_runtime::trust::mirror::signed;
/// use loom_signatures::document::DocumentSecretKey;
/// use loom_source::record::{IndexPayload, SignedKind};
///
/// let key = DocumentSecretKey::generate()?;
/// let payload = IndexPayload {
///     mirror: Some([7; 16].into()),
///     root: Some(1),
///     serial: 1,
///     issued: Some("2026-01-01T00:00:00Z".to_owned()),
///     expires: Some("2026-02-01T00:00:00Z".to_owned()),
///     releases: vec![],
/// };
/// let index = signed(SignedKind::Index, payload.to_payload(), [&key]);
/// assert_eq!(index.signatures.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn signed<'a>(
    kind: SignedKind,
    payload: String,
    keys: impl IntoIterator<Item = &'a DocumentSecretKey>,
) -> SignedDocument {
    let mut document = SignedDocument::unsigned(payload);
    for key in keys {
        add_signature(kind, &mut document, key);
    }
    document
}

/// Adds the signature of one holder to a document, instead of an earlier one of the same key.
pub fn add_signature(kind: SignedKind, document: &mut SignedDocument, key: &DocumentSecretKey) {
    let id = key_id(key);
    let schema = format!("loom-{} 1", kind.as_str());
    let signature = key.sign(&schema, document.payload.as_bytes());
    let is_own = |one: &DocumentSignature| match one {
        DocumentSignature::Ed25519 { key, .. } => *key == id,
        DocumentSignature::Unknown(_) => false,
    };
    document.signatures.retain(|one| !is_own(one));
    document.signatures.push(DocumentSignature::Ed25519 { key: id, signature });
}

/// The name of a key in roots and signatures.
pub fn key_id(key: &DocumentSecretKey) -> KeyId {
    KeyId::of(key.public().as_bytes())
}
