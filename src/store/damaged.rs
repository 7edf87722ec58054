//! Renames damaged trees, and keeps the newest of each tree for inspection.

use std::{collections::BTreeMap, fs, path::PathBuf};

use loom_source::Digest;

use super::{
    Store, StoreError,
    durable::set_mode,
    error::{FileAction, at},
    format::StoreNotice,
    list::names,
    locks,
};

impl Store {
    /// Renames a damaged tree to `.damaged-<tree>-<n>`. Programs that run from it keep their files.
    pub(super) fn set_aside(&self, tree: &Digest, what: String) -> Result<(), StoreError> {
        let from = self.tree(tree);
        // Renaming a folder rewrites its `..`, for which all users but root need write permission.
        set_mode(&from, 0o755)?;
        let newest = self.damaged()?.get(tree).and_then(|of| of.keys().next_back().copied());
        let number = newest.unwrap_or_default().saturating_add(1);
        let to = self.trees().join(format!(".damaged-{tree}-{number}"));
        fs::rename(&from, &to).map_err(at(FileAction::Rename, &to))?;
        self.forget_fingerprint(tree)?;
        self.notice(StoreNotice::SetAside { to, what });
        Ok(())
    }

    /// Renames all but the newest damaged folder of each tree to `.trash-*`. A process may still run from one of them,
    /// so the folders of a leased tree stay.
    pub(super) fn retire_damaged(&self) -> Result<(), StoreError> {
        self.rename_damaged(1)
    }

    /// Renames all damaged folders to `.trash-*`, except those that a process may still run from.
    pub(super) fn discard_damaged(&self) -> Result<(), StoreError> {
        self.rename_damaged(0)
    }

    /// Renames the damaged folders of each tree to `.trash-*`, except its `newest` ones.
    fn rename_damaged(&self, newest: usize) -> Result<(), StoreError> {
        for (tree, folders) in self.damaged()? {
            let retired = folders.len().saturating_sub(newest);
            if retired == 0 {
                continue;
            }
            let path = self.lease_path(&tree);
            let lease = locks::open(&path)?;
            if !locks::tried(&path, lease.try_lock())? {
                continue;
            }
            for (number, folder) in folders.into_iter().take(retired) {
                // Another user's folder stays, and another process may have renamed it already.
                let _ = set_mode(&folder, 0o755);
                let _ = fs::rename(&folder, self.trees().join(format!(".trash-{tree}-{number}")));
            }
        }
        Ok(())
    }

    /// The damaged folders by tree and number; the highest number is the newest.
    fn damaged(&self) -> Result<BTreeMap<Digest, BTreeMap<u32, PathBuf>>, StoreError> {
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
