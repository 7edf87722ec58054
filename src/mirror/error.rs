//! [`MirrorTaskError`]: why a task on a mirror failed.

use loom_source::{SourceError, record::DocumentError};

/// Why a task on a mirror failed.
#[derive(Debug, thiserror::Error)]
pub enum MirrorTaskError {
    /// A file of a mirror cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A document of a mirror cannot be used.
    #[error("{at} cannot be used")]
    Document {
        /// The URL or path of the document.
        at: String,
        /// What is wrong with it.
        source: DocumentError,
    },
    /// A mirror has no index.
    #[error("{mirror} has no releases/index.json")]
    NoIndex {
        /// The URL or path of the mirror.
        mirror: String,
    },
}
