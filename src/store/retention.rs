//! The last three development trees of a line are kept, no more.

use std::{fmt::Write as _, fs};

use loom_source::{Digest, Release, Slot};

use super::{
    Store, StoreError, TreePath,
    error::{Act, absent, at},
};

/// How many development trees stay.
pub const DEV_TREES: usize = 3;

const HEADER: &str = "loom-root 1";

impl Store {
    /// The development trees of a line and their programs, newest first.
    pub(super) fn dev_trees(
        &self,
        release: &Release,
    ) -> Result<Vec<(Digest, TreePath)>, StoreError> {
        let path = self.dev_root_path(release);
        let text = absent(fs::read(&path)).map_err(at(Act::Read, &path))?.unwrap_or_default();
        Ok(parse(&String::from_utf8_lossy(&text)))
    }

    /// The root file with one more tree, and without those that are no longer kept.
    pub(super) fn dev_root_with(
        &self,
        release: &Release,
        tree: Digest,
        entry: &TreePath,
    ) -> Result<Vec<u8>, StoreError> {
        let mut trees = self.dev_trees(release)?;
        trees.retain(|(old, _)| *old != tree);
        trees.insert(0, (tree, entry.clone()));
        trees.truncate(DEV_TREES);
        let mut text = format!("{HEADER}\n");
        for (tree, entry) in trees {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{tree} {entry}");
        }
        Ok(text.into_bytes())
    }

    /// Removes trees that nothing names any more, after a development build was published.
    ///
    /// Those that somebody runs from stay for the next time.
    pub(super) fn retire_dev_trees(&self, release: &Release) -> Result<(), StoreError> {
        if release.slot != Slot::Dev {
            return Ok(());
        }
        let _alone = self.lock_for_collection()?;
        let named = self.named_trees()?;
        for tree in self.trees_here()? {
            if !named.contains_key(&tree) {
                self.remove_tree_unless_leased(&tree)?;
            }
        }
        Ok(())
    }
}

pub(super) fn parse(text: &str) -> Vec<(Digest, TreePath)> {
    let mut lines = text.lines();
    if lines.next() != Some(HEADER) {
        return vec![];
    }
    let line = |line: &str| {
        let (tree, entry) = line.split_once(' ')?;
        Some((tree.parse().ok()?, entry.parse().ok()?))
    };
    lines.filter_map(line).collect()
}
