//! How the writing of a history goes.

use std::{path::PathBuf, time::Duration};

use serde::Serialize;

/// The state of a history, for the dashboard, `doctor` and metrics. Counts are since the process began.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct HistoryHealth {
    /// The file; none for a history in memory.
    pub path: Option<PathBuf>,
    /// Why it is in memory although a file was asked for, or why it began anew the last time.
    pub fallback: Option<String>,
    /// Whether bodies and previews are kept.
    pub content: bool,
    /// Rows written: spans, events and log lines.
    pub rows_written: u64,
    /// Rows left out, because more than `rows_per_second` came.
    pub rows_left_out: u64,
    /// Runs left out as a whole.
    pub runs_left_out: u64,
    /// Runs that were left out and kept after all, because a span failed.
    pub runs_promoted: u64,
    /// Rows that the queue had no room for.
    pub rows_missed: u64,
    /// Bodies that the queue had no room for.
    pub bodies_missed: u64,
    /// Rows that could not be written.
    pub rows_failed: u64,
    /// Runs removed, because they were too old or the history too large.
    pub runs_evicted: u64,
    /// The bytes of the file with SQLite's log of changes.
    pub bytes: u64,
    /// The most bytes that it may have.
    pub limit: u64,
    /// The start of the oldest run, in milliseconds since 1970.
    pub oldest_ms: Option<i64>,
    /// Rows that wait to be written.
    pub queue: u64,
    /// Bodies that wait to be indexed for the search.
    pub search_backlog: u64,
    /// The error of the last attempt to write, if that failed.
    pub error: Option<String>,
    /// The CPU time of the thread that writes, where the system tells it.
    #[serde(skip)]
    pub cpu: Option<Duration>,
}
