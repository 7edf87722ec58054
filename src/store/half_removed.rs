//! Trees that were taken out of use, and whose records are still here: a removal was interrupted, or could not go on.
//!
//! They are as good as before, so they are put back under their names. To delete them would leave records without trees. One that
//! is marked because it cannot be renamed is not among them: its deletion where it is may have begun.

use std::{fs, path::Path};

use loom_source::Digest;

use super::{
    Store, StoreError,
    error::{FileAction, absent, at},
    list::names,
};

impl Store {
    /// The trees that are named in `.trash-*` only, and by a record. Documents are read only where a name in `.trash-*` is that
    /// of a tree that is not here.
    pub(super) fn half_removed(&self) -> Result<Vec<Digest>, StoreError> {
        let is_gone = |tree: &Digest| self.tree(tree).symlink_metadata().is_err();
        let taken = names(&self.trees(), true)?.into_iter().filter_map(|(name, _)| taken(&name));
        let mut trees: Vec<Digest> = taken.filter(is_gone).collect();
        if !trees.is_empty() {
            let named = self.named_trees()?;
            trees.retain(|tree| named.contains_key(tree));
        }
        Ok(trees)
    }

    /// Puts them back. The collection lock must be held, so that no process removes them at the moment.
    pub(super) fn put_back_half_removed(&self) -> Result<(), StoreError> {
        for tree in self.half_removed()? {
            put_back(&self.trash_path(&tree), &self.tree(&tree))?;
        }
        Ok(())
    }
}

fn put_back(trash: &Path, tree: &Path) -> Result<(), StoreError> {
    absent(fs::rename(trash, tree)).map(drop).map_err(at(FileAction::Rename, tree))
}

/// The tree whose name in `store/` is that of one that was taken out of use.
fn taken(name: &str) -> Option<Digest> {
    name.strip_prefix(".trash-")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use crate::store::{
        GcRules, GcRun,
        tests::{assert_intact, home, install},
    };

    #[test]
    fn a_removal_that_could_not_go_on_loses_nothing() {
        let home = home();
        let store = &home.store;
        let [cut, gone, other] =
            ["0.1.0", "0.2.0", "0.3.0"].map(|v| install(store, v, v.as_bytes()));
        // As a removal that ended before it removed the record, and one that ended after that.
        for installed in [&cut, &gone] {
            store.condemn(&installed.tree).unwrap();
        }
        store.remove_link(&gone.release).unwrap();
        for path in [store.record_path(&gone.release), store.verification_path(&gone.release)] {
            std::fs::remove_file(path).unwrap();
        }
        assert_eq!(store.half_removed().unwrap(), [cut.tree]);
        // Other commands delete what nothing names, and nothing else.
        store.sweep().unwrap();
        assert_eq!(store.half_removed().unwrap(), [cut.tree]);
        assert!(!store.trash_path(&gone.tree).exists());
        assert!(store.remove(&other.release).unwrap());
        assert!(cut.entry.is_file(), "it is back");
        assert_intact(store);

        store.condemn(&cut.tree).unwrap();
        let rules = GcRules::default();
        let now = SystemTime::now();
        let run = GcRun { rules: &rules, now, dry_run: false, sizes: false, until: None };
        store.collect(&run).unwrap();
        assert!(cut.entry.is_file(), "a collection puts it back too");
        assert_intact(store);
    }
}
