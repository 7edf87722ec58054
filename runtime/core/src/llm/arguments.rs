//! What `llm:generate` is asked for, checked before anything is sent.

use serde::Deserialize;
use serde_json::{Map, Value, json};

/// The arguments of `llm:generate`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenerateArguments {
    /// What the user says; instead of `messages`.
    pub prompt: Option<String>,
    /// A conversation; instead of `prompt`.
    pub messages: Option<Vec<ChatMessage>>,
    /// Said before everything else.
    pub system: Option<String>,
    /// 0 to 2.
    pub temperature: Option<f64>,
    /// The longest answer, in tokens.
    pub max_tokens: Option<u32>,
    /// One of `[llm.*]`.
    pub provider: Option<String>,
    /// Instead of the provider's own.
    pub model: Option<String>,
    /// Where the answer ends.
    pub stop: Option<StopSequences>,
    /// Ask for the answer piece by piece.
    pub stream: Option<bool>,
    /// Publish the pieces here.
    pub topic: Option<String>,
}

/// One message of a conversation; fields that we do not know are passed on.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ChatMessage {
    /// Who speaks: system, user, assistant, …
    pub role: String,
    /// Text, or parts.
    #[serde(default)]
    pub content: Value,
    /// Anything else.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// Texts before which the answer ends.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged, expecting = "text or a list of texts")]
pub enum StopSequences {
    /// This one.
    One(String),
    /// Any of these.
    Many(Vec<String>),
}

impl GenerateArguments {
    /// Reads and checks them; else what is wrong.
    pub fn read(text: &str) -> Result<Self, String> {
        // A list would be read as the fields in their order.
        if !text.trim_start().starts_with('{') {
            return Err("give an object such as {\"prompt\": \"…\"}".to_owned());
        }
        let arguments: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        arguments.check()?;
        Ok(arguments)
    }

    fn check(&self) -> Result<(), String> {
        let say = |why: &str| Err(why.to_owned());
        match (&self.prompt, &self.messages) {
            (Some(_), Some(_)) => return say("give prompt or messages, not both"),
            (None, None) => return say("give a prompt, or messages"),
            (None, Some(messages)) if messages.is_empty() => return say("messages is empty"),
            _ => {}
        }
        if self.temperature.is_some_and(|t| !(0.0..=2.0).contains(&t)) {
            return say("temperature must be from 0 to 2");
        }
        if self.max_tokens == Some(0) {
            return say("max_tokens must be at least 1");
        }
        if self.topic.as_deref() == Some("") {
            return say("topic is empty");
        }
        if self.stream == Some(false) && self.topic.is_some() {
            return say("a topic needs stream");
        }
        Ok(())
    }

    /// Whether the answer comes piece by piece: asked for, or because the pieces are to be published.
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
    let texts = json!({"type": "array", "items": {"type": "string"}});
    let text = |what: &str| json!({"type": "string", "description": what});
    json!({
        "type": "object",
        "properties": {
            "prompt": text("What the user says; instead of messages."),
            "messages": {
                "type": "array", "items": message, "minItems": 1,
                "description": "A conversation; instead of prompt.",
            },
            "system": text("Instructions, said before everything else."),
            "temperature": {"type": "number", "minimum": 0, "maximum": 2},
            "max_tokens": {
                "type": "integer", "minimum": 1,
                "description": "The longest answer, in tokens; not above the provider's max_tokens.",
            },
            "provider": text("One of the [llm.*] tables, instead of the calling agent's llm_provider."),
            "model": text("Instead of the provider's own."),
            "stop": {"anyOf": [{"type": "string"}, texts], "description": "Texts before which the answer ends."},
            "stream": {"type": "boolean", "description": "Ask for the answer piece by piece."},
            "topic": text(
                "Publish each piece here as an event llm.delta, and the end as llm.done or llm.error; asks to stream."
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
    fn what_makes_no_sense_is_refused_with_a_reason() {
        for (text, why) in [
            ("null", "give an object such as"),
            ("[\"hi\"]", "give an object such as"),
            ("{}", "give a prompt, or messages"),
            (r#"{"prompt": 1}"#, "invalid type: integer `1`, expected a string"),
            (r#"{"prompt": "a", "messages": []}"#, "give prompt or messages, not both"),
            (r#"{"messages": []}"#, "messages is empty"),
            (r#"{"messages": [{"content": "a"}]}"#, "missing field `role`"),
            (r#"{"prompt": "a", "temprature": 1}"#, "unknown field `temprature`"),
            (r#"{"prompt": "a", "temperature": 2.5}"#, "temperature must be from 0 to 2"),
            (r#"{"prompt": "a", "max_tokens": 0}"#, "max_tokens must be at least 1"),
            (r#"{"prompt": "a", "max_tokens": -1}"#, "invalid value: integer `-1`"),
            (r#"{"prompt": "a", "stop": 1}"#, "text or a list of texts"),
            (r#"{"prompt": "a", "topic": ""}"#, "topic is empty"),
            (r#"{"prompt": "a", "topic": "t", "stream": false}"#, "a topic needs stream"),
        ] {
            let error = GenerateArguments::read(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn a_topic_asks_to_stream() {
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
        let named: Vec<_> = schema["properties"].as_object().unwrap().keys().collect();
        let error =
            serde_json::from_str::<GenerateArguments>(r#"{"?": 0}"#).unwrap_err().to_string();
        let known = error.matches('`').count() / 2 - 1;
        assert_eq!(named.len(), known, "{error}");
        assert!(named.iter().all(|name| error.contains(&format!("`{name}`"))), "{error}");
    }
}
