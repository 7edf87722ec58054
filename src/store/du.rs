//! Disk usage of a store.

use std::{collections::BTreeSet, fs, path::Path, time::SystemTime};

use loom_source::{Digest, Release};

use super::{
    Store, StoreError,
    error::{FileAction, absent, at},
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
    /// Measures the disk usage. Only folders are read. What is left of a store that was half deleted counts as well.
    ///
    /// # Errors
    /// [`StoreError::Io`] where a folder cannot be read.
    pub fn du(&self) -> Result<StoreUsage, StoreError> {
        let mut usage = StoreUsage::default();
        let named = self.named_trees()?;
        let mut needed = BTreeSet::new();
        for release in self.known()? {
            let own = || named.iter().filter(|(_, by)| by.contains(&release));
            let tree = own().map(|(tree, _)| size(&self.tree(tree))).sum::<Result<u64, _>>()?;
            let record = self.record(&release).ok().flatten();
            let mut objects: BTreeSet<Digest> = record.iter().flat_map(objects_of).collect();
            objects.extend(own().map(|(tree, _)| *tree));
            let bytes = objects.iter().map(|o| size(&self.object(o))).sum::<Result<u64, _>>()?;
            let shared = own().any(|(_, by)| by.len() > 1);
            needed.extend(objects);
            usage.releases.push(ReleaseUsage { release, tree, objects: bytes, shared });
        }
        for tree in self.trees_here()? {
            usage.trees += size(&self.tree(&tree))?;
        }
        usage.objects = size(&self.root.join("objects"))?;
        usage.partial = size(&self.root.join("partial"))?;
        usage.total = size(&self.root)?;
        let mut live: BTreeSet<Digest> = named.keys().copied().collect();
        live.extend(self.rooted_trees(SystemTime::now())?);
        needed.extend(&live);
        let live = live.iter().map(|t| size(&self.tree(t))).sum::<Result<u64, _>>()?;
        let kept = needed.iter().map(|o| size(&self.object(o))).sum::<Result<u64, _>>()?;
        let store = size(&self.trees())?;
        let tmp = size(&self.tmp())?;
        usage.garbage = (store - live.min(store)) + (usage.objects - kept.min(usage.objects)) + tmp;
        Ok(usage)
    }
}

/// The bytes of all files below a path. Links are not followed; files that are removed meanwhile do not count.
pub(super) fn size(path: &Path) -> Result<u64, StoreError> {
    let Some(meta) = absent(fs::symlink_metadata(path)).map_err(at(FileAction::Read, path))? else {
        return Ok(0);
    };
    if meta.is_file() {
        return Ok(meta.len());
    }
    if !meta.is_dir() {
        return Ok(0);
    }
    let Some(entries) = absent(fs::read_dir(path)).map_err(at(FileAction::Read, path))? else {
        return Ok(0);
    };
    entries.map(|entry| size(&entry.map_err(at(FileAction::Read, path))?.path())).sum()
}
