//! Finds values that must not be rendered: what names a variable, and what may be a secret.

use loom_base::redact;
use serde_json::Value;

use super::DeployError;
use crate::config::{LlmProviderSettings, McpServerSettings, Resolved};

/// Words in the names of keys and options whose values are secrets.
const SECRET_WORDS: [&str; 7] =
    ["api_key", "apikey", "access_key", "password", "passwd", "secret", "token"];

/// Checks every value of the configuration that is rendered as it is.
pub(super) fn check(resolved: &Resolved) -> Result<(), DeployError> {
    resolved.llm.providers.iter().try_for_each(check_provider)?;
    resolved.mcp.iter().try_for_each(|(name, server)| check_server(name, server))?;
    for (name, agent) in &resolved.agents {
        for (key, raw) in &agent.value {
            check_value(&format!("agents.{name}.{key}"), key, &raw.value.value)?;
        }
    }
    Ok(())
}

fn check_provider(provider: &LlmProviderSettings) -> Result<(), DeployError> {
    let key = |setting: &str| format!("llm.{}.{setting}", provider.name);
    check_text(&key("type"), &provider.kind.value)?;
    for (setting, value) in [("api_base", &provider.api_base), ("model", &provider.model)] {
        value.as_ref().map_or(Ok(()), |value| check_text(&key(setting), &value.value))?;
    }
    let extra = provider.extra.as_ref();
    extra.map_or(Ok(()), |extra| check_value(&key("extra"), "extra", &extra.value.value))
}

fn check_server(name: &str, server: &McpServerSettings) -> Result<(), DeployError> {
    let key = |setting: &str| format!("mcp.{name}.{setting}");
    let server = match server {
        McpServerSettings::Program(program) => program,
        McpServerSettings::Http(server) => return check_text(&key("url"), &server.url.value),
    };
    check_text(&key("command"), &server.command.value)?;
    let mut option = "";
    for (index, argument) in server.args.value.iter().enumerate() {
        let at = key(&format!("args[{index}]"));
        check_text(&at, argument)?;
        let (name, value) = argument.split_once('=').unwrap_or((option, argument));
        let is_value = !value.is_empty() && !value.starts_with('-');
        if is_value && name.starts_with('-') && is_secret_name(name) {
            return Err(DeployError::Secret { key: at });
        }
        option = argument;
    }
    Ok(())
}

/// Checks all texts in a value; `name` is the key that it belongs to.
fn check_value(at: &str, name: &str, value: &Value) -> Result<(), DeployError> {
    match value {
        Value::String(text) if !text.is_empty() && is_secret_name(name) => {
            Err(DeployError::Secret { key: at.to_owned() })
        }
        Value::String(text) => check_text(at, text),
        Value::Array(items) => {
            let mut items = items.iter().enumerate();
            items.try_for_each(|(index, item)| check_value(&format!("{at}[{index}]"), name, item))
        }
        Value::Object(table) => {
            let mut table = table.iter();
            table.try_for_each(|(key, value)| check_value(&format!("{at}.{key}"), key, value))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

fn check_text(key: &str, text: &str) -> Result<(), DeployError> {
    let is_url_with_secret = || text.contains("://") && redact::text(text) != text;
    if text.contains("${") {
        Err(DeployError::Variable { key: key.to_owned() })
    } else if is_url_with_secret() {
        Err(DeployError::Secret { key: key.to_owned() })
    } else {
        Ok(())
    }
}

fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('-', "_");
    SECRET_WORDS.iter().any(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn variables_and_what_may_be_secret_are_found_at_any_depth() {
        for (value, expected) in [
            (json!({"max_tokens": 7, "topics": ["a", "b"], "url": "https://host/a"}), None),
            (json!({"a": {"api-key": "hush"}}), Some("x.a.api-key may hold")),
            (json!({"a": {"Tokens": ["hush"]}}), Some("x.a.Tokens[0] may hold")),
            (json!({"token": ""}), None),
            (json!(["https://u:hush@host/"]), Some("x[0] may hold")),
            (json!(["https://host/?key=hush"]), Some("x[0] may hold")),
            (json!({"a": ["b", "${HUSH}"]}), Some("x.a[1] names a variable")),
        ] {
            let found = check_value("x", "x", &value).map_err(|error| error.to_string());
            match (found, expected) {
                (Ok(()), None) => {}
                (Err(found), Some(expected)) => {
                    assert!(found.starts_with(expected) && !found.contains("hush"), "{found}");
                }
                other => panic!("{value}: {other:?}"),
            }
        }
    }
}
