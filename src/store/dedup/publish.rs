//! Shares the files of a tree that is being published with the last trees of its program.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use loom_source::{Digest, Release};

use super::share;
use crate::store::{Checked, EntryKind, Store, StoreError, TreeListing};

/// With how many trees of its program a new tree may share.
const MAX_TREES: usize = 8;

/// Smaller files are not worth the look: a link of its own costs as much.
const SMALLEST: u64 = 4096;

impl Store {
    /// Lets the files of a staged tree share their blocks with identical ones of the last trees of the same program. What
    /// cannot be shared stays as it is.
    pub(in crate::store) fn share_staged(&self, checked: &Checked) -> Result<(), StoreError> {
        let Some(staged) = &checked.staged else { return Ok(()) };
        let large = |listing: &TreeListing| {
            let entries = listing.entries().iter();
            entries.filter(|it| it.kind != EntryKind::Link && it.size >= SMALLEST).count()
        };
        if large(&checked.listing) == 0 {
            return Ok(());
        }
        let (mut known, mut trees) = (BTreeMap::new(), BTreeSet::new());
        for tree in self.last_trees(&checked.release, &checked.tree)? {
            let Ok(Some(listing)) = self.listing(&tree) else { continue };
            for entry in listing.entries().iter().filter(|entry| entry.kind != EntryKind::Link) {
                let key = (entry.digest, entry.kind == EntryKind::Executable);
                let path = self.tree(&tree).join(entry.path.as_str());
                known.entry(key).or_insert_with(|| (tree, path));
            }
        }
        let mut pairs: Vec<(PathBuf, PathBuf, Digest)> = vec![];
        for entry in checked.listing.entries() {
            let key = (entry.digest, entry.kind == EntryKind::Executable);
            let is_file = entry.kind != EntryKind::Link && entry.size >= SMALLEST;
            if let Some((tree, kept)) = known.get(&key).filter(|_| is_file) {
                trees.insert(*tree);
                let path = staged.top().join(entry.path.as_str());
                pairs.push((kept.clone(), path, entry.digest));
            }
        }
        if pairs.is_empty() {
            return Ok(());
        }
        let before = self.fingerprints_of(trees.into_iter())?;
        let mut touched = BTreeSet::new();
        for (kept, path, digest) in pairs {
            // The staged file was hashed when it was written.
            if share::may_share(&kept, &path)
                && share::is_intact(&kept, &digest)
                && matches!(share::share(&kept, &path, &digest, &self.tmp()), Ok(Some(_)))
            {
                touched.extend(share::inode_of(&kept));
            }
        }
        self.renew_fingerprints(before, &touched);
        Ok(())
    }

    /// The trees of the newest versions of a program, without `tree`.
    fn last_trees(&self, release: &Release, tree: &Digest) -> Result<Vec<Digest>, StoreError> {
        let product = release.product();
        let mut releases = self.releases_of(&product)?;
        releases.sort_by(|a, b| b.slot.cmp(&a.slot));
        let mut trees = vec![];
        for release in releases {
            let recorded = self.recorded_tree(&release).ok().flatten().map(|it| it.tree);
            trees.extend(recorded.filter(|it| it != tree && !trees.contains(it)));
            if trees.len() == MAX_TREES {
                break;
            }
        }
        Ok(trees)
    }
}
