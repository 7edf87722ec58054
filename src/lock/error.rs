//! [`LockError`]: why a lock file cannot be used or written.

use std::{io, path::PathBuf};

/// Why a lock file cannot be used or written.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// The text is not a lock file.
    #[error("the lock file is not valid: {0}")]
    Malformed(String),
    /// A newer version of the format.
    #[error("the schema is {0:?}, which this version cannot read")]
    Newer(String),
    /// The file cannot be used.
    #[error("could not read {}", file.display())]
    Unusable {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        source: Box<LockError>,
    },
    /// The file cannot be read.
    #[error("could not read {}", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// What the operating system reported.
        source: io::Error,
    },
    /// The file cannot be written.
    #[error("could not write {}", file.display())]
    Write {
        /// The file.
        file: PathBuf,
        /// What the operating system reported.
        source: io::Error,
    },
    /// A locked digest of the same version would change.
    #[error("{release} is locked as {locked}, but the source has {got} ({what})")]
    Changed {
        /// The release.
        release: String,
        /// What the digest is of: the tree, or the name of an archive.
        what: String,
        /// The locked digest.
        locked: String,
        /// The digest that was found.
        got: String,
    },
}
