//! Trees that were taken out of use, and whose records are still here: a removal was interrupted, or could not go on.
//!
//! They are as good as before, so they are put back under their names. To delete them would leave records without trees. One that
//! is marked because it cannot be renamed loses its mark if every byte of it is still there: its deletion where it is may have
//! begun.

use std::fs;

use loom_source::Digest;

use super::{
    Store, StoreError,
    error::{FileAction, absent, at},
    list::folders_and_files,
};

impl Store {
    /// The trees that are named in `.trash-*` only, or are marked and complete, and that a record names. Documents are read only
    /// where a name in `.trash-*` is that of a tree that is not here or is marked.
    pub(super) fn half_removed(&self) -> Result<Vec<Digest>, StoreError> {
        let is_taken =
            |tree: &Digest| self.tree(tree).symlink_metadata().is_err() || self.is_marked(tree);
        let (folders, marks) = folders_and_files(&self.trees())?;
        let names = folders.into_iter().chain(marks).filter_map(|(name, _)| taken(&name));
        let mut trees: Vec<Digest> = names.filter(is_taken).collect();
        if !trees.is_empty() {
            let named = self.named_trees()?;
            trees.retain(|tree| named.contains_key(tree) && self.is_complete_if_marked(tree));
        }
        Ok(trees)
    }

    fn is_complete_if_marked(&self, tree: &Digest) -> bool {
        let complete = |listing| self.rehash(tree, &listing).is_ok();
        !self.is_marked(tree) || self.listing(tree).ok().flatten().is_some_and(complete)
    }

    /// Puts them back. The collection lock must be held, so that no process removes them at the moment.
    pub(super) fn put_back_half_removed(&self) -> Result<(), StoreError> {
        for tree in self.half_removed()? {
            let (trash, path) = (self.trash_path(&tree), self.tree(&tree));
            if self.is_marked(&tree) {
                absent(fs::remove_file(&trash)).map_err(at(FileAction::Remove, &trash))?;
            } else {
                absent(fs::rename(&trash, &path)).map_err(at(FileAction::Rename, &path))?;
            }
        }
        Ok(())
    }
}

/// The tree whose name in `store/` is that of one that was taken out of use.
fn taken(name: &str) -> Option<Digest> {
    name.strip_prefix(".trash-")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::{fs, time::SystemTime};

    use crate::store::{
        GcRules, GcRun,
        tests::{assert_intact, damage, home, install},
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
            fs::remove_file(path).unwrap();
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
    #[test]
    fn a_marked_tree_is_put_back_if_it_is_complete() {
        let home = home();
        let store = &home.store;
        let [cut, begun, other] =
            ["0.1.0", "0.2.0", "0.3.0"].map(|v| install(store, v, v.as_bytes()));
        for installed in [&cut, &begun] {
            fs::write(store.trash_path(&installed.tree), b"").unwrap();
        }
        // The deletion of one has begun.
        damage(&begun.entry, b"");
        assert_eq!(store.half_removed().unwrap(), [cut.tree]);
        store.sweep().unwrap();
        assert!(store.is_marked(&cut.tree) && cut.entry.is_file(), "others leave it as it is");
        assert!(!store.tree(&begun.tree).exists(), "one that is not complete is deleted");
        assert!(store.remove(&begun.release).unwrap() && store.remove(&other.release).unwrap());
        assert!(!store.is_marked(&cut.tree) && cut.entry.is_file(), "it is back");
        assert_intact(store);
    }
}
