//! [`DestinationError`]: why a mirror could not be written.

use std::io;

use loom_source::SourceError;

/// Why a mirror could not be read for writing, or written.
#[derive(Debug, thiserror::Error)]
pub enum DestinationError {
    /// The object store did not answer, or refused; or a file could not be read.
    #[error(transparent)]
    Answer(#[from] SourceError),
    /// A file of a folder could not be written.
    #[error("could not write {path}")]
    Write {
        /// The path.
        path: String,
        /// What the operating system reported.
        source: io::Error,
    },
    /// Another process holds the lock of the folder.
    #[error("could not lock {path}: {holder} has held it for a minute")]
    Locked {
        /// The path of the lock file.
        path: String,
        /// The process.
        holder: String,
    },
    /// The object store answered that the content of a file is another one, and gives no tag for its content.
    #[error("{at} has no entity tag, without which two writers could overwrite each other")]
    NoTag {
        /// The URL of the file.
        at: String,
    },
}
