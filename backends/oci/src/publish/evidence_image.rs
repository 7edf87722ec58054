//! Signatures as artifacts that refer to a manifest.

use loom_source::EvidenceKind;

use super::{
    image_file::{ManifestFile, empty},
    release_image::{ImageEvidence, ImageEvidenceSubject},
};
use crate::{
    image_store::{ImageBlob, WrittenDocument},
    mapping::{EVIDENCE, EVIDENCE_ARTIFACT, EVIDENCE_OF, evidence_name},
    written_descriptor::WrittenDescriptor,
};

/// The media type of a `SHA256SUMS`.
const SUMS_TYPE: &str = "text/plain";

/// Evidence, as it is written.
#[derive(Debug, Clone)]
pub(super) struct EvidenceImage {
    pub(super) manifest: WrittenDocument,
    /// The manifest's descriptor in a list of referrers.
    pub(super) listed: WrittenDescriptor,
    pub(super) blobs: Vec<ImageBlob>,
}

impl EvidenceImage {
    /// Evidence that refers to a document.
    pub(super) fn new(evidence: &ImageEvidence, subject: &WrittenDescriptor) -> Self {
        let signature = ImageBlob::of(evidence.bytes.clone());
        let mut layers = vec![WrittenDescriptor::of_blob(media_type(evidence.kind), &signature)];
        let mut blobs = vec![empty(), signature];
        let of = match &evidence.of {
            ImageEvidenceSubject::Statement => "statement".to_owned(),
            ImageEvidenceSubject::Asset(digest) => format!("sha256:{digest}"),
            ImageEvidenceSubject::Sums(bytes) => {
                let sums = ImageBlob::of(bytes.clone());
                layers.push(WrittenDescriptor::of_blob(SUMS_TYPE, &sums));
                let of = format!("sha256:{}", sums.digest);
                blobs.push(sums);
                of
            }
        };
        let mut manifest = ManifestFile::artifact(EVIDENCE_ARTIFACT, layers);
        manifest.subject = Some(subject.clone());
        let annotations = [(EVIDENCE, evidence_name(evidence.kind).to_owned()), (EVIDENCE_OF, of)];
        manifest.annotations = annotations.map(|(name, value)| (name.to_owned(), value)).into();
        let document = manifest.document();
        let mut listed = WrittenDescriptor::of(&document);
        listed.annotations = manifest.annotations;
        listed.artifact_type = Some(EVIDENCE_ARTIFACT.to_owned());
        Self { manifest: document, listed, blobs }
    }
}

fn media_type(kind: EvidenceKind) -> &'static str {
    match kind {
        EvidenceKind::Minisign | EvidenceKind::Cosign => "text/plain",
        EvidenceKind::Gpg => "application/pgp-signature",
        EvidenceKind::Sigstore => "application/vnd.dev.sigstore.bundle.v0.3+json",
    }
}
