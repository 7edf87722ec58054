//! From the spans of events to rows of the history, in two steps: what is needed of a span when it ends, and its rows later.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use loom_core::{Envelope, EventSpan, EventSpanKind, TraceContext};
use loom_history::{
    BodyKind, BodyRow, DeferredRows, EventKind, EventRow, MadeRows, SpanLink, SpanRow, nanos,
};

/// The metadata by which a replayed event names the run that it was first published in.
const REPLAY_OF: &str = "loom.replay_of";

/// The span of an event that has ended.
#[derive(Debug)]
pub struct EndedEventSpan {
    envelope: Arc<Envelope>,
    context: TraceContext,
    parent: Option<u64>,
    duration: Duration,
    /// To whom the event was delivered; `None` for its publishing.
    delivery: Option<DeliveryEnds>,
}

/// The agent that gets an event, and the pattern that it has subscribed to.
#[derive(Debug)]
struct DeliveryEnds {
    agent: String,
    pattern: String,
}

impl EndedEventSpan {
    /// Takes what the rows need; the span ends now.
    pub fn of(span: EventSpan<'_>) -> Self {
        let EventSpan { kind, envelope, context, parent } = span;
        let delivery = match kind {
            EventSpanKind::Publish => None,
            EventSpanKind::Deliver { agent, pattern } => {
                Some(DeliveryEnds { agent: agent.to_owned(), pattern: pattern.to_owned() })
            }
        };
        Self {
            envelope: Arc::clone(envelope),
            context,
            parent: parent.map(|parent| parent.span_id),
            duration: envelope.received_at.elapsed(),
            delivery,
        }
    }

    /// The row of the span, with the payload of a published event.
    fn span_row(&self, start: SystemTime, with_content: bool) -> SpanRow {
        let event = &self.envelope.event;
        let (name, agent, attribute) = match &self.delivery {
            None => {
                let replayed = event.metadata.get(REPLAY_OF);
                let attribute = replayed.map(|run| ("replay_of".into(), run.clone()));
                ("event.publish", &*self.envelope.sender, attribute)
            }
            Some(DeliveryEnds { agent, pattern }) => {
                ("event.deliver", &**agent, Some(("pattern".into(), pattern.clone())))
            }
        };
        let event_id = Some(("event_id".into(), event.id.clone())).filter(|(_, id)| !id.is_empty());
        SpanRow {
            trace_id: self.context.trace_id,
            span_id: self.context.span_id,
            parent: self.parent,
            name: name.into(),
            start: nanos(start),
            duration: self.duration,
            agent: Some(agent.to_owned()).filter(|agent| !agent.is_empty()),
            topic: Some(self.envelope.topic.clone()),
            correlation_id: event.metadata_value("correlation_id").map(str::to_owned),
            conversation: event.metadata_value("thread_id").map(str::to_owned),
            attributes: event_id.into_iter().chain(attribute).collect(),
            bodies: self.payload(with_content).into_iter().collect(),
            is_secret: self.is_secret(),
            ..SpanRow::default()
        }
    }

    /// The payload, once for each event: at its publishing.
    fn payload(&self, with_content: bool) -> Option<BodyRow> {
        let content = &self.envelope.event.payload;
        let is_kept = with_content && self.delivery.is_none() && !self.is_secret();
        (is_kept && !content.is_empty()).then(|| BodyRow {
            kind: BodyKind::Input,
            content_type: "".into(),
            content: content.clone(),
        })
    }

    /// The row of the published event.
    fn event_row(&self, end: SystemTime, with_content: bool) -> EventRow {
        let Envelope { event, sender, topic, .. } = &*self.envelope;
        EventRow {
            span: Some(self.span()),
            id: event.id.clone(),
            event_type: event.kind.clone(),
            topic: topic.clone(),
            sender: Some(sender.clone()).filter(|sender| !sender.is_empty()),
            conversation: event.metadata_value("thread_id").map(str::to_owned),
            correlation_id: event.metadata_value("correlation_id").map(str::to_owned),
            metadata: event.metadata.iter().map(|(k, v)| (k.clone(), v.clone())).collect(),
            payload: self.payload(with_content).map(|body| body.content).unwrap_or_default(),
            is_secret: self.is_secret(),
            ..EventRow::new(EventKind::Published, nanos(end))
        }
    }
}

impl DeferredRows for EndedEventSpan {
    fn span(&self) -> SpanLink {
        SpanLink { trace_id: self.context.trace_id, span_id: self.context.span_id }
    }

    /// All of the event: metadata may be as large as a payload.
    fn body_bytes(&self) -> usize {
        self.envelope.size
    }

    fn is_secret(&self) -> bool {
        self.envelope.is_secret()
    }

    fn rows(self: Box<Self>, with_content: bool) -> MadeRows {
        let now = SystemTime::now();
        let age = self.envelope.received_at.elapsed();
        let start = now.checked_sub(age).unwrap_or(now);
        let event =
            self.delivery.is_none().then(|| self.event_row(start + self.duration, with_content));
        MadeRows { event, span: self.span_row(start, with_content) }
    }
}

#[cfg(test)]
mod tests {
    use loom_core::Event;

    use super::*;

    fn made(span: EventSpan<'_>, with_content: bool) -> MadeRows {
        Box::new(EndedEventSpan::of(span)).rows(with_content)
    }

    fn envelope(metadata: [(&str, &str); 2]) -> Arc<Envelope> {
        let event = Event {
            id: "1".to_owned(),
            payload: "x".into(),
            metadata: metadata.map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
            ..Event::default()
        };
        Arc::new(Envelope::new("t".to_owned(), "a", event))
    }

    #[test]
    fn a_published_event_has_its_payload_and_its_conversation() {
        let envelope = envelope([("loom.thread_id", "talk"), ("loom.replay_of", "r0")]);
        let context = TraceContext { trace_id: 1, span_id: 2, sampled: true };
        let kind = EventSpanKind::Publish;
        let span = EventSpan { kind, envelope: &envelope, context, parent: None };
        let MadeRows { event, span: row } = made(span, true);
        assert_eq!((row.agent.as_deref(), row.topic.as_deref()), (Some("a"), Some("t")));
        assert_eq!((row.conversation.as_deref(), row.is_secret), (Some("talk"), false));
        assert_eq!(&*row.bodies[0].content, b"x");
        let replayed = ("replay_of".into(), "r0".to_owned());
        assert!(row.attributes.contains(&replayed), "{:?}", row.attributes);
        let event = event.unwrap();
        assert_eq!((&*event.id, event.span), ("1", Some(SpanLink { trace_id: 1, span_id: 2 })));
        assert_eq!(&*event.payload, b"x");
        let kind = EventSpanKind::Deliver { agent: "b", pattern: "*" };
        let MadeRows { event, span: row } = made(EventSpan { kind, ..span }, true);
        let shown = (&*row.name, row.agent.as_deref(), row.bodies.len(), event.is_none());
        assert_eq!(shown, ("event.deliver", Some("b"), 0, true));
    }

    #[test]
    fn content_is_left_out_of_secret_events_and_on_request() {
        let context = TraceContext { trace_id: 1, span_id: 2, sampled: true };
        for (secret, with_content) in [("true", true), ("false", false)] {
            let envelope = envelope([("loom.secret", secret), ("b", "c")]);
            let kind = EventSpanKind::Publish;
            let span = EventSpan { kind, envelope: &envelope, context, parent: None };
            let MadeRows { event, span } = made(span, with_content);
            assert_eq!((span.bodies.len(), span.is_secret), (0, secret == "true"));
            assert_eq!(event.unwrap().payload.len(), 0);
        }
    }
}
