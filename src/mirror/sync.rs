//! [`sync`]: copies the releases of a source into a mirror, those that it does not have.

use std::{
    collections::{HashMap, HashSet},
    path::PathBuf,
};

use async_trait::async_trait;
use futures::{StreamExt as _, stream};
use loom_mirror::Destination;
use loom_source::{
    Digest, Release, SourceError, SourceErrorKind,
    record::{IndexEntry, IndexPayload},
};

use super::{
    CopiedRelease, MirrorFiles, MirrorObserver, MirrorTaskError, SourceRelease, SourceReleases,
    SyncSelection, WrittenIndex,
    index_writer::{IndexChange, IndexWriter},
    object_transfer::ObjectTransfer,
    push::AT_ONCE,
    record_writer::RecordWriter,
    release_copy::ReleaseCopy,
    selection::OldestVersions,
};

/// What a synchronisation did.
#[derive(Debug)]
pub struct SyncReport {
    /// The index of the mirror.
    pub index: WrittenIndex,
    /// The releases that were copied.
    pub copied: Vec<CopiedRelease>,
    /// The releases that the source has without a statement: they have to be unpacked.
    pub unstated: Vec<Release>,
    /// The releases that could not be copied.
    pub failed: Vec<(Release, MirrorTaskError)>,
}

/// Copies what `offered` has and the mirror `to` has not: releases, and the evidence of those that both have. Then `writer` changes
/// the index. A release that cannot be copied does not keep
/// the others.
///
/// # Errors
/// Where the mirror cannot be read or written. Its index is then as it was, and the next run continues with what is there.
pub async fn sync(
    writer: &IndexWriter<'_>,
    to: &dyn Destination,
    from: MirrorFiles<'_>,
    offered: SourceReleases,
    selection: &SyncSelection,
    staging: &dyn Fn() -> Result<PathBuf, MirrorTaskError>,
    observer: &dyn MirrorObserver,
) -> Result<SyncReport, MirrorTaskError> {
    let records = RecordWriter::new(to);
    let objects = ObjectTransfer { from, to, staging };
    let copy = ReleaseCopy { objects, records: &records };
    let mut change = SyncChange {
        wanted: offered.releases,
        selection,
        copy,
        observer,
        copied: Vec::new(),
        complete: HashMap::new(),
        unstated: Vec::new(),
        failed: Vec::new(),
    };
    let index = writer.write(&mut change).await?;
    let SyncChange { copied, unstated, failed, .. } = change;
    Ok(SyncReport { index, copied, unstated, failed })
}

/// The releases of a source, to be copied.
struct SyncChange<'a> {
    wanted: Vec<SourceRelease>,
    selection: &'a SyncSelection,
    copy: ReleaseCopy<'a>,
    observer: &'a dyn MirrorObserver,
    copied: Vec<CopiedRelease>,
    /// The records that were found to lack nothing of the source's.
    complete: HashMap<Release, Digest>,
    unstated: Vec<Release>,
    failed: Vec<(Release, MirrorTaskError)>,
}

impl SyncChange<'_> {
    /// The oldest versions that are kept, of those that the source and the index have.
    fn oldest(&self, current: &IndexPayload) -> OldestVersions {
        let there: Vec<Release> = current.releases.iter().map(IndexEntry::release).collect();
        self.selection.oldest(self.wanted.iter().map(|one| &one.release).chain(&there))
    }

    /// The releases of the index, as they are to be: those that are kept, withdrawn where the source has withdrawn them.
    fn kept(&self, current: &IndexPayload, oldest: &OldestVersions) -> Vec<IndexEntry> {
        let yanked: HashSet<&Release> =
            self.wanted.iter().filter(|one| one.yanked).map(|one| &one.release).collect();
        let mut releases = current.releases.clone();
        releases.retain(|entry| oldest.keeps(&entry.release()));
        for entry in &mut releases {
            entry.yanked |= yanked.contains(&entry.release());
        }
        releases
    }

    /// The releases that the index does not have, or with a record that may lack something; and whether it has them.
    fn missing(
        &self,
        current: &IndexPayload,
        oldest: &OldestVersions,
    ) -> Vec<(SourceRelease, bool)> {
        let there: HashMap<Release, &IndexEntry> =
            current.releases.iter().map(|entry| (entry.release(), entry)).collect();
        let kept = self.wanted.iter().filter(|one| oldest.keeps(&one.release));
        let missing = kept.filter_map(|one| match there.get(&one.release) {
            None => Some((one.clone(), false)),
            Some(entry) => self.may_lack(entry, one).then(|| (one.clone(), true)),
        });
        missing.collect()
    }

    /// Whether the source may have evidence or artifacts of a release that the mirror has not.
    fn may_lack(&self, there: &IndexEntry, here: &SourceRelease) -> bool {
        let differs = match &here.record {
            Some(record) => !there.has_record(record),
            None => self.selection.evidence,
        };
        let complete = || self.complete.get(&here.release).copied();
        differs && (there.record.is_none() || complete() != there.record)
    }

    /// Takes out the releases that the index has with another statement: a release does not change.
    fn refuse_changed(&mut self, current: &IndexPayload) -> Vec<(Release, Digest)> {
        let there: HashMap<Release, Digest> =
            current.releases.iter().map(|entry| (entry.release(), entry.statement)).collect();
        let mut changed = Vec::new();
        let failed = &mut self.failed;
        self.wanted.retain(|one| match (one.statement, there.get(&one.release)) {
            (Some(here), Some(there)) if here != *there => {
                let release = Box::new(one.release.clone());
                let error = MirrorTaskError::Differs { release, here, there: *there };
                changed.push((one.release.clone(), *there));
                failed.push((one.release.clone(), error));
                false
            }
            _ => true,
        });
        changed
    }

    /// Copies a release, or what the mirror lacks of it; `None` where the source has it without a statement.
    async fn copy(
        &self,
        offered: &SourceRelease,
        is_there: bool,
    ) -> Result<Option<CopiedRelease>, MirrorTaskError> {
        let SourceRelease { release, statement, .. } = offered;
        match self.copy.record(release).await? {
            Some(record) if is_there => {
                let named = statement.unwrap_or(record.0.statement);
                self.copy.complete(release, record, named).await.map(Some)
            }
            Some(record) => self.copy.copy(release, record, *statement).await.map(Some),
            None if statement.is_none() => Ok(None),
            None => {
                let path = loom_source::Record::path(release);
                let at = self.copy.objects.from.location(&path);
                Err(SourceError::new(at, SourceErrorKind::Gone).into())
            }
        }
    }

    /// Notes what was copied: in this run, a record that was found complete is not read again.
    fn note(&mut self, copied: impl Iterator<Item = CopiedRelease>) {
        for one in copied {
            let is_new = self.complete.insert(one.release.clone(), one.record).is_none();
            if one.has_news() && is_new {
                self.copied.push(one);
            }
        }
    }

    /// Copies releases, several at the same time.
    async fn copy_all(
        &mut self,
        missing: Vec<(SourceRelease, bool)>,
    ) -> Result<Vec<(CopiedRelease, bool)>, MirrorTaskError> {
        let (mut all, mut gone, total) = (Vec::new(), Vec::new(), missing.len());
        let this = &*self;
        let copying = missing.into_iter().map(|(offered, is_there)| async move {
            let copied = this.copy(&offered, is_there).await;
            (offered, copied)
        });
        let mut copying = stream::iter(copying).buffer_unordered(AT_ONCE);
        let (mut unstated, mut failed, mut done) = (Vec::new(), Vec::new(), 0);
        while let Some((offered, result)) = copying.next().await {
            done += 1;
            this.observer.progressed(done, total);
            match result {
                Ok(Some(one)) => {
                    if one.has_news() {
                        this.observer.copied(&one);
                    }
                    all.push((one, offered.yanked));
                }
                Ok(None) => {
                    gone.push(offered.release.clone());
                    unstated.push(offered.release);
                }
                // Without the destination nothing can be copied.
                Err(error @ MirrorTaskError::Destination(_)) => return Err(error),
                Err(error) => {
                    gone.push(offered.release.clone());
                    failed.push((offered.release, error));
                }
            }
        }
        drop(copying);
        self.wanted.retain(|one| !gone.contains(&one.release));
        self.unstated.extend(unstated);
        self.failed.extend(failed);
        Ok(all)
    }
}

#[async_trait(?Send)]
impl IndexChange for SyncChange<'_> {
    fn is_needed(&mut self, current: &IndexPayload) -> bool {
        let oldest = self.oldest(current);
        let entries: HashMap<Release, &IndexEntry> =
            current.releases.iter().map(|entry| (entry.release(), entry)).collect();
        let differs = |one: &SourceRelease| match entries.get(&one.release) {
            None => oldest.keeps(&one.release),
            Some(there) if one.statement.is_some_and(|here| here != there.statement) => true,
            Some(there) => oldest.keeps(&one.release) && self.may_lack(there, one),
        };
        self.wanted.iter().any(differs) || self.kept(current, &oldest) != current.releases
    }

    async fn make(
        &mut self,
        current: &IndexPayload,
    ) -> Result<Option<Vec<IndexEntry>>, MirrorTaskError> {
        for (release, there) in self.refuse_changed(current) {
            self.copy.records.restore(&release, there).await?;
        }
        let oldest = self.oldest(current);
        let missing = self.missing(current, &oldest);
        let copied = self.copy_all(missing).await?;
        let mut releases = self.kept(current, &oldest);
        let numbers: HashMap<Release, usize> =
            releases.iter().enumerate().map(|(number, entry)| (entry.release(), number)).collect();
        for (one, yanked) in &copied {
            match numbers.get(&one.release) {
                Some(number) => releases[*number].set_record(one.record, one.merged),
                None => {
                    let yanked = *yanked;
                    releases.extend(one.entry().map(|entry| IndexEntry { yanked, ..entry }));
                }
            }
        }
        self.note(copied.into_iter().map(|(one, _)| one));
        Ok((releases != current.releases).then_some(releases))
    }
}
