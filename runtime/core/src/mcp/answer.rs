//! From MCP's results and errors to ours.

use rmcp::{
    ServiceError,
    model::{CallToolResponse, CallToolResult, ContentBlock, ErrorCode},
};
use serde_json::{Map, Value};

use crate::tool::{ToolFailure, ToolFailureKind, ToolResult};

/// How servers that are built with the official SDKs begin a complaint about arguments.
const INVALID: &str = "MCP error -32602";

/// The arguments of a call: an object, or nothing.
pub fn arguments(text: &str) -> Result<Option<Map<String, Value>>, String> {
    match serde_json::from_str(text) {
        Ok(Value::Object(fields)) => Ok(Some(fields)),
        Ok(Value::Null) => Ok(None),
        Ok(_) => Err("give an object".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// What a tool answered: its content as MCP has it, a JSON array of `{"type": "text", "text": …}` and the like. A
/// result that is only structured is one text. A result that is an error becomes a failure in the tool's words.
pub fn answer(server: &str, response: CallToolResponse) -> ToolResult {
    let failure = |kind, why: &str| ToolFailure::new(kind, format!("MCP server {server}: {why}"));
    let CallToolResponse::Complete(mut result) = response else {
        return Err(failure(
            ToolFailureKind::Execution,
            "the tool wants more than an answer: input, or time as a task",
        ));
    };
    if result.is_error == Some(true) {
        let why = words(&result);
        let invalid = why.starts_with(INVALID);
        let kind =
            if invalid { ToolFailureKind::InvalidArguments } else { ToolFailureKind::Execution };
        return Err(failure(kind, if why.is_empty() { "the tool failed" } else { &why }));
    }
    if let (true, Some(structured)) = (result.content.is_empty(), result.structured_content.take())
    {
        result.content.push(ContentBlock::text(structured.to_string()));
    }
    serde_json::to_string(&result.content)
        .map_err(|error| failure(ToolFailureKind::Execution, &error.to_string()))
}

/// The texts of a result.
fn words(result: &CallToolResult) -> String {
    let text = |block: &ContentBlock| match block {
        ContentBlock::Text(text) => Some(text.text.clone()),
        _ => None,
    };
    result.content.iter().filter_map(text).collect::<Vec<_>>().join("\n")
}

/// Why a call got no result.
pub fn failure(server: &str, tool: &str, error: ServiceError) -> ToolFailure {
    match error {
        ServiceError::McpError(error) => {
            let kind = match error.code {
                ErrorCode::INVALID_PARAMS => ToolFailureKind::InvalidArguments,
                _ => ToolFailureKind::Execution,
            };
            ToolFailure::new(kind, format!("MCP server {server}: {}", error.message))
        }
        ServiceError::TransportClosed | ServiceError::TransportSend(_) => ToolFailure::new(
            ToolFailureKind::Execution,
            format!("MCP server {server} ended before it answered the call of {tool}"),
        ),
        other => {
            ToolFailure::new(ToolFailureKind::Execution, format!("MCP server {server}: {other}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use rmcp::model::ErrorData;
    use serde_json::json;

    use super::*;

    fn result(result: Value) -> ToolResult {
        let result: CallToolResult = serde_json::from_value(result).unwrap();
        answer("s", CallToolResponse::Complete(result))
    }

    #[test]
    fn content_is_passed_on_as_it_is() {
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
    fn errors_keep_the_tools_words() {
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
        let invalid = ServiceError::McpError(ErrorData::invalid_params("what?", None));
        let failed = failure("s", "t", invalid);
        assert_eq!(
            (failed.kind, &*failed.message),
            (ToolFailureKind::InvalidArguments, "MCP server s: what?")
        );
        let gone = failure("s", "t", ServiceError::TransportClosed);
        assert_eq!(gone.message, "MCP server s ended before it answered the call of t");
    }

    #[test]
    fn arguments_are_an_object_or_nothing() {
        assert_eq!(arguments("null"), Ok(None));
        assert_eq!(arguments("{}"), Ok(Some(Map::new())));
        assert_eq!(arguments("[1]"), Err("give an object".to_owned()));
        assert!(arguments("").is_err());
    }
}
