//! Spans of the runtime's own work, created with `tracing`.
//!
//! | span | level | covers |
//! |---|---|---|
//! | `event.publish` | debug | one event, from its arrival until it is queued for all subscribers |
//! | `event.deliver` | debug | one delivery, from the event's arrival until a stream takes it |
//! | `agent.register` | info | one registration |
//! | `tool.call` | info | one call of a tool, whatever executes it |
//!
//! A provider may add spans within `tool.call` (`llm.generate`, `mcp.call`). These fields have a meaning to a
//! subscriber:
//!
//! | field | holds |
//! |---|---|
//! | `status` | `ok`; any other value stands for a failure |
//! | `error` | the error message |
//! | `trace.id`, `span.id`, `parent.id` | the [`TraceContext`] and the parent's span id, where they do not follow from the enclosing span |
//! | `began.ago` | nanoseconds by which the work began before the span was created |
//!
//! Spans of events are created only while a subscriber enables them: it may limit their number per second.

use tracing::{
    Span, debug_span,
    field::{Empty, display},
    info_span,
};

use crate::{
    event::Envelope,
    registration::Registration,
    tool::{ToolCall, ToolResult},
    trace_context::TraceContext,
};

/// Creates `event.publish`. If it is enabled, its context is stored in the envelope for the deliveries.
pub(crate) fn publish(envelope: &mut Envelope) -> Span {
    let span = debug_span!(
        "event.publish",
        topic = envelope.topic,
        event_id = envelope.event.id,
        agent = envelope.sender,
        trace.id = Empty,
        span.id = Empty,
        parent.id = Empty,
        began.ago = nanoseconds_since_arrival(envelope),
    );
    if !span.is_disabled() {
        let parent = TraceContext::from_metadata(&envelope.event.metadata);
        let context = parent.map_or_else(TraceContext::root, TraceContext::child);
        record_context(&span, context, parent);
        envelope.trace = Some(context);
    }
    span
}

/// Records `event.deliver`: a stream of `agent` takes an event. Does nothing if `event.publish` was not enabled.
pub(crate) fn deliver(agent: &str, pattern: &str, envelope: &Envelope) {
    let Some(parent) = envelope.trace else { return };
    // The span ends when it is dropped, which is at once.
    let _span = debug_span!(
        "event.deliver",
        topic = envelope.topic,
        event_id = envelope.event.id,
        agent,
        pattern,
        trace.id = parent.trace_id,
        parent.id = parent.span_id,
        began.ago = nanoseconds_since_arrival(envelope),
    );
}

fn nanoseconds_since_arrival(envelope: &Envelope) -> u64 {
    u64::try_from(envelope.received_at.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// Creates `agent.register`.
pub(crate) fn register(registration: &Registration) -> Span {
    info_span!(
        "agent.register",
        agent = registration.agent,
        topics = registration.topics.len(),
        tools = registration.tools.len(),
    )
}

/// Creates `tool.call`. The caller records the result with [`tool_completed`].
pub(crate) fn tool_call(call: &ToolCall) -> Span {
    let span = info_span!(
        "tool.call",
        tool = call.name,
        call_id = call.id,
        agent = Empty,
        correlation_id = Empty,
        status = Empty,
        code = Empty,
        error = Empty,
        trace.id = Empty,
        span.id = Empty,
        parent.id = Empty,
    );
    if span.is_disabled() {
        return span;
    }
    if let Some(agent) = call.caller() {
        span.record("agent", agent);
    }
    if !call.correlation_id.is_empty() {
        span.record("correlation_id", &*call.correlation_id);
    }
    if let Some(parent) = TraceContext::from_metadata(&call.headers) {
        record_context(&span, parent.child(), Some(parent));
    }
    span
}

/// Records the result of a call in its span.
pub(crate) fn tool_completed(span: &Span, result: &ToolResult) {
    match result {
        Ok(_) => _ = span.record("status", "ok"),
        Err(failure) => {
            span.record("status", "error").record("code", &*failure.code);
            span.record("error", display(failure));
        }
    }
}

fn record_context(span: &Span, context: TraceContext, parent: Option<TraceContext>) {
    span.record("trace.id", context.trace_id).record("span.id", context.span_id);
    if let Some(parent) = parent {
        span.record("parent.id", parent.span_id);
    }
}
