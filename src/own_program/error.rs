//! Why the program file of `loom` was not replaced.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::ProgramOwner;
use crate::state::StateError;

/// Why the program file of `loom` was not replaced. The file is as it was.
#[derive(Debug, thiserror::Error)]
pub enum OwnProgramError {
    /// Something else installed the file, and updates it.
    #[error("{} belongs to {owner}", path.display())]
    Owned {
        /// The file.
        path: PathBuf,
        /// What installed it.
        owner: ProgramOwner,
    },
    /// A file could not be read, written or renamed.
    #[error("could not {action} {}", path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The new program does not run on this machine, or is another version.
    #[error("the new program does not work here: expected \"loom {expected}\", got {got}")]
    Broken {
        /// The version that it should be.
        expected: String,
        /// What it printed, or why it could not be executed.
        got: String,
    },
    /// A copy has other bytes than the program that was verified, or the previous program was changed.
    #[error("{} was changed: expected SHA-256 {expected}, got {got}", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
        /// The digest that it should have.
        expected: String,
        /// The digest that it has.
        got: String,
    },
    /// There is no previous program to go back to.
    #[error("no earlier loom is kept: `loom self update` has not replaced this one")]
    NoPrevious,
    /// The program that is kept was that of another file.
    #[error(
        "no earlier loom is kept for this program: the last one that `loom self update` replaced is {}",
        path.display()
    )]
    OtherPrevious {
        /// The file that was replaced.
        path: PathBuf,
    },
    /// The previous program is no longer in the state folder.
    #[error("the earlier loom is gone: {}", path.display())]
    PreviousGone {
        /// The file that it was kept in.
        path: PathBuf,
    },
    /// What is kept in the state folder could not be read or written.
    #[error(transparent)]
    State(#[from] StateError),
}

impl OwnProgramError {
    /// Whether the disk or the quota is full.
    pub fn is_disk_full(&self) -> bool {
        use io::ErrorKind::{QuotaExceeded, StorageFull};
        match self {
            Self::Io { source, .. } => matches!(source.kind(), StorageFull | QuotaExceeded),
            Self::State(error) => error.is_disk_full(),
            _ => false,
        }
    }

    /// Whether this user may not write the file.
    pub fn is_read_only(&self) -> bool {
        use io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem};
        matches!(self, Self::Io { source, .. } if matches!(source.kind(), PermissionDenied | ReadOnlyFilesystem))
    }
}

/// For `map_err`: the action that failed, and the path.
pub(super) fn at<'a>(
    action: &'static str,
    path: &'a Path,
) -> impl FnOnce(io::Error) -> OwnProgramError + use<'a> {
    move |source| OwnProgramError::Io { action, path: path.to_owned(), source }
}
