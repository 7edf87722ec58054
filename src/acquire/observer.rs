//! What is told while an acquisition runs.

use loom_source::SourceError;

/// Something happened that a person may want to know. Names and places are free of secrets.
#[derive(Debug, Clone, Copy)]
pub enum Progress<'a> {
    /// Another process does the same work; we wait for its result.
    Waiting {
        /// What for.
        what: &'a str,
    },
    /// A selector that allows several versions was resolved to one.
    Resolved {
        /// The selector, such as `latest`.
        selector: &'a str,
        /// The version, or `dev`.
        version: &'a str,
        /// The source that decided.
        source: &'a str,
        /// Why that version.
        why: &'a str,
    },
    /// A transfer begins.
    Fetching {
        /// From whom.
        source: &'a str,
        /// What, by its file name.
        what: &'a str,
        /// Bytes in all, where known.
        total: Option<u64>,
        /// Bytes that are already here.
        from: u64,
    },
    /// Bytes here by now, those from earlier transfers included.
    Received {
        /// Bytes.
        bytes: u64,
    },
    /// The transfer has ended, and all of it is here.
    Fetched,
    /// The transfer has ended before its time.
    BrokenOff,
    /// A source could not serve; the text says why.
    Failed {
        /// Which.
        source: &'a str,
        /// Why.
        why: &'a str,
    },
    /// A source brought wrong bytes.
    Blamed {
        /// Which.
        source: &'a str,
        /// What was wrong.
        why: &'a str,
    },
    /// Something to know that is no failure.
    Notice {
        /// The text.
        text: &'a str,
    },
}

/// Whoever wants to be told.
pub trait Observer: Sync {
    /// Called from the acquiring thread; must not block.
    fn on_event(&self, progress: Progress<'_>);

    /// What the user can do about an error of a source; it becomes part of the outcome's text.
    fn hint(&self, _error: &SourceError) -> Option<String> {
        None
    }
}
