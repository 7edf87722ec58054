//! How much room things take.

use std::{collections::BTreeSet, fs, path::Path};

use loom_source::{Digest, Release};

use super::{
    Store, StoreError,
    error::{Act, absent, at},
    remove::objects_of,
};

/// How much room the store takes, in bytes of file contents.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StoreUsage {
    /// By release.
    pub releases: Vec<ReleaseUsage>,
    /// Trees in `store/`, each counted once.
    pub trees: u64,
    /// `objects/`.
    pub objects: u64,
    /// Partial downloads.
    pub partial: u64,
    /// What can go at once: trees and objects that nothing names, damaged and abandoned trees, temporary files.
    pub garbage: u64,
    /// The whole folder.
    pub total: u64,
}

/// How much room one release takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseUsage {
    /// The release.
    pub release: Release,
    /// Its tree; for a development build all that are kept.
    pub tree: u64,
    /// Its objects.
    pub objects: u64,
    /// Whether another release has the same tree.
    pub shared: bool,
}

impl Store {
    /// How much room things take. Nothing is read but folders.
    pub fn du(&self) -> Result<StoreUsage, StoreError> {
        let mut usage = StoreUsage::default();
        if !self.exists() {
            return Ok(usage);
        }
        let named = self.named_trees()?;
        let mut needed = BTreeSet::new();
        for release in self.known()? {
            let mine = || named.iter().filter(|(_, by)| by.contains(&release));
            let tree = mine().map(|(tree, _)| size(&self.tree(tree))).sum::<Result<u64, _>>()?;
            let record = self.record(&release).ok().flatten();
            let mut objects: BTreeSet<Digest> = record.iter().flat_map(objects_of).collect();
            objects.extend(mine().map(|(tree, _)| *tree));
            let bytes = objects.iter().map(|o| size(&self.object(o))).sum::<Result<u64, _>>()?;
            let shared = mine().any(|(_, by)| by.len() > 1);
            needed.extend(objects);
            usage.releases.push(ReleaseUsage { release, tree, objects: bytes, shared });
        }
        for tree in self.trees_here()? {
            usage.trees += size(&self.tree(&tree))?;
        }
        usage.objects = size(&self.root.join("objects"))?;
        usage.partial = size(&self.root.join("partial"))?;
        usage.total = size(&self.root)?;
        let kept = needed.iter().map(|o| size(&self.object(o))).sum::<Result<u64, _>>()?;
        let live = named.keys().map(|t| size(&self.tree(t))).sum::<Result<u64, _>>()?;
        let store = size(&self.trees())?;
        let tmp = size(&self.tmp())?;
        usage.garbage = (store - live.min(store)) + (usage.objects - kept.min(usage.objects)) + tmp;
        Ok(usage)
    }
}

/// The bytes of all files below a path; links are not followed, what vanishes meanwhile counts nothing.
fn size(path: &Path) -> Result<u64, StoreError> {
    let Some(meta) = absent(fs::symlink_metadata(path)).map_err(at(Act::Read, path))? else {
        return Ok(0);
    };
    if meta.is_file() {
        return Ok(meta.len());
    }
    if !meta.is_dir() {
        return Ok(0);
    }
    let Some(entries) = absent(fs::read_dir(path)).map_err(at(Act::Read, path))? else {
        return Ok(0);
    };
    entries.map(|entry| size(&entry.map_err(at(Act::Read, path))?.path())).sum()
}
