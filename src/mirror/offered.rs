//! [`offered`]: the releases that a source has.

use loom_source::{
    Authority, Digest, ListingScope, Name, Product, Release, SourceError, SourceErrorKind,
    VersionListing, record::IndexEntry,
};

use super::{MirrorFiles, MirrorTaskError, SyncSelection, selection::OldestVersions};
use crate::{config::SourceKind, sources::Candidate, trust::Channel};

/// Whether a source has an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OfferedIndex {
    /// It has one, or lists folders: a mirror.
    Decides,
    /// It can have one beside the tags, which are the list where no root is known: a registry or an image layout.
    BesideTags,
    /// It never has one.
    None,
}

impl OfferedIndex {
    /// What sources of a kind have.
    pub fn of(kind: &SourceKind) -> Self {
        match kind {
            SourceKind::Mirror(_) => Self::Decides,
            SourceKind::Oci(_) => Self::BesideTags,
            _ => Self::None,
        }
    }
}

/// A release that a source offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceRelease {
    /// The release.
    pub release: Release,
    /// Its statement, where an index names it.
    pub statement: Option<Digest>,
    /// The digest of its record, where an index names it.
    pub record: Option<Digest>,
    /// Whether it is withdrawn.
    pub yanked: bool,
}

/// What a source offers.
#[derive(Debug, Clone, Default)]
pub struct SourceReleases {
    /// The selected releases, those included that are not kept.
    pub releases: Vec<SourceRelease>,
}

impl SourceReleases {
    /// The releases that the source has withdrawn.
    pub fn withdrawn(&self) -> impl Iterator<Item = Release> {
        self.releases.iter().filter(|one| one.yanked).map(|one| one.release.clone())
    }

    /// For each product, the oldest version that is kept, of those that the source has and those that an index names.
    pub fn oldest(&self, selection: &SyncSelection, there: &[IndexEntry]) -> OldestVersions {
        let there: Vec<Release> = there.iter().map(IndexEntry::release).collect();
        selection.oldest(self.releases.iter().map(|one| &one.release).chain(&there))
    }
}

/// What a source offers of the selection: by its index, else by its lists of versions of `binary`.
///
/// # Errors
/// Where the source cannot answer or list; and for a source over plain http beyond this machine, of which nothing is
/// believed.
pub async fn offered(
    candidate: &Candidate,
    index: OfferedIndex,
    (authority, binary): (&Authority, &Name),
    selection: &SyncSelection,
) -> Result<SourceReleases, MirrorTaskError> {
    let source = candidate.source.as_ref();
    if let Some(entries) = index_entries(candidate, index).await? {
        let entries = entries.into_iter();
        let offered = entries.map(|entry| SourceRelease {
            release: entry.release(),
            statement: Some(entry.statement),
            record: entry.record,
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
                    record: None,
                    yanked: false,
                }));
            }
            VersionListing::Unlistable(_) if selection.exact().is_some() => {
                for version in selection.exact().into_iter().flatten() {
                    let release = product.at_version(version.clone());
                    if source.find(&release).await?.is_some() {
                        let (statement, record) = (None, None);
                        let yanked = false;
                        releases.push(SourceRelease { release, statement, record, yanked });
                    }
                }
            }
            VersionListing::Unlistable(why) => {
                return Err(MirrorTaskError::Unlistable { at: source.to_string(), why });
            }
        }
    }
    releases.retain(|one| selection.selects(&one.release));
    if index == OfferedIndex::BesideTags && candidate.channel != Channel::Unauthenticated {
        note_index(candidate, &mut releases).await?;
    }
    Ok(SourceReleases { releases })
}

/// Notes what the index of a registry says of the releases of its tags: which are withdrawn.
async fn note_index(
    candidate: &Candidate,
    releases: &mut [SourceRelease],
) -> Result<(), MirrorTaskError> {
    let files = MirrorFiles::of(candidate.source.as_ref());
    let Some(index) = files.index().await? else { return Ok(()) };
    for one in releases {
        if let Some(entry) = index.payload.entry(&one.release) {
            (one.statement, one.yanked) = (Some(entry.statement), entry.yanked);
        }
    }
    Ok(())
}

/// The entries of the index of a mirror: of the signed one where a root is known for it; `None` without an index.
async fn index_entries(
    candidate: &Candidate,
    index: OfferedIndex,
) -> Result<Option<Vec<IndexEntry>>, MirrorTaskError> {
    if index == OfferedIndex::None {
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
    if index == OfferedIndex::BesideTags {
        return Ok(None);
    }
    if candidate.channel == Channel::Unauthenticated {
        // Nothing of a source that anybody on the way can change is believed without a signature.
        return Err(SourceError::new(files.name(), SourceErrorKind::PlainHttp).into());
    }
    Ok(files.index().await?.map(|index| index.payload.releases))
}
