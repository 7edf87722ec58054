//! The body of a request for a completion.

use serde_json::{Map, Value, json};

use super::{
    arguments::{ChatMessage, GenerateArguments, StopSequences},
    provider::LlmProvider,
};

/// The name that some models require for `max_tokens`: if the provider's `extra` has this field, the limit is set there.
const MAX_COMPLETION_TOKENS: &str = "max_completion_tokens";

/// A request for a completion.
#[derive(Debug, Clone, PartialEq)]
pub struct ChatRequest {
    /// The requested model.
    pub model: String,
    /// Whether the completion is requested in chunks.
    pub streams: bool,
    /// The complete body.
    pub body: Map<String, Value>,
}

impl ChatRequest {
    /// The request that `arguments` ask for; what they leave open comes from the provider.
    ///
    /// The fields of the provider's `extra` are added. They replace no field of the request, except `stream_options`.
    ///
    /// # Errors
    /// If no model is given, `max_tokens` exceeds the provider's limit, or `extra` is no table.
    pub fn new(provider: &LlmProvider, arguments: &GenerateArguments) -> Result<Self, String> {
        let Some(model) = arguments.model.as_ref().or(provider.model.as_ref()) else {
            let name = &provider.name;
            return Err(format!("no model is given, and provider {name} has none"));
        };
        let max_tokens = max_tokens(provider, arguments)?;
        let streams = arguments.streams();
        let mut body = provider.extra()?;
        let limit_key = if body.contains_key(MAX_COMPLETION_TOKENS) {
            MAX_COMPLETION_TOKENS
        } else {
            "max_tokens"
        };
        let mut set = |key: &str, value: Value| body.insert(key.to_owned(), value);
        set("model", model.clone().into());
        set("messages", messages(arguments));
        set(limit_key, max_tokens.into());
        set("temperature", arguments.temperature.unwrap_or(provider.temperature).into());
        match &arguments.stop {
            Some(StopSequences::One(sequence)) => _ = set("stop", sequence.clone().into()),
            Some(StopSequences::Many(sequences)) => _ = set("stop", sequences.clone().into()),
            None => {}
        }
        set("stream", streams.into());
        if streams && !body.contains_key("stream_options") {
            // Without it a streamed response has no usage.
            body.insert("stream_options".to_owned(), json!({"include_usage": true}));
        }
        Ok(Self { model: model.clone(), streams, body })
    }
}

fn max_tokens(provider: &LlmProvider, arguments: &GenerateArguments) -> Result<u32, String> {
    let name = &provider.name;
    let limit = provider.max_tokens;
    let requested = arguments.max_tokens.unwrap_or(limit);
    if requested <= limit {
        Ok(requested)
    } else {
        Err(format!(
            "max_tokens is {requested}; provider {name} allows at most {limit} (llm.{name}.max_tokens)"
        ))
    }
}

fn messages(arguments: &GenerateArguments) -> Value {
    let message = |role: &str, text: &String| json!({"role": role, "content": text});
    let system = arguments.system.iter().map(|text| message("system", text));
    let conversation = arguments.messages.iter().flatten().map(to_json);
    let prompt = arguments.prompt.iter().map(|text| message("user", text));
    system.chain(conversation).chain(prompt).collect()
}

fn to_json(message: &ChatMessage) -> Value {
    let mut fields = message.more.clone();
    fields.insert("role".to_owned(), message.role.clone().into());
    fields.insert("content".to_owned(), message.content.clone());
    fields.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provider(extra: Value) -> LlmProvider {
        LlmProvider {
            model: Some("m".to_owned()),
            max_tokens: 100,
            extra: Some(extra),
            ..LlmProvider::new("p")
        }
    }

    fn body(provider: &LlmProvider, arguments: Value) -> Result<Value, String> {
        let arguments = GenerateArguments::read(&arguments.to_string()).unwrap();
        ChatRequest::new(provider, &arguments).map(|request| request.body.into())
    }

    #[test]
    fn the_provider_supplies_what_the_arguments_leave_open() {
        let defaults = json!({
            "model": "m", "max_tokens": 100, "temperature": 0.7, "stream": false,
            "messages": [{"role": "user", "content": "hi"}],
        });
        assert_eq!(body(&provider(Value::Null), json!({"prompt": "hi"})).unwrap(), defaults);
        let all = json!({
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": "a"}], "name": "n"},
                {"role": "assistant", "content": null, "tool_calls": []},
            ],
            "system": "s", "temperature": 0, "max_tokens": 100, "model": "other", "stop": ["x"], "stream": true,
        });
        let expected = json!({
            "model": "other", "max_tokens": 100, "temperature": 0.0, "stop": ["x"], "stream": true,
            "stream_options": {"include_usage": true},
            "messages": [
                {"role": "system", "content": "s"},
                {"role": "user", "content": [{"type": "text", "text": "a"}], "name": "n"},
                {"role": "assistant", "content": null, "tool_calls": []},
            ],
        });
        assert_eq!(body(&provider(Value::Null), all).unwrap(), expected);
    }

    #[test]
    fn extra_fields_are_added_and_replace_none() {
        let extra = json!({"seed": 7, "model": "not this", "max_completion_tokens": 5});
        let sent = body(&provider(extra), json!({"prompt": "hi", "max_tokens": 9})).unwrap();
        assert_eq!((&sent["seed"], &sent["model"]), (&json!(7), &json!("m")));
        assert_eq!((&sent["max_completion_tokens"], sent.get("max_tokens")), (&json!(9), None));
        let extra = json!({"stream_options": {}});
        let sent = body(&provider(extra), json!({"prompt": "hi", "stream": true})).unwrap();
        assert_eq!(sent["stream_options"], json!({}));
    }

    #[test]
    fn more_tokens_than_the_provider_allows_are_refused() {
        let error = body(&provider(Value::Null), json!({"prompt": "hi", "max_tokens": 101}));
        assert_eq!(
            error.unwrap_err(),
            "max_tokens is 101; provider p allows at most 100 (llm.p.max_tokens)"
        );
    }

    #[test]
    fn a_model_is_required() {
        let error = body(&LlmProvider::new("p"), json!({"prompt": "hi"})).unwrap_err();
        assert_eq!(error, "no model is given, and provider p has none");
    }
}
