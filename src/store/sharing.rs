//! Who may write a store: its owner alone, or the members of a group.

use std::fs::File;
#[cfg(unix)]
use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::Path,
};

use super::{Store, StoreError};
#[cfg(unix)]
use super::{
    StoreNotice,
    durable::set_mode,
    error::{FileAction, absent, at},
};

/// Who may write a store. All who may write it trust each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StoreWriters {
    /// The owner of its folder. Others may read it.
    #[default]
    Owner,
    /// The members of the group of its folder, which has the set-group-id bit, so that all files get the group.
    Group,
}

impl StoreWriters {
    /// The permissions of the files in `locks/`: who may only read the store cannot open them, and so not lock them.
    pub(super) fn lock_mode(self) -> u32 {
        match self {
            Self::Owner => 0o600,
            Self::Group => 0o660,
        }
    }

    /// The permissions of the files in `leases/`, which all who may run a program lock shared.
    pub(super) fn lease_mode(self) -> u32 {
        match self {
            Self::Owner => 0o644,
            Self::Group => 0o664,
        }
    }
}

/// The permissions of the folders of a store that one user writes.
#[cfg(unix)]
pub(super) const OWNED: u32 = 0o755;

/// The permissions of the folders of a store that a group writes.
#[cfg(unix)]
pub(super) const SHARED: u32 = 0o2775;

/// What `SHARED` has and `OWNED` has not.
#[cfg(unix)]
const GROUP_BITS: u32 = SHARED & !OWNED;

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
                close(&self.root)?;
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

/// The permissions of a new folder: those of a shared store are inherited from the folder above.
#[cfg(unix)]
pub(super) fn inherit_group(folder: &Path) -> std::io::Result<()> {
    let parent = folder.parent().and_then(|parent| fs::metadata(parent).ok());
    if parent.is_some_and(|parent| parent.mode() & GROUP_BITS == GROUP_BITS) {
        return fs::set_permissions(folder, fs::Permissions::from_mode(SHARED));
    }
    Ok(())
}

/// Sets the permissions of an open file, where they are others and the file belongs to this user.
pub(super) fn set_mode_of_own(file: &File, mode: u32) {
    #[cfg(unix)]
    if let Ok(meta) = file.metadata()
        && meta.mode() & 0o777 != mode
        && meta.uid() == rustix::process::geteuid().as_raw()
    {
        // A file system without permissions keeps its own.
        let _ = file.set_permissions(fs::Permissions::from_mode(mode));
    }
    #[cfg(not(unix))]
    let _ = (file, mode);
}
