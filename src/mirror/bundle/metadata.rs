//! [`MirrorMetadata`]: the index, the roots and the timestamp of a mirror, which travel as they are.

use bytes::Bytes;
use loom_oci::ImagePublisher;
use loom_source::{
    Index, Source,
    record::{IndexTimestamp, MirrorRoot, SignedKind},
};

use super::BundleTaskError;
use crate::{
    mirror::{MirrorFiles, MirrorTaskError},
    trust::mirror::MAX_ROOT_STEPS,
};

/// The signed documents of a mirror. Nothing is verified.
#[derive(Debug, Default)]
pub struct MirrorMetadata {
    /// The paths and bytes.
    pub(super) files: Vec<(String, Bytes)>,
    /// The index, where there is one.
    pub(super) index: Option<Index>,
}

impl MirrorMetadata {
    /// Reads the documents that a mirror has.
    ///
    /// # Errors
    /// Where the mirror cannot answer, or its index cannot be used.
    pub async fn read(source: &dyn Source) -> Result<Self, BundleTaskError> {
        let mirror = MirrorFiles::of(source);
        let mut metadata = Self::default();
        metadata.add(mirror, IndexTimestamp::PATH, SignedKind::Timestamp).await?;
        if !metadata.add(mirror, Index::PATH, SignedKind::Index).await? {
            return Ok(metadata);
        }
        let malformed =
            |source| BundleTaskError::Document { at: mirror.location(Index::PATH), source };
        let bytes = metadata.files.last().map(|(_, bytes)| bytes.clone()).unwrap_or_default();
        let index = Index::parse(&bytes).map_err(malformed)?;
        if let Some(number) = index.payload.root {
            metadata.add_roots(mirror, number).await?;
        }
        metadata.index = Some(index);
        Ok(metadata)
    }

    /// Writes them into an image layout that no other process writes.
    ///
    /// # Errors
    /// Where something cannot be written.
    pub async fn write(&self, layout: &ImagePublisher) -> Result<(), MirrorTaskError> {
        for (path, bytes) in &self.files {
            layout.write_document(path, bytes.clone()).await?;
        }
        Ok(())
    }

    /// Adds the roots around the one with this number.
    async fn add_roots(
        &mut self,
        mirror: MirrorFiles<'_>,
        number: u64,
    ) -> Result<(), BundleTaskError> {
        // A reader may start from any root: all that the mirror still has travel.
        let mut lower = number;
        while lower > 0 && number - lower < MAX_ROOT_STEPS && self.add_root(mirror, lower).await? {
            lower -= 1;
        }
        let mut higher = number + 1;
        while higher - number < MAX_ROOT_STEPS && self.add_root(mirror, higher).await? {
            higher += 1;
        }
        Ok(())
    }

    async fn add_root(
        &mut self,
        mirror: MirrorFiles<'_>,
        number: u64,
    ) -> Result<bool, BundleTaskError> {
        self.add(mirror, &MirrorRoot::path(number), SignedKind::Root).await
    }

    /// Adds a document; returns whether the mirror has it.
    async fn add(
        &mut self,
        mirror: MirrorFiles<'_>,
        path: &str,
        kind: SignedKind,
    ) -> Result<bool, BundleTaskError> {
        let Some(bytes) = mirror.read(path, kind.max_bytes()).await? else { return Ok(false) };
        self.files.push((path.to_owned(), bytes));
        Ok(true)
    }
}
