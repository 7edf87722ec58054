//! [`MirrorDocuments`]: the index, the timestamp and the roots of a mirror that is written.

use std::{
    fmt::{self, Debug, Display},
    ops::Deref,
};

use async_trait::async_trait;
use bytes::Bytes;
use loom_mirror::{
    Destination,
    destination::{Replacement, VersionTag},
};
use loom_oci::ImagePublisher;
use loom_source::Digest;

use super::MirrorTaskError;

/// The file that makes a folder a store.
const FORMAT: (&str, &[u8]) = ("format", b"loom-store 1\n");

/// Which content of a document was read. It has a meaning for the mirror that it was read from only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DocumentTag {
    /// Of a file in a folder or in a bucket.
    File(VersionTag),
    /// Of an artifact in a registry or in an image layout.
    Image(Digest),
}

/// The index, the timestamp and the roots of a mirror that is written, by their paths: files of a folder or of a bucket, or
/// artifacts under reserved tags.
#[async_trait]
pub trait MirrorDocuments: Debug + Display + Send + Sync {
    /// How often a document is written before its writer gives up, where others write it at the same time.
    fn max_attempts(&self) -> u32;

    /// The bytes of a document of at most `max_bytes` bytes, and the tag of this content; `None` where it does not exist.
    ///
    /// # Errors
    /// Where the document cannot be read, or is larger.
    async fn read(
        &self,
        path: &str,
        max_bytes: usize,
    ) -> Result<Option<(Bytes, DocumentTag)>, MirrorTaskError>;

    /// Replaces a document whose content has the tag `expected`; without a tag, one that does not exist.
    ///
    /// # Errors
    /// Where the document cannot be written. Another content is no error: see [`Replacement`].
    async fn replace(
        &self,
        path: &str,
        bytes: Bytes,
        expected: Option<&DocumentTag>,
    ) -> Result<Replacement, MirrorTaskError>;

    /// Makes sure that an index can be written: what it is going to name is safe, and the former index is kept for those
    /// who read it, under `history`.
    ///
    /// # Errors
    /// Where something cannot be written.
    async fn before_index(&self, former: Option<(&str, &Bytes)>) -> Result<(), MirrorTaskError>;
}

/// The documents of a folder or a bucket, which is borrowed or owned.
#[derive(Debug)]
pub struct DestinationDocuments<D>(pub D);

impl<D: Display> Display for DestinationDocuments<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[async_trait]
impl<'d, D> MirrorDocuments for DestinationDocuments<D>
where
    D: Deref<Target = dyn Destination + 'd> + Debug + Display + Send + Sync,
{
    /// Each attempt but the last was overtaken by another writer.
    fn max_attempts(&self) -> u32 {
        30
    }

    async fn read(
        &self,
        path: &str,
        max_bytes: usize,
    ) -> Result<Option<(Bytes, DocumentTag)>, MirrorTaskError> {
        let read = self.0.read(path, max_bytes).await?;
        Ok(read.map(|(bytes, tag)| (bytes, DocumentTag::File(tag))))
    }

    async fn replace(
        &self,
        path: &str,
        bytes: Bytes,
        expected: Option<&DocumentTag>,
    ) -> Result<Replacement, MirrorTaskError> {
        let expected = match expected {
            Some(DocumentTag::File(tag)) => Some(tag),
            Some(DocumentTag::Image(_)) => return Ok(Replacement::Conflict),
            None => None,
        };
        Ok(self.0.replace(path, bytes, expected).await?)
    }

    async fn before_index(&self, former: Option<(&str, &Bytes)>) -> Result<(), MirrorTaskError> {
        let (key, bytes) = match former {
            Some((history, bytes)) => (history, bytes.to_vec()),
            None => (FORMAT.0, FORMAT.1.to_vec()),
        };
        self.0.put_object(key, bytes.into()).await?;
        // What the index names is on the disk before the index is.
        Ok(self.0.sync().await?)
    }
}

#[async_trait]
impl MirrorDocuments for ImagePublisher {
    /// A registry knows no conditional writes: the first one, five repetitions, and the look after the last one.
    fn max_attempts(&self) -> u32 {
        7
    }

    async fn read(
        &self,
        path: &str,
        max_bytes: usize,
    ) -> Result<Option<(Bytes, DocumentTag)>, MirrorTaskError> {
        let read = self.document(path, max_bytes).await?;
        Ok(read.map(|bytes| {
            let tag = DocumentTag::Image(Digest::of(&bytes));
            (bytes, tag)
        }))
    }

    async fn replace(
        &self,
        path: &str,
        bytes: Bytes,
        expected: Option<&DocumentTag>,
    ) -> Result<Replacement, MirrorTaskError> {
        let expected = match expected {
            Some(DocumentTag::Image(digest)) => Some(*digest),
            Some(DocumentTag::File(_)) => return Ok(Replacement::Conflict),
            None => None,
        };
        let is_replaced = self.replace_document(path, bytes, expected).await?;
        Ok(if is_replaced { Replacement::Replaced } else { Replacement::Conflict })
    }

    /// Images are there before the index is written, and the registry collects what no tag names.
    async fn before_index(&self, _: Option<(&str, &Bytes)>) -> Result<(), MirrorTaskError> {
        Ok(())
    }
}
