//! A call of a tool by the page or a program: a run of its own, recorded as every other call.

use std::time::{Duration, Instant};

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use loom_base::token::random_token;
use loom_core::{CallReceipt, ToolCall, registry::Lookup, tool::DEFAULT_TIMEOUT};
use loom_history::RunId;
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use super::{
    context::DashboardContext,
    json_body::{JsonBody, refusal},
};

/// The calls of the dashboard that wait for a result at the same time.
pub const MOST_CALLS: usize = 16;
/// The longest time for which a call is waited for; a request may ask for less.
const MAX_TIMEOUT: Duration = Duration::from_secs(600);

/// The body of a call.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolRequest {
    /// The name of the tool.
    tool: String,
    /// The arguments; without any, an empty object.
    #[serde(default)]
    arguments: Option<Box<RawValue>>,
    /// How long to wait, in milliseconds.
    #[serde(default)]
    timeout_ms: Option<u64>,
}

/// `POST /api/tools/call`: `{"ok", "result", "error", "duration_ms", "run"}` of a tool that is offered. A call beyond
/// [`MOST_CALLS`] is refused.
pub async fn call(
    State(context): State<DashboardContext>,
    JsonBody(request): JsonBody<ToolRequest>,
) -> Response {
    if let Lookup::NotFound = context.runtime.registry().find(&request.tool) {
        return refusal(StatusCode::NOT_FOUND, "there is no tool of this name");
    }
    let Ok(_permit) = context.tool_calls.try_acquire() else {
        let error = format!(
            "{MOST_CALLS} calls of the dashboard wait for a result; wait until one has ended"
        );
        return refusal(StatusCode::TOO_MANY_REQUESTS, &error);
    };
    let Ok(id) = random_token() else {
        return refusal(StatusCode::INTERNAL_SERVER_ERROR, "the system has no random numbers");
    };
    let begin = Instant::now();
    let receipt = tokio::select! {
        receipt = context.runtime.call_tool_with_receipt(request.into_call(id)) => receipt,
        () = context.stopping.cancelled() => {
            return refusal(StatusCode::SERVICE_UNAVAILABLE, "the runtime stops");
        }
    };
    Json(answer(receipt, begin.elapsed())).into_response()
}

impl ToolRequest {
    fn into_call(self, id: String) -> ToolCall {
        let asked = self.timeout_ms.filter(|ms| *ms > 0).map(Duration::from_millis);
        let timeout = asked.unwrap_or(DEFAULT_TIMEOUT).min(MAX_TIMEOUT);
        let arguments =
            self.arguments.map_or_else(|| "{}".to_owned(), |json| json.get().to_owned());
        let timeout_ms = i64::try_from(timeout.as_millis()).unwrap_or(i64::MAX);
        ToolCall { id, name: self.tool, arguments, timeout_ms, ..ToolCall::default() }
    }
}

fn answer(receipt: CallReceipt, duration: Duration) -> Value {
    let (result, error) = match receipt.result {
        Ok(output) => (serde_json::from_str(&output).unwrap_or(Value::String(output)), None),
        Err(failure) => (Value::Null, Some(failure.message)),
    };
    json!({
        "ok": error.is_none(),
        "result": result,
        "error": error,
        "duration_ms": duration.as_secs_f64() * 1e3,
        "run": receipt.trace.map(|trace| RunId(trace.trace_id)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(json: &str) -> ToolRequest {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_call_has_arguments_and_a_limited_timeout() {
        let table = [
            (r#"{"tool": "t"}"#, "{}", 30_000),
            (r#"{"tool": "t", "arguments": {"n": 1.0}, "timeout_ms": 5}"#, r#"{"n": 1.0}"#, 5),
            (r#"{"tool": "t", "arguments": null, "timeout_ms": 0}"#, "{}", 30_000),
            (r#"{"tool": "t", "timeout_ms": 99999999}"#, "{}", 600_000),
        ];
        for (json, arguments, timeout_ms) in table {
            let call = request(json).into_call("1".to_owned());
            assert_eq!((&*call.arguments, call.timeout_ms), (arguments, timeout_ms), "{json}");
        }
    }
}
