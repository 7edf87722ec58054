//! Spans of the runtime's own work, created with `tracing`. Those of events are many, and go to an
//! [`EventRecorder`](crate::event_recorder::EventRecorder) instead.
//!
//! | span | level | covers |
//! |---|---|---|
//! | `agent.register` | info | one registration |
//! | `tool.call` | info | one call of a tool, whatever executes it |
//!
//! A provider may add spans within `tool.call` (`llm.generate`, `mcp.call`). These fields have a meaning to a
//! subscriber:
//!
//! | field | holds |
//! |---|---|
//! | `status` | `ok`; any other value stands for a failure |
//! | `error` | the error message; of a secret run a fixed text |
//! | `secret` | `true` in a secret run; it counts for the spans within, too |
//! | `trace.id`, `span.id`, `parent.id` | the [`TraceContext`](crate::TraceContext) and the parent's span id, where they do not follow from the enclosing span |

use tracing::{
    Span,
    field::{Empty, display},
    info_span,
};

use crate::{
    registration::Registration,
    tool::{ToolCall, ToolResult},
    tracer::PlacedSpan,
};

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
pub(crate) fn tool_call(call: &ToolCall, placed: PlacedSpan, is_secret: bool) -> Span {
    let span = info_span!(
        "tool.call",
        secret = is_secret.then_some(true),
        tool = call.name,
        call_id = call.id,
        agent = Empty,
        correlation_id = Empty,
        status = Empty,
        code = Empty,
        error = Empty,
        trace.id = placed.context.trace_id,
        span.id = placed.context.span_id,
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
    if let Some(parent) = placed.parent {
        span.record("parent.id", parent.span_id);
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
