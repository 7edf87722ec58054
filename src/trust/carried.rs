//! [`CarriedSignature`]: a signature that is kept for others, whether or not it counts here.

use bytes::Bytes;
use loom_signatures::evidence;
use loom_source::{Artifact, Digest, EvidenceKind, Packaging, record::RecordEvidenceKind};

use super::{KeptEvidence, OfferedEvidence, OpenedSubject};

/// A signature that is kept for others, whether or not it counts here. Nothing of it is checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CarriedSignature {
    kind: EvidenceKind,
    bytes: Bytes,
    of: CarriedSubject,
}

/// What a carried signature is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CarriedSubject {
    /// The archive, the single program or the listing that arrives.
    Artifact,
    /// The statement of the offer, with this digest.
    Statement(Digest),
    /// A `SHA256SUMS`, with its bytes.
    Sums(Bytes),
}

impl CarriedSignature {
    /// The signatures of an offer about one of its artifacts.
    pub(super) fn of(
        offered: &OfferedEvidence,
        artifact: &Artifact,
        statement: Option<&Bytes>,
    ) -> Vec<Self> {
        let is_loose = matches!(artifact.packaging, Packaging::Loose { .. });
        let carried = offered.opened.iter().filter_map(|opened| {
            let of = match &opened.of {
                OpenedSubject::Artifact(asset) if *asset == artifact.asset => {
                    CarriedSubject::Artifact
                }
                OpenedSubject::Artifact(_) => return None,
                OpenedSubject::Statement => CarriedSubject::Statement(Digest::of(statement?)),
                // The lines of checksum files are about archives and programs, not about listings.
                OpenedSubject::Sums(_) if is_loose => return None,
                OpenedSubject::Sums(bytes) => CarriedSubject::Sums(bytes.clone()),
            };
            let kind = evidence::detect(opened.kind, &opened.bytes);
            Some(Self { kind, bytes: opened.bytes.clone(), of })
        });
        carried.collect()
    }

    /// The evidence to keep, where the artifact that arrived has the digest `artifact`.
    pub fn evidence(&self, artifact: Digest) -> Vec<KeptEvidence> {
        let signature = |of| KeptEvidence { kind: self.kind.into(), of, bytes: self.bytes.clone() };
        match &self.of {
            CarriedSubject::Artifact => vec![signature(artifact)],
            CarriedSubject::Statement(statement) => vec![signature(*statement)],
            CarriedSubject::Sums(sums) => {
                let kind = RecordEvidenceKind::Sums;
                let kept = KeptEvidence { kind, of: artifact, bytes: sums.clone() };
                vec![signature(Digest::of(sums)), kept]
            }
        }
    }

    /// Whether it can be checked only with the bytes of the artifact.
    pub fn needs_artifact(&self) -> bool {
        self.of == CarriedSubject::Artifact && evidence::needs_bytes(self.kind, &self.bytes)
    }
}
