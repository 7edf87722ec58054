//! [`WriterArgs`]: the options of commands that change an index.

use std::{path::PathBuf, time::Duration};

use crate::cli::CommandError;
use loom_runtime::mirror::{IndexWriter, MirrorDocuments, SigningKeys, WrittenIndex};

/// The options of commands that change an index.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct WriterArgs {
    /// Secret key that signs the index (and the timestamp), where the mirror has a root; may be repeated
    #[arg(long = "key", value_name = "FILE")]
    keys: Vec<PathBuf>,
    /// How long the index is valid, where the mirror has a root [default: 90d]
    #[arg(long, value_name = "DURATION", value_parser = days)]
    expires: Option<Duration>,
    /// How long the timestamp is valid, where the root has that role [default: 7d]
    #[arg(long, value_name = "DURATION", value_parser = days)]
    timestamp_expires: Option<Duration>,
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl WriterArgs {
    /// Whether one of the options is given.
    pub(crate) fn is_given(&self) -> bool {
        !self.keys.is_empty() || self.expires.is_some() || self.timestamp_expires.is_some()
    }

    /// The keys.
    pub(crate) fn keys(&self) -> Result<SigningKeys, CommandError> {
        Ok(SigningKeys::read(self.keys.iter().map(PathBuf::as_path))?)
    }

    /// A writer of the index of a mirror.
    pub(crate) fn writer<'a>(
        &self,
        documents: &'a dyn MirrorDocuments,
        keys: &'a SigningKeys,
    ) -> IndexWriter<'a> {
        IndexWriter {
            documents,
            keys,
            validity: self.expires.unwrap_or(90 * DAY),
            timestamp_validity: self.timestamp_expires.or(self.expires).unwrap_or(7 * DAY),
        }
    }
}

/// A duration of at most a year, such as `90d` or `12h`.
pub(crate) fn days(text: &str) -> Result<Duration, String> {
    let duration = humantime::parse_duration(text).ok();
    duration
        .filter(|duration| !duration.is_zero() && *duration <= 366 * DAY)
        .ok_or_else(|| "expected a duration of at most a year, such as 90d or 12h".to_owned())
}

/// A duration, such as `30d` or `12h`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let expected = |_| "expected a duration, such as 30d or 12h".to_owned();
    humantime::parse_duration(text).map_err(expected)
}

/// `1 release`, `2 releases`.
pub(crate) fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// `index 7: 12 releases`, or that nothing has changed.
pub(crate) fn index_line(index: &WrittenIndex) -> String {
    let WrittenIndex { serial, changed, releases } = index;
    let state = if *changed { "" } else { " is up to date" };
    format!("index {serial}{state}: {}", counted(*releases, "release"))
}
