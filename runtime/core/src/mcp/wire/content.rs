//! The result of `tools/call`, reduced to what can be understood.

use rmcp::model::{CallToolResult, ContentBlock};
use serde_json::{Map, Value, json};

/// The members of a block that the runtime does not need.
const OPTIONAL: [&str; 3] = ["annotations", "icons", "_meta"];

/// Reduces a result of `tools/call`; leaves any other one unchanged. A block that cannot be read becomes a block of its
/// text as JSON: the caller may still understand it.
pub(super) fn reduce(result: &mut Map<String, Value>, server: &str) {
    let is_result =
        ["content", "structuredContent", "isError"].iter().any(|k| result.contains_key(*k));
    if !is_result || serde_json::from_value::<CallToolResult>(Value::Object(result.clone())).is_ok()
    {
        return;
    }
    tracing::debug!(server, "a result of an MCP server deviates from the protocol");
    if let Some(content) = result.get_mut("content") {
        let blocks = match content.take() {
            Value::Null => Vec::new(),
            Value::Array(blocks) => blocks,
            block => vec![block],
        };
        *content = blocks.into_iter().map(readable_block).collect();
    }
    let is_error = match result.get("isError") {
        Some(Value::String(text)) => text.eq_ignore_ascii_case("true"),
        Some(value) => value.as_bool().unwrap_or(false),
        None => false,
    };
    result.insert("isError".to_owned(), is_error.into());
    result.retain(|key, _| {
        ["content", "structuredContent", "isError", "resultType"].contains(&&**key)
    });
    if result.get("resultType").is_some_and(|kind| !kind.is_string()) {
        result.remove("resultType");
    }
}

fn readable_block(mut block: Value) -> Value {
    if let Some(text) = block.as_str() {
        return json!({"type": "text", "text": text});
    }
    if is_readable(&block) {
        return block;
    }
    let complete = block.clone();
    if let Value::Object(fields) = &mut block {
        fields.retain(|key, _| !OPTIONAL.contains(&&**key));
    }
    if is_readable(&block) { block } else { json!({"type": "text", "text": complete.to_string()}) }
}

fn is_readable(block: &Value) -> bool {
    serde_json::from_value::<ContentBlock>(block.clone()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_that_cannot_be_read_costs_no_other_one() {
        let text = |text: &str| json!({"type": "text", "text": text});
        for (content, expected) in [
            (
                json!([text("a"), {"type": "chart", "x": 1}]),
                json!([text("a"), text(r#"{"type":"chart","x":1}"#)]),
            ),
            (json!([{"type": "text", "text": "a", "annotations": 7}]), json!([text("a")])),
            (json!("a"), json!([text("a")])),
            (json!(["a", 7]), json!([text("a"), text("7")])),
            (json!(text("a")), json!([text("a")])),
            (Value::Null, json!([])),
        ] {
            let mut result = Map::from_iter([
                ("content".to_owned(), content.clone()),
                ("isError".to_owned(), json!("no")),
                ("_meta".to_owned(), json!(7)),
            ]);
            reduce(&mut result, "s");
            assert_eq!(result["content"], expected, "{content}");
            serde_json::from_value::<CallToolResult>(result.into()).unwrap();
        }
    }

    #[test]
    fn other_results_are_not_changed() {
        for value in [json!({"tools": 7}), json!({"content": [], "_meta": {"a": 1}}), json!({})] {
            let mut result = value.as_object().unwrap().clone();
            reduce(&mut result, "s");
            assert_eq!(Value::Object(result), value);
        }
    }
}
