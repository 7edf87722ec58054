//! [`ImageEvidence`]: a signature or an attestation that is attached to an image.

use bytes::Bytes;
use loom_source::{Digest, EvidenceKind};

/// A signature or an attestation, to be published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageEvidence {
    /// The kind.
    pub kind: EvidenceKind,
    /// The file.
    pub bytes: Bytes,
    /// What it is about.
    pub of: ImageEvidenceSubject,
}

/// What a signature is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageEvidenceSubject {
    /// The statement of the release.
    Statement,
    /// A release asset.
    Asset(Digest),
    /// A `SHA256SUMS`, with its bytes.
    Sums(Bytes),
}
