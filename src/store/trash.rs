//! Takes trees out of `store/`.
//!
//! A tree is renamed to `.trash-<tree>` and then deleted. In a lower layer of an overlay, such as that of a container
//! image, folders cannot be renamed: there an empty *file* `.trash-<tree>` marks the tree, which then counts as absent,
//! and the tree is deleted where it is. The next process that finds the mark completes the deletion.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use loom_source::Digest;

use super::{
    Store, StoreError,
    durable::{self, remove_tree, set_mode},
    error::{FileAction, absent, at, cannot_rename_folders},
};

impl Store {
    pub(super) fn trash_path(&self, tree: &Digest) -> PathBuf {
        self.trees().join(trash_name(tree))
    }

    /// Whether a tree is marked: it is being deleted where it is, and counts as absent.
    pub(super) fn is_marked(&self, tree: &Digest) -> bool {
        fs::symlink_metadata(self.trash_path(tree)).is_ok_and(|meta| meta.is_file())
    }

    /// Takes a tree out of use, at once or not at all. [`delete_trash`](Self::delete_trash) deletes it.
    ///
    /// The caller holds the collection lock exclusive, or the lock of the tree; no process may run from the tree.
    pub(super) fn condemn(&self, tree: &Digest) -> Result<(), StoreError> {
        self.condemn_with(tree, &|from, to| fs::rename(from, to))
    }

    fn condemn_with(
        &self,
        tree: &Digest,
        rename: &dyn Fn(&Path, &Path) -> io::Result<()>,
    ) -> Result<(), StoreError> {
        // What a link in the place of `store/` leads to stays there.
        self.refuse_links_to(&self.tree(tree))?;
        let (from, to) = (self.tree(tree), self.trash_path(tree));
        // Where something else has that name, the rename fails: most often there is nothing to look for.
        match rename(&from, &to) {
            Ok(()) => return Ok(()),
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(_) => self.delete_trash(tree)?,
        }
        match rename(&from, &to) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(e) if cannot_rename_folders(&e) => {
                durable::replace(&self.root, &self.tmp(), &to, b"")
            }
            Err(e) if e.kind() == io::ErrorKind::PermissionDenied => {
                // Some systems rewrite the `..` of a folder that is renamed, which needs write permission.
                set_mode(&from, 0o755)?;
                rename(&from, &to).map_err(at(FileAction::Rename, &to))
            }
            result => result.map_err(at(FileAction::Rename, &to)),
        }
    }

    /// Deletes a tree that was taken out of use. Another user's tree stays, and is deleted by that user's next run.
    pub(super) fn delete_trash(&self, tree: &Digest) -> Result<(), StoreError> {
        let trash = self.trash_path(tree);
        let meta = absent(fs::symlink_metadata(&trash)).map_err(at(FileAction::Read, &trash))?;
        match meta {
            None => Ok(()),
            Some(_) if self.trees().is_symlink() => self.refuse_links_to(&trash),
            Some(meta) if meta.is_dir() => match self.delete_files(tree, &trash) {
                Err(e) if e.is_read_only() => Ok(()),
                result => result,
            },
            Some(_) => {
                self.delete_files(tree, &self.tree(tree))?;
                // The mark may only be gone when the tree is.
                durable::sync(&self.trees())?;
                absent(fs::remove_file(&trash)).map(drop).map_err(at(FileAction::Remove, &trash))
            }
        }
    }

    /// Deletes the files of a tree. Trees that share some of them keep their fingerprints.
    fn delete_files(&self, tree: &Digest, folder: &Path) -> Result<(), StoreError> {
        let (before, shared) = self.fingerprints_beside(tree, folder);
        remove_tree(folder)?;
        self.renew_fingerprints(before, &shared);
        Ok(())
    }

    /// Completes the deletion of a tree that is marked. Other processes may find the mark at the same time.
    pub(super) fn complete_deletion(&self, tree: &Digest) -> Result<(), StoreError> {
        if !self.is_marked(tree) {
            return Ok(());
        }
        let _lock = self.lock_tree(tree)?;
        // Without the mark the tree is another one by now.
        if self.is_marked(tree) { self.delete_trash(tree) } else { Ok(()) }
    }
}

/// The name of a tree that is being deleted, or of its mark.
pub(super) fn trash_name(tree: &Digest) -> String {
    format!(".trash-{tree}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As in a lower layer of an overlay.
    fn refused(_: &Path, _: &Path) -> io::Result<()> {
        Err(io::ErrorKind::CrossesDevices.into())
    }

    #[test]
    fn a_tree_that_cannot_be_renamed_is_marked_and_deleted_where_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("cache")).unwrap();
        store.prepare().unwrap();
        let tree = Digest::of(b"tree");
        let path = store.tree(&tree);
        for finish in [Store::delete_trash, Store::complete_deletion] {
            fs::create_dir_all(path.join("bin")).unwrap();
            fs::write(path.join("bin/x"), b"x").unwrap();
            set_mode(&path.join("bin"), 0o555).unwrap();
            assert!(!store.is_marked(&tree));
            store.condemn_with(&tree, &refused).unwrap();
            assert!(store.is_marked(&tree) && path.join("bin/x").exists());
            assert_eq!(store.trees_here().unwrap(), []);
            finish(&store, &tree).unwrap();
            assert!(!store.is_marked(&tree) && !path.exists());
        }
        // A tree that was interrupted in its deletion is not mistaken for a renamed one.
        fs::create_dir_all(store.trash_path(&tree).join("old")).unwrap();
        fs::create_dir(&path).unwrap();
        assert!(!store.is_marked(&tree));
        store.complete_deletion(&tree).unwrap();
        assert!(path.exists());
        store.condemn(&tree).unwrap();
        store.delete_trash(&tree).unwrap();
        assert_eq!(fs::read_dir(store.root().join("store")).unwrap().count(), 0);
    }

    #[test]
    fn nothing_is_lost_where_a_tree_cannot_be_taken_away() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("cache")).unwrap();
        store.prepare().unwrap();
        let tree = Digest::of(b"tree");
        fs::create_dir_all(store.tree(&tree)).unwrap();
        let broken = |_: &Path, _: &Path| Err(io::ErrorKind::ReadOnlyFilesystem.into());
        assert!(store.condemn_with(&tree, &broken).is_err());
        assert!(store.tree(&tree).exists() && !store.is_marked(&tree));
    }
}
