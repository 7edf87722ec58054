//! Calls of tools: routed to a provider, limited in time, recorded.

use std::time::Instant;

use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::{inner::RuntimeInner, receipt::CallReceipt};
use crate::{
    event_recorder::CallContent,
    limits,
    registry::Lookup,
    spans,
    tool::{ToolCall, ToolFailure, ToolFailureKind, ToolResult, is_json},
    trace_context::{TRACEPARENT, is_secret},
};

/// See [`Runtime::call_tool`](crate::Runtime::call_tool).
pub(super) async fn call(inner: &RuntimeInner, mut call: ToolCall) -> CallReceipt {
    if let Err(limit) = limits::check_call(&call) {
        // Not recorded: names that are too long would be recorded too.
        let failure = ToolFailure::new(ToolFailureKind::InvalidArguments, limit.to_string());
        return CallReceipt { result: Err(failure), trace: None };
    }
    let placed = inner.tracer.call(&call);
    let is_secret = is_secret(&call.headers);
    let span = spans::tool_call(&call, placed, is_secret);
    if inner.tracer.records() {
        // What an agent does to execute the call belongs to it.
        call.headers.insert(TRACEPARENT.to_owned(), placed.context.to_string());
    }
    let name = call.name.clone();
    let context = placed.context;
    let agent = call.caller().map(str::to_owned);
    let content = |is_output, text: &str| {
        let (tool, agent) = (&*name, agent.as_deref());
        inner.tracer.content(CallContent { context, tool, agent, is_output, text, is_secret });
    };
    content(false, &call.arguments);
    let start = Instant::now();
    let result = route(inner, call).instrument(span.clone()).await;
    if let Ok(output) = &result {
        content(true, output);
    }
    // The caller learns what failed; what is recorded of a secret run does not.
    let hidden = result.as_ref().err().filter(|_| is_secret).map(|failure| Err(failure.hidden()));
    let recorded = hidden.as_ref().unwrap_or(&result);
    spans::tool_completed(&span, recorded);
    inner.activity.tool_completed(&name, recorded, start.elapsed());
    CallReceipt { result, trace: inner.tracer.recorded(Some(context)) }
}

async fn route(inner: &RuntimeInner, call: ToolCall) -> ToolResult {
    if !is_json(&call.arguments) {
        let message = format!("arguments of {} are not JSON", call.name);
        return Err(ToolFailure::new(ToolFailureKind::InvalidArguments, message));
    }
    let provider = match inner.registry.find(&call.name) {
        Lookup::Ready(_, provider) => provider,
        Lookup::Unavailable(reason) => {
            let message = format!("tool {} cannot be called: {reason}", call.name);
            return Err(ToolFailure::new(ToolFailureKind::Execution, message));
        }
        Lookup::NotFound => {
            // The wording is part of the wire protocol.
            let message = format!("Tool not found: {}", call.name);
            return Err(ToolFailure::new(ToolFailureKind::NotFound, message));
        }
    };
    inner.activity.tool_called(&call);
    let name = call.name.clone();
    let timeout = call.timeout();
    let cancel = CancellationToken::new();
    let _cancel_at_end = cancel.clone().drop_guard();
    match tokio::time::timeout(timeout, provider.call(call, cancel)).await {
        Ok(result) => result.map(json_output),
        Err(_) => {
            let message = format!("tool {name} did not return a result within {timeout:?}");
            Err(ToolFailure::new(ToolFailureKind::Timeout, message))
        }
    }
}

/// Callers may rely on JSON: an output that is none becomes a JSON string, an empty one `null`.
fn json_output(output: String) -> String {
    if output.is_empty() {
        "null".to_owned()
    } else if is_json(&output) {
        output
    } else {
        serde_json::Value::String(output).to_string()
    }
}
