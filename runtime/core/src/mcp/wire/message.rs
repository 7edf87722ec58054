//! A line as a message.

use rmcp::{RoleClient, service::RxJsonRpcMessage};
use serde_json::{Map, Value, json};

use super::{content, handshake, id_scanner::IdScanner, text, tools};

/// JSON-RPC's code for an internal error.
const INTERNAL_ERROR: i32 = -32603;

/// A message of a server.
pub(super) type ServerMessage = RxJsonRpcMessage<RoleClient>;

/// The messages of a line: none if it is no message, several if it is a batch. A response that cannot be read becomes an
/// error response of the same call. `server` is named in the log.
pub(super) fn read(line: &[u8], server: &str) -> Vec<ServerMessage> {
    let line = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line).trim_ascii();
    if line.is_empty() {
        return Vec::new();
    }
    match text::parse(line) {
        Ok(Value::Array(batch)) => {
            batch.into_iter().filter_map(|message| read_value(message, server)).collect()
        }
        Ok(message) => read_value(message, server).into_iter().collect(),
        Err(error) => {
            let mut scanner = IdScanner::default();
            scanner.feed(line);
            let response = scanner.id().and_then(|id| unreadable(id, &error.to_string(), server));
            if response.is_none() {
                tracing::debug!(server, %error, "ignored a line of an MCP server that is no message");
            }
            response.into_iter().collect()
        }
    }
}

/// The error response that stands for a response that cannot be read.
pub(super) fn unreadable(id: &Value, reason: &str, server: &str) -> Option<ServerMessage> {
    tracing::warn!(server, %id, "could not read a response of an MCP server: {reason}");
    let message = format!("the response could not be read: {reason}");
    let error = json!({"code": INTERNAL_ERROR, "message": message});
    serde_json::from_value(json!({"jsonrpc": "2.0", "id": id, "error": error})).ok()
}

fn read_value(message: Value, server: &str) -> Option<ServerMessage> {
    let Value::Object(mut fields) = message else { return None };
    fields.insert("jsonrpc".to_owned(), "2.0".into());
    if fields.contains_key("method") {
        let read = serde_json::from_value(fields.into());
        let ignored = |error| {
            tracing::debug!(server, %error, "ignored a request or notification of an MCP server");
        };
        return read.map_err(ignored).ok();
    }
    let id = fields.get("id").filter(|id| !id.is_null())?.clone();
    reduce(&mut fields, server);
    match serde_json::from_value(fields.into()) {
        Ok(message) => Some(message),
        Err(error) => unreadable(&id, &error.to_string(), server),
    }
}

/// Reduces a response to what can be understood.
fn reduce(response: &mut Map<String, Value>, server: &str) {
    match response.remove("error") {
        None | Some(Value::Null) => {}
        Some(error) => {
            response.insert("error".to_owned(), readable_error(error));
            response.remove("result");
        }
    }
    if let Some(Value::Object(result)) = response.get_mut("result") {
        tools::reduce(result, server);
        content::reduce(result, server);
        handshake::reduce(result, server);
    }
}

/// An error with a code and a message, whatever the server left out.
fn readable_error(error: Value) -> Value {
    let code = error["code"].as_i64().and_then(|code| i32::try_from(code).ok());
    let message = match (&error, &error["message"]) {
        (_, Value::String(message)) | (Value::String(message), _) => message.clone(),
        (Value::Object(_), Value::Null) => {
            "the server reports an error without a message".to_owned()
        }
        (_, Value::Null) => error.to_string(),
        (_, message) => message.to_string(),
    };
    let mut readable = json!({"code": code.unwrap_or(INTERNAL_ERROR), "message": message});
    if let Some(data) = error.get("data") {
        readable["data"] = data.clone();
    }
    readable
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The messages of a line, as JSON.
    fn messages(line: &str) -> Vec<Value> {
        let read = read(line.as_bytes(), "s");
        read.iter().map(|message| serde_json::to_value(message).unwrap()).collect()
    }

    fn error_of(line: &str) -> String {
        let [message] = &messages(line)[..] else { panic!("{line}") };
        message["error"]["message"].as_str().unwrap_or_default().to_owned()
    }

    #[test]
    fn what_is_no_message_is_ignored() {
        for line in ["", " \r", "Server started", "7", "null", "{}", r#"{"id": null}"#, "{\"x\": "]
        {
            assert!(messages(line).is_empty(), "{line}");
        }
        assert!(messages(r#"{"method": "notifications/odd", "params": 7}"#).len() <= 1);
    }

    #[test]
    fn a_response_may_have_a_mark_and_no_version_and_come_in_a_batch() {
        let response = r#"{"id": 1, "result": {"content": []}, "error": null}"#;
        assert_eq!(messages(&format!("\u{feff}{response}\r")).len(), 1);
        assert_eq!(messages(&format!("[{response}, 7, {response}]")).len(), 2);
    }

    #[test]
    fn an_error_needs_neither_code_nor_message() {
        for (error, message) in [
            (r#"{"code": -32000}"#, "the server reports an error without a message"),
            (r#"{"message": "no"}"#, "no"),
            (r#"{"code": "E1", "message": {"a": 1}}"#, r#"{"a":1}"#),
            (r#""no""#, "no"),
            ("7", "7"),
        ] {
            assert_eq!(error_of(&format!(r#"{{"id": 1, "error": {error}}}"#)), message);
        }
    }

    #[test]
    fn an_unreadable_response_is_an_error_of_its_call() {
        for line in [r#"{"id": 1, "result": {"content": [}}"#, r#"{"id": 1}"#, r#"{"id":1,"x":"#] {
            let error = error_of(line);
            assert!(error.starts_with("the response could not be read: "), "{line}: {error}");
        }
    }
}
