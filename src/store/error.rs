//! What can go wrong with the store, named by the act that failed.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use loom_source::{Release, record::DocumentError};

/// What was being done to a file or folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Making a file or folder.
    Create,
    /// Reading a file, a link or a folder.
    Read,
    /// Writing a file's bytes.
    Write,
    /// Waiting until the disk has them.
    Sync,
    /// Giving a file or folder its place.
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

impl fmt::Display for Act {
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

/// Why the store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// An operation on the file system failed.
    #[error("cannot {act} {}", path.display())]
    Io {
        /// What was being done.
        act: Act,
        /// To what.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// `format` names a newer format.
    #[error("the store at {} is of a newer format ({found:?})", root.display())]
    Newer {
        /// The store.
        root: PathBuf,
        /// The text of `format`.
        found: String,
    },
    /// `format` is not ours.
    #[error("{} is not the format file of a loom store (it says {found:?})", path.display())]
    NotAStore {
        /// The file `format`.
        path: PathBuf,
        /// Its text, shortened.
        found: String,
    },
    /// A record or statement cannot be read.
    #[error("{} cannot be used", path.display())]
    Document {
        /// The file.
        path: PathBuf,
        /// Why.
        source: DocumentError,
    },
    /// A file of the store is not what its digest says.
    #[error("{} is damaged: {what}", path.display())]
    Damaged {
        /// The file or tree.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// The file system cannot lock.
    #[error("the file system of {} does not support locks", path.display())]
    NoLocks {
        /// The lock file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Somebody else uses it now.
    #[error("{what} is in use ({})", path.display())]
    Busy {
        /// What is in use.
        what: String,
        /// The lock that is held.
        path: PathBuf,
    },
    /// The release vanished between finding and using it.
    #[error("{release} is no longer in the store at {}", root.display())]
    Gone {
        /// The release.
        release: Box<Release>,
        /// The store.
        root: PathBuf,
    },
    /// A statement that came with the release speaks of something else.
    #[error("the statement of {release} {why}")]
    Statement {
        /// The release.
        release: Box<Release>,
        /// In what it differs.
        why: String,
    },
}

impl StoreError {
    /// Whether the disk or the quota is full (exit 10).
    pub fn is_disk_full(&self) -> bool {
        self.io().is_some_and(is_disk_full)
    }

    /// Whether bytes are not what they should be (exit 6).
    pub fn is_integrity(&self) -> bool {
        matches!(self, Self::Damaged { .. } | Self::Statement { .. })
    }

    /// Whether somebody else is using what is needed (exit 9).
    pub fn is_busy(&self) -> bool {
        matches!(self, Self::Busy { .. })
    }

    /// Whether the store may be read but not written.
    pub fn is_read_only(&self) -> bool {
        use io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem};
        self.io().is_some_and(|e| matches!(e.kind(), ReadOnlyFilesystem | PermissionDenied))
    }

    fn io(&self) -> Option<&io::Error> {
        match self {
            Self::Io { source, .. } | Self::NoLocks { source, .. } => Some(source),
            _ => None,
        }
    }

    /// What can be done about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            _ if self.is_disk_full() => {
                "the disk or quota is full: free some space (`loom store du` shows what the store holds), \
                 or give another folder with --cache-dir or LOOM_CACHE_DIR"
                    .to_owned()
            }
            _ if self.is_read_only() => {
                "give a folder that you can write to with --cache-dir or LOOM_CACHE_DIR".to_owned()
            }
            Self::Newer { .. } => {
                "update loom, or give another folder with --cache-dir or LOOM_CACHE_DIR".to_owned()
            }
            Self::NotAStore { path, .. } => format!(
                "this folder belongs to something else: give another one with --cache-dir or LOOM_CACHE_DIR, \
                 or remove {}",
                path.display()
            ),
            Self::NoLocks { .. } => {
                "put the cache on a file system with locks, with --cache-dir or LOOM_CACHE_DIR".to_owned()
            }
            Self::Damaged { .. } => "`loom store verify` names all damage; `loom up --force-download` \
                                     fetches the release again"
                .to_owned(),
            Self::Document { .. } => "fetch the release again with --force-download".to_owned(),
            Self::Busy { .. } => "stop what runs from it (`loom status --all`) and try again".to_owned(),
            Self::Gone { .. } => "something removed it just now; try again".to_owned(),
            Self::Statement { .. } | Self::Io { .. } => return None,
        })
    }
}

/// Whether the system says that the disk or the quota is full.
pub(super) fn is_disk_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// For `map_err`: the act that failed, and where.
pub(super) fn at(act: Act, path: &Path) -> impl FnOnce(io::Error) -> StoreError + '_ {
    move |source| StoreError::Io { act, path: path.to_owned(), source }
}

/// For `map_err` where rustix speaks.
#[cfg(target_os = "linux")]
pub(super) fn at_sys(act: Act, path: &Path) -> impl FnOnce(rustix::io::Errno) -> StoreError + '_ {
    move |errno| at(act, path)(errno.into())
}

/// `None` where there is nothing.
pub(super) fn absent<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    use io::ErrorKind::{NotADirectory, NotFound};
    match result {
        Ok(value) => Ok(Some(value)),
        Err(e) if matches!(e.kind(), NotFound | NotADirectory) => Ok(None),
        Err(e) => Err(e),
    }
}
