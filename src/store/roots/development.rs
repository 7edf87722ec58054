//! Keeps the last three development trees of a product.

use loom_source::{Digest, Release};

use super::root_text::{MendedRoot, lines, mend, text};
use crate::store::{Store, StoreError, TreePath, error::undamaged, installed::TreeRef};

/// The number of development trees that are kept.
pub const DEV_TREES: usize = 3;

const HEADER: &str = "loom-dev 1";

fn parse(line: &str) -> Option<TreeRef> {
    let (tree, entry) = line.split_once(' ')?;
    Some(TreeRef { tree: tree.parse().ok()?, entry: entry.parse().ok()? })
}

fn to_bytes(trees: Vec<TreeRef>) -> Vec<u8> {
    let line = |TreeRef { tree, entry }| format!("{tree} {entry}");
    text(HEADER, trees.into_iter().map(line))
}

impl Store {
    /// The development trees of a product, newest first.
    pub(in crate::store) fn dev_trees(
        &self,
        release: &Release,
    ) -> Result<Vec<TreeRef>, StoreError> {
        lines(&self.dev_root_path(release), HEADER, parse)
    }

    /// The root of development trees with the lines of a damaged one that can be read.
    pub(super) fn mended_dev_root(bytes: &[u8]) -> Option<MendedRoot> {
        mend(bytes, parse, to_bytes)
    }

    /// The root file with one more tree, and the trees that the file no longer keeps.
    pub(in crate::store) fn dev_root_with(
        &self,
        release: &Release,
        tree: Digest,
        entry: &TreePath,
    ) -> Result<(Vec<u8>, Vec<Digest>), StoreError> {
        // A damaged root is replaced.
        let mut trees = undamaged(self.dev_trees(release))?.unwrap_or_default();
        trees.retain(|old| old.tree != tree);
        trees.insert(0, TreeRef { tree, entry: entry.clone() });
        let retired = trees.split_off(trees.len().min(DEV_TREES));
        Ok((to_bytes(trees), retired.into_iter().map(|kept| kept.tree).collect()))
    }

    /// Removes trees that the root no longer keeps, unless something else names them. A tree from which a process runs
    /// stays, as garbage.
    pub(in crate::store) fn retire(&self, trees: &[Digest]) -> Result<(), StoreError> {
        if trees.is_empty() {
            return Ok(());
        }
        let _alone = self.lock_for_collection()?;
        let Some(needed) = undamaged(self.needed_trees())? else { return Ok(()) };
        for tree in trees.iter().filter(|tree| !needed.contains(tree)) {
            self.remove_tree_unless_leased(tree)?;
        }
        Ok(())
    }
}
