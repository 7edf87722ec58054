//! [`OciError`]: why a source cannot be opened.

use loom_http::NetworkError;

use crate::reference::ReferenceError;

/// A source cannot be opened: its address or an option is wrong. No request was sent.
#[derive(Debug, thiserror::Error)]
pub enum OciError {
    /// The URL names no repository of a registry.
    #[error("{location:?} does not name a repository of a registry")]
    Reference {
        /// The URL, without secrets.
        location: String,
        /// What is wrong with it.
        source: ReferenceError,
    },
    /// The registry that is asked instead is not `host/prefix`.
    #[error("expected host/prefix as `mirror` of a registry, got {mirror:?}")]
    Mirror {
        /// The setting.
        mirror: String,
        /// What is wrong with it.
        source: ReferenceError,
    },
    /// A login has a user without a password, or the reverse.
    #[error("the login for {location} has no {missing}")]
    HalfLogin {
        /// The URL, without secrets.
        location: String,
        /// The setting that is missing.
        missing: &'static str,
    },
    /// Settings of the network cannot be used.
    #[error("{location} cannot be requested")]
    Network {
        /// The URL, without secrets.
        location: String,
        /// Which setting, and why.
        source: NetworkError,
    },
}
