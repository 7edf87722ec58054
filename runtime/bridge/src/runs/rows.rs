//! From finished spans, and from what happened to agents, to rows of the history.

use std::{
    borrow::Cow,
    time::{Duration, SystemTime},
};

use loom_core::{AgentChange, activity::stream::ActivityEvent};
use loom_history::{BodyKind, EventKind, EventRow, SpanLink, SpanOutcome, SpanRow, nanos};

use crate::spans::{AttributeValue, SpanRecord, SpanStatus};

/// The row of a finished span, without bodies.
pub fn span(record: &SpanRecord) -> SpanRow {
    let mut row = SpanRow {
        trace_id: record.context.trace_id,
        span_id: record.context.span_id,
        parent: record.parent,
        name: record.name.clone(),
        start: nanos(record.start),
        duration: record.duration,
        outcome: match record.status {
            SpanStatus::Unset => SpanOutcome::Unset,
            SpanStatus::Ok => SpanOutcome::Ok,
            SpanStatus::Error => SpanOutcome::Error,
        },
        error: record.error.clone(),
        is_secret: record.is_secret,
        ..SpanRow::default()
    };
    for (key, value) in &record.attributes {
        put(&mut row, key.clone(), value);
    }
    row
}

/// Puts an attribute into its column, or among the further attributes.
fn put(row: &mut SpanRow, key: Cow<'static, str>, value: &AttributeValue) {
    let text = || Some(value.to_string());
    let number = match value {
        AttributeValue::Integer(number) => u64::try_from(*number).ok(),
        _ => None,
    };
    match (&*key, number) {
        ("agent", _) => row.agent = text(),
        ("topic", _) => row.topic = text(),
        ("tool", _) => row.tool = text(),
        ("model", _) => row.model = text(),
        ("provider", _) => row.provider = text(),
        ("code" | "error.type", _) => row.error_type = text(),
        ("finish_reason", _) => row.finish_reason = text(),
        ("correlation_id", _) => row.correlation_id = text(),
        ("conversation", _) => row.conversation = text(),
        ("input_tokens", Some(tokens)) => row.input_tokens = Some(tokens),
        ("output_tokens", Some(tokens)) => row.output_tokens = Some(tokens),
        ("first_token_ns", Some(ns)) => row.first_token = Some(Duration::from_nanos(ns)),
        _ => row.attributes.push((key, value.to_string())),
    }
}

/// The row of a call among the events, if the span is that of a call; how it ended is read from its span.
pub fn call(span: &SpanRow) -> Option<EventRow> {
    if span.name != "tool.call" {
        return None;
    }
    let id = span.attributes.iter().find(|(key, _)| key == "call_id");
    let arguments = span.bodies.iter().find(|body| body.kind == BodyKind::Input);
    Some(EventRow {
        span: Some(SpanLink { trace_id: span.trace_id, span_id: span.span_id }),
        id: id.map(|(_, id)| id.clone()).unwrap_or_default(),
        topic: span.tool.clone().unwrap_or_default(),
        sender: span.agent.clone(),
        correlation_id: span.correlation_id.clone(),
        payload: arguments.map(|body| body.content.clone()).unwrap_or_default(),
        is_secret: span.is_secret,
        ..EventRow::new(EventKind::ToolInvoked, span.start)
    })
}

/// The row of what happened to an agent, with the names of the live stream of events.
pub fn agent(change: AgentChange, agent: &str, now: SystemTime) -> EventRow {
    let activity = ActivityEvent::agent(change, agent);
    let kind = match change {
        AgentChange::Registered => EventKind::Registered,
        AgentChange::Unregistered => EventKind::Unregistered,
        AgentChange::Away => EventKind::Away,
        AgentChange::Back => EventKind::Back,
    };
    EventRow {
        id: activity.id,
        topic: activity.topic,
        sender: activity.sender,
        ..EventRow::new(kind, nanos(now))
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use loom_core::TraceContext;

    use super::*;

    #[test]
    fn attributes_with_a_meaning_have_columns() {
        let attribute = |key: &'static str, value| (key.into(), value);
        let record = SpanRecord {
            context: TraceContext { trace_id: 1, span_id: 2, sampled: true },
            parent: Some(3),
            parent_is_remote: false,
            name: "llm.generate".into(),
            start: UNIX_EPOCH + Duration::from_secs(1),
            duration: Duration::from_millis(5),
            attributes: vec![
                attribute("model", AttributeValue::Text("small".to_owned())),
                attribute("input_tokens", AttributeValue::Integer(7)),
                attribute("first_token_ns", AttributeValue::Integer(9)),
                attribute("output_tokens", AttributeValue::Text("many".to_owned())),
                attribute("code", AttributeValue::Text("TIMEOUT".to_owned())),
            ],
            status: SpanStatus::Error,
            error: Some("late".to_owned()),
            is_secret: false,
        };
        let expected = SpanRow {
            trace_id: 1,
            span_id: 2,
            parent: Some(3),
            name: "llm.generate".into(),
            start: 1_000_000_000,
            duration: Duration::from_millis(5),
            outcome: SpanOutcome::Error,
            error: Some("late".to_owned()),
            error_type: Some("TIMEOUT".to_owned()),
            model: Some("small".to_owned()),
            input_tokens: Some(7),
            first_token: Some(Duration::from_nanos(9)),
            attributes: vec![("output_tokens".into(), "many".to_owned())],
            ..SpanRow::default()
        };
        assert_eq!(span(&record), expected);
    }
}
