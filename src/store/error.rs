//! Errors of the store, each named by the action that failed and the file it failed on.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use loom_base::file_lock::{LockHolder, holder_in_words};
use loom_source::{Release, record::DocumentError};

/// What was being done to a file or folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileAction {
    /// Making a file or folder.
    Create,
    /// Reading a file, a link or a folder.
    Read,
    /// Writing a file's bytes.
    Write,
    /// Waiting until the disk has them.
    Sync,
    /// Renaming a file or folder to its final path.
    Rename,
    /// Making a link.
    Link,
    /// Setting permissions.
    Protect,
    /// Taking a lock.
    Lock,
    /// Removing a file or folder.
    Remove,
}

impl fmt::Display for FileAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Create => "create",
            Self::Read => "read",
            Self::Write => "write",
            Self::Sync => "sync",
            Self::Rename => "rename to",
            Self::Link => "link",
            Self::Protect => "set the permissions of",
            Self::Lock => "lock",
            Self::Remove => "remove",
        })
    }
}

/// Why an operation of the store failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// An operation of the file system failed.
    #[error("could not {action} {}", path.display())]
    Io {
        /// What was being done.
        action: FileAction,
        /// The file or folder.
        path: PathBuf,
        /// What the operating system reported.
        source: io::Error,
    },
    /// The file `format` names a newer format.
    #[error("the store at {} has a newer format: expected \"loom-store 1\", got {found:?}", root.display())]
    Newer {
        /// The root folder of the store.
        root: PathBuf,
        /// The text of `format`.
        found: String,
    },
    /// The file `format` belongs to another program.
    #[error("{} is not the format file of a store: expected \"loom-store 1\", got {found:?}", path.display())]
    NotAStore {
        /// The file `format`.
        path: PathBuf,
        /// Its text, shortened.
        found: String,
    },
    /// The folder is no store, and has files of another program in the place of a store's.
    #[error("the folder is no store: it has {} of another program, with {}", path.display(), beside.display())]
    ForeignFolder {
        /// What is in the place of a folder of a store.
        path: PathBuf,
        /// A file or folder that is none of a store.
        beside: PathBuf,
    },
    /// A file is in the place of the store.
    #[error("the store at {} is not a folder", root.display())]
    NotAFolder {
        /// The root folder of the store.
        root: PathBuf,
    },
    /// The file `format` is damaged, and the rest of the folder is a store.
    #[error("{} is damaged: expected \"loom-store 1\", got {found:?}", path.display())]
    DamagedFormat {
        /// The file `format`.
        path: PathBuf,
        /// Its text, shortened, or what is in its place.
        found: String,
    },
    /// A record or statement cannot be used.
    #[error("could not use {}", path.display())]
    Document {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: DocumentError,
    },
    /// The bytes of a file are not those that its digest names.
    #[error("{} is damaged: {what}", path.display())]
    Damaged {
        /// The file or tree.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// A program of the store has no permission to execute, and cannot be given it.
    #[error("{} is not executable: {why}", path.display())]
    NotExecutable {
        /// The program.
        path: PathBuf,
        /// The reason.
        why: &'static str,
    },
    /// The file system does not support locks.
    #[error("the file system of {} does not support locks", path.display())]
    NoLocks {
        /// The lock file.
        path: PathBuf,
        /// What the operating system reported.
        source: io::Error,
    },
    /// Another process uses what is to be removed.
    #[error("{what} is in use: {} holds {}", holder_in_words(holder.as_deref()), path.display())]
    Busy {
        /// What is in use.
        what: String,
        /// The lock that is held.
        path: PathBuf,
        /// Who holds it, where the system tells.
        holder: Option<Box<LockHolder>>,
    },
    /// A lock was not free within the time that it is waited for.
    #[error(
        "could not lock {} within {}: {} holds it",
        path.display(), humantime::format_duration(*waited), holder_in_words(holder.as_deref())
    )]
    Held {
        /// The lock file.
        path: PathBuf,
        /// Who holds it, where the system tells.
        holder: Option<Box<LockHolder>>,
        /// How long it was waited for.
        waited: Duration,
    },
    /// Every user of the machine can write the store.
    #[error("the store at {} is refused: every user of this machine can write it", root.display())]
    OpenToAll {
        /// The root folder of the store.
        root: PathBuf,
    },
    /// The group of the folder can write the store, and the store belongs to another user.
    #[error("the store at {} belongs to another user, and its group can write it", root.display())]
    OpenToGroup {
        /// The root folder of the store.
        root: PathBuf,
    },
    /// The store is to be shared by a group, and its folder does not allow that.
    #[error("the store at {} cannot be shared: its folder is not set-group-id and writable by its group", root.display())]
    NotShared {
        /// The root folder of the store.
        root: PathBuf,
    },
    /// The store cannot be written, and neither can the folder that keeps the lease instead.
    #[error(
        "the store cannot be written, and neither can the state folder that notes what runs instead"
    )]
    StateFolder {
        /// What failed in the state folder.
        source: Box<StoreError>,
    },
    /// The release was removed between finding and using it.
    #[error("{release} is no longer in the store at {}", root.display())]
    Gone {
        /// The release.
        release: Box<Release>,
        /// The root folder of the store.
        root: PathBuf,
    },
    /// A statement that a source served does not fit the release that came with it.
    #[error("the statement of {release} {why}")]
    Statement {
        /// The release.
        release: Box<Release>,
        /// In what the statement differs.
        why: String,
    },
}

impl StoreError {
    /// Whether the disk or the user's quota is full.
    pub fn is_disk_full(&self) -> bool {
        self.io().is_some_and(is_disk_full)
    }

    /// Whether bytes are not what they should be.
    pub fn is_integrity(&self) -> bool {
        matches!(self, Self::Damaged { .. } | Self::DamagedFormat { .. } | Self::Statement { .. })
    }

    /// Whether another process uses what is needed.
    pub fn is_busy(&self) -> bool {
        matches!(self, Self::Busy { .. } | Self::Held { .. })
    }

    /// Whether a file or folder is not there.
    pub fn is_absent(&self) -> bool {
        self.io().is_some_and(|e| e.kind() == io::ErrorKind::NotFound)
    }

    /// Whether the store may be read but not written.
    pub fn is_read_only(&self) -> bool {
        use io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem};
        self.io().is_some_and(|e| matches!(e.kind(), ReadOnlyFilesystem | PermissionDenied))
    }

    /// Whether a file or folder could not be read.
    pub fn is_unreadable(&self) -> bool {
        matches!(self, Self::Io { action: FileAction::Read, .. })
    }

    /// The file or folder that this user may not read, where that is the reason.
    pub fn denied(&self) -> Option<&Path> {
        match self {
            Self::Io { action: FileAction::Read, path, source } if is_denied(source) => {
                Some(what_hides(path))
            }
            _ => None,
        }
    }

    fn io(&self) -> Option<&io::Error> {
        match self {
            Self::Io { source, .. } | Self::NoLocks { source, .. } => Some(source),
            Self::StateFolder { source } => source.io(),
            _ => None,
        }
    }
}

/// Whether the operating system reports a full disk or quota.
pub(super) fn is_disk_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Whether permissions are the reason.
pub(super) fn is_denied(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::PermissionDenied
}

/// The folder that keeps this user from what is below it, where there is one, else the path itself.
pub(super) fn what_hides(path: &Path) -> &Path {
    let is_hidden = |path: &Path| fs::symlink_metadata(path).is_err_and(|error| is_denied(&error));
    path.ancestors().find(|path| !is_hidden(path)).unwrap_or(path)
}

/// For `map_err`: the action that failed, and the path.
pub(super) fn at(action: FileAction, path: &Path) -> impl FnOnce(io::Error) -> StoreError + '_ {
    move |source| StoreError::Io { action, path: path.to_owned(), source }
}

/// For `map_err` on the errors of rustix.
#[cfg(target_os = "linux")]
pub(super) fn at_sys(
    action: FileAction,
    path: &Path,
) -> impl FnOnce(rustix::io::Errno) -> StoreError + '_ {
    move |errno| at(action, path)(errno.into())
}

/// Whether a folder cannot be renamed although nothing forbids it: it lies in a lower layer of an overlay, or on another
/// file system.
pub(super) fn cannot_rename_folders(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::CrossesDevices
}

/// Turns damage into `None`.
pub(super) fn undamaged<T>(read: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    match read {
        Ok(value) => Ok(Some(value)),
        Err(StoreError::Damaged { .. } | StoreError::Document { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The path of what is damaged, and what is wrong with it; `None` where nothing is.
pub(super) fn find_damage<T>(
    read: Result<T, StoreError>,
) -> Result<Option<(PathBuf, String)>, StoreError> {
    match read {
        Ok(_) => Ok(None),
        Err(StoreError::Damaged { path, what }) => Ok(Some((path, what))),
        Err(StoreError::Document { path, source }) => Ok(Some((path, source.to_string()))),
        Err(error) => Err(error),
    }
}

/// Turns "not found" into `None`.
pub(super) fn absent<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    use io::ErrorKind::{NotADirectory, NotFound};
    match result {
        Ok(value) => Ok(Some(value)),
        Err(e) if matches!(e.kind(), NotFound | NotADirectory) => Ok(None),
        Err(e) => Err(e),
    }
}
