//! Events and log lines as a reader gets them.

use serde::Serialize;

use crate::{
    row::{EventKind, Nanos},
    run_id::RunId,
};

/// The events or lines in a page where the request sets no limit.
pub const DEFAULT_ROWS: usize = 100;
/// The largest number of events or lines in a page.
pub const MOST_ROWS: usize = 1_000;

/// Which events a reader wants. The default is all, newest first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EventQuery {
    /// The run.
    pub run: Option<RunId>,
    /// The kinds; empty for all.
    pub kinds: Vec<EventKind>,
    /// The topic, exact or with a `*` at its end.
    pub topic: Option<String>,
    /// The sender or the receiver.
    pub agent: Option<String>,
    /// The earliest time.
    pub since: Option<Nanos>,
    /// The latest time.
    pub until: Option<Nanos>,
    /// The events in the page; 0 stands for [`DEFAULT_ROWS`], more than [`MOST_ROWS`] for those.
    pub limit: usize,
    /// Where the page begins: `next` of the page before.
    pub before: Option<i64>,
}

/// A page of events, newest first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EventPage {
    /// The events.
    pub events: Vec<EventDetail>,
    /// Where the next page begins, if there is one.
    pub next: Option<i64>,
}

/// One event, in the shape of the live stream with further keys.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EventDetail {
    /// RFC 3339.
    pub timestamp: String,
    /// The kind, such as `event_published`.
    #[serde(rename = "event_type")]
    pub kind: &'static str,
    /// The id of the event or call.
    pub event_id: String,
    /// The type that the publisher gave it.
    #[serde(rename = "type")]
    pub published_type: String,
    /// The topic, or the name of the tool.
    pub topic: String,
    /// The publishing, registering or calling agent.
    pub sender: Option<String>,
    /// The agent that it was delivered to.
    pub receiver: Option<String>,
    /// The agents that a published event was delivered to, each once.
    pub receivers: Vec<String>,
    /// The conversation.
    pub thread_id: Option<String>,
    /// The event or call that this one answers.
    pub correlation_id: Option<String>,
    /// The beginning of the payload.
    pub payload_preview: String,
    /// The metadata; replaced values are `***`.
    pub metadata: serde_json::Map<String, serde_json::Value>,
    /// The run.
    pub run: Option<RunId>,
    /// The span, in 16 hexadecimal digits.
    pub span_id: Option<String>,
    /// How a call ended: `ok` or `failed`; `None` for events.
    pub outcome: Option<&'static str>,
    /// How long a call took, in milliseconds.
    pub duration_ms: Option<f64>,
    /// The error of a call that failed.
    pub error: Option<String>,
}

/// Which log lines a reader wants. The default is all, newest first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LogQuery {
    /// The run.
    pub run: Option<RunId>,
    /// The lines in the page; 0 stands for [`DEFAULT_ROWS`], more than [`MOST_ROWS`] for those.
    pub limit: usize,
    /// Where the page begins: `next` of the page before.
    pub before: Option<i64>,
}

/// A page of log lines, newest first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LogPage {
    /// The lines.
    pub lines: Vec<LogDetail>,
    /// Where the next page begins, if there is one.
    pub next: Option<i64>,
}

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LogDetail {
    /// RFC 3339.
    pub timestamp: String,
    /// The level.
    pub level: String,
    /// The module that wrote it.
    pub target: String,
    /// The message.
    pub message: String,
    /// The run.
    pub run: Option<RunId>,
    /// The span, in 16 hexadecimal digits.
    pub span_id: Option<String>,
}

pub(crate) fn page_size(limit: usize) -> usize {
    match limit {
        0 => DEFAULT_ROWS,
        limit => limit.min(MOST_ROWS),
    }
}
