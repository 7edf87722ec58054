//! [`OriginalImage`]: the image of a release as another registry has it, to be published with the same digest.

use std::path::Path;

use loom_source::{Digest, Platform};
use serde::Deserialize;

use super::{
    fetched_blob::fetched,
    image_sbom::{self, SbomBlob},
};
use crate::{
    image_store::{ImageBlob, ImageStore, WrittenDocument},
    image_write_error::ImageWriteError,
    manifest::{Descriptor, ImageContent, ImageManifest},
    manifest_platform::platform_of,
    mapping::{CARRIER, MANIFEST_TYPES, STATEMENT},
};

/// The largest number of layers of an image besides the release asset.
const MAX_LAYERS: usize = 16;

/// The largest size of the other blobs of an image together, in bytes.
const LARGEST: u64 = 1024 * 1024 * 1024;

/// An image with all but the release asset, in files.
#[derive(Debug, Clone)]
pub struct OriginalImage {
    manifest: WrittenDocument,
    content: ImageManifest,
    blobs: Vec<ImageBlob>,
    sboms: Vec<SbomBlob>,
}

/// The part of a manifest that only images have.
#[derive(Deserialize)]
pub(super) struct ConfiguredManifest {
    pub(super) config: Descriptor,
}

impl OriginalImage {
    /// Whether it is the image of a release with this statement and this asset.
    pub(super) fn is_of(&self, statement: &str, asset: Digest) -> bool {
        let is_asset = |layer: &Descriptor| layer.sha256() == Some(asset);
        self.content.annotations.get(STATEMENT).is_some_and(|text| text == statement)
            && self.content.layers.iter().any(is_asset)
    }

    /// The manifest, and the blobs that it has besides the release asset.
    pub(super) fn parts(&self) -> (WrittenDocument, Vec<ImageBlob>) {
        (self.manifest.clone(), self.blobs.clone())
    }

    /// The lists of components that refer to the image.
    pub(super) fn sboms(&self) -> &[SbomBlob] {
        &self.sboms
    }
}

impl OriginalImage {
    /// The image of a tag for a platform; its blobs are written into `folder`, but for the release asset. `None` where there is
    /// none that says what it is, and where it has more than images need.
    ///
    /// # Errors
    /// Where the location cannot be read, a blob is not what its digest says, or the folder cannot be written.
    pub(super) async fn read(
        store: &dyn ImageStore,
        repository: &str,
        tag: &str,
        platform: Platform,
        folder: &Path,
    ) -> Result<Option<Self>, ImageWriteError> {
        let tagged = store.tagged(repository, tag).await?;
        let Some(Ok(ImageContent::Index(index))) = tagged.map(|tagged| tagged.content()) else {
            return Ok(None);
        };
        let listed = index.manifests.iter().find(|one| platform_of(one) == Some(platform));
        let media_type = |listed: &Descriptor| {
            MANIFEST_TYPES.into_iter().find(|known| *known == listed.media_type)
        };
        let Some((digest, media_type)) = listed.and_then(|one| one.sha256().zip(media_type(one)))
        else {
            return Ok(None);
        };
        let Some(document) = store.manifest(repository, &digest).await? else { return Ok(None) };
        let Ok(ImageContent::Manifest(content)) = document.content() else { return Ok(None) };
        let Ok(head) = serde_json::from_slice::<ConfiguredManifest>(&document.bytes) else {
            return Ok(None);
        };
        let others = content.layers.iter().filter(|layer| !layer.annotations.contains_key(CARRIER));
        let others: Vec<&Descriptor> = others.chain([&head.config]).collect();
        let is_large = others.iter().map(|one| one.size).fold(0, u64::saturating_add) > LARGEST;
        if others.len() > MAX_LAYERS + 1 || is_large {
            return Ok(None);
        }
        let mut blobs = Vec::new();
        for descriptor in others {
            let Some(digest) = descriptor.sha256() else { return Ok(None) };
            blobs.push(fetched(store, repository, digest, descriptor.size, folder).await?);
        }
        let manifest = WrittenDocument { media_type, document };
        let sboms = image_sbom::of_image(store, repository, &digest, folder).await?;
        Ok(Some(Self { manifest, content, blobs, sboms }))
    }
}
