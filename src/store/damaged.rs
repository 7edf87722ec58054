//! Damaged trees: set aside for people to look at, the newest of each tree, no more.

use std::{collections::BTreeMap, fs, path::PathBuf};

use loom_source::Digest;

use super::{
    Store, StoreError,
    durable::set_mode,
    error::{Act, at},
    format::StoreNotice,
    list::names,
    locks,
};

impl Store {
    /// Moves a damaged tree out of the way; running programs keep their files.
    pub(super) fn set_aside(&self, tree: &Digest, what: String) -> Result<(), StoreError> {
        let from = self.tree(tree);
        // Moving a folder rewrites its `..`, for which others than root need the right to write.
        set_mode(&from, 0o755)?;
        let newest = self.damaged()?.get(tree).and_then(|of| of.keys().next_back().copied());
        let number = newest.unwrap_or_default().saturating_add(1);
        let to = self.trees().join(format!(".damaged-{tree}-{number}"));
        fs::rename(&from, &to).map_err(at(Act::Rename, &to))?;
        self.forget_fingerprint(tree)?;
        self.notice(StoreNotice::SetAside { to, what });
        Ok(())
    }

    /// Turns all but the newest damaged folder of each tree into trash. Whoever runs from a tree may still run from
    /// one of them, so those of a tree that is leased stay.
    pub(super) fn retire_damaged(&self) -> Result<(), StoreError> {
        for (tree, mut folders) in self.damaged()? {
            folders.pop_last();
            if folders.is_empty() {
                continue;
            }
            let path = self.lease_path(&tree);
            let lease = locks::open(&path)?;
            if !locks::tried(&path, lease.try_lock())? {
                continue;
            }
            for (number, folder) in folders {
                // Another user's stays, and what another sweeper was faster to move is gone.
                let _ = set_mode(&folder, 0o755);
                let _ = fs::rename(&folder, self.trees().join(format!(".trash-{tree}-{number}")));
            }
        }
        Ok(())
    }

    /// The folders set aside, by tree and number; the highest number is the newest.
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
