//! Signatures and keys. No input is a signature that verifies, except those of the corpus over the content below.

use std::time::{Duration, SystemTime};

use loom_signatures::{Content, EvidenceKind, Verifiers, VerifyingKey, evidence, verify};

use crate::input::text;

/// The keys of each scheme; the content that they signed is [`CONTENT`].
const KEYS: [&str; 3] = [
    include_str!("../keys/minisign.pub"),
    include_str!("../keys/cosign.pub"),
    include_str!("../keys/openpgp.pub"),
];

/// What the signatures of the corpus are about.
const CONTENT: &[u8] = b"the content\n";

thread_local! {
    static PARSED: Vec<VerifyingKey> = KEYS
        .iter()
        .filter_map(|key| VerifyingKey::parse_file(key.as_bytes()).ok())
        .collect();
}

/// A minisign signature.
pub(crate) fn minisign(data: &[u8]) {
    check(EvidenceKind::Minisign, data);
}

/// A signature of cosign.
pub(crate) fn cosign(data: &[u8]) {
    check(EvidenceKind::Cosign, data);
}

/// An OpenPGP signature.
pub(crate) fn openpgp(data: &[u8]) {
    check(EvidenceKind::Gpg, data);
}

/// A Sigstore bundle.
pub(crate) fn sigstore(data: &[u8]) {
    check(EvidenceKind::Sigstore, data);
}

/// A signature of the content is none of other content.
fn check(kind: EvidenceKind, data: &[u8]) {
    PARSED.with(|keys| {
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let verifiers = Verifiers { keys, identities: &[], version: None, at };
        let _ = evidence::detect(kind, data);
        if verify(kind, data, Content::of(&mut &CONTENT[..]), &verifiers).is_ok() {
            let other = verify(kind, data, Content::of(&mut &b"other"[..]), &verifiers);
            assert!(other.is_err(), "it is a signature of everything");
            let without_keys =
                verify(kind, data, Content::of(&mut &CONTENT[..]), &Verifiers::none(at));
            assert!(without_keys.is_err(), "it needs no key");
        }
    });
}

/// A public key.
pub(crate) fn keys(data: &[u8]) {
    if let Ok(key) = VerifyingKey::parse_file(data) {
        assert!(!key.id().is_empty());
    }
    if let Some(Ok(key)) = text(data).map(VerifyingKey::parse) {
        assert!(!key.id().is_empty());
    }
}
