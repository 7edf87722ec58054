//! Attaches evidence and lists of components to documents, where there is a list of referrers and where a tag is one.

use std::collections::{BTreeMap, BTreeSet};

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

/// Attaches what releases have to a document, of which it is one or all; and to their lists of components what signs those.
/// Returns how many were not there.
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
    let evidence = releases.iter().flat_map(|release| &release.evidence);
    let evidence = evidence.map(|one| ReferrerImage::of_evidence(one, &described));
    // Several platforms may have the same list.
    let mut lists = BTreeMap::new();
    for sbom in releases.iter().flat_map(|release| &release.sboms) {
        let image = ReferrerImage::of_sbom(sbom, &described);
        lists.entry(image.manifest.document.digest).or_insert((image, sbom));
    }
    let all = evidence.chain(lists.values().map(|(image, _)| image.clone())).collect();
    let mut added = add(store, repository, &subject.document.digest, all).await?;
    for (digest, (image, sbom)) in &lists {
        let described = WrittenDescriptor::of(&image.manifest);
        let signatures = sbom.evidence.iter();
        let signatures = signatures.map(|one| ReferrerImage::of_evidence(one, &described));
        added += add(store, repository, digest, signatures.collect()).await?;
    }
    Ok(added)
}

/// Attaches artifacts to the document with this digest. Returns how many were not there.
async fn add(
    store: &dyn ImageStore,
    repository: &str,
    subject: &Digest,
    mut missing: Vec<ReferrerImage>,
) -> Result<usize, ImageWriteError> {
    if missing.is_empty() {
        return Ok(0);
    }
    let there = store.referrers(repository, subject).await?;
    let mut known: BTreeSet<Digest> = there.iter().filter_map(Descriptor::sha256).collect();
    // Several platforms may have the same, such as a signature over `SHA256SUMS`.
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
        list(store, repository, subject, &unlisted).await?;
    }
    Ok(missing.len())
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
