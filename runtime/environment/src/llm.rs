//! The value of `LOOM_LLM_PROVIDERS`: the table `[llm]` of `loom.toml`.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, MapAccess, Visitor},
    ser::SerializeMap as _,
};
use serde_json::Value;

use crate::{LlmPriceTable, SecretText, table_fields::TableFields};

/// The key of `[llm]` that names the default provider; every other key names a provider's table.
const DEFAULT: &str = "default";

/// The LLM providers, as `{"<name>": {…}, …, "default": "<name>"}`.
///
/// The order of the providers is significant, in JSON too: without a `default` the first one is the default.
#[derive(Debug, Clone, Default)]
pub struct LlmTables {
    /// The provider of calls that name none.
    pub default: Option<String>,
    /// Names and tables, in the order of `loom.toml`; names are unique.
    pub providers: Vec<(String, LlmProviderTable)>,
}

/// The table `[llm.<name>]`. What is `None` has the server's default.
#[derive(Clone, Default, Serialize)]
pub struct LlmProviderTable {
    /// The kind of API; the key is `type`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The API key, sent as a bearer token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key: Option<SecretText>,
    /// The base URL of the API.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_base: Option<String>,
    /// The model of calls that name none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Upper limit of the tokens of one completion.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    /// Sampling temperature, 0 to 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Timeout of a request, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_sec: Option<u64>,
    /// Additional fields of the request body: a JSON object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extra: Option<Value>,
    /// The prices of tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<LlmPriceTable>,
}

/// Shows neither the key, nor the base URL, which may hold a password, nor the additional fields.
impl fmt::Debug for LlmProviderTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LlmProviderTable")
            .field("kind", &self.kind)
            .field("model", &self.model)
            .field("max_tokens", &self.max_tokens)
            .field("temperature", &self.temperature)
            .field("timeout_sec", &self.timeout_sec)
            .finish_non_exhaustive()
    }
}

impl Serialize for LlmTables {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, table) in &self.providers {
            map.serialize_entry(name, table)?;
        }
        if let Some(default) = &self.default {
            map.serialize_entry(DEFAULT, default)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for LlmTables {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(InOrder)
    }
}

/// Reads the entries in their order, which a map type would lose.
struct InOrder;

impl<'de> Visitor<'de> for InOrder {
    type Value = LlmTables;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of providers by name")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<LlmTables, A::Error> {
        let mut tables = LlmTables::default();
        while let Some(name) = map.next_key::<String>()? {
            if name == DEFAULT {
                tables.default = default(map.next_value()?).map_err(de::Error::custom)?;
            } else if tables.providers.iter().any(|(other, _)| *other == name) {
                return Err(de::Error::custom(format!("provider {name} is defined twice")));
            } else {
                let table = provider(&name, map.next_value()?).map_err(de::Error::custom)?;
                tables.providers.push((name, table));
            }
        }
        Ok(tables)
    }
}

/// The value of `default`, which may be absent.
fn default(value: Value) -> Result<Option<String>, String> {
    match value {
        Value::Null => Ok(None),
        Value::String(name) => Ok(Some(name)),
        _ => Err(format!("{DEFAULT}: expected the name of a provider")),
    }
}

fn provider(name: &str, table: Value) -> Result<LlmProviderTable, String> {
    const INTEGER: &str = "an integer from 0 to 4294967295";
    const PRICES: &str = "a table of prices from 0 to 1000000";
    let mut fields = TableFields::of(name, table)?;
    let price: Option<LlmPriceTable> = fields.optional("price", PRICES)?;
    if price.as_ref().is_some_and(|price| !price.is_valid()) {
        return Err(fields.wrong("price", PRICES));
    }
    Ok(LlmProviderTable {
        kind: fields.optional("type", "a string")?,
        api_key: fields.optional("api_key", "a string")?,
        api_base: fields.optional("api_base", "a string")?,
        model: fields.optional("model", "a string")?,
        max_tokens: fields.optional("max_tokens", INTEGER)?,
        temperature: fields.optional("temperature", "a number")?,
        timeout_sec: fields.optional("timeout_sec", "an integer")?,
        extra: fields.optional("extra", "a table")?,
        price,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    #[test]
    fn order_and_values_survive_a_round_trip() {
        let text = r#"{"z":{"type":"http","api_key":"k","api_base":"https://h","model":"m","max_tokens":4096,"temperature":0.0,"timeout_sec":5,"extra":{"seed":1},"price":{"input":2.0,"m*":{"output":1.5}}},"a":{},"default":"a"}"#;
        let tables: LlmTables = json::read(text).unwrap();
        let names: Vec<_> = tables.providers.iter().map(|(name, _)| &**name).collect();
        assert_eq!((names, tables.default.as_deref()), (vec!["z", "a"], Some("a")));
        assert_eq!(serde_json::to_string(&tables).unwrap(), text);
    }

    #[test]
    fn unknown_fields_are_ignored() {
        let tables: LlmTables = json::read(r#"{"a": {"newer": true, "model": "m"}}"#).unwrap();
        assert_eq!(tables.providers[0].1.model.as_deref(), Some("m"));
    }

    #[test]
    fn errors_show_no_value() {
        for (text, message) in [
            (r#"["hush"]"#, "expected an object of providers by name"),
            (r#"{"a": "hush"}"#, "a: expected a table"),
            (r#"{"a": {"max_tokens": "hush"}}"#, "a.max_tokens: expected an integer from 0"),
            (r#"{"a": {"api_key": ["hush"]}}"#, "a.api_key: expected a string"),
            (
                r#"{"a": {"price": {"input": "hush"}}}"#,
                "a.price: expected a table of prices from 0",
            ),
            (r#"{"a": {"price": {"m": {"output": -1}}}}"#, "a.price: expected a table of prices"),
            (r#"{"default": ["hush"]}"#, "default: expected the name of a provider"),
            (r#"{"a": {}, "a": {}}"#, "provider a is defined twice"),
        ] {
            let error = json::read::<LlmTables>(text).unwrap_err().to_string();
            assert!(error.starts_with(message) && !error.contains("hush"), "{text}: {error}");
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let text = r#"{"a": {"api_key": "hush", "api_base": "https://u:hush@h", "extra": {"token": "hush"}}}"#;
        let tables: LlmTables = json::read(text).unwrap();
        assert!(!format!("{tables:?}").contains("hush"));
    }
}
