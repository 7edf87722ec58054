//! The result of `initialize`, reduced to what can be understood.

use rmcp::model::{Implementation, InitializeResult, ServerCapabilities};
use serde_json::{Map, Value, json};

/// Reduces a result of `initialize`; leaves any other one unchanged.
pub(super) fn reduce(result: &mut Map<String, Value>, server: &str) {
    let Some(version) = result.get("protocolVersion").filter(|version| version.is_string()) else {
        return;
    };
    let Err(error) = serde_json::from_value::<InitializeResult>(Value::Object(result.clone()))
    else {
        return;
    };
    tracing::debug!(server, %error, "ignored parts of an MCP server's description of itself");
    let capabilities = readable::<ServerCapabilities>(result.get("capabilities"));
    let about = readable::<Implementation>(result.get("serverInfo"));
    *result = Map::from_iter([
        ("protocolVersion".to_owned(), version.clone()),
        ("capabilities".to_owned(), capabilities.unwrap_or_else(|| json!({"tools": {}}))),
        ("serverInfo".to_owned(), about.unwrap_or_else(|| json!({"name": server, "version": ""}))),
    ]);
}

/// The value, if it can be read as a `T`.
fn readable<T: serde::de::DeserializeOwned>(value: Option<&Value>) -> Option<Value> {
    value.filter(|value| serde_json::from_value::<T>((*value).clone()).is_ok()).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_replaced() {
        for more in [
            json!({"capabilities": {"tools": true}, "serverInfo": {"name": "n", "version": "1"}}),
            json!({"capabilities": {}, "serverInfo": {"name": "n", "version": 1}}),
            json!({"capabilities": null, "serverInfo": "n", "instructions": 7}),
            json!({}),
        ] {
            let mut result = more.as_object().unwrap().clone();
            result.insert("protocolVersion".to_owned(), "2025-06-18".into());
            reduce(&mut result, "s");
            let read: InitializeResult = serde_json::from_value(result.into()).unwrap();
            assert!(["n", "s"].contains(&&*read.server_info.name), "{more}");
        }
    }
}
