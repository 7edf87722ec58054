//! The document that is sent.

use serde_json::{Map, Value, json};

use super::{
    GenerateArguments, LlmProvider,
    arguments::{ChatMessage, StopSequences},
};

/// Some models take the limit by this name only: whoever has it in `extra` gets the limit there.
const OTHER_LIMIT: &str = "max_completion_tokens";

/// What a call makes of a provider: its model and limits, where the call says nothing else.
///
/// Fields of the provider's `extra` are passed on; they never replace one of ours, except `stream_options`.
pub fn document(provider: &LlmProvider, arguments: &GenerateArguments) -> Result<Document, String> {
    let Some(model) = arguments.model.as_ref().or(provider.model.as_ref()) else {
        return Err(format!("provider {} has no model, and the call names none", provider.name));
    };
    let max_tokens = arguments.max_tokens.unwrap_or(provider.max_tokens);
    if max_tokens > provider.max_tokens {
        let (name, most) = (&provider.name, provider.max_tokens);
        return Err(format!(
            "max_tokens is {max_tokens}; provider {name} allows at most {most} (llm.{name}.max_tokens)"
        ));
    }
    let mut body = provider.extra()?;
    let limit = if body.contains_key(OTHER_LIMIT) { OTHER_LIMIT } else { "max_tokens" };
    let mut set = |key: &str, value: Value| body.insert(key.to_owned(), value);
    set("model", model.clone().into());
    set("messages", messages(arguments));
    set(limit, max_tokens.into());
    set("temperature", arguments.temperature.unwrap_or(provider.temperature).into());
    match &arguments.stop {
        Some(StopSequences::One(text)) => _ = set("stop", text.clone().into()),
        Some(StopSequences::Many(texts)) => _ = set("stop", texts.clone().into()),
        None => {}
    }
    let streams = arguments.streams();
    set("stream", streams.into());
    if streams && !body.contains_key("stream_options") {
        // Without it a streamed answer does not say what it cost.
        body.insert("stream_options".to_owned(), json!({"include_usage": true}));
    }
    Ok(Document { model: model.clone(), streams, body })
}

/// What is sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// The model that is asked.
    pub model: String,
    /// Whether the answer comes piece by piece.
    pub streams: bool,
    /// All of it.
    pub body: Map<String, Value>,
}

fn messages(arguments: &GenerateArguments) -> Value {
    let said = |role: &str, text: &String| json!({"role": role, "content": text});
    let system = arguments.system.iter().map(|text| said("system", text));
    let given = arguments.messages.iter().flatten().map(message);
    let prompt = arguments.prompt.iter().map(|text| said("user", text));
    system.chain(given).chain(prompt).collect()
}

fn message(message: &ChatMessage) -> Value {
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

    fn sent(provider: &LlmProvider, arguments: Value) -> Result<Value, String> {
        let arguments = GenerateArguments::read(&arguments.to_string()).unwrap();
        document(provider, &arguments).map(|document| document.body.into())
    }

    #[test]
    fn the_provider_fills_in_what_the_call_leaves_open() {
        let defaults = json!({
            "model": "m", "max_tokens": 100, "temperature": 0.7, "stream": false,
            "messages": [{"role": "user", "content": "hi"}],
        });
        assert_eq!(sent(&provider(Value::Null), json!({"prompt": "hi"})).unwrap(), defaults);
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
        assert_eq!(sent(&provider(Value::Null), all).unwrap(), expected);
    }

    #[test]
    fn extra_is_passed_on_and_never_replaces_ours() {
        let extra = json!({"seed": 7, "model": "not this", "max_completion_tokens": 5});
        let body = sent(&provider(extra), json!({"prompt": "hi", "max_tokens": 9})).unwrap();
        assert_eq!((&body["seed"], &body["model"]), (&json!(7), &json!("m")));
        assert_eq!((&body["max_completion_tokens"], body.get("max_tokens")), (&json!(9), None));
        let extra = json!({"stream_options": {}});
        let body = sent(&provider(extra), json!({"prompt": "hi", "stream": true})).unwrap();
        assert_eq!(body["stream_options"], json!({}));
    }

    #[test]
    fn more_than_the_provider_allows_is_refused() {
        let error = sent(&provider(Value::Null), json!({"prompt": "hi", "max_tokens": 101}));
        assert_eq!(
            error.unwrap_err(),
            "max_tokens is 101; provider p allows at most 100 (llm.p.max_tokens)"
        );
        let error = sent(&LlmProvider::new("p"), json!({"prompt": "hi"})).unwrap_err();
        assert_eq!(error, "provider p has no model, and the call names none");
    }
}
