//! Records the spans of events, as far as the budget allows.

use std::{
    sync::Arc,
    time::{Instant, SystemTime},
};

use loom_core::{EventRecorder, EventSpan, EventSpanKind};

use super::{
    budget::SpanBudget,
    fields::truncated,
    record::{AttributeValue, SpanRecord, SpanStatus},
    store::SpanStore,
};
use crate::otlp::SpanExport;

/// Records the spans of events in a [`SpanStore`], and exports them.
#[derive(Debug)]
pub struct EventSpans {
    store: Arc<SpanStore>,
    budget: Arc<SpanBudget>,
    export: Option<SpanExport>,
}

impl EventSpans {
    /// Records as far as `budget` allows.
    pub fn new(
        store: &Arc<SpanStore>,
        budget: &Arc<SpanBudget>,
        export: Option<SpanExport>,
    ) -> Self {
        Self { store: Arc::clone(store), budget: Arc::clone(budget), export }
    }
}

impl EventRecorder for EventSpans {
    fn admit(&self) -> bool {
        self.budget.admit(Instant::now())
    }

    fn record(&self, span: EventSpan<'_>) {
        if !span.context.sampled {
            return self.budget.refuse();
        }
        self.budget.count(Instant::now());
        let record = Arc::new(span_record(span));
        if let Some(export) = &self.export {
            export.send(&record);
        }
        self.store.push(record);
    }
}

fn span_record(span: EventSpan<'_>) -> SpanRecord {
    let EventSpan { kind, envelope, context, parent } = span;
    let text = |text: &str| AttributeValue::Text(truncated(text));
    let mut attributes =
        vec![("topic", text(&envelope.topic)), ("event_id", text(&envelope.event.id))];
    let (name, agent) = match kind {
        EventSpanKind::Publish => ("event.publish", &*envelope.sender),
        EventSpanKind::Deliver { agent, pattern } => {
            attributes.push(("pattern", text(pattern)));
            ("event.deliver", agent)
        }
    };
    attributes.push(("agent", text(agent)));
    let duration = envelope.received_at.elapsed();
    let now = SystemTime::now();
    SpanRecord {
        context,
        parent: parent.map(|parent| parent.span_id),
        // Only a publishing may be a child of what an agent did; a delivery is one of the publishing.
        parent_is_remote: kind == EventSpanKind::Publish && parent.is_some(),
        name,
        start: now.checked_sub(duration).unwrap_or(now),
        duration,
        attributes,
        status: SpanStatus::Unset,
        error: None,
    }
}
