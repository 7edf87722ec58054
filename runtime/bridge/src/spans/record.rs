//! One finished span.

use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use loom_core::spans::TraceContext;
use serde_json::{Map, json};

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SpanStatus {
    /// Nobody said.
    #[default]
    Unset,
    /// Well.
    Ok,
    /// Not well.
    Error,
}

impl SpanStatus {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unset => "unset",
            Self::Ok => "ok",
            Self::Error => "error",
        }
    }
}

/// What an attribute says.
#[derive(Debug, Clone, PartialEq)]
pub enum AttributeValue {
    /// Text.
    Text(String),
    /// A whole number.
    Number(i64),
    /// Any number.
    Float(f64),
    /// Yes or no.
    Switch(bool),
}

impl fmt::Display for AttributeValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Number(number) => number.fmt(f),
            Self::Float(number) => number.fmt(f),
            Self::Switch(yes) => yes.fmt(f),
        }
    }
}

/// A span that is over.
#[derive(Debug, Clone, PartialEq)]
pub struct SpanRecord {
    /// Its place.
    pub context: TraceContext,
    /// The span above it in the same trace.
    pub parent: Option<u64>,
    /// Whether that one is another process's.
    pub parent_is_remote: bool,
    /// What was done.
    pub name: &'static str,
    /// When it began.
    pub start: SystemTime,
    /// How long it took.
    pub duration: Duration,
    /// What it was about.
    pub attributes: Vec<(&'static str, AttributeValue)>,
    /// How it ended.
    pub status: SpanStatus,
    /// Why it did not end well.
    pub error: Option<String>,
}

impl SpanRecord {
    /// As the dashboard's clients read it; times in nanoseconds, the start since 1970.
    pub fn to_json(&self) -> serde_json::Value {
        let attributes: Map<_, _> = self
            .attributes
            .iter()
            .map(|(key, value)| ((*key).to_owned(), value.to_string().into()))
            .collect();
        let start = self.start.duration_since(UNIX_EPOCH).unwrap_or_default();
        json!({
            "trace_id": format!("{:032x}", self.context.trace),
            "span_id": format!("{:016x}", self.context.span),
            "parent_span_id": self.parent.map(|parent| format!("{parent:016x}")),
            "name": self.name,
            "start_time": nanos(start),
            "duration": nanos(self.duration),
            "attributes": attributes,
            "status": self.status.as_str(),
            "error_message": self.error,
        })
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_padded_and_times_are_nanoseconds() {
        let record = SpanRecord {
            context: TraceContext { trace: 0xab, span: 0xc },
            parent: Some(0xd),
            parent_is_remote: false,
            name: "tool.call",
            start: UNIX_EPOCH + Duration::new(1, 2),
            duration: Duration::from_micros(3),
            attributes: vec![
                ("tool", AttributeValue::Text("t".to_owned())),
                ("topics", AttributeValue::Number(2)),
            ],
            status: SpanStatus::Error,
            error: Some("no".to_owned()),
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
