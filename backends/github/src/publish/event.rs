//! [`PublishEvent`]: progress, for display.

use std::time::Duration;

use loom_source::SourceError;

/// What happens while a release is published.
#[derive(Debug)]
pub enum PublishEvent<'a> {
    /// A draft was made for this tag.
    Drafted {
        /// The tag.
        tag: &'a str,
    },
    /// An asset of the draft is deleted, and uploaded again.
    Deleting {
        /// The name of the asset.
        name: &'a str,
        /// The reason, as a clause.
        why: &'static str,
    },
    /// A file is uploaded.
    Uploading {
        /// The name of the asset.
        name: &'a str,
        /// The size in bytes.
        size: u64,
    },
    /// The server asks for a pause.
    Waiting {
        /// The length of the pause.
        pause: Duration,
    },
    /// A request failed, and the state of the release is looked at again.
    Retrying {
        /// The failure.
        error: &'a SourceError,
        /// The length of the pause before.
        pause: Duration,
    },
    /// The release is complete and becomes public.
    Publishing {
        /// The tag.
        tag: &'a str,
    },
}
