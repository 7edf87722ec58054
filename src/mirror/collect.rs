//! [`collect`]: removes from a mirror what no index has named for a while.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use futures::{StreamExt as _, stream};
use loom_mirror::{Destination, destination::ListedFile};
use loom_source::{
    Index, Record, Statement,
    record::{IndexEntry, IndexTimestamp, SignedKind, object_path, tree_path},
};

use super::{CurrentIndex, DestinationDocuments, MirrorTaskError, object_transfer::MAX_DOCUMENT};

/// What was named or written within this time stays: a reader may still have the index that named it, and a writer may be
/// about to name it.
pub(super) const GRACE: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// How often the collection begins anew because the index has changed meanwhile.
pub(super) const MAX_ATTEMPTS: usize = 5;

/// How many releases are looked at at the same time.
const AT_ONCE: usize = 8;

/// The folders in which there is something to collect.
const FOLDERS: [&str; 3] = ["objects/", "releases/", "store/"];

/// What was removed from a mirror.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct MirrorGarbage {
    /// The removed files; of a registry or layout, the removed versions.
    pub files: Vec<String>,
    /// Of a layout, the removed blobs.
    pub blobs: Option<Vec<String>>,
    /// The size of all that was removed, in bytes.
    pub bytes: u64,
    /// The number of files that nothing names and that are too young.
    pub young: usize,
}

/// Removes what no index of the last seven days has named and nobody has written in that time. With `dry_run` nothing is
/// removed.
///
/// # Errors
/// Where the mirror cannot be read or written, a record or a statement that an index names cannot be used, or the index
/// changes again and again.
pub async fn collect(
    destination: &dyn Destination,
    dry_run: bool,
    now: SystemTime,
) -> Result<MirrorGarbage, MirrorTaskError> {
    let documents = DestinationDocuments(destination);
    for _ in 0..MAX_ATTEMPTS {
        let current = CurrentIndex::read(&documents).await?;
        if current.file.is_none() {
            return Err(MirrorTaskError::NoIndex { mirror: destination.to_string() });
        }
        let mut files = Vec::new();
        for folder in FOLDERS {
            files.extend(destination.list(folder).await?);
        }
        let named = named(destination, &current, &files, now).await?;
        let garbage = garbage(&files, &named, now);
        // What an index names that was written meanwhile stays.
        let again = CurrentIndex::read(&documents).await?;
        if again.file.map(|(bytes, _)| bytes) != current.file.map(|(bytes, _)| bytes) {
            continue;
        }
        if !dry_run {
            for file in &garbage.files {
                destination.delete(file).await?;
            }
            // Without it a loss of power could bring back what was reported as removed.
            destination.sync().await?;
        }
        return Ok(garbage);
    }
    Err(MirrorTaskError::Contended { mirror: destination.to_string() })
}

/// The files that an index names: paths, and folders that end with `/`.
#[derive(Debug, Default)]
struct NamedFiles {
    paths: BTreeSet<String>,
    folders: BTreeSet<String>,
}

impl NamedFiles {
    fn has(&self, key: &str) -> bool {
        let folder = key.match_indices('/').nth(1).map(|(at, _)| &key[..=at]);
        self.paths.contains(key) || folder.is_some_and(|folder| self.folders.contains(folder))
    }
}

/// What the index and those of the last days name.
async fn named(
    destination: &dyn Destination,
    current: &CurrentIndex,
    files: &[ListedFile],
    now: SystemTime,
) -> Result<NamedFiles, MirrorTaskError> {
    let mut entries: BTreeMap<(String, String), IndexEntry> = BTreeMap::new();
    let mut add = |releases: Vec<IndexEntry>| {
        for entry in releases {
            let key = (Record::path(&entry.release()), entry.statement.to_string());
            entries.insert(key, entry);
        }
    };
    add(current.payload.releases.clone());
    let mut named = NamedFiles::default();
    for file in files.iter().filter(|file| is_history(&file.key)) {
        if !file.stat.is_younger(GRACE, now) {
            continue;
        }
        named.paths.insert(file.key.clone());
        if let Some((bytes, _)) = destination.read(&file.key, SignedKind::Index.max_bytes()).await?
        {
            let index = Index::parse(&bytes).map_err(|source| MirrorTaskError::Document {
                at: format!("{destination}/{}", file.key),
                source,
            })?;
            add(index.payload.releases);
        }
    }
    named.paths.extend([Index::PATH.to_owned(), IndexTimestamp::PATH.to_owned()]);
    let reading = entries.into_values().map(|entry| files_of(destination, entry));
    let mut reading = stream::iter(reading).buffer_unordered(AT_ONCE);
    while let Some(of_release) = reading.next().await {
        let NamedFiles { paths, folders } = of_release?;
        named.paths.extend(paths);
        named.folders.extend(folders);
    }
    Ok(named)
}

/// The files of one release: those that its statement and its record name. What is missing names nothing.
async fn files_of(
    destination: &dyn Destination,
    entry: IndexEntry,
) -> Result<NamedFiles, MirrorTaskError> {
    let mut named = NamedFiles::default();
    let path = Record::path(&entry.release());
    let mut statements = vec![entry.statement];
    if let Some(bytes) = read(destination, &path).await? {
        let record = Record::parse(&bytes);
        let record = record.map_err(|source| unusable(destination, &path, source))?;
        named.paths.extend(record.evidence.iter().map(|evidence| object_path(&evidence.digest)));
        statements.push(record.statement);
    }
    named.paths.insert(path);
    statements.dedup();
    for digest in statements {
        let path = object_path(&digest);
        if let Some(bytes) = read(destination, &path).await? {
            let statement = Statement::parse(&bytes);
            let statement = statement.map_err(|source| unusable(destination, &path, source))?;
            named.paths.insert(object_path(&statement.tree));
            named.paths.extend(statement.archives.iter().map(|one| object_path(&one.digest)));
            named.folders.insert(format!("{}/", tree_path(&statement.tree)));
        }
        named.paths.insert(path);
    }
    Ok(named)
}

async fn read(destination: &dyn Destination, key: &str) -> Result<Option<Bytes>, MirrorTaskError> {
    Ok(destination.read(key, MAX_DOCUMENT).await?.map(|(bytes, _)| bytes))
}

fn unusable(
    destination: &dyn Destination,
    path: &str,
    source: loom_source::record::DocumentError,
) -> MirrorTaskError {
    MirrorTaskError::Document { at: format!("{destination}/{path}"), source }
}

/// Whether a file is a former index.
fn is_history(key: &str) -> bool {
    key.starts_with("releases/history/")
}

fn garbage(files: &[ListedFile], named: &NamedFiles, now: SystemTime) -> MirrorGarbage {
    let mut garbage = MirrorGarbage::default();
    for ListedFile { key, stat } in files.iter().filter(|file| !named.has(&file.key)) {
        if stat.is_younger(GRACE, now) {
            garbage.young += 1;
        } else {
            garbage.bytes += stat.size;
            garbage.files.push(key.clone());
        }
    }
    garbage.files.sort();
    garbage
}

#[cfg(test)]
mod tests {
    use loom_mirror::destination::FileStat;

    use super::*;

    #[test]
    fn what_is_named_or_young_stays() {
        let now = SystemTime::UNIX_EPOCH + 100 * GRACE;
        let named = NamedFiles {
            paths: [Index::PATH.to_owned(), "objects/sha256/aa/aa".into()].into(),
            folders: ["store/tree/".to_owned()].into(),
        };
        let file = |key: &str, age: Duration| ListedFile {
            key: key.to_owned(),
            stat: FileStat { size: 3, modified: now - age },
        };
        let files = [
            file(Index::PATH, 9 * GRACE),
            file("objects/sha256/aa/aa", 9 * GRACE),
            file("objects/sha256/bb/bb", 9 * GRACE),
            file("objects/sha256/cc/cc", GRACE / 2),
            file("store/tree/bin/program", 9 * GRACE),
            file("store/other/bin/program", 9 * GRACE),
        ];
        let garbage = garbage(&files, &named, now);
        assert_eq!(garbage.files, ["objects/sha256/bb/bb", "store/other/bin/program"]);
        assert_eq!((garbage.bytes, garbage.young), (6, 1));
    }
}
