//! [`MirrorPublishError`]: why a release is not published to a mirror.

use loom_mirror::destination::DestinationError;
use loom_source::{Digest, Name};

/// Why a release is not published to a mirror.
#[derive(Debug, thiserror::Error)]
pub enum MirrorPublishError {
    /// The mirror has the layout of a store.
    #[error("{0} has the layout of a store")]
    StoreLayout(String),
    /// The mirror has another file of the same name.
    #[error("{key} of {mirror} has other bytes: expected {expected}")]
    Differs {
        /// The mirror.
        mirror: String,
        /// The file below its root.
        key: String,
        /// The digest of the file that was to be published.
        expected: Digest,
    },
    /// The `SHA256SUMS` of the mirror lists files of another binary too, and one of both is signed: a signature over the
    /// lines of both has to be made by its key.
    #[error(
        "{key} of {mirror} is to have the lines of {binary} and {other}, and {signature} is no longer a signature over it"
    )]
    SignedSums {
        /// The mirror.
        mirror: String,
        /// The `SHA256SUMS` below its root.
        key: String,
        /// The name of the signature file, in the folder or at the mirror.
        signature: String,
        /// The binary that is published.
        binary: Name,
        /// What the other lines are of: a binary, or a file.
        other: String,
    },
    /// Other writers changed the `SHA256SUMS` of the mirror again and again.
    #[error("{key} of {mirror} is being changed by others")]
    Contended {
        /// The mirror.
        mirror: String,
        /// The `SHA256SUMS` below its root.
        key: String,
    },
    /// The mirror could not be read or written.
    #[error(transparent)]
    Destination(#[from] DestinationError),
}
