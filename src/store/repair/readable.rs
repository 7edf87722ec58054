//! Files and folders of this user that it may not read, by `chmod` or a copy of the store: nothing can be repaired beside
//! them, since what is not seen is not absent.

use super::Repaired;
use crate::store::{Store, StoreError};

impl Store {
    /// Gives the files and folders of this user the permission to read them again. Those of other users stay as they are.
    ///
    /// # Errors
    /// [`StoreError`] where permissions cannot be set.
    pub fn repair_readability(&self) -> Result<Vec<Repaired>, StoreError> {
        #[cfg(unix)]
        if self.is_store()? {
            return self.make_readable();
        }
        Ok(vec![])
    }
}

#[cfg(unix)]
mod unix {
    use std::{
        fs,
        os::unix::fs::MetadataExt as _,
        path::{Path, PathBuf},
    };

    use crate::store::{
        Repaired, Store, StoreError, durable::set_mode, misplaced::is_there, writers::OWNED,
    };

    impl Store {
        /// Whether the folder is a store, as far as it can be read: permissions in a folder of another program are not changed.
        pub(super) fn is_store(&self) -> Result<bool, StoreError> {
            match self.read_format() {
                Ok(exists) => {
                    let is_foreign = || self.refuse_foreign_folder().is_err();
                    Ok(exists || self.has_remains() && !is_foreign())
                }
                Err(StoreError::DamagedFormat { .. }) => Ok(true),
                Err(error) if error.is_unreadable() => Ok(self.has_tag() || self.has_remains()),
                Err(error) => Err(error),
            }
        }

        pub(super) fn make_readable(&self) -> Result<Vec<Repaired>, StoreError> {
            let user = rustix::process::geteuid().as_raw();
            let mut repaired = vec![];
            let mut left: Vec<PathBuf> = vec![self.root.clone()];
            while let Some(path) = left.pop() {
                // What is behind a folder of another user is a finding of the verification.
                let Ok(Some(meta)) = is_there(&path) else { continue };
                if !meta.is_dir() && !meta.is_file() {
                    continue;
                }
                let (mode, needed) =
                    (meta.mode() & 0o7777, if meta.is_dir() { 0o500 } else { 0o400 });
                if mode & needed != needed && meta.uid() == user {
                    set_mode(&path, mode | self.usual_mode(&path, meta.is_dir()))?;
                    repaired.push(Repaired::new(&path, "its owner may read it again"));
                }
                if let (true, Ok(entries)) = (meta.is_dir(), fs::read_dir(&path)) {
                    left.extend(entries.filter_map(|entry| Some(entry.ok()?.path())));
                }
            }
            Ok(repaired)
        }

        /// The permissions of a new file or folder at a path.
        fn usual_mode(&self, path: &Path, is_folder: bool) -> u32 {
            let is_in = |folder: &str| path.starts_with(self.root.join(folder));
            let is_in_tree = is_in("store") && path != self.trees();
            match is_folder {
                true if is_in_tree => 0o555,
                true => OWNED,
                false if is_in_tree => 0o444,
                false if is_in("locks") => self.writers.lock_mode(),
                false if is_in("leases") => self.writers.lease_mode(),
                false if is_in("partial") || is_in("tmp") => 0o600,
                false => 0o644,
            }
        }
    }
}
