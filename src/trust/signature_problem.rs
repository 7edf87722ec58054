//! [`SignatureProblem`]: why a signature does not count.

use loom_signatures::{SignatureError, evidence::scheme};
use loom_source::EvidenceKind;

/// Why a signature that a source offers does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureProblem {
    /// It is by a key, or an identity, that the configuration does not name.
    #[error("unknown key in {at}: expected {}, got {got}", expected.join(" or "))]
    UnknownKey {
        /// Where it was read.
        at: String,
        /// The keys that the configuration names.
        expected: Vec<String>,
        /// The key that it names.
        got: String,
    },
    /// It does not verify with the key that it is by.
    #[error("bad signature in {at}: expected one of {of} by {}, got one that does not verify", keys.join(" or "))]
    Bad {
        /// Where it was read.
        at: String,
        /// What it should be about.
        of: String,
        /// The keys that it was verified with.
        keys: Vec<String>,
    },
    /// It is valid, for another release or file.
    #[error("signature for another release in {at}: expected {expected}, got {got}")]
    OtherRelease {
        /// Where it was read.
        at: String,
        /// What it should name.
        expected: String,
        /// What it names.
        got: String,
    },
    /// It is valid, over a `SHA256SUMS` that has no line for the file.
    #[error(
        "signature for another release in {at}: expected a line for {expected}, got one for {got}"
    )]
    NotListed {
        /// Where it was read.
        at: String,
        /// The file that should have a line.
        expected: String,
        /// The first file that has one.
        got: String,
    },
    /// It is valid, and does not say what it is about.
    #[error("the {} signature in {at} is valid, but names no release: expected one that names {expected}, got one by {key} over the bytes alone", scheme(*.kind))]
    NamesNoRelease {
        /// Where it was read.
        at: String,
        /// The scheme.
        kind: EvidenceKind,
        /// What it should name.
        expected: String,
        /// The key.
        key: String,
    },
    /// The key, or its signature, has expired.
    #[error("expired key in {at}: {why}")]
    Expired {
        /// Where it was read.
        at: String,
        /// Which key, and when.
        why: String,
    },
    /// The key is revoked.
    #[error("revoked key in {at}: {key} must not be used any more ({by})")]
    Revoked {
        /// Where it was read.
        at: String,
        /// The key.
        key: String,
        /// Who says so.
        by: String,
    },
    /// It uses a form that is not safe.
    #[error("legacy signature in {at}: {why}")]
    Legacy {
        /// Where it was read.
        at: String,
        /// Which form.
        why: String,
    },
    /// It is no signature, or cannot be checked.
    #[error("unusable signature in {at}: {why}")]
    Unusable {
        /// Where it was read.
        at: String,
        /// What is wrong.
        why: String,
    },
}

impl SignatureProblem {
    /// The problem of evidence at `at` about `of`.
    pub(super) fn new(error: SignatureError, at: &str, of: &str) -> Self {
        let (at, of) = (at.to_owned(), of.to_owned());
        let why = error.to_string();
        match error {
            SignatureError::UnknownKey { got, expected, .. } => {
                let got = got.unwrap_or_else(|| "a key that it does not name".to_owned());
                Self::UnknownKey { at, expected, got }
            }
            SignatureError::UnknownIdentity { got, expected } => {
                Self::UnknownKey { at, expected, got }
            }
            SignatureError::BadSignature { keys, .. } => Self::Bad { at, of, keys },
            SignatureError::AnotherDigest { expected, got, .. } => {
                Self::OtherRelease { at, expected: format!("SHA-256 {expected}"), got }
            }
            SignatureError::AnotherRelease { expected, got } => {
                Self::OtherRelease { at, expected, got }
            }
            SignatureError::KeyExpired { .. } | SignatureError::SignatureExpired { .. } => {
                Self::Expired { at, why }
            }
            SignatureError::KeyRevoked { key, why } => {
                let by = why.unwrap_or_else(|| "its owner says so".to_owned());
                Self::Revoked { at, key, by }
            }
            SignatureError::Legacy { .. } => Self::Legacy { at, why },
            _ => Self::Unusable { at, why },
        }
    }

    /// Whether the signature contradicts what the source offers, so that the offer is refused even where no signature is
    /// required.
    pub fn is_contradiction(&self) -> bool {
        matches!(self, Self::Bad { .. } | Self::OtherRelease { .. })
    }

    /// How much the problem says about the offer; the greatest is the one that matters.
    pub fn weight(&self) -> u8 {
        match self {
            Self::Bad { .. } => 7,
            Self::OtherRelease { .. } | Self::NotListed { .. } => 6,
            Self::Revoked { .. } => 5,
            Self::Expired { .. } => 4,
            Self::NamesNoRelease { .. } => 3,
            Self::Legacy { .. } => 2,
            Self::Unusable { .. } => 1,
            Self::UnknownKey { .. } => 0,
        }
    }
}
