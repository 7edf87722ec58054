//! Keeps the last three development trees of a product.

use std::fmt::Write as _;

use loom_source::{Digest, Release};

use crate::store::{Store, StoreError, TreePath, document_file::read_document, installed::TreeRef};

/// The number of development trees that are kept.
pub const DEV_TREES: usize = 3;

const HEADER: &str = "loom-dev 1";

impl Store {
    /// The development trees of a product, newest first.
    pub(in crate::store) fn dev_trees(
        &self,
        release: &Release,
    ) -> Result<Vec<TreeRef>, StoreError> {
        let path = self.dev_root_path(release);
        let text = read_document(&path)?.unwrap_or_default();
        Ok(parse(&String::from_utf8_lossy(&text)))
    }

    /// The root file with one more tree, and the trees that the file no longer keeps.
    pub(in crate::store) fn dev_root_with(
        &self,
        release: &Release,
        tree: Digest,
        entry: &TreePath,
    ) -> Result<(Vec<u8>, Vec<Digest>), StoreError> {
        let mut trees = self.dev_trees(release)?;
        trees.retain(|old| old.tree != tree);
        trees.insert(0, TreeRef { tree, entry: entry.clone() });
        let retired = trees.split_off(trees.len().min(DEV_TREES));
        let mut text = format!("{HEADER}\n");
        for TreeRef { tree, entry } in trees {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{tree} {entry}");
        }
        Ok((text.into_bytes(), retired.into_iter().map(|kept| kept.tree).collect()))
    }

    /// Removes trees that the root no longer keeps, unless something else names them. A tree from which a process runs
    /// stays, as garbage.
    pub(in crate::store) fn retire(&self, trees: &[Digest]) -> Result<(), StoreError> {
        if trees.is_empty() {
            return Ok(());
        }
        let _alone = self.lock_for_collection()?;
        let needed = self.needed_trees()?;
        for tree in trees.iter().filter(|tree| !needed.contains(tree)) {
            self.remove_tree_unless_leased(tree)?;
        }
        Ok(())
    }
}

/// Reads a root file; lines that cannot be read are skipped.
fn parse(text: &str) -> Vec<TreeRef> {
    let mut lines = text.lines();
    if lines.next() != Some(HEADER) {
        return vec![];
    }
    let line = |line: &str| {
        let (tree, entry) = line.split_once(' ')?;
        Some(TreeRef { tree: tree.parse().ok()?, entry: entry.parse().ok()? })
    };
    lines.filter_map(line).collect()
}
