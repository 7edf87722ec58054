//! [`push`]: puts releases of the store on this machine into a mirror.

use async_trait::async_trait;
use futures::{StreamExt as _, stream};
use loom_source::record::{IndexEntry, IndexPayload};

use super::{
    CopiedRelease, MirrorObserver, MirrorTaskError, StoreRelease, WrittenIndex,
    index_writer::{IndexChange, IndexWriter},
    record_writer::RecordWriter,
};
use crate::store::Store;

/// How many releases are transferred at the same time.
pub(super) const AT_ONCE: usize = 4;

/// Puts releases of the store into a mirror, then into its index.
///
/// # Errors
/// [`MirrorTaskError::Differs`] where the mirror has one of them with another statement; and where something cannot be
/// read or written.
pub async fn push(
    writer: &IndexWriter<'_>,
    store: &Store,
    releases: &[StoreRelease],
    observer: &dyn MirrorObserver,
) -> Result<(WrittenIndex, Vec<CopiedRelease>), MirrorTaskError> {
    let records = RecordWriter::new(writer.destination);
    let mut change =
        PushChange { writer, store, releases, observer, records: &records, put: Vec::new() };
    let written = writer.write(&mut change).await?;
    Ok((written, change.put))
}

struct PushChange<'a> {
    writer: &'a IndexWriter<'a>,
    store: &'a Store,
    releases: &'a [StoreRelease],
    observer: &'a dyn MirrorObserver,
    records: &'a RecordWriter<'a>,
    put: Vec<CopiedRelease>,
}

impl PushChange<'_> {
    /// The releases that the index does not have.
    fn missing(&self, current: &IndexPayload) -> Vec<&StoreRelease> {
        self.releases.iter().filter(|one| current.entry(&one.release).is_none()).collect()
    }

    /// Fails where the index has a release with another statement.
    async fn check(&self, current: &IndexPayload) -> Result<(), MirrorTaskError> {
        for one in self.releases {
            let Some(there) = current.entry(&one.release).map(|entry| entry.statement) else {
                continue;
            };
            if there != one.statement() {
                self.records.restore(&one.release, there).await?;
                let (release, here) = (Box::new(one.release.clone()), one.statement());
                return Err(MirrorTaskError::Differs { release, here, there });
            }
        }
        Ok(())
    }
}

#[async_trait(?Send)]
impl IndexChange for PushChange<'_> {
    fn is_needed(&mut self, current: &IndexPayload) -> bool {
        let differs = |one: &StoreRelease| {
            current.entry(&one.release).is_none_or(|entry| entry.statement != one.statement())
        };
        self.releases.iter().any(differs)
    }

    async fn make(
        &mut self,
        current: &IndexPayload,
    ) -> Result<Option<Vec<IndexEntry>>, MirrorTaskError> {
        self.check(current).await?;
        let (store, to, records) = (self.store, self.writer.destination, self.records);
        let putting = self.missing(current).into_iter().map(|one| one.put(store, to, records));
        let mut putting = stream::iter(putting).buffer_unordered(AT_ONCE);
        let mut put = Vec::new();
        while let Some(one) = putting.next().await {
            let one = one?;
            self.observer.copied(&one);
            put.push(one);
        }
        drop(putting);
        let mut releases = current.releases.clone();
        releases.extend(put.iter().filter_map(entry_of));
        self.put = put;
        Ok(Some(releases))
    }
}

/// The entry of a copied release in an index; `None` for a development build, which no index lists.
pub(super) fn entry_of(copied: &CopiedRelease) -> Option<IndexEntry> {
    let release = copied.release.clone();
    Some(IndexEntry {
        version: release.slot.version()?.clone(),
        authority: release.authority,
        binary: release.binary,
        platform: release.platform,
        statement: copied.statement,
        yanked: false,
    })
}
