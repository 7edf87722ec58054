//! Disk usage of a store.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use loom_source::{Digest, Release};

use super::{
    Store, StoreError,
    error::{FileAction, absent, at, undamaged},
    remove::objects_of,
};

/// The disk usage of a store, in bytes of file contents.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StoreUsage {
    /// The usage of each release.
    pub releases: Vec<ReleaseUsage>,
    /// The trees in `store/`, each counted once.
    pub trees: u64,
    /// The objects.
    pub objects: u64,
    /// The partial downloads.
    pub partial: u64,
    /// What may be removed: trees and objects that nothing names, damaged and abandoned trees, temporary files.
    pub garbage: u64,
    /// The whole folder.
    pub total: u64,
}

/// The disk usage of one release, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseUsage {
    /// The release.
    pub release: Release,
    /// Its tree; for a development build all trees that are kept.
    pub tree: u64,
    /// Its objects.
    pub objects: u64,
    /// Whether another release has the same tree.
    pub shared: bool,
}

impl Store {
    /// Measures the disk usage. Only folders are read. Files that share an inode count once, in each figure. What is left
    /// of a store that was half deleted counts as well.
    ///
    /// # Errors
    /// [`StoreError::Io`] where a folder cannot be read.
    pub fn du(&self) -> Result<StoreUsage, StoreError> {
        let mut usage = StoreUsage::default();
        let named = self.named_trees()?;
        let mut needed = BTreeSet::new();
        for release in self.known()? {
            let own = || named.iter().filter(|(_, by)| by.contains(&release));
            let tree = sizes(own().map(|(tree, _)| self.tree(tree)))?;
            let record = self.record(&release).ok().flatten();
            let mut objects: BTreeSet<Digest> = record.iter().flat_map(objects_of).collect();
            objects.extend(own().map(|(tree, _)| *tree));
            let bytes = sizes(objects.iter().map(|object| self.object(object)))?;
            let shared = own().any(|(_, by)| by.len() > 1);
            needed.extend(objects);
            usage.releases.push(ReleaseUsage { release, tree, objects: bytes, shared });
        }
        usage.trees = sizes(self.trees_here()?.iter().map(|tree| self.tree(tree)))?;
        usage.objects = sizes([self.root.join("objects")])?;
        usage.partial = sizes([self.root.join("partial")])?;
        usage.total = sizes([self.root.clone()])?;
        let mut live: BTreeSet<Digest> = named.keys().copied().collect();
        match undamaged(self.rooted_trees(SystemTime::now()))? {
            Some(rooted) => live.extend(rooted),
            // A root that cannot be read may keep any tree.
            None => live.extend(self.trees_here()?),
        }
        needed.extend(&live);
        let kept = sizes(needed.iter().map(|object| self.object(object)))?;
        let live = sizes(live.iter().map(|tree| self.tree(tree)))?;
        let store = sizes([self.trees()])?;
        let tmp = sizes([self.tmp()])?;
        usage.garbage = (store - live.min(store)) + (usage.objects - kept.min(usage.objects)) + tmp;
        Ok(usage)
    }
}

/// The bytes of all files below these paths; those of one inode count once.
pub(super) fn sizes(paths: impl IntoIterator<Item = PathBuf>) -> Result<u64, StoreError> {
    let mut seen = BTreeSet::new();
    paths.into_iter().map(|path| size_unseen(&path, &mut seen)).sum()
}

/// The bytes of all files below a path; those of one inode count once. Links are not followed; files that are removed meanwhile do not count.
pub(super) fn size(path: &Path) -> Result<u64, StoreError> {
    sizes([path.to_owned()])
}

/// The same without the inodes that were seen.
fn size_unseen(path: &Path, seen: &mut BTreeSet<(u64, u64)>) -> Result<u64, StoreError> {
    let Some(meta) = absent(fs::symlink_metadata(path)).map_err(at(FileAction::Read, path))? else {
        return Ok(0);
    };
    if meta.is_file() {
        let is_new = shared_inode(&meta).is_none_or(|inode| seen.insert(inode));
        return Ok(if is_new { meta.len() } else { 0 });
    }
    if !meta.is_dir() {
        return Ok(0);
    }
    let Some(entries) = absent(fs::read_dir(path)).map_err(at(FileAction::Read, path))? else {
        return Ok(0);
    };
    entries.map(|entry| size_unseen(&entry.map_err(at(FileAction::Read, path))?.path(), seen)).sum()
}

/// The identity of an inode with several names.
fn shared_inode(meta: &fs::Metadata) -> Option<(u64, u64)> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        (meta.nlink() > 1).then(|| (meta.dev(), meta.ino()))
    }
    #[cfg(not(unix))]
    {
        let _ = meta;
        None
    }
}
