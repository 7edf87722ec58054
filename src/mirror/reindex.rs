//! [`Reindex`]: makes the index from the records of a mirror.

use async_trait::async_trait;
use futures::{StreamExt as _, stream};
use loom_mirror::Destination;
use loom_source::{
    Product, Record, Release, Statement,
    record::{IndexEntry, IndexPayload, object_path},
};

use super::{
    CurrentIndex, MirrorDocuments, MirrorTaskError, index_writer::IndexChange,
    object_transfer::MAX_DOCUMENT,
};

/// How many records are read at the same time.
const AT_ONCE: usize = 8;

/// Makes the index from the records of a mirror. What is withdrawn stays withdrawn.
#[derive(Debug)]
pub struct Reindex<'a> {
    destination: &'a dyn Destination,
    /// The releases, once the records were read.
    releases: Option<Vec<IndexEntry>>,
    /// The releases whose statement is missing: they are left out.
    pub incomplete: Vec<Release>,
}

impl<'a> Reindex<'a> {
    /// The index of the records in `destination`.
    pub fn of(destination: &'a dyn Destination) -> Self {
        Self { destination, releases: None, incomplete: Vec::new() }
    }

    /// Reads a record and the statement that it names.
    async fn read(&self, release: Release) -> Result<Result<IndexEntry, Release>, MirrorTaskError> {
        let path = Record::path(&release);
        let Some((bytes, _)) = self.destination.read(&path, MAX_DOCUMENT).await? else {
            return Ok(Err(release));
        };
        let at = |path: &str| format!("{}/{path}", self.destination);
        let record = Record::parse(&bytes)
            .map_err(|source| MirrorTaskError::Document { at: at(&path), source })?;
        let path = object_path(&record.statement);
        let Some((text, _)) = self.destination.read(&path, MAX_DOCUMENT).await? else {
            return Ok(Err(release));
        };
        let got = loom_source::Digest::of(&text);
        if got != record.statement {
            let (at, expected) = (at(&path), record.statement);
            return Err(MirrorTaskError::Mismatch { at, expected, got });
        }
        let statement = Statement::parse(&text)
            .map_err(|source| MirrorTaskError::Document { at: at(&path), source })?;
        if statement.release() != release {
            return Ok(Err(release));
        }
        let Statement { authority, binary, version, platform, .. } = statement;
        let (statement, record, merged) =
            (record.statement, Some(loom_source::Digest::of(&bytes)), Vec::new());
        let yanked = false;
        Ok(Ok(IndexEntry {
            authority,
            binary,
            version,
            platform,
            statement,
            record,
            merged,
            yanked,
        }))
    }
}

/// Refuses a place that has files, but neither an index nor anything else of a mirror: an index would make a mirror of a folder
/// that was named by mistake.
///
/// # Errors
/// [`MirrorTaskError::NoMirror`] for such a place, and where the destination cannot be read.
pub async fn check_is_mirror(
    documents: &dyn MirrorDocuments,
    destination: &dyn Destination,
) -> Result<(), MirrorTaskError> {
    if CurrentIndex::read(documents).await?.file.is_some() {
        return Ok(());
    }
    let files = destination.list("").await?;
    let belongs = |key: &str| key == "format" || key.starts_with("releases/");
    if files.is_empty() || files.iter().any(|file| belongs(&file.key)) {
        return Ok(());
    }
    Err(MirrorTaskError::NoMirror { at: destination.to_string() })
}

/// The release of a record; `None` for other files.
pub(super) fn release_of(path: &str) -> Option<Release> {
    let mut parts = path.strip_prefix("releases/")?.strip_suffix(".json")?.split('/');
    let authority = parts.next()?.parse().ok()?;
    let binary = parts.next()?.parse().ok()?;
    let version = parts.next()?.parse().ok()?;
    let platform = parts.next()?.parse().ok()?;
    let product = Product { authority, binary, platform };
    parts.next().is_none().then(|| product.at_version(version))
}

/// Marks the releases that `current` has withdrawn, and keeps what it says of merged records.
pub(super) fn withdrawn(mut releases: Vec<IndexEntry>, current: &IndexPayload) -> Vec<IndexEntry> {
    for entry in &mut releases {
        let Some(former) = current.entry(&entry.release()) else { continue };
        entry.yanked = former.yanked;
        if former.statement == entry.statement {
            entry.merged.clone_from(&former.merged);
        }
    }
    releases
}

#[async_trait(?Send)]
impl IndexChange for Reindex<'_> {
    fn is_needed(&mut self, current: &IndexPayload) -> bool {
        let Some(releases) = self.releases.clone() else { return true };
        let mut there = current.releases.clone();
        let mut here = withdrawn(releases, current);
        for entries in [&mut there, &mut here] {
            entries.sort_by_key(|entry| Record::path(&entry.release()));
        }
        current.serial == 0 || there != here
    }

    async fn make(
        &mut self,
        current: &IndexPayload,
    ) -> Result<Option<Vec<IndexEntry>>, MirrorTaskError> {
        let files = self.destination.list("releases/").await?;
        let releases = files.iter().filter_map(|file| release_of(&file.key));
        let this = &*self;
        let mut reading =
            stream::iter(releases.map(|release| this.read(release))).buffer_unordered(AT_ONCE);
        let (mut entries, mut incomplete) = (Vec::new(), Vec::new());
        while let Some(read) = reading.next().await {
            match read? {
                Ok(entry) => entries.push(entry),
                Err(release) => incomplete.push(release),
            }
        }
        drop(reading);
        self.incomplete = incomplete;
        self.releases = Some(entries.clone());
        Ok(self.is_needed(current).then(|| withdrawn(entries, current)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_known_by_their_paths() {
        let path = "releases/loom-os/loom-bridge-server/0.2.0/linux-x86_64.json";
        assert_eq!(release_of(path).map(|release| Record::path(&release)).as_deref(), Some(path));
        for other in [
            "releases/index.json",
            "releases/history/7.json",
            "releases/loom-os/x/0.2/linux-x86_64.json",
            "releases/loom-os/x/0.2.0/moon.json",
            "objects/loom-os/x/0.2.0/linux-x86_64.json",
            "releases/loom-os/x/0.2.0/linux-x86_64.json/y.json",
        ] {
            assert_eq!(release_of(other), None, "{other}");
        }
    }
}
