//! [`ImageWriteError`]: why images could not be written.

use std::io;

use loom_source::{Digest, Platform, SourceError};

/// Images could not be written to a registry or to a layout.
#[derive(Debug, thiserror::Error)]
pub enum ImageWriteError {
    /// The location did not answer, or refused.
    #[error(transparent)]
    Answer(#[from] SourceError),
    /// A file of a layout could not be written.
    #[error("could not write {path}")]
    Write {
        /// The path.
        path: String,
        /// What the operating system reported.
        source: io::Error,
    },
    /// A file that is to be published could not be read.
    #[error("could not read {path}")]
    Read {
        /// The path.
        path: String,
        /// What the operating system reported, or why it is not what it is taken for.
        source: io::Error,
    },
    /// Another process writes the layout.
    #[error("could not lock {path}: {holder} has held it for a minute")]
    Locked {
        /// The path of the file that is locked.
        path: String,
        /// The process.
        holder: String,
    },
    /// The layout is a tar archive.
    #[error("{at} is a file: a layout is written into a folder")]
    TarLayout {
        /// The path.
        at: String,
    },
    /// The location is a registry as a whole, which has no place for the documents of a mirror.
    #[error("{at} names no repository, in which the index of a mirror could be")]
    NoRepository {
        /// The location.
        at: String,
    },
    /// The tag has another image for the platform.
    #[error("{at} has another image for {platform}: expected sha256:{here}, got sha256:{there}")]
    Taken {
        /// The repository and the tag.
        at: String,
        /// The platform.
        platform: Platform,
        /// The digest of the manifest that was to be published.
        here: Digest,
        /// The digest of the manifest that is there.
        there: Digest,
    },
    /// There is no image for the platform that engines run.
    #[error("{image} has no image for {platform}")]
    NoImage {
        /// The binary and the version.
        image: String,
        /// The platform.
        platform: Platform,
    },
    /// The tag names something to which no platform can be added.
    #[error("{at} cannot get another platform: {why}")]
    Foreign {
        /// The repository and the tag.
        at: String,
        /// What it is.
        why: String,
    },
    /// The location deletes nothing.
    #[error("{at} deletes no manifests")]
    Undeletable {
        /// The repository.
        at: String,
    },
    /// Other writers changed a tag each time.
    #[error("{at} was changed by other writers, again and again")]
    Contended {
        /// The repository and the tag.
        at: String,
    },
    /// The file that is to be published is not the one that its statement names.
    #[error("checksum mismatch for {path}: expected {expected}, got {got}")]
    Mismatch {
        /// The path.
        path: String,
        /// The digest in the statement.
        expected: Digest,
        /// The digest of the file.
        got: Digest,
    },
    /// The statement of a release cannot be used.
    #[error("the statement of a release cannot be used: {0}")]
    Statement(String),
}
