//! [`OpenedEvidence`]: the signatures of an offer, with what they are about.

use bytes::Bytes;
use loom_source::{AssetRef, EvidenceKind};

/// A signature that was read from a source. Nothing of it is checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedEvidence {
    /// The kind, by the name of the file.
    pub kind: EvidenceKind,
    /// The URL or path at which it was read, without secrets.
    pub at: String,
    /// Its bytes.
    pub bytes: Bytes,
    /// What it is about.
    pub of: OpenedSubject,
}

/// What a signature is about, as far as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OpenedSubject {
    /// The bytes of an artifact of the offer, which have not been transferred yet.
    Artifact(AssetRef),
    /// A `SHA256SUMS`, with its bytes.
    Sums(Bytes),
    /// The statement of the offer.
    Statement,
}

/// The signatures of an offer that the configuration has keys for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OfferedEvidence {
    /// The signatures, in the order of the offer.
    pub opened: Vec<OpenedEvidence>,
    /// What could not be read, each with its reason.
    pub unread: Vec<String>,
}
