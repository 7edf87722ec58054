//! The signatures that refer to a manifest.

use loom_source::{AssetRef, Digest, Evidence, EvidenceSubject, SourceError};

use crate::{
    manifest::{Descriptor, ImageContent, ImageManifest, parse_digest},
    mapping::{EVIDENCE, EVIDENCE_ARTIFACT, EVIDENCE_OF, evidence_kind},
    release_manifest::asset_ref,
    transport::ImageTransport,
};

/// The largest number of referrers whose manifests are read.
const MAX_REFERRERS: usize = 32;

/// The evidence among the manifests that refer to the one with this digest. Other referrers, and those that cannot be
/// read, are left out: the policy decides whether what is left is enough.
pub(crate) async fn of(
    transport: &dyn ImageTransport,
    repository: &str,
    digest: &Digest,
) -> Result<Vec<Evidence>, SourceError> {
    read(transport, repository, digest, transport.referrers(repository, digest).await?).await
}

/// The evidence about an asset among the manifests that refer to the one with this digest: of an index these are many, and their
/// list says what they are about.
pub(crate) async fn about(
    transport: &dyn ImageTransport,
    repository: &str,
    digest: &Digest,
    asset: &Digest,
) -> Result<Vec<Evidence>, SourceError> {
    let about = format!("sha256:{asset}");
    let mut referrers = transport.referrers(repository, digest).await?;
    referrers.retain(|one| one.annotations.get(EVIDENCE_OF) == Some(&about));
    read(transport, repository, digest, referrers).await
}

async fn read(
    transport: &dyn ImageTransport,
    repository: &str,
    subject: &Digest,
    referrers: Vec<Descriptor>,
) -> Result<Vec<Evidence>, SourceError> {
    // The type of a referrer in a list may be missing; its manifest has it.
    let may_be =
        |one: &&Descriptor| one.artifact_type.as_deref().is_none_or(|t| t == EVIDENCE_ARTIFACT);
    let mut all = Vec::new();
    for referrer in referrers.iter().filter(may_be).take(MAX_REFERRERS) {
        let Some(digest) = referrer.sha256() else { continue };
        let Some(document) = transport.manifest(repository, &digest).await? else { continue };
        let found = match document.content() {
            // A list can name anything: what signs another image says nothing about this one.
            Ok(ImageContent::Manifest(_)) if document.subject() != Some(*subject) => {
                let why = format!("it does not refer to sha256:{subject}");
                transport.skipped().add(&referrer.digest, why);
                None
            }
            Ok(ImageContent::Manifest(manifest)) => evidence(&manifest, repository),
            Ok(ImageContent::Index(_)) => None,
            Err(why) => {
                transport.skipped().add(&referrer.digest, why);
                None
            }
        };
        all.extend(found);
    }
    Ok(all)
}

/// The evidence that a manifest is: its kind and its subject as annotations, its bytes as the first layer. A second layer is
/// the `SHA256SUMS` that it is about.
fn evidence(manifest: &ImageManifest, repository: &str) -> Option<Evidence> {
    if manifest.artifact_type.as_deref() != Some(EVIDENCE_ARTIFACT) {
        return None;
    }
    let kind = evidence_kind(manifest.annotations.get(EVIDENCE)?)?;
    let asset: AssetRef = asset_ref(repository, &manifest.layers.first()?.sha256()?);
    let of = match manifest.annotations.get(EVIDENCE_OF)?.as_str() {
        "statement" => EvidenceSubject::Statement,
        text => {
            let digest = parse_digest(text)?;
            let asset = asset_ref(repository, &digest);
            let sums = manifest.layers.get(1).and_then(Descriptor::sha256);
            if sums == Some(digest) {
                EvidenceSubject::Sums(asset)
            } else {
                EvidenceSubject::Artifact(asset)
            }
        }
    };
    Some(Evidence { kind, asset, of })
}
