//! Takes damaged trees away, and keeps the newest of each tree for inspection.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use loom_base::file_lock::LockHolder;
use loom_source::Digest;

use super::{
    Store, StoreError, StoreNotice,
    durable::{remove_tree, set_mode},
    error::{FileAction, absent, at, cannot_rename_folders, undamaged},
    list::names,
    locks,
};

impl Store {
    /// Looks whether a tree is damaged, and takes it away if it is: renamed to `.damaged-<tree>-<n>`, where folders can be
    /// renamed. Programs that run from it keep their files.
    ///
    /// `check` reads the tree. It is called again under the tree's lock, because another process may have replaced the
    /// tree since a first look. Returns what is wrong with it; `None` where nothing is.
    pub(super) fn set_aside_if_damaged(
        &self,
        tree: &Digest,
        check: &dyn Fn() -> Result<(), StoreError>,
    ) -> Result<Option<String>, StoreError> {
        let _lock = self.lock_tree(tree)?;
        let what = match check() {
            Err(e @ StoreError::Damaged { .. }) => e.to_string(),
            result => return result.map(|()| None),
        };
        let from = self.tree(tree);
        if absent(fs::symlink_metadata(&from)).map_err(at(FileAction::Read, &from))?.is_some() {
            let notice = self.set_aside(tree, &from, what.clone())?;
            self.notice(notice);
        }
        self.forget_fingerprint(tree)?;
        Ok(Some(what))
    }

    fn set_aside(
        &self,
        tree: &Digest,
        from: &Path,
        what: String,
    ) -> Result<StoreNotice, StoreError> {
        let newest = self.damaged()?.get(tree).and_then(|of| of.keys().next_back().copied());
        let number = newest.unwrap_or_default().saturating_add(1);
        let to = self.trees().join(format!(".damaged-{tree}-{number}"));
        // Renaming a folder rewrites its `..` on some systems, for which all users but root need write permission.
        // Another user's tree is renamed without, where the system allows it.
        if !from.is_symlink() {
            let _ = set_mode(from, 0o755);
        }
        match fs::rename(from, &to) {
            Ok(()) => Ok(StoreNotice::SetAside { to, what }),
            Err(e) if cannot_rename_folders(&e) => {
                self.remove_damaged(tree, from)?;
                Ok(StoreNotice::Removed { path: from.to_owned(), what })
            }
            Err(e) => Err(at(FileAction::Rename, &to)(e)),
        }
    }

    /// Deletes a damaged tree where it is. A process that runs from it would lose its files.
    fn remove_damaged(&self, tree: &Digest, from: &Path) -> Result<(), StoreError> {
        let (path, lease) = self.open_lease(tree)?;
        if !locks::tried(&path, lease.try_lock())? {
            let (what, holder) = (from.display().to_string(), LockHolder::of(&path).map(Box::new));
            return Err(StoreError::Busy { what, path, holder });
        }
        self.condemn(tree)?;
        self.delete_trash(tree)
    }

    /// Renames all but the newest damaged folder of each tree to `.trash-*`. A process may still run from one of them,
    /// so the folders of a leased tree stay.
    pub(super) fn retire_damaged(&self) -> Result<(), StoreError> {
        self.rename_damaged(1).map(drop)
    }

    /// Renames all damaged folders to `.trash-*`, except those that a process may still run from; returns their number.
    pub(super) fn discard_damaged(&self) -> Result<usize, StoreError> {
        self.rename_damaged(0)
    }

    /// Renames the damaged folders of each tree to `.trash-*`, except its `newest` ones.
    fn rename_damaged(&self, newest: usize) -> Result<usize, StoreError> {
        let mut renamed = 0;
        for (tree, folders) in self.damaged()? {
            let retired = folders.len().saturating_sub(newest);
            if retired == 0 {
                continue;
            }
            // A lease that is no file is damage, and whether a process runs from the tree is not known.
            let Some((path, lease)) = undamaged(self.open_lease(&tree))? else { continue };
            if !locks::tried(&path, lease.try_lock())? {
                continue;
            }
            for (number, folder) in folders.into_iter().take(retired) {
                // Another user's folder stays, and another process may have renamed it already.
                let _ = set_mode(&folder, 0o755);
                let trash = self.trees().join(format!(".trash-{tree}-{number}"));
                if fs::rename(&folder, trash).is_err_and(|e| cannot_rename_folders(&e)) {
                    let _ = remove_tree(&folder);
                }
                renamed += 1;
            }
        }
        Ok(renamed)
    }

    /// The damaged folders by tree and number; the highest number is the newest.
    pub(super) fn damaged(&self) -> Result<BTreeMap<Digest, BTreeMap<u32, PathBuf>>, StoreError> {
        let mut found: BTreeMap<Digest, BTreeMap<u32, PathBuf>> = BTreeMap::new();
        for (name, path) in names(&self.trees(), true)? {
            let parts = name.strip_prefix(".damaged-").and_then(|rest| rest.rsplit_once('-'));
            let Some((tree, number)) = parts else { continue };
            if let (Ok(tree), Ok(number)) = (tree.parse(), number.parse()) {
                found.entry(tree).or_default().insert(number, path);
            }
        }
        Ok(found)
    }
}
