//! Deletes what was taken out of use, on many threads.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

use loom_source::Digest;

use crate::store::{
    Store, StoreError,
    cores::{on_all_cores, on_waiting_threads},
    du::size,
    durable::remove_tree,
    list::folders_and_files,
};

/// What a folder holds.
#[derive(Debug, Default)]
pub(super) struct FolderContent {
    /// The bytes of the files that have no further name.
    bytes: u64,
    /// The files with further names, by their inodes.
    shared: BTreeMap<u64, SharedFile>,
}

/// A file with several names.
#[derive(Debug, Clone, Copy)]
struct SharedFile {
    bytes: u64,
    /// The number of its names in the folders that are deleted.
    here: u64,
    /// The number of all its names.
    total: u64,
}

impl Store {
    /// Deletes what was taken out of use, and returns how many bytes that freed. What cannot be deleted (another user's)
    /// stays for a later run.
    ///
    /// Trees that share files with it keep their fingerprints: deleting a name changes the inode, and no byte.
    pub(super) fn delete_taken(&self) -> Result<u64, StoreError> {
        let (folders, marks) = folders_and_files(&self.trees())?;
        let taken: Vec<PathBuf> = folders
            .into_iter()
            .filter(|(name, _)| name.starts_with(".trash-"))
            .map(|(_, path)| path)
            .collect();
        let (taken, emptied) = empty(&self.trees(), taken);
        let content = FolderContent::of_all(&taken);
        let inodes: BTreeSet<u64> = content.shared.keys().copied().collect();
        let before = self.fingerprints_with(&inodes)?;
        let left: u64 = on_waiting_threads(&taken, |folder| match remove_tree(folder) {
            Ok(()) => 0,
            Err(_) => size(folder).unwrap_or_default(),
        })
        .into_iter()
        .sum();
        self.renew_fingerprints(before, &inodes);
        Ok(emptied + content.freed().saturating_sub(left) + self.complete_deletions(&marks)?)
    }

    /// Completes the deletion of trees that are marked, because folders cannot be renamed here.
    fn complete_deletions(&self, marks: &[(String, PathBuf)]) -> Result<u64, StoreError> {
        let tree = |(name, _): &(String, PathBuf)| name.strip_prefix(".trash-")?.parse().ok();
        let trees: Vec<Digest> = marks.iter().filter_map(tree).collect();
        // Files that several of them share are free once, with the last of them.
        let folders: Vec<PathBuf> = trees.iter().map(|tree| self.tree(tree)).collect();
        let content = FolderContent::of_all(&folders);
        let mut left = 0;
        for tree in &trees {
            if self.complete_deletion(tree).is_err() {
                left += size(&self.tree(tree))?;
            }
        }
        Ok(content.freed().saturating_sub(left))
    }
}

/// Deletes what no other tree shares; answers the folders that are left, and how many bytes that freed.
#[cfg(unix)]
fn empty(trees: &Path, folders: Vec<PathBuf>) -> (Vec<PathBuf>, u64) {
    use crate::store::emptied::EmptyingFolder;
    let Ok(trees) = EmptyingFolder::open(trees) else { return (folders, 0) };
    let empty = |folder: &PathBuf| trees.empty(folder.file_name().unwrap_or_default());
    let emptied = on_waiting_threads(&folders, empty);
    let freed = emptied.iter().flatten().map(|emptied| emptied.freed).sum();
    let is_left = emptied.iter().map(|emptied| !matches!(emptied, Ok(it) if !it.has_shared));
    let left = folders.into_iter().zip(is_left.collect::<Vec<_>>());
    (left.filter_map(|(folder, is_left)| is_left.then_some(folder)).collect(), freed)
}

/// Folders are not opened while they are deleted on other systems.
#[cfg(not(unix))]
fn empty(_: &Path, folders: Vec<PathBuf>) -> (Vec<PathBuf>, u64) {
    (folders, 0)
}

/// The bytes that are free once these folders are deleted.
pub(super) fn freed_by(folders: &[PathBuf]) -> u64 {
    FolderContent::of_all(folders).freed()
}

impl FolderContent {
    fn of_all(folders: &[PathBuf]) -> Self {
        let mut content = Self::default();
        on_all_cores(folders, |folder| Self::of(folder))
            .into_iter()
            .for_each(|of| content.merge(of));
        content
    }

    pub(super) fn of(folder: &Path) -> Self {
        let mut content = Self::default();
        // Another user's folder cannot be read, and stays.
        let _ = content.add(folder);
        content
    }

    fn add(&mut self, folder: &Path) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let meta = entry.metadata()?;
            if meta.is_dir() {
                self.add(&entry.path())?;
            } else if meta.is_file() {
                self.add_file(&meta);
            }
        }
        Ok(())
    }

    fn add_file(&mut self, meta: &fs::Metadata) {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            if meta.nlink() > 1 {
                let file = SharedFile { bytes: meta.len(), here: 0, total: meta.nlink() };
                self.shared.entry(meta.ino()).or_insert(file).here += 1;
                return;
            }
        }
        self.bytes += meta.len();
    }

    fn merge(&mut self, other: Self) {
        self.bytes += other.bytes;
        for (inode, file) in other.shared {
            self.shared.entry(inode).and_modify(|known| known.here += file.here).or_insert(file);
        }
    }

    /// Adds the content of a further folder; answers how many more bytes are free once that is deleted too.
    pub(super) fn take(&mut self, other: Self) -> u64 {
        self.bytes += other.bytes;
        let mut freed = other.bytes;
        for (inode, SharedFile { bytes, here, total }) in other.shared {
            let file = self.shared.entry(inode).or_insert(SharedFile { bytes, here: 0, total });
            let was_free = file.here >= file.total;
            file.here += here;
            freed += if !was_free && file.here >= file.total { bytes } else { 0 };
        }
        freed
    }

    /// The bytes that are free once all of it is deleted.
    fn freed(&self) -> u64 {
        let gone = self.shared.values().filter(|file| file.here >= file.total);
        self.bytes + gone.map(|file| file.bytes).sum::<u64>()
    }
}
