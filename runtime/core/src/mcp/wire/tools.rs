//! The result of `tools/list`, reduced to what can be understood.

use rmcp::model::Tool;
use serde_json::{Map, Value};

/// The longest name of a tool that is shown in the log, in characters.
const MAX_SHOWN: usize = 80;
/// The number of deviating tools of a page that are named in the log.
const MAX_NAMED: usize = 10;

/// Reduces a result of `tools/list`; leaves any other one unchanged. A member of a tool that cannot be read is left out,
/// and so is a tool without a readable name and schema; the log names both.
pub(super) fn reduce(result: &mut Map<String, Value>, server: &str) {
    let Some(Value::Array(tools)) = result.get_mut("tools") else { return };
    let mut deviations = Vec::new();
    tools.retain_mut(|tool| match reduce_tool(tool) {
        Ok(left_out) if left_out.is_empty() => true,
        Ok(left_out) => {
            deviations.push(format!("{}: ignored {}", shown(tool), left_out.join(", ")));
            true
        }
        Err(reason) => {
            deviations.push(format!("{}: not offered: {reason}", shown(tool)));
            false
        }
    });
    for deviation in deviations.iter().take(MAX_NAMED) {
        tracing::warn!(
            server,
            "tool of an MCP server that deviates from the protocol: {deviation}"
        );
    }
    if let Some(more) = deviations.len().checked_sub(MAX_NAMED).filter(|more| *more > 0) {
        tracing::warn!(server, more, "further tools of an MCP server deviate from the protocol");
    }
    reduce_page(result);
}

/// Leaves out what a page has besides its tools, if it cannot be read. Some servers write an empty cursor, or none as
/// null, on the last page.
fn reduce_page(result: &mut Map<String, Value>) {
    let cursor = match result.get("nextCursor") {
        Some(Value::String(cursor)) if !cursor.is_empty() => Some(cursor.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    result.retain(|key, _| key == "tools");
    if let Some(cursor) = cursor {
        result.insert("nextCursor".to_owned(), cursor.into());
    }
}

/// Reduces one tool. Returns the members that were left out, or why the tool cannot be offered.
fn reduce_tool(tool: &mut Value) -> Result<Vec<String>, String> {
    if check(tool).is_ok() {
        return Ok(Vec::new());
    }
    let Value::Object(members) = &*tool else { return Err("expected an object".to_owned()) };
    let is_required = |key: &str| ["name", "inputSchema"].contains(&key);
    let required = members.iter().filter(|(key, _)| is_required(key));
    let mut reduced = Value::Object(required.map(|(k, v)| (k.clone(), v.clone())).collect());
    check(&reduced)?;
    let mut left_out = Vec::new();
    for (key, member) in members.iter().filter(|(key, _)| !is_required(key)) {
        reduced[key] = member.clone();
        if check(&reduced).is_err() {
            left_out.push(key.clone());
            if let Value::Object(fields) = &mut reduced {
                fields.remove(key);
            }
        }
    }
    *tool = reduced;
    Ok(left_out)
}

fn check(tool: &Value) -> Result<(), String> {
    serde_json::from_value::<Tool>(tool.clone()).map(drop).map_err(|error| error.to_string())
}

fn shown(tool: &Value) -> String {
    let name = tool["name"].as_str().unwrap_or("a tool without a name");
    name.chars().take(MAX_SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn reduced(tools: Value) -> Value {
        let mut result = Map::from_iter([("tools".to_owned(), tools)]);
        reduce(&mut result, "s");
        result.remove("tools").unwrap()
    }

    #[test]
    fn an_odd_tool_costs_no_other_one() {
        let good = json!({"name": "good", "inputSchema": {"type": "object"}, "description": "d"});
        for odd in [
            json!({"name": "odd", "inputSchema": null}),
            json!({"name": "odd"}),
            json!({"name": "odd", "inputSchema": true}),
            json!({"name": 7, "inputSchema": {}}),
            json!({"inputSchema": {}}),
            json!("odd"),
        ] {
            assert_eq!(reduced(json!([odd, good])), json!([good]), "{odd}");
        }
    }

    #[test]
    fn an_odd_member_costs_only_itself() {
        let tool = json!({"name": "t", "inputSchema": {}, "description": "d", "annotations": {"readOnlyHint": true}});
        for (key, odd) in [
            ("icons", json!({"src": "x"})),
            ("outputSchema", json!(7)),
            ("title", json!([])),
            ("_meta", json!("m")),
        ] {
            let mut with_odd = tool.clone();
            with_odd[key] = odd;
            assert_eq!(reduced(json!([with_odd])), json!([tool]), "{key}");
        }
        let mut hint = tool.clone();
        hint["annotations"]["readOnlyHint"] = json!("yes");
        let mut without = tool;
        without.as_object_mut().unwrap().remove("annotations");
        assert_eq!(reduced(json!([hint])), json!([without]));
    }

    #[test]
    fn an_empty_cursor_is_none() {
        for (cursor, expected) in [
            (json!(""), None),
            (Value::Null, None),
            (json!("a"), Some("a")),
            (json!(7), Some("7")),
            (json!({}), None),
        ] {
            let mut result =
                json!({"tools": [], "nextCursor": cursor}).as_object().unwrap().clone();
            reduce(&mut result, "s");
            assert_eq!(result.get("nextCursor").and_then(Value::as_str), expected, "{cursor}");
        }
    }
}
