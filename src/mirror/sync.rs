//! [`sync`]: copies the releases of a source into a mirror, those that it does not have.

use std::{
    collections::{HashMap, HashSet},
    path::PathBuf,
};

use async_trait::async_trait;
use futures::{StreamExt as _, stream};
use loom_source::{
    Authority, Digest, ListingScope, Name, Product, Release, SourceError, SourceErrorKind,
    VersionListing,
    record::{IndexEntry, IndexPayload},
};

use super::{
    CopiedRelease, MirrorFiles, MirrorObserver, MirrorTaskError, SyncSelection, WrittenIndex,
    index_writer::{IndexChange, IndexWriter},
    object_transfer::ObjectTransfer,
    push::{AT_ONCE, entry_of},
    record_writer::RecordWriter,
    release_copy::ReleaseCopy,
    selection::OldestVersions,
};
use crate::{sources::Candidate, trust::Channel};

/// A release that a source offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceRelease {
    /// The release.
    pub release: Release,
    /// Its statement, where an index names it.
    pub statement: Option<Digest>,
    /// Whether it is withdrawn.
    pub yanked: bool,
}

/// What a source offers.
#[derive(Debug, Default)]
pub struct SourceReleases {
    /// The selected releases, those included that are not kept.
    pub releases: Vec<SourceRelease>,
}

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

/// What a source offers of the selection: by its index, else by its lists of versions of `binary`.
///
/// # Errors
/// Where the source cannot answer or list; and for a source over plain http beyond this machine, of which nothing is
/// believed.
pub async fn offered(
    candidate: &Candidate,
    is_mirror: bool,
    (authority, binary): (&Authority, &Name),
    selection: &SyncSelection,
) -> Result<SourceReleases, MirrorTaskError> {
    let source = candidate.source.as_ref();
    if let Some(entries) = index_entries(candidate, is_mirror).await? {
        let entries = entries.into_iter();
        let offered = entries.map(|entry| SourceRelease {
            release: entry.release(),
            statement: Some(entry.statement),
            yanked: entry.yanked,
        });
        let releases = offered.filter(|one| selection.selects(&one.release)).collect();
        return Ok(SourceReleases { releases });
    }
    let mut releases = Vec::new();
    for platform in selection.platforms() {
        let product = Product { authority: authority.clone(), binary: binary.clone(), platform };
        match source.list(&product, ListingScope::All).await? {
            VersionListing::Versions(versions) => {
                releases.extend(versions.into_iter().map(|listed| SourceRelease {
                    release: product.at_version(listed.version),
                    statement: None,
                    yanked: false,
                }));
            }
            VersionListing::Unlistable(why) => {
                return Err(MirrorTaskError::Unlistable { at: source.to_string(), why });
            }
        }
    }
    releases.retain(|one| selection.selects(&one.release));
    Ok(SourceReleases { releases })
}

/// The entries of the index of a mirror: of the signed one where a root is known for it; `None` without an index.
async fn index_entries(
    candidate: &Candidate,
    is_mirror: bool,
) -> Result<Option<Vec<IndexEntry>>, MirrorTaskError> {
    if !is_mirror {
        return Ok(None);
    }
    let files = MirrorFiles::of(candidate.source.as_ref());
    if let Some(index) = candidate.verified_index().await? {
        return match index.expired() {
            None => Ok(Some(index.entries().to_vec())),
            Some(why) => {
                let at = files.location(loom_source::Index::PATH);
                Err(SourceError::malformed(at, why.to_string()).into())
            }
        };
    }
    if candidate.channel == Channel::Unauthenticated {
        // Nothing of a source that anybody on the way can change is believed without a signature.
        return Err(SourceError::new(files.name(), SourceErrorKind::PlainHttp).into());
    }
    Ok(files.index().await?.map(|index| index.payload.releases))
}

/// Copies what `offered` has and the mirror has not, then changes the index. A release that cannot be copied does not keep
/// the others.
///
/// # Errors
/// Where the mirror cannot be read or written. Its index is then as it was, and the next run continues with what is there.
pub async fn sync(
    writer: &IndexWriter<'_>,
    from: MirrorFiles<'_>,
    offered: SourceReleases,
    selection: &SyncSelection,
    staging: &dyn Fn() -> Result<PathBuf, MirrorTaskError>,
    observer: &dyn MirrorObserver,
) -> Result<SyncReport, MirrorTaskError> {
    let records = RecordWriter::new(writer.destination);
    let objects = ObjectTransfer { from, to: writer.destination, staging };
    let copy = ReleaseCopy { objects, records: &records };
    let mut change = SyncChange {
        wanted: offered.releases,
        selection,
        copy,
        observer,
        copied: Vec::new(),
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

    /// The releases that the index does not have.
    fn missing(&self, current: &IndexPayload, oldest: &OldestVersions) -> Vec<SourceRelease> {
        let there: HashSet<Release> = current.releases.iter().map(IndexEntry::release).collect();
        let missing = self.wanted.iter().filter(|one| !there.contains(&one.release));
        missing.filter(|one| oldest.keeps(&one.release)).cloned().collect()
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

    /// Copies a release; `None` where the source has it without a statement.
    async fn copy(
        &self,
        offered: &SourceRelease,
    ) -> Result<Option<CopiedRelease>, MirrorTaskError> {
        let SourceRelease { release, statement, .. } = offered;
        match self.copy.record(release).await? {
            Some(record) => self.copy.copy(release, record, *statement).await.map(Some),
            None if statement.is_none() => Ok(None),
            None => {
                let path = loom_source::Record::path(release);
                let at = self.copy.objects.from.location(&path);
                Err(SourceError::new(at, SourceErrorKind::Gone).into())
            }
        }
    }

    /// Copies releases, several at the same time.
    async fn copy_all(
        &mut self,
        missing: Vec<SourceRelease>,
    ) -> Result<Vec<IndexEntry>, MirrorTaskError> {
        let (mut entries, mut gone, total) = (Vec::new(), Vec::new(), missing.len());
        let this = &*self;
        let copying = missing.into_iter().map(|offered| async move {
            let copied = this.copy(&offered).await;
            (offered, copied)
        });
        let mut copying = stream::iter(copying).buffer_unordered(AT_ONCE);
        let (mut copied, mut unstated, mut failed) = (Vec::new(), Vec::new(), Vec::new());
        let mut done = 0;
        while let Some((offered, result)) = copying.next().await {
            done += 1;
            this.observer.progressed(done, total);
            match result {
                Ok(Some(one)) => {
                    this.observer.copied(&one);
                    entries.extend(
                        entry_of(&one).map(|entry| IndexEntry { yanked: offered.yanked, ..entry }),
                    );
                    copied.push(one);
                }
                Ok(None) => {
                    gone.push(offered.release.clone());
                    unstated.push(offered.release);
                }
                // Without the destination nothing can be copied.
                Err(error @ MirrorTaskError::Destination(_)) => return Err(error),
                Err(error) => {
                    this.observer.failed(&offered.release, &error);
                    gone.push(offered.release.clone());
                    failed.push((offered.release, error));
                }
            }
        }
        drop(copying);
        self.wanted.retain(|one| !gone.contains(&one.release));
        self.copied = copied;
        self.unstated.extend(unstated);
        self.failed.extend(failed);
        Ok(entries)
    }
}

#[async_trait(?Send)]
impl IndexChange for SyncChange<'_> {
    fn is_needed(&mut self, current: &IndexPayload) -> bool {
        let oldest = self.oldest(current);
        let statements: HashMap<Release, Digest> =
            current.releases.iter().map(|entry| (entry.release(), entry.statement)).collect();
        let differs = |one: &SourceRelease| match statements.get(&one.release) {
            None => oldest.keeps(&one.release),
            Some(there) => one.statement.is_some_and(|here| here != *there),
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
        let added = self.copy_all(missing).await?;
        let mut releases = self.kept(current, &oldest);
        releases.extend(added);
        Ok((releases != current.releases).then_some(releases))
    }
}
