//! What an acquisition reports while it runs.

use super::{AcquireError, SourceAttempt};

/// An event of an acquisition. Names and addresses are free of secrets.
#[derive(Debug, Clone, Copy)]
pub enum AcquireEvent<'a> {
    /// Another process does the same work; this one waits for its result.
    Waiting {
        /// What both processes want.
        what: &'a str,
    },
    /// A transfer begins.
    Fetching {
        /// The name of the source.
        source: &'a str,
        /// The file name of the asset.
        file: &'a str,
        /// The total number of bytes, where it is known.
        total: Option<u64>,
        /// The number of bytes that are here already.
        from: u64,
    },
    /// Bytes have arrived.
    Received {
        /// The number of bytes that are here, those of earlier transfers included.
        bytes: u64,
    },
    /// The transfer has ended: all bytes are here, and are not verified yet.
    Fetched,
    /// The bytes of the last transfer met what was expected of them.
    Verified,
    /// The transfer has ended early.
    BrokenOff,
    /// An attempt at a source has ended; its kind says how.
    Attempted {
        /// The attempt.
        attempt: &'a SourceAttempt,
    },
    /// Something the user should know that is no failure.
    Notice {
        /// The text.
        text: &'a str,
    },
}

/// Receives the events of an acquisition.
pub trait Observer: Sync {
    /// Called on the acquiring thread; must not block.
    fn on_event(&self, event: AcquireEvent<'_>);

    /// What the user can do about a failed acquisition. The text is stored with the failure, for `loom why`.
    fn advice(&self, error: &AcquireError) -> Option<String> {
        let _ = error;
        None
    }
}
