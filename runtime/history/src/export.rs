//! What came into a run from outside, to be published again.

use serde::{Deserialize, Serialize};

use crate::{error::HistoryError, run_id::RunId};

/// The number of the format of exported runs.
pub const EXPORT_SCHEMA: u32 = 1;

/// The events that a run began with, with the gaps between them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunExport {
    /// [`EXPORT_SCHEMA`].
    pub schema: u32,
    /// The run.
    pub run: RunId,
    /// When it began: RFC 3339.
    pub started_at: String,
    /// What its tokens cost, where a price is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
    /// The events, in order.
    pub events: Vec<ExportedEvent>,
}

/// One event, as it was published.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExportedEvent {
    /// The topic.
    pub topic: String,
    /// The type.
    #[serde(rename = "type")]
    pub event_type: String,
    /// The metadata, without values that were replaced and without what places it in a trace.
    pub metadata: std::collections::BTreeMap<String, String>,
    /// The payload, if it is UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<String>,
    /// The payload in hexadecimal digits, if it is not UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload_hex: Option<String>,
    /// Milliseconds since the event before.
    pub gap_ms: f64,
}

/// Why a run cannot be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The history does not hold the run.
    #[error("the history holds no run {0}")]
    Unknown(RunId),
    /// No event of the run came from outside, or none was kept.
    #[error("the history holds no event that run {0} began with")]
    NoEvents(RunId),
    /// The payload was not kept.
    #[error("the payload of event {event} on {topic} was not kept")]
    NotKept {
        /// The id of the event.
        event: String,
        /// Its topic.
        topic: String,
    },
    /// Only the beginning of the payload was kept.
    #[error("only the first {kept} of {length} bytes of event {event} on {topic} were kept")]
    Cut {
        /// The id of the event.
        event: String,
        /// Its topic.
        topic: String,
        /// The bytes in the history.
        kept: u64,
        /// The bytes of the payload.
        length: u64,
    },
    /// Values of the payload were replaced.
    #[error("values of event {event} on {topic} were redacted: {}", keys.join(", "))]
    Redacted {
        /// The id of the event.
        event: String,
        /// Its topic.
        topic: String,
        /// The keys.
        keys: Vec<String>,
    },
    /// The history cannot be read.
    #[error("the run cannot be exported")]
    History(#[from] HistoryError),
}
