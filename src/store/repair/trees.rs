//! Which trees a release has, permissions, and trees that nothing needs.

use loom_source::{Digest, Release, Slot};

use super::Repaired;
use crate::store::{
    Damage, EntryKind, Store, StoreError, TreeRef, error::undamaged, rehash::mode_of,
};

impl Store {
    /// The trees that a release names: those of a development root, else those of the record and of the link.
    ///
    /// # Errors
    /// [`StoreError::Io`] where a file cannot be read.
    pub fn tree_refs(&self, release: &Release) -> Result<Vec<TreeRef>, StoreError> {
        let mut trees = match release.slot {
            Slot::Dev => undamaged(self.dev_trees(release))?.unwrap_or_default(),
            Slot::Version(_) => self.recorded_tree(release).ok().flatten().into_iter().collect(),
        };
        let linked = self.find(release)?.and_then(|installed| self.tree_of(&installed));
        trees.extend(linked.filter(|linked| !trees.iter().any(|tree| tree.tree == linked.tree)));
        Ok(trees)
    }

    /// All releases with a record, and all development builds with a root.
    ///
    /// # Errors
    /// [`StoreError::Io`] where a folder cannot be read.
    pub fn known_releases(&self) -> Result<Vec<Release>, StoreError> {
        self.known()
    }

    /// Whether something is wrong with a tree: among `findings`, or because it is not here, or has no listing.
    pub fn is_tree_broken(&self, tree: &Digest, findings: &[Damage]) -> bool {
        let (folder, listing) = (self.tree(tree), self.object(tree));
        let is_of_tree =
            |damage: &Damage| damage.path.starts_with(&folder) || damage.path == listing;
        findings.iter().any(is_of_tree) || !folder.is_dir() || !listing.is_file()
    }

    /// Gives a tree its permissions again, if every byte of it is right; `false` where it is damaged.
    ///
    /// # Errors
    /// [`StoreError`] where a file cannot be read, or its permissions not be set.
    pub fn repair_permissions(&self, tree: &Digest) -> Result<Option<Vec<Repaired>>, StoreError> {
        let listing = match self.check_tree(tree) {
            Ok(listing) => listing,
            Err(StoreError::Damaged { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut repaired = vec![];
        for entry in listing.entries().iter().filter(|it| it.kind == EntryKind::Executable) {
            let path = self.tree(tree).join(entry.path.as_str());
            if mode_of(&path)?.is_some_and(|mode| mode & 0o100 == 0) {
                repaired.push(Repaired::new(path, "its permission to execute was restored"));
            }
        }
        self.protect(tree, &listing)?;
        self.write_fingerprint(tree, &listing);
        Ok(Some(repaired))
    }

    /// Sets the damaged trees aside that nothing needs.
    ///
    /// # Errors
    /// [`StoreError`] where the store cannot be read or written.
    pub fn repair_unneeded_trees(&self, findings: &[Damage]) -> Result<Vec<Repaired>, StoreError> {
        let named = self.named_trees()?;
        let mut repaired = vec![];
        for tree in self.trees_here()?.into_iter().filter(|tree| !named.contains_key(tree)) {
            let folder = self.tree(&tree);
            let is_damaged = findings.iter().any(|damage| damage.path.starts_with(&folder));
            let check = || self.check_tree(&tree).map(drop);
            if is_damaged && self.set_aside_if_damaged(&tree, &check)?.is_some() {
                repaired
                    .push(Repaired::new(folder, "set aside: it is damaged, and nothing needs it"));
            }
        }
        Ok(repaired)
    }
}
