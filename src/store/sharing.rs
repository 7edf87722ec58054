//! Checks who may write a store, and closes one that others can write and need not.

#[cfg(unix)]
use std::{fs, os::unix::fs::MetadataExt as _, path::Path};

use super::{Store, StoreError, StoreWriters};
#[cfg(unix)]
use super::{
    StoreNotice,
    durable::set_mode,
    error::{FileAction, absent, at},
    writers::{GROUP_BITS, SHARED},
};

impl Store {
    /// The same store, written by these users.
    #[must_use]
    pub fn written_by(mut self, writers: StoreWriters) -> Self {
        self.writers = writers;
        self
    }

    pub(super) fn sharing(&self) -> StoreWriters {
        self.writers
    }

    /// Refuses a store that every user of the machine can write: its programs could be anybody's.
    pub(super) fn check_not_open_to_all(&self) -> Result<(), StoreError> {
        #[cfg(unix)]
        if fs::metadata(&self.root).is_ok_and(|meta| meta.mode() & 0o002 != 0) {
            return Err(StoreError::OpenToAll { root: self.root.clone() });
        }
        Ok(())
    }

    /// Checks before the first write that those may write the store whom the configuration names. A store of this user
    /// that its group can write, and need not, is closed.
    #[cfg(unix)]
    pub(super) fn check_writers(&self) -> Result<(), StoreError> {
        self.check_not_open_to_all()?;
        let meta = absent(fs::metadata(&self.root)).map_err(at(FileAction::Read, &self.root))?;
        let Some(meta) = meta else { return Ok(()) };
        let root = || self.root.clone();
        let bits = meta.mode() & GROUP_BITS;
        match self.writers {
            StoreWriters::Group if bits == GROUP_BITS => Ok(()),
            StoreWriters::Group => Err(StoreError::NotShared { root: root() }),
            StoreWriters::Owner if bits & 0o020 == 0 => Ok(()),
            StoreWriters::Owner if meta.uid() == rustix::process::geteuid().as_raw() => {
                if self.is_founded() {
                    close(&self.root)?;
                } else {
                    // What else is in a folder that is no store yet is not the store's.
                    set_mode(&self.root, meta.mode() & 0o7755)?;
                }
                self.notice(StoreNotice::Closed { root: root() });
                Ok(())
            }
            StoreWriters::Owner => Err(StoreError::OpenToGroup { root: root() }),
        }
    }

    /// Gives a root folder that was just made the permissions for its writers: those that it inherited are for the files
    /// of the folder above.
    pub(super) fn set_root_mode(&self) -> Result<(), StoreError> {
        #[cfg(unix)]
        {
            let root = &self.root;
            let mode = fs::metadata(root).map_err(at(FileAction::Read, root))?.mode() & 0o7777;
            let wanted = match self.writers {
                StoreWriters::Owner => mode & !0o2022,
                StoreWriters::Group => SHARED,
            };
            if mode != wanted {
                set_mode(root, wanted)?;
            }
        }
        Ok(())
    }

    #[cfg(not(unix))]
    pub(super) fn check_writers(&self) -> Result<(), StoreError> {
        self.check_not_open_to_all()
    }
}

/// Takes the permission to write from all but the owner, for all files and folders of this user below `path`.
#[cfg(unix)]
fn close(path: &Path) -> Result<(), StoreError> {
    let meta = fs::symlink_metadata(path).map_err(at(FileAction::Read, path))?;
    if meta.is_symlink() {
        return Ok(());
    }
    if meta.is_dir() {
        for entry in fs::read_dir(path).map_err(at(FileAction::Read, path))? {
            // What another process removes meanwhile needs no change.
            let Ok(entry) = entry else { continue };
            let _ = close(&entry.path());
        }
    }
    // The folder last: until then its group can write it, and the next run begins anew.
    if meta.mode() & 0o022 == 0 { Ok(()) } else { set_mode(path, meta.mode() & 0o7755) }
}
