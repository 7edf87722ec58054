//! What a caller can do after an error, and which exit code the error has.

use std::time::Duration;

/// What a caller can do after an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advice {
    /// The error is transient: the same request may succeed later.
    Retry {
        /// The shortest pause before the next request, if the source asked for one.
        after: Option<Duration>,
    },
    /// This source cannot serve the request; another one may.
    Next,
    /// No source can: the error is final for the whole operation, such as a build that fails.
    Stop,
}

/// The class of an error, which decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ErrorClass {
    /// The source could not serve the request.
    Unreachable,
    /// The source requires other credentials.
    Credentials,
    /// The source needs the network, which is disabled.
    Offline,
    /// What the source says contradicts what the reader trusts.
    Untrusted,
}
