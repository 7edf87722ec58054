//! MCP's results and errors as those of tools.

use rmcp::{
    ServiceError,
    model::{CallToolResponse, CallToolResult, ContentBlock, ErrorCode},
};
use serde_json::{Map, Value};

use crate::tool::{ToolFailure, ToolFailureKind, ToolResult};

/// How servers that are built with the official SDKs begin a message about invalid arguments.
const INVALID_PREFIX: &str = "MCP error -32602";

/// The arguments of a call as MCP expects them: an object, or `None` for `null`.
///
/// # Errors
/// If the text is no JSON, or another type.
pub fn arguments(text: &str) -> Result<Option<Map<String, Value>>, String> {
    match serde_json::from_str(text) {
        Ok(Value::Object(fields)) => Ok(Some(fields)),
        Ok(Value::Null) => Ok(None),
        Ok(_) => Err("expected an object".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// The output of a call: the content as MCP defines it, a JSON array of `{"type": "text", "text": …}` and the like. A
/// result with structured content only becomes one text.
///
/// # Errors
/// A failure with the tool's message for a result that is an error.
pub fn tool_result(server: &str, response: CallToolResponse) -> ToolResult {
    let failure = |kind, why: &str| ToolFailure::new(kind, format!("MCP server {server}: {why}"));
    let CallToolResponse::Complete(mut result) = response else {
        return Err(failure(
            ToolFailureKind::Execution,
            "the tool asks for input or for execution as a task, which is not supported",
        ));
    };
    if result.is_error == Some(true) {
        let message = text_of(&result);
        let kind = if message.starts_with(INVALID_PREFIX) {
            ToolFailureKind::InvalidArguments
        } else {
            ToolFailureKind::Execution
        };
        let message = if message.is_empty() { "the tool failed" } else { &message };
        return Err(failure(kind, message));
    }
    if result.content.is_empty()
        && let Some(structured) = result.structured_content.take()
    {
        result.content.push(ContentBlock::text(structured.to_string()));
    }
    serde_json::to_string(&result.content)
        .map_err(|error| failure(ToolFailureKind::Execution, &error.to_string()))
}

/// The text blocks of a result.
fn text_of(result: &CallToolResult) -> String {
    let text = |block: &ContentBlock| match block {
        ContentBlock::Text(text) => Some(text.text.clone()),
        _ => None,
    };
    result.content.iter().filter_map(text).collect::<Vec<_>>().join("\n")
}

/// The failure of a call without a result.
pub fn call_failure(server: &str, tool: &str, error: ServiceError) -> ToolFailure {
    let (kind, message) = match error {
        ServiceError::McpError(error) => {
            let kind = if error.code == ErrorCode::INVALID_PARAMS {
                ToolFailureKind::InvalidArguments
            } else {
                ToolFailureKind::Execution
            };
            (kind, format!("MCP server {server}: {}", error.message))
        }
        ServiceError::TransportClosed | ServiceError::TransportSend(_) => (
            ToolFailureKind::Execution,
            format!("MCP server {server} ended before it returned the result of {tool}"),
        ),
        other => (ToolFailureKind::Execution, format!("MCP server {server}: {other}")),
    };
    ToolFailure::new(kind, message)
}

#[cfg(test)]
mod tests {
    use rmcp::model::ErrorData;
    use serde_json::json;

    use super::*;

    fn result(result: Value) -> ToolResult {
        let result: CallToolResult = serde_json::from_value(result).unwrap();
        tool_result("s", CallToolResponse::Complete(result))
    }

    #[test]
    fn content_is_passed_on_unchanged() {
        let content = json!([
            {"type": "text", "text": "a"},
            {"type": "image", "data": "AA==", "mimeType": "image/png"},
        ]);
        let output = result(json!({"content": content, "structuredContent": {"a": 1}})).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&output).unwrap(), content);
        let output = result(json!({"content": [], "structuredContent": {"a": 1}})).unwrap();
        assert_eq!(output, r#"[{"type":"text","text":"{\"a\":1}"}]"#);
        assert_eq!(result(json!({"content": []})).unwrap(), "[]");
    }

    #[test]
    fn errors_keep_the_tools_message() {
        let text = |text: &str| json!([{"type": "text", "text": text}]);
        for (content, kind, message) in [
            (text("no such file"), ToolFailureKind::Execution, "MCP server s: no such file"),
            (json!([]), ToolFailureKind::Execution, "MCP server s: the tool failed"),
            (
                text("MCP error -32602: path is missing"),
                ToolFailureKind::InvalidArguments,
                "MCP server s: MCP error -32602: path is missing",
            ),
        ] {
            let failure = result(json!({"content": content, "isError": true})).unwrap_err();
            assert_eq!((failure.kind, &*failure.message), (kind, message));
        }
    }

    #[test]
    fn failures_of_a_call_name_the_server() {
        let invalid = ServiceError::McpError(ErrorData::invalid_params("what?", None));
        let failure = call_failure("s", "t", invalid);
        assert_eq!(failure.kind, ToolFailureKind::InvalidArguments);
        assert_eq!(failure.message, "MCP server s: what?");
        let closed = call_failure("s", "t", ServiceError::TransportClosed);
        assert_eq!(closed.message, "MCP server s ended before it returned the result of t");
    }

    #[test]
    fn arguments_are_an_object_or_null() {
        assert_eq!(arguments("null"), Ok(None));
        assert_eq!(arguments("{}"), Ok(Some(Map::new())));
        assert_eq!(arguments("[1]"), Err("expected an object".to_owned()));
        assert!(arguments("").is_err());
    }
}
