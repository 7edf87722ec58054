//! Records the spans of events, as far as the budget allows.

use std::{
    sync::Arc,
    time::{Instant, SystemTime},
};

use loom_core::{AgentChange, CallContent, EventRecorder, EventSpan, EventSpanKind};
use loom_history::{KeyPatterns, redacted_preview};
use opentelemetry_proto::tonic::trace::v1::ResourceSpans;

use super::{
    budget::SpanBudget,
    fields::truncated,
    received::{self, AttributeFilter, ReceivedSpan},
    record::{AttributeValue, SpanRecord, SpanStatus},
    sink::SpanSink,
};

/// Records the spans of events.
#[derive(Debug)]
pub struct EventSpans {
    sink: SpanSink,
    budget: Arc<SpanBudget>,
    /// The keys whose values are replaced.
    patterns: KeyPatterns,
}

impl EventSpans {
    /// Records as far as `budget` allows.
    pub fn new(sink: SpanSink, budget: &Arc<SpanBudget>) -> Self {
        Self { sink, budget: Arc::clone(budget), patterns: KeyPatterns::default() }
    }

    /// The spans of a request of an agent, without what is not to be kept.
    pub fn received(&self, of_resources: Vec<ResourceSpans>) -> Vec<Option<ReceivedSpan>> {
        let filter = AttributeFilter { content: self.sink.content, patterns: &self.patterns };
        received::spans(of_resources, filter)
    }

    /// Records a span that an agent sent, if its trace is recorded.
    pub fn take(&self, span: ReceivedSpan, sampled: bool) {
        if sampled {
            self.budget.count(Instant::now());
            self.sink.take(span);
        } else {
            if span.record.is_secret {
                self.sink.mark_secret(span.record.context.trace_id);
            }
            self.budget.refuse();
        }
    }
}

impl EventRecorder for EventSpans {
    fn admit(&self) -> bool {
        self.budget.admit(Instant::now())
    }

    fn record_content(&self, content: CallContent<'_>) {
        if content.is_secret {
            self.sink.show_no_content(content.context.trace_id);
        }
        if let Some(export) = &self.sink.export {
            export.content(&content);
        }
        if let Some(history) = &self.sink.history {
            history.content(content);
        }
    }

    fn preview(&self, payload: &[u8]) -> String {
        if self.sink.content { redacted_preview(payload, &self.patterns) } else { String::new() }
    }

    fn record_agent(&self, change: AgentChange, agent: &str) {
        if let Some(history) = &self.sink.history {
            history.agent(change, agent);
        }
    }

    fn record(&self, span: EventSpan<'_>) {
        if span.envelope.is_secret() {
            self.sink.show_no_content(span.context.trace_id);
        }
        if let Some(history) = &self.sink.history {
            history.event(span);
        }
        if !span.context.sampled {
            return self.budget.refuse();
        }
        self.budget.count(Instant::now());
        self.sink.show(span_record(span));
    }
}

fn span_record(span: EventSpan<'_>) -> SpanRecord {
    let EventSpan { kind, envelope, context, parent } = span;
    let text = |text: &str| AttributeValue::Text(truncated(text));
    let mut attributes = vec![
        ("topic".into(), text(&envelope.topic)),
        ("event_id".into(), text(&envelope.event.id)),
    ];
    let (name, agent) = match kind {
        EventSpanKind::Publish => ("event.publish", &*envelope.sender),
        EventSpanKind::Deliver { agent, pattern } => {
            attributes.push(("pattern".into(), text(pattern)));
            ("event.deliver", agent)
        }
    };
    attributes.push(("agent".into(), text(agent)));
    let duration = envelope.received_at.elapsed();
    let now = SystemTime::now();
    let is_secret = envelope.is_secret();
    SpanRecord {
        context,
        parent: parent.map(|parent| parent.span_id),
        // Only a publishing may be a child of what an agent did; a delivery is one of the publishing.
        parent_is_remote: kind == EventSpanKind::Publish && parent.is_some(),
        name: name.into(),
        start: now.checked_sub(duration).unwrap_or(now),
        duration,
        attributes,
        status: SpanStatus::Unset,
        error: None,
        is_secret,
    }
}
