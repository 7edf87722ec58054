//! From finished spans and events to rows of the history.

use std::{
    borrow::Cow,
    time::{Duration, SystemTime},
};

use loom_core::{
    AgentChange, EventSpan, EventSpanKind, TraceContext, activity::stream::ActivityEvent,
};
use loom_history::{BodyKind, BodyRow, EventKind, EventRow, SpanLink, SpanOutcome, SpanRow, nanos};

use crate::spans::{AttributeValue, SpanRecord, SpanStatus};

/// The metadata by which a replayed event names the run that it was first published in.
const REPLAY_OF: &str = "loom.replay_of";

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

/// The row of a finished span of an event, with the payload of a published one.
pub fn event_span(span: EventSpan<'_>, now: SystemTime) -> SpanRow {
    let EventSpan { kind, envelope, context, parent } = span;
    let duration = envelope.received_at.elapsed();
    let event = &envelope.event;
    let (name, agent, bodies, attributes) = match kind {
        EventSpanKind::Publish => {
            let content = event.payload.clone();
            let body = BodyRow { kind: BodyKind::Input, content_type: "".into(), content };
            let bodies = Some(body).filter(|body| !body.content.is_empty());
            let replayed = event.metadata.get(REPLAY_OF);
            let attributes = replayed.map(|run| ("replay_of".into(), run.clone()));
            let attributes = attributes.into_iter().collect();
            ("event.publish", &*envelope.sender, bodies.into_iter().collect(), attributes)
        }
        EventSpanKind::Deliver { agent, pattern } => {
            ("event.deliver", agent, Vec::new(), vec![("pattern".into(), pattern.to_owned())])
        }
    };
    let event_id = Some(("event_id".into(), event.id.clone())).filter(|(_, id)| !id.is_empty());
    SpanRow {
        trace_id: context.trace_id,
        span_id: context.span_id,
        parent: parent.map(|parent| parent.span_id),
        name: name.into(),
        start: nanos(now.checked_sub(duration).unwrap_or(now)),
        duration,
        agent: Some(agent.to_owned()).filter(|agent| !agent.is_empty()),
        topic: Some(envelope.topic.clone()),
        correlation_id: event.metadata_value("correlation_id").map(str::to_owned),
        conversation: event.metadata_value("thread_id").map(str::to_owned),
        attributes: event_id.into_iter().chain(attributes).collect(),
        bodies,
        is_secret: envelope.is_secret(),
        ..SpanRow::default()
    }
}

/// The row of a published event.
pub fn published(span: EventSpan<'_>, now: SystemTime) -> EventRow {
    let EventSpan { envelope, context, .. } = span;
    let event = &envelope.event;
    EventRow {
        span: Some(link(context)),
        id: event.id.clone(),
        event_type: event.kind.clone(),
        topic: envelope.topic.clone(),
        sender: Some(envelope.sender.clone()).filter(|sender| !sender.is_empty()),
        conversation: event.metadata_value("thread_id").map(str::to_owned),
        correlation_id: event.metadata_value("correlation_id").map(str::to_owned),
        metadata: event.metadata.iter().map(|(k, v)| (k.clone(), v.clone())).collect(),
        payload: event.payload.clone(),
        is_secret: envelope.is_secret(),
        ..EventRow::new(EventKind::Published, nanos(now))
    }
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

fn link(context: TraceContext) -> SpanLink {
    SpanLink { trace_id: context.trace_id, span_id: context.span_id }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::UNIX_EPOCH};

    use loom_core::{Envelope, Event};

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

    #[test]
    fn a_published_event_has_its_payload_and_its_conversation() {
        let metadata =
            [("loom.thread_id", "talk"), ("loom.secret", "true"), ("loom.replay_of", "r0")];
        let event = Event {
            id: "1".to_owned(),
            payload: "x".into(),
            metadata: metadata.map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
            ..Event::default()
        };
        let envelope = Arc::new(Envelope::new("t".to_owned(), "a", event));
        let context = TraceContext { trace_id: 1, span_id: 2, sampled: true };
        let kind = EventSpanKind::Publish;
        let span = EventSpan { kind, envelope: &envelope, context, parent: None };
        let row = event_span(span, SystemTime::now());
        assert_eq!((row.agent.as_deref(), row.topic.as_deref()), (Some("a"), Some("t")));
        assert_eq!((row.conversation.as_deref(), row.is_secret), (Some("talk"), true));
        assert_eq!(&*row.bodies[0].content, b"x");
        let replayed = ("replay_of".into(), "r0".to_owned());
        assert!(row.attributes.contains(&replayed), "{:?}", row.attributes);
        let row = published(span, SystemTime::now());
        assert_eq!((&*row.id, row.span), ("1", Some(SpanLink { trace_id: 1, span_id: 2 })));
        let kind = EventSpanKind::Deliver { agent: "b", pattern: "*" };
        let row = event_span(EventSpan { kind, ..span }, SystemTime::now());
        assert_eq!(
            (&*row.name, row.agent.as_deref(), row.bodies.len()),
            ("event.deliver", Some("b"), 0)
        );
    }
}
