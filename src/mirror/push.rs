//! [`push`]: puts releases of the store on this machine into a mirror.

use async_trait::async_trait;
use futures::{StreamExt as _, stream};
use loom_mirror::Destination;
use loom_source::{
    Digest,
    record::{IndexEntry, IndexPayload},
};

use super::{
    CopiedRelease, MirrorObserver, MirrorTaskError, StoreRelease, WrittenIndex,
    index_writer::{IndexChange, IndexWriter},
    record_writer::RecordWriter,
};
use crate::store::Store;

/// How many releases are transferred at the same time.
pub(super) const AT_ONCE: usize = 4;

/// Puts releases of the store into the mirror `to`, then into its index, which `writer` changes. A release that is there gets the evidence that only the
/// store has.
///
/// # Errors
/// [`MirrorTaskError::Differs`] where the mirror has one of them with another statement; and where something cannot be
/// read or written.
pub async fn push(
    writer: &IndexWriter<'_>,
    to: &dyn Destination,
    store: &Store,
    releases: &[StoreRelease],
    observer: &dyn MirrorObserver,
) -> Result<(WrittenIndex, Vec<CopiedRelease>), MirrorTaskError> {
    let records = RecordWriter::new(to);
    let (put, complete) = (Vec::new(), vec![None; releases.len()]);
    let mut change = PushChange { to, store, releases, observer, records: &records, put, complete };
    let written = writer.write(&mut change).await?;
    Ok((written, change.put))
}

struct PushChange<'a> {
    to: &'a dyn Destination,
    store: &'a Store,
    releases: &'a [StoreRelease],
    observer: &'a dyn MirrorObserver,
    records: &'a RecordWriter<'a>,
    put: Vec<CopiedRelease>,
    /// For each release, the record in the index that was found to lack nothing.
    complete: Vec<Option<Option<Digest>>>,
}

impl PushChange<'_> {
    /// The releases that the index does not have, or with another record that may lack something; with their entries.
    fn missing(&self, current: &IndexPayload) -> Vec<(usize, Option<IndexEntry>)> {
        let complete = self.releases.iter().zip(&self.complete).enumerate();
        let missing = complete.filter_map(|(number, (one, complete))| {
            let entry = current.entry(&one.release);
            let is_complete = entry.is_some_and(|entry| {
                entry.has_record(&one.record()) || *complete == Some(entry.record)
            });
            (!is_complete).then(|| (number, entry.cloned()))
        });
        missing.collect()
    }

    /// Reports what was put, once: a repetition transfers nothing that is worth a second report.
    fn report(&mut self, one: CopiedRelease) {
        if one.has_news() && !self.put.iter().any(|before| before.release == one.release) {
            self.observer.copied(&one);
            self.put.push(one);
        }
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
            current.entry(&one.release).is_some_and(|entry| entry.statement != one.statement())
        };
        self.releases.iter().any(differs) || !self.missing(current).is_empty()
    }

    async fn make(
        &mut self,
        current: &IndexPayload,
    ) -> Result<Option<Vec<IndexEntry>>, MirrorTaskError> {
        self.check(current).await?;
        let (store, to, records) = (self.store, self.to, self.records);
        let releases = self.releases;
        let putting = self.missing(current).into_iter().map(|(number, entry)| async move {
            let one = &releases[number];
            let put = match &entry {
                None => one.put(store, to, records).await,
                Some(_) => one.complete(store, to, records).await,
            };
            put.map(|put| (number, entry, put))
        });
        let mut putting = stream::iter(putting).buffer_unordered(AT_ONCE);
        let mut put = Vec::new();
        while let Some(one) = putting.next().await {
            put.push(one?);
        }
        drop(putting);
        let mut releases = current.releases.clone();
        for (number, entry, one) in put {
            self.complete[number] = Some(Some(one.record));
            match entry {
                None => releases.extend(one.entry().map(|entry| {
                    let yanked = self.releases[number].is_withdrawn();
                    IndexEntry { yanked, ..entry }
                })),
                // Another record alone is no reason to issue an index: of many stores each would write one.
                Some(entry) if entry.record == Some(one.record) => continue,
                Some(entry) => {
                    let same = |there: &&mut IndexEntry| **there == entry;
                    if let Some(entry) = releases.iter_mut().find(same) {
                        entry.set_record(one.record, one.merged);
                    }
                }
            }
            self.report(one);
        }
        Ok((releases != current.releases).then_some(releases))
    }
}
