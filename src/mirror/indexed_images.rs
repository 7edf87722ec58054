//! [`push_indexed_images`]: puts releases of the store into a registry, and into its index where it is signed.

use async_trait::async_trait;
use loom_oci::ImagePublisher;
use loom_source::record::{IndexEntry, IndexPayload};

use super::{
    CurrentIndex, ImageParts, IndexWriter, MirrorObserver, MirrorTaskError, PushedVersion,
    StoreRelease, WrittenIndex, image_push::push_images, index_writer::IndexChange,
};
use crate::store::Store;

/// Puts releases of the store into a registry or an image layout; then into its index, where it has one or keys are given.
/// The index is `None` where it has none.
///
/// # Errors
/// As for [`push_images`]; [`MirrorTaskError::Differs`] where the index has one of the releases with another statement, and
/// [`MirrorTaskError::Unsigned`] where keys are given and the registry has no root. Both before anything is written.
pub async fn push_indexed_images(
    writer: &IndexWriter<'_>,
    publisher: &ImagePublisher,
    store: &Store,
    releases: &[StoreRelease],
    parts: &ImageParts,
    observer: &dyn MirrorObserver,
) -> Result<(Option<WrittenIndex>, Vec<PushedVersion>), MirrorTaskError> {
    let Some(current) = image_index(writer).await? else {
        return Ok((None, push_images(publisher, store, releases, parts, observer).await?));
    };
    let mut change = ImagePushChange { publisher, store, releases, parts, observer, pushed: None };
    change.check(&current.payload)?;
    if change.missing(&current.payload).is_empty() {
        // Evidence that is added changes no index, and needs no key.
        let pushed = push_images(publisher, store, releases, parts, observer).await?;
        return Ok((Some(current.unchanged()), pushed));
    }
    let index = writer.write(&mut change).await?;
    Ok((Some(index), change.pushed.unwrap_or_default()))
}

/// The index of a registry; `None` where it is not signed, and no keys are given.
///
/// # Errors
/// [`MirrorTaskError::Unsigned`] where keys are given and the registry has no root; and where it cannot be read.
pub async fn image_index(
    writer: &IndexWriter<'_>,
) -> Result<Option<CurrentIndex>, MirrorTaskError> {
    let current = CurrentIndex::read(writer.documents).await?;
    if current.file.is_some() {
        return Ok(Some(current));
    }
    if writer.keys.is_empty() {
        return Ok(None);
    }
    match super::newest_root(writer.documents, 1).await? {
        Some(_) => Ok(Some(current)),
        None => Err(MirrorTaskError::Unsigned { mirror: writer.documents.to_string() }),
    }
}

struct ImagePushChange<'a> {
    publisher: &'a ImagePublisher,
    store: &'a Store,
    releases: &'a [StoreRelease],
    parts: &'a ImageParts,
    observer: &'a dyn MirrorObserver,
    /// What was put, once it was: a repetition changes the index only.
    pushed: Option<Vec<PushedVersion>>,
}

impl ImagePushChange<'_> {
    /// The entries of the releases that the index does not have.
    fn missing(&self, current: &IndexPayload) -> Vec<IndexEntry> {
        let missing = self.releases.iter().filter(|one| current.entry(&one.release).is_none());
        missing.filter_map(entry).collect()
    }

    /// Fails where the index has a release with another statement.
    fn check(&self, current: &IndexPayload) -> Result<(), MirrorTaskError> {
        for one in self.releases {
            let there = current.entry(&one.release).map(|entry| entry.statement);
            if let Some(there) = there.filter(|there| *there != one.statement()) {
                let (release, here) = (Box::new(one.release.clone()), one.statement());
                return Err(MirrorTaskError::Differs { release, here, there });
            }
        }
        Ok(())
    }
}

/// The entry of a release. A registry has no records.
fn entry(one: &StoreRelease) -> Option<IndexEntry> {
    let release = one.release.clone();
    Some(IndexEntry {
        version: release.slot.version()?.clone(),
        authority: release.authority,
        binary: release.binary,
        platform: release.platform,
        statement: one.statement(),
        record: None,
        merged: Vec::new(),
        yanked: one.is_withdrawn(),
    })
}

#[async_trait(?Send)]
impl IndexChange for ImagePushChange<'_> {
    fn is_needed(&mut self, current: &IndexPayload) -> bool {
        !self.missing(current).is_empty()
    }

    async fn make(
        &mut self,
        current: &IndexPayload,
    ) -> Result<Option<Vec<IndexEntry>>, MirrorTaskError> {
        self.check(current)?;
        if self.pushed.is_none() {
            let Self { publisher, store, releases, parts, observer, .. } = *self;
            self.pushed = Some(push_images(publisher, store, releases, parts, observer).await?);
        }
        let mut releases = current.releases.clone();
        releases.extend(self.missing(current));
        Ok((releases != current.releases).then_some(releases))
    }
}
