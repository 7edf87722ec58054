//! [`ImageStore`]: the operations that publishing needs of its location, besides those of reading.

use std::{collections::HashSet, path::PathBuf, time::SystemTime};

use async_trait::async_trait;
use bytes::Bytes;
use loom_source::Digest;

use crate::{
    image_write_error::ImageWriteError,
    manifest::{Descriptor, ImageDocument},
    transport::ImageTransport,
};

/// A blob that is written.
#[derive(Debug, Clone)]
pub(crate) struct ImageBlob {
    pub(crate) digest: Digest,
    pub(crate) size: u64,
    pub(crate) content: BlobContent,
}

/// Where the bytes of a blob are.
#[derive(Debug, Clone)]
pub(crate) enum BlobContent {
    Bytes(Bytes),
    File(PathBuf),
}

/// A manifest or an index that is written.
#[derive(Debug, Clone)]
pub(crate) struct WrittenDocument {
    pub(crate) media_type: &'static str,
    pub(crate) document: ImageDocument,
}

impl ImageBlob {
    /// A blob in memory.
    pub(crate) fn of(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let (digest, size) = (Digest::of(&bytes), bytes.len() as u64);
        Self { digest, size, content: BlobContent::Bytes(bytes) }
    }
}

/// Blobs that nothing needed any more.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct SweptBlobs {
    /// Their paths below the root of the layout, sorted.
    pub blobs: Vec<String>,
    /// Their size in bytes.
    pub bytes: u64,
}

/// Documents whose tags are removed, or would be.
#[derive(Debug, Default)]
pub(crate) struct UnneededTags(pub(crate) HashSet<Digest>);

impl UnneededTags {
    /// Whether a descriptor is that of one of the documents.
    pub(crate) fn has(&self, descriptor: &Descriptor) -> bool {
        descriptor.sha256().is_some_and(|digest| self.0.contains(&digest))
    }
}

/// Write access to the documents and blobs of repositories.
#[async_trait]
pub(crate) trait ImageStore: ImageTransport {
    /// Makes the location usable, where it does not exist yet.
    async fn prepare(&self) -> Result<(), ImageWriteError> {
        Ok(())
    }

    /// The digest of the document that a tag names; `None` where there is no such tag. The document is not transferred
    /// where the location can tell the digest without.
    async fn tag_digest(
        &self,
        repository: &str,
        tag: &str,
    ) -> Result<Option<Digest>, ImageWriteError>;

    /// Whether a blob is there.
    async fn has_blob(&self, repository: &str, blob: &ImageBlob) -> Result<bool, ImageWriteError>;

    /// Writes a blob.
    async fn put_blob(&self, repository: &str, blob: &ImageBlob) -> Result<(), ImageWriteError>;

    /// Writes a document under its digest. Returns whether the location lists it among the referrers of its subject, so
    /// that no tag has to.
    async fn put_document(
        &self,
        repository: &str,
        document: &WrittenDocument,
    ) -> Result<bool, ImageWriteError>;

    /// Deletes a document, and all tags that name it, and returns whether it was there; in a layout the tags alone, whose documents
    /// are [swept](Self::sweep).
    ///
    /// # Errors
    /// [`ImageWriteError::Undeletable`] where the location deletes nothing.
    async fn delete_document(
        &self,
        repository: &str,
        digest: &Digest,
    ) -> Result<bool, ImageWriteError>;

    /// Removes the blobs that no tag needs, without those of documents that are removed, and that were not written since `before`.
    /// With `dry_run` nothing is removed. `None` where the location does so by itself.
    async fn sweep(
        &self,
        _removed: &UnneededTags,
        _before: SystemTime,
        _dry_run: bool,
    ) -> Result<Option<SweptBlobs>, ImageWriteError> {
        Ok(None)
    }

    /// Writes a document and lets a tag name it, whatever the tag named before.
    async fn put_tag(
        &self,
        repository: &str,
        tag: &str,
        document: &WrittenDocument,
    ) -> Result<(), ImageWriteError>;
}
