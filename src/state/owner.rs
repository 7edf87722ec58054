//! Who owns the state folder and its files.

use std::{fs::Metadata, io};

/// Why a state folder or a file in it is not used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnsafeFolder {
    /// It belongs to another user.
    #[error("it belongs to another user (uid {0})")]
    Owner(u32),
    /// It is a symbolic link that another user made.
    #[error("it is a symbolic link of another user (uid {0})")]
    Link(u32),
    /// Other users can write it, and its permissions cannot be changed.
    #[error("other users can write it (mode {0:o})")]
    Writable(u32),
    /// Root runs with the home folder of another user, in which it would create files of root.
    #[error("it is in a folder of another user (uid {0})")]
    HomeOfOther(u32),
}

/// # Errors
/// Where another user than this one and root owns the file: it may have been put there while the folder was open to all.
pub(super) fn check_owner(metadata: &Metadata) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let owner = metadata.uid();
        if owner != 0 && owner != rustix::process::geteuid().as_raw() {
            return Err(refused(UnsafeFolder::Owner(owner)));
        }
    }
    let _ = metadata;
    Ok(())
}

#[cfg(unix)]
pub(super) fn refused(why: UnsafeFolder) -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, why)
}
