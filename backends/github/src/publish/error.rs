//! [`PublishError`]: why a release is not published.

use std::{io, path::PathBuf};

use loom_source::SourceError;

/// Why a release is not published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// A request failed.
    #[error(transparent)]
    Request(#[from] SourceError),
    /// The server refuses a value (HTTP status 422).
    #[error("{at} refused the request: {why}")]
    Invalid {
        /// The URL.
        at: String,
        /// What the server said.
        why: String,
    },
    /// The release is public, and an asset of it has other bytes.
    #[error(
        "{name} of the published release {tag} has other bytes: expected {expected}, got {got}"
    )]
    Differs {
        /// The tag.
        tag: String,
        /// The name of the asset.
        name: String,
        /// Size or digest of the file.
        expected: String,
        /// Size or digest of the asset.
        got: String,
    },
    /// The release cannot be changed, and lacks a file.
    #[error("the published release {tag} is immutable and has no {name}")]
    Immutable {
        /// The tag.
        tag: String,
        /// The name of the file.
        name: String,
    },
    /// The tag does not exist.
    #[error("the tag {tag} does not exist in {repo}")]
    NoTag {
        /// The tag.
        tag: String,
        /// The repository.
        repo: String,
    },
    /// There are several drafts of the tag.
    #[error("{repo} has {count} drafts of {tag}")]
    SeveralDrafts {
        /// The tag.
        tag: String,
        /// The repository.
        repo: String,
        /// How many.
        count: usize,
    },
    /// The server names a host for uploads that is not its own.
    #[error(
        "{repo} asks for uploads to {host}, which is not a host of the server; no token was sent"
    )]
    UploadHost {
        /// The repository.
        repo: String,
        /// The host.
        host: String,
    },
    /// After all uploads, a file is missing at the server.
    #[error("{name} was uploaded, and {tag} does not have it")]
    Incomplete {
        /// The tag.
        tag: String,
        /// The name of the file.
        name: String,
    },
    /// A file could not be read.
    #[error("could not read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system reported.
        source: io::Error,
    },
    /// A file is not what it was when it was hashed.
    #[error("{} changed while it was published", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
}
