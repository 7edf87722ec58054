//! Attaches evidence and lists of components to documents, where there is a list of referrers and where a tag is one.

use std::collections::BTreeSet;

use loom_source::Digest;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{
    image_file::document, referrer_image::ReferrerImage, release_documents::ReleaseDocuments,
};
use crate::{
    image_store::{ImageStore, WrittenDocument},
    image_write_error::ImageWriteError,
    manifest::{Descriptor, ImageDocument},
    mapping::INDEX_TYPES,
    transport::referrers_tag,
    written_descriptor::WrittenDescriptor,
};

/// How often a tag is written before the writer gives up.
pub(super) const MAX_ATTEMPTS: usize = 5;

/// A list of referrers, whose entries stay as they are.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReferrerList {
    schema_version: u8,
    #[serde(default)]
    media_type: String,
    manifests: Vec<Box<RawValue>>,
}

/// Attaches what releases have to a document, of which it is one or all. Returns how many the document did not have.
///
/// # Errors
/// Where something cannot be read or written, and where other writers change the tag each time.
pub(super) async fn attach(
    store: &dyn ImageStore,
    repository: &str,
    subject: &WrittenDocument,
    releases: &[&ReleaseDocuments],
) -> Result<usize, ImageWriteError> {
    let described = WrittenDescriptor::of(subject);
    let all = releases.iter().flat_map(|release| referrers(release, &described));
    let all: Vec<ReferrerImage> = all.collect();
    if all.is_empty() {
        return Ok(0);
    }
    let digest = subject.document.digest;
    let there = store.referrers(repository, &digest).await?;
    let mut known: BTreeSet<Digest> = there.iter().filter_map(Descriptor::sha256).collect();
    // Several platforms may have the same, such as a signature over `SHA256SUMS`.
    let mut missing = all;
    missing.retain(|image| known.insert(image.manifest.document.digest));
    let mut unlisted = Vec::new();
    for image in &missing {
        for blob in &image.blobs {
            if !store.has_blob(repository, blob).await? {
                store.put_blob(repository, blob).await?;
            }
        }
        if !store.put_document(repository, &image.manifest).await? {
            unlisted.push(image);
        }
    }
    if !unlisted.is_empty() {
        list(store, repository, &digest, &unlisted).await?;
    }
    Ok(missing.len())
}

/// What is attached for a release.
fn referrers(release: &ReleaseDocuments, subject: &WrittenDescriptor) -> Vec<ReferrerImage> {
    let evidence = release.evidence.iter().map(|one| ReferrerImage::of_evidence(one, subject));
    let sboms = release.sboms.iter().map(|one| ReferrerImage::of_sbom(one, subject));
    evidence.chain(sboms).collect()
}

/// Adds artifacts to the tag that lists the referrers of a document. Nothing keeps another writer from writing it at the same
/// time: it is read again after writing.
async fn list(
    store: &dyn ImageStore,
    repository: &str,
    subject: &Digest,
    images: &[&ReferrerImage],
) -> Result<(), ImageWriteError> {
    let tag = referrers_tag(subject);
    for _ in 0..=MAX_ATTEMPTS {
        let current = store.tagged(repository, &tag).await?;
        let at = || store.location(repository, &tag);
        match with_entries(current.as_ref(), images) {
            Ok(None) => return Ok(()),
            Ok(Some(list)) => store.put_tag(repository, &tag, &list).await?,
            Err(why) => return Err(ImageWriteError::Foreign { at: at(), why }),
        }
    }
    Err(ImageWriteError::Contended { at: store.location(repository, &tag) })
}

/// The list with more entries; `None` where it has them all.
fn with_entries(
    current: Option<&ImageDocument>,
    images: &[&ReferrerImage],
) -> Result<Option<WrittenDocument>, String> {
    let mut list = ReferrerList {
        schema_version: 2,
        media_type: INDEX_TYPES[0].to_owned(),
        manifests: Vec::new(),
    };
    if let Some(current) = current {
        current.content()?;
        list = serde_json::from_slice(&current.bytes).map_err(|error| error.to_string())?;
        INDEX_TYPES[0].clone_into(&mut list.media_type);
    }
    let digests: Result<Vec<Descriptor>, _> =
        list.manifests.iter().map(|entry| serde_json::from_str(entry.get())).collect();
    let digests = digests.map_err(|error| error.to_string())?;
    let before = list.manifests.len();
    for image in images {
        if digests.iter().all(|there| there.digest != image.listed.digest) {
            let entry = serde_json::value::to_raw_value(&image.listed);
            list.manifests.push(entry.map_err(|error| error.to_string())?);
        }
    }
    Ok((list.manifests.len() > before).then(|| document(INDEX_TYPES[0], &list)))
}
