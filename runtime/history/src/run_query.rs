//! Which runs a reader wants.

use std::{fmt, str::FromStr, time::Duration};

use crate::row::Nanos;

/// The runs in a page where the request sets no limit.
pub const DEFAULT_RUNS: usize = 50;
/// The largest number of runs in a page.
pub const MOST_RUNS: usize = 500;

/// The status of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RunStatus {
    /// A span is open, or was within the last ten seconds.
    Running,
    /// It ended, and no span failed.
    Ok,
    /// It ended, and at least one span failed.
    Failed,
    /// It ended, and not all of it was kept.
    Partial,
}

impl RunStatus {
    /// `running`, `ok`, `failed` or `partial`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Partial => "partial",
        }
    }
}

impl FromStr for RunStatus {
    type Err = RunQueryError;

    fn from_str(text: &str) -> Result<Self, RunQueryError> {
        let all = [Self::Running, Self::Ok, Self::Failed, Self::Partial];
        all.into_iter().find(|status| status.as_str() == text).ok_or(RunQueryError::Status)
    }
}

/// The position in a list of runs after which the next page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunCursor(pub(crate) i64);

impl fmt::Display for RunCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for RunCursor {
    type Err = RunQueryError;

    fn from_str(text: &str) -> Result<Self, RunQueryError> {
        text.parse().map(Self).map_err(|_| RunQueryError::Cursor)
    }
}

impl serde::Serialize for RunCursor {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A parameter of a query that has no meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RunQueryError {
    /// The status is unknown.
    #[error("expected a status: running, ok, failed or partial")]
    Status,
    /// The cursor does not come from a page before.
    #[error("expected the cursor of a page before")]
    Cursor,
}

/// The runs that all of the given conditions apply to, newest first. The default is all but registrations.
///
/// `agent`, `topic`, `tool` and `model` are exact, or end with `*` for all names that begin so.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RunQuery {
    /// The status. `Failed` selects every run with a failed span, also where it is partial.
    pub status: Option<RunStatus>,
    /// An agent that took part.
    pub agent: Option<String>,
    /// A topic of one of its events.
    pub topic: Option<String>,
    /// A tool that was called.
    pub tool: Option<String>,
    /// A model that answered.
    pub model: Option<String>,
    /// The conversation that it belongs to.
    pub conversation: Option<String>,
    /// Words or beginnings of words in bodies; part of an error; the beginning of an id, or of a name.
    pub text: Option<String>,
    /// The earliest start.
    pub since: Option<Nanos>,
    /// The latest start.
    pub until: Option<Nanos>,
    /// The shortest duration.
    pub min_duration: Option<Duration>,
    /// The longest duration.
    pub max_duration: Option<Duration>,
    /// Whether runs of which nothing is known but that an agent registered are among them.
    pub registrations: bool,
    /// The runs in the page; 0 stands for [`DEFAULT_RUNS`], more than [`MOST_RUNS`] for those.
    pub limit: usize,
    /// Where the page begins.
    pub cursor: Option<RunCursor>,
}

impl RunQuery {
    pub(crate) fn page_size(&self) -> usize {
        match self.limit {
            0 => DEFAULT_RUNS,
            limit => limit.min(MOST_RUNS),
        }
    }
}
