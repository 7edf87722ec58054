//! The arguments of `llm:generate`, checked before a request is sent.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::limits;

/// The arguments of `llm:generate`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenerateArguments {
    /// The user's message; excludes `messages`.
    pub prompt: Option<String>,
    /// A conversation; excludes `prompt`.
    pub messages: Option<Vec<ChatMessage>>,
    /// Instructions that precede the conversation.
    pub system: Option<String>,
    /// Sampling temperature, 0 to 2.
    pub temperature: Option<f64>,
    /// Upper limit of the tokens of the completion.
    pub max_tokens: Option<u32>,
    /// The name of a provider, one of `[llm.*]`.
    pub provider: Option<String>,
    /// The model, instead of the provider's own.
    pub model: Option<String>,
    /// Sequences at which the completion stops.
    pub stop: Option<StopSequences>,
    /// Request the completion in chunks.
    pub stream: Option<bool>,
    /// The topic to publish the chunks on.
    pub topic: Option<String>,
}

/// One message of a conversation. Unknown fields are passed on.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ChatMessage {
    /// The author: `system`, `user`, `assistant`, …
    pub role: String,
    /// Text, or an array of parts.
    #[serde(default)]
    pub content: Value,
    /// All other fields.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// Sequences at which a completion stops.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged, expecting = "a string or an array of strings")]
pub enum StopSequences {
    /// One sequence.
    One(String),
    /// Several sequences.
    Many(Vec<String>),
}

impl GenerateArguments {
    /// Reads and checks the arguments.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn read(text: &str) -> Result<Self, String> {
        // The deserialiser would read an array as the fields in their order.
        if !text.trim_start().starts_with('{') {
            return Err("expected an object such as {\"prompt\": \"…\"}".to_owned());
        }
        let arguments: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        arguments.check()?;
        Ok(arguments)
    }

    fn check(&self) -> Result<(), String> {
        let error = |message: &str| Err(message.to_owned());
        match (&self.prompt, &self.messages) {
            (Some(_), Some(_)) => return error("prompt and messages exclude each other"),
            (None, None) => return error("prompt or messages is required"),
            (None, Some(messages)) if messages.is_empty() => return error("messages is empty"),
            _ => {}
        }
        if self.temperature.is_some_and(|t| !(0.0..=2.0).contains(&t)) {
            return error("temperature must be from 0 to 2");
        }
        if self.max_tokens == Some(0) {
            return error("max_tokens must be at least 1");
        }
        if self.topic.as_deref() == Some("") {
            return error("topic is empty");
        }
        if let Some(Err(limit)) = self.topic.as_deref().map(limits::check_topic) {
            return Err(limit.to_string());
        }
        if self.stream == Some(false) && self.topic.is_some() {
            return error("topic requires stream");
        }
        Ok(())
    }

    /// Whether the completion is requested in chunks: if `stream` says so, or if there is a topic to publish them on.
    pub fn streams(&self) -> bool {
        self.stream.unwrap_or(self.topic.is_some())
    }
}

/// The JSON Schema of the arguments.
pub fn schema() -> Value {
    let message = json!({
        "type": "object",
        "properties": {"role": {"type": "string"}, "content": {"type": ["string", "array", "null"]}},
        "required": ["role"],
    });
    let strings = json!({"type": "array", "items": {"type": "string"}});
    let string = |description: &str| json!({"type": "string", "description": description});
    json!({
        "type": "object",
        "properties": {
            "prompt": string("The user's message; excludes messages."),
            "messages": {
                "type": "array", "items": message, "minItems": 1,
                "description": "A conversation; excludes prompt.",
            },
            "system": string("Instructions that precede the conversation."),
            "temperature": {"type": "number", "minimum": 0, "maximum": 2},
            "max_tokens": {
                "type": "integer", "minimum": 1,
                "description": "Upper limit of the tokens of the completion; at most the provider's max_tokens.",
            },
            "provider": string("One of the [llm.*] tables, instead of the calling agent's llm_provider."),
            "model": string("The model, instead of the provider's own."),
            "stop": {"anyOf": [{"type": "string"}, strings], "description": "Sequences at which the completion stops."},
            "stream": {"type": "boolean", "description": "Request the completion in chunks."},
            "topic": string(
                "Publish each chunk on this topic as an event llm.delta, and the end as llm.done or llm.error; implies stream."
            ),
        },
        "oneOf": [{"required": ["prompt"]}, {"required": ["messages"]}],
        "additionalProperties": false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_arguments_are_refused_with_a_reason() {
        for (text, reason) in [
            ("null", "expected an object such as"),
            ("[\"hi\"]", "expected an object such as"),
            ("{}", "prompt or messages is required"),
            (r#"{"prompt": 1}"#, "invalid type: integer `1`, expected a string"),
            (r#"{"prompt": "a", "messages": []}"#, "prompt and messages exclude each other"),
            (r#"{"messages": []}"#, "messages is empty"),
            (r#"{"messages": [{"content": "a"}]}"#, "missing field `role`"),
            (r#"{"prompt": "a", "temprature": 1}"#, "unknown field `temprature`"),
            (r#"{"prompt": "a", "temperature": 2.5}"#, "temperature must be from 0 to 2"),
            (r#"{"prompt": "a", "max_tokens": 0}"#, "max_tokens must be at least 1"),
            (r#"{"prompt": "a", "max_tokens": -1}"#, "invalid value: integer `-1`"),
            (r#"{"prompt": "a", "stop": 1}"#, "a string or an array of strings"),
            (r#"{"prompt": "a", "topic": ""}"#, "topic is empty"),
            (r#"{"prompt": "a", "topic": "t", "stream": false}"#, "topic requires stream"),
        ] {
            let error = GenerateArguments::read(text).unwrap_err();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }

    #[test]
    fn a_topic_implies_stream() {
        for (text, streams) in [
            (r#"{"prompt": "a"}"#, false),
            (r#"{"prompt": "a", "stream": true}"#, true),
            (r#"{"prompt": "a", "stream": null, "topic": "t"}"#, true),
            (r#"{"prompt": "a", "stream": false}"#, false),
        ] {
            assert_eq!(GenerateArguments::read(text).unwrap().streams(), streams, "{text}");
        }
    }

    #[test]
    fn the_schema_names_every_argument() {
        let schema = schema();
        let names: Vec<_> = schema["properties"].as_object().unwrap().keys().collect();
        let error =
            serde_json::from_str::<GenerateArguments>(r#"{"?": 0}"#).unwrap_err().to_string();
        let fields = error.matches('`').count() / 2 - 1;
        assert_eq!(names.len(), fields, "{error}");
        assert!(names.iter().all(|name| error.contains(&format!("`{name}`"))), "{error}");
    }
}
