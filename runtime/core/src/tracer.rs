//! Gives each event, delivery and call its place in a trace.
//!
//! A trace begins with an event or call that belongs to none, or comes with a `traceparent` from elsewhere. Whether it
//! is recorded is decided there, once: what an agent says about it does not count, since it could fill the history.
//! Without a recorder nothing is decided; what a publisher says is passed on to the subscribers.

use std::{
    sync::{Arc, Mutex},
    time::Instant,
};

use loom_base::LockExt as _;

use crate::{
    event::Envelope,
    event_recorder::{CallContent, EventRecorder, EventSpan, EventSpanKind},
    tool::ToolCall,
    trace_context::TraceContext,
    trace_links::TraceLinks,
};

/// Gives each event, delivery and call its place in a trace.
#[derive(Debug, Default)]
pub(crate) struct Tracer {
    recorder: Option<Arc<dyn EventRecorder>>,
    links: Mutex<TraceLinks>,
}

/// A span and the one that it is a child of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PlacedSpan {
    pub(crate) context: TraceContext,
    pub(crate) parent: Option<TraceContext>,
}

impl Tracer {
    pub(crate) fn new(recorder: Option<Arc<dyn EventRecorder>>) -> Self {
        Self { recorder, links: Mutex::default() }
    }

    /// Whether there is a recorder. Without one, what callers say is passed on unchanged.
    pub(crate) fn records(&self) -> bool {
        self.recorder.is_some()
    }

    /// The context, if its trace is recorded.
    pub(crate) fn recorded(&self, context: Option<TraceContext>) -> Option<TraceContext> {
        context.filter(|context| self.records() && context.sampled)
    }

    /// Begins the span of a publishing: the envelope gets its context. Returns the parent.
    pub(crate) fn begin(&self, envelope: &mut Envelope) -> Option<TraceContext> {
        let said = TraceContext::from_metadata(&envelope.event.metadata);
        let Some(recorder) = &self.recorder else {
            envelope.trace = said;
            return None;
        };
        let now = envelope.received_at;
        let mut links = self.links.locked();
        let parent = match said {
            Some(said) => Some(decided(said, &mut links, recorder, now)),
            None => links.parent_of(&envelope.topic, &envelope.event, now),
        };
        let context = child_or_root(parent, &mut links, recorder, now);
        links.note(&envelope.event, context, now);
        drop(links);
        envelope.trace = Some(context);
        parent
    }

    /// Records the span of a publishing that [`begin`](Self::begin) began.
    pub(crate) fn published(&self, envelope: &Arc<Envelope>, parent: Option<TraceContext>) {
        if let (Some(recorder), Some(context)) = (&self.recorder, envelope.trace) {
            recorder.record(EventSpan { kind: EventSpanKind::Publish, envelope, context, parent });
        }
    }

    /// Records that a stream of `agent` takes an event. Returns the context for what the agent does with it.
    pub(crate) fn delivered(
        &self,
        envelope: &Arc<Envelope>,
        agent: &str,
        pattern: &str,
    ) -> Option<TraceContext> {
        let parent = envelope.trace?;
        let Some(recorder) = &self.recorder else { return Some(parent) };
        let kind = EventSpanKind::Deliver { agent, pattern };
        let context = parent.child();
        recorder.record(EventSpan { kind, envelope, context, parent: Some(parent) });
        Some(context)
    }

    /// Records what went into a call, or what came out of it.
    pub(crate) fn content(&self, content: CallContent<'_>) {
        if let Some(recorder) = &self.recorder {
            recorder.record_content(content);
        }
    }

    /// Whether the spans of a trace are recorded.
    pub(crate) fn is_sampled(&self, trace_id: u128) -> bool {
        self.recorder.as_ref().is_some_and(|recorder| {
            let now = Instant::now();
            self.links.locked().is_sampled(trace_id, now, || recorder.admit())
        })
    }

    /// The span of a call of a tool.
    pub(crate) fn call(&self, call: &ToolCall) -> PlacedSpan {
        let said = TraceContext::from_metadata(&call.headers);
        let Some(recorder) = &self.recorder else {
            let context = said.map_or_else(|| TraceContext::root(false), TraceContext::child);
            return PlacedSpan { context, parent: said };
        };
        let now = Instant::now();
        let id = Some(&*call.correlation_id).filter(|id| !id.is_empty());
        let mut links = self.links.locked();
        let parent = match said {
            Some(said) => Some(decided(said, &mut links, recorder, now)),
            None => id.and_then(|id| links.correlated(id, now)),
        };
        let context = child_or_root(parent, &mut links, recorder, now);
        if let Some(id) = id {
            links.note_first(id, context, now);
        }
        PlacedSpan { context, parent }
    }
}

/// A context from elsewhere, with our own decision whether its trace is recorded.
fn decided(
    said: TraceContext,
    links: &mut TraceLinks,
    recorder: &Arc<dyn EventRecorder>,
    now: Instant,
) -> TraceContext {
    let sampled = links.is_sampled(said.trace_id, now, || recorder.admit());
    TraceContext { sampled, ..said }
}

fn child_or_root(
    parent: Option<TraceContext>,
    links: &mut TraceLinks,
    recorder: &Arc<dyn EventRecorder>,
    now: Instant,
) -> TraceContext {
    parent.map(TraceContext::child).unwrap_or_else(|| {
        let root = TraceContext::root(recorder.admit());
        links.begin(root, now);
        root
    })
}
