//! Signatures and lists of components as artifacts that refer to a manifest.

use loom_source::EvidenceKind;

use super::{
    image_evidence::{ImageEvidence, ImageEvidenceSubject},
    image_file::{ManifestFile, empty},
    image_sbom::SbomBlob,
};
use crate::{
    image_store::{ImageBlob, WrittenDocument},
    mapping::{EVIDENCE, EVIDENCE_ARTIFACT, EVIDENCE_OF, TITLE, evidence_name},
    written_descriptor::WrittenDescriptor,
};

/// The media type of a `SHA256SUMS`.
const SUMS_TYPE: &str = "text/plain";

/// An artifact that refers to a document, as it is written.
#[derive(Debug, Clone)]
pub(super) struct ReferrerImage {
    pub(super) manifest: WrittenDocument,
    /// The manifest's descriptor in a list of referrers.
    pub(super) listed: WrittenDescriptor,
    pub(super) blobs: Vec<ImageBlob>,
}

impl ReferrerImage {
    /// Evidence that refers to a document.
    pub(super) fn of_evidence(evidence: &ImageEvidence, subject: &WrittenDescriptor) -> Self {
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
        let annotations = [(EVIDENCE, evidence_name(evidence.kind).to_owned()), (EVIDENCE_OF, of)];
        Self::new(ManifestFile::artifact(EVIDENCE_ARTIFACT, layers), subject, &annotations, blobs)
    }

    /// A list of components that refers to a document, as syft, trivy and ORAS look for it: the type of the artifact is that
    /// of the list.
    pub(super) fn of_sbom(sbom: &SbomBlob, subject: &WrittenDescriptor) -> Self {
        let (list, media_type) = (sbom.blob.clone(), sbom.format.media_type());
        let layer = WrittenDescriptor::of_blob(media_type, &list).annotated(TITLE, &sbom.name);
        let manifest = ManifestFile::artifact(media_type, vec![layer]);
        Self::new(manifest, subject, &[], vec![empty(), list])
    }

    fn new(
        mut manifest: ManifestFile,
        subject: &WrittenDescriptor,
        annotations: &[(&str, String)],
        blobs: Vec<ImageBlob>,
    ) -> Self {
        manifest.subject = Some(subject.clone());
        let annotations =
            annotations.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        manifest.annotations = annotations.collect();
        let document = manifest.document();
        let mut listed = WrittenDescriptor::of(&document);
        listed.annotations = manifest.annotations;
        listed.artifact_type = manifest.artifact_type.map(str::to_owned);
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
