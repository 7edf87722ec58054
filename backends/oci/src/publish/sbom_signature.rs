//! [`SbomSignature`]: a signature over a list of components, which is attached to the list.

use bytes::Bytes;
use futures::StreamExt as _;
use loom_source::{Digest, EvidenceKind, EvidenceSubject, RangeRequest, SourceError};

use super::image_evidence::{ImageEvidence, ImageEvidenceSubject};
use crate::{
    image_store::ImageStore, image_write_error::ImageWriteError, manifest::parse_digest,
    release_evidence, release_manifest::asset_ref,
};

/// The largest signature over a list of components, in bytes: that of a Sigstore bundle.
const LARGEST: usize = 1024 * 1024;

/// A signature or an attestation over a list of components.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SbomSignature {
    /// The kind.
    pub kind: EvidenceKind,
    /// The file.
    pub bytes: Bytes,
}

impl SbomSignature {
    /// The signature as what refers to the list with this digest.
    pub(super) fn evidence(&self, list: Digest) -> ImageEvidence {
        let (kind, bytes) = (self.kind, self.bytes.clone());
        ImageEvidence { kind, bytes, of: ImageEvidenceSubject::Asset(list) }
    }
}

/// The signatures over the list `list` that refer to its artifact.
///
/// # Errors
/// Where the location cannot be read, or a signature is not what its digest says.
pub(super) async fn of_list(
    store: &dyn ImageStore,
    repository: &str,
    artifact: &Digest,
    list: Digest,
) -> Result<Vec<ImageEvidence>, ImageWriteError> {
    let about = EvidenceSubject::Artifact(asset_ref(repository, &list));
    let mut found = Vec::new();
    for one in release_evidence::of(store, repository, artifact).await? {
        let digest = one.asset.as_str().rsplit('@').next().and_then(parse_digest);
        let Some(digest) = digest.filter(|_| one.of == about) else { continue };
        let bytes = small_blob(store, repository, digest).await?;
        found.push(SbomSignature { kind: one.kind, bytes }.evidence(list));
    }
    Ok(found)
}

/// The bytes of a small blob.
async fn small_blob(
    store: &dyn ImageStore,
    repository: &str,
    digest: Digest,
) -> Result<Bytes, ImageWriteError> {
    let at = || store.location(repository, &format!("sha256:{digest}"));
    let damaged = |why: String| SourceError::damaged(at(), why);
    let blob = store.blob(repository, &digest, &RangeRequest::whole()).await?;
    let mut body = blob.ok_or_else(|| damaged("it is missing".to_owned()))?.body;
    let mut bytes = Vec::new();
    while let Some(piece) = body.next().await.transpose()? {
        if bytes.len() + piece.len() > LARGEST {
            return Err(damaged(format!("it has more than {LARGEST} bytes")).into());
        }
        bytes.extend_from_slice(&piece);
    }
    match Digest::of(&bytes) {
        got if got == digest => Ok(bytes.into()),
        got => {
            Err(damaged(format!("expected the digest sha256:{digest}, got sha256:{got}")).into())
        }
    }
}
