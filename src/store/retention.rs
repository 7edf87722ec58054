//! The last three development trees of a line are kept, no more.

use std::{fmt::Write as _, fs};

use loom_source::{Digest, Release};

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

    /// The root file with one more tree, and the trees that it no longer keeps.
    pub(super) fn dev_root_with(
        &self,
        release: &Release,
        tree: Digest,
        entry: &TreePath,
    ) -> Result<(Vec<u8>, Vec<Digest>), StoreError> {
        let mut trees = self.dev_trees(release)?;
        trees.retain(|(old, _)| *old != tree);
        trees.insert(0, (tree, entry.clone()));
        let retired = trees.split_off(trees.len().min(DEV_TREES));
        let mut text = format!("{HEADER}\n");
        for (tree, entry) in trees {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{tree} {entry}");
        }
        Ok((text.into_bytes(), retired.into_iter().map(|(tree, _)| tree).collect()))
    }

    /// Removes trees that have fallen off the end, unless something else names them or somebody runs from them;
    /// those are garbage from now on.
    pub(super) fn retire(&self, trees: &[Digest]) -> Result<(), StoreError> {
        if trees.is_empty() {
            return Ok(());
        }
        let _alone = self.lock_for_collection()?;
        let named = self.named_trees()?;
        for tree in trees.iter().filter(|tree| !named.contains_key(tree)) {
            self.remove_tree_unless_leased(tree)?;
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
