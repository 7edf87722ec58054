//! [`StoreWriters`]: who may write a store, and the permissions of its files and folders.

use std::fs::File;
#[cfg(unix)]
use std::{
    fs, io,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::Path,
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
pub(super) const GROUP_BITS: u32 = SHARED & !OWNED;

/// The permissions of a new folder: those of a shared store are inherited from the folder above.
#[cfg(unix)]
pub(super) fn inherit_group(folder: &Path) -> io::Result<()> {
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
