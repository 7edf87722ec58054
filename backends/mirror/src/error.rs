//! [`MirrorError`]: why a mirror cannot be opened.

use loom_http::NetworkError;

/// A mirror that cannot be opened: an error in the settings, not a failure of the mirror.
#[derive(Debug, thiserror::Error)]
pub enum MirrorError {
    /// The URL is not the location of a mirror.
    #[error("invalid mirror location {location:?}: {why}")]
    Location {
        /// The URL, without secrets.
        location: String,
        /// The reason.
        why: String,
    },
    /// The scheme of the URL is none that mirrors are read by.
    #[error(
        "a mirror cannot be opened by the scheme {0:?}: expected one of file, http, https, s3, gs, az"
    )]
    Scheme(String),
    /// A mirror on a web server is to be written.
    #[error("{location} cannot be written: a mirror is written as a folder or as a bucket")]
    ReadOnly {
        /// The mirror.
        location: String,
    },
    /// No client can be built from the network settings.
    #[error("the network settings of the mirror {location} cannot be used")]
    Network {
        /// The mirror.
        location: String,
        /// The setting, and the reason.
        source: NetworkError,
    },
    /// The endpoint of an object store is missing or invalid.
    #[error("no endpoint for the mirror {location}: {why}")]
    Endpoint {
        /// The mirror.
        location: String,
        /// The reason.
        why: String,
    },
    /// The authorization contains characters that no header can hold.
    #[error(
        "invalid authorization for {location}: it contains characters that HTTP does not allow"
    )]
    Authorization {
        /// The mirror.
        location: String,
    },
}
