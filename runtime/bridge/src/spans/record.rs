//! One finished span.

use std::{
    borrow::Cow,
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use loom_base::secret_run::SECRET_ERROR;
use loom_core::TraceContext;
use loom_history::holds_no_content;
use serde_json::{Map, json};

/// The status of a span, as OpenTelemetry defines it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SpanStatus {
    /// The span reports no status.
    #[default]
    Unset,
    /// The work succeeded.
    Ok,
    /// The work failed.
    Error,
}

impl SpanStatus {
    /// `unset`, `ok` or `error`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unset => "unset",
            Self::Ok => "ok",
            Self::Error => "error",
        }
    }
}

/// The value of an attribute.
#[derive(Debug, Clone, PartialEq)]
pub enum AttributeValue {
    /// A string.
    Text(String),
    /// An integer.
    Integer(i64),
    /// A floating-point number.
    Float(f64),
    /// A boolean.
    Bool(bool),
}

impl fmt::Display for AttributeValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Integer(number) => number.fmt(f),
            Self::Float(number) => number.fmt(f),
            Self::Bool(value) => value.fmt(f),
        }
    }
}

/// A finished span.
#[derive(Debug, Clone, PartialEq)]
pub struct SpanRecord {
    /// Trace id and span id.
    pub context: TraceContext,
    /// The span id of the parent.
    pub parent: Option<u64>,
    /// Whether the parent is a span of another process.
    pub parent_is_remote: bool,
    /// The span's name, such as `tool.call`.
    pub name: Cow<'static, str>,
    /// When the work began.
    pub start: SystemTime,
    /// How long the work took.
    pub duration: Duration,
    /// The attributes by key.
    pub attributes: Vec<(Cow<'static, str>, AttributeValue)>,
    /// The status.
    pub status: SpanStatus,
    /// The error message, if the work failed; of a secret run a fixed text.
    pub error: Option<String>,
    /// The run is marked secret.
    pub is_secret: bool,
}

impl SpanRecord {
    /// The run is secret: the error message goes, and every attribute whose name may stand for content.
    pub fn strip(&mut self) {
        self.is_secret = true;
        self.error = self.error.take().map(|_| SECRET_ERROR.to_owned());
        self.attributes.retain(|(key, _)| holds_no_content(key));
    }

    /// The span in the dashboard's JSON API. Times are in nanoseconds, the start since 1970.
    pub fn to_json(&self) -> serde_json::Value {
        let attributes: Map<_, _> = self
            .attributes
            .iter()
            .map(|(key, value)| (key.to_string(), value.to_string().into()))
            .collect();
        let start = self.start.duration_since(UNIX_EPOCH).unwrap_or_default();
        json!({
            "trace_id": format!("{:032x}", self.context.trace_id),
            "span_id": format!("{:016x}", self.context.span_id),
            "parent_span_id": self.parent.map(|parent| format!("{parent:016x}")),
            "name": self.name,
            "start_time": nanoseconds(start),
            "duration": nanoseconds(self.duration),
            "attributes": attributes,
            "status": self.status.as_str(),
            "error_message": self.error,
        })
    }
}

/// Whether a span with this name covers the publishing or delivery of an event.
pub(super) fn is_event_span(name: &str) -> bool {
    name.starts_with("event.")
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_padded_and_times_are_nanoseconds() {
        let record = SpanRecord {
            context: TraceContext { trace_id: 0xab, span_id: 0xc, sampled: true },
            parent: Some(0xd),
            parent_is_remote: false,
            name: "tool.call".into(),
            start: UNIX_EPOCH + Duration::new(1, 2),
            duration: Duration::from_micros(3),
            attributes: vec![
                ("tool".into(), AttributeValue::Text("t".to_owned())),
                ("topics".into(), AttributeValue::Integer(2)),
            ],
            status: SpanStatus::Error,
            error: Some("no".to_owned()),
            is_secret: false,
        };
        let expected = json!({
            "trace_id": "000000000000000000000000000000ab",
            "span_id": "000000000000000c",
            "parent_span_id": "000000000000000d",
            "name": "tool.call",
            "start_time": 1_000_000_002_u64,
            "duration": 3000,
            "attributes": { "tool": "t", "topics": "2" },
            "status": "error",
            "error_message": "no",
        });
        assert_eq!(record.to_json(), expected);
    }
}
