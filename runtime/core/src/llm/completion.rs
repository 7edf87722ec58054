//! The response of a language model, complete or in chunks.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A completion; the output of `llm:generate`.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Completion {
    /// The generated text.
    pub text: String,
    /// The model, as the provider names it.
    pub model: String,
    /// The name of the provider.
    pub provider: String,
    /// The number of tokens as the provider reports it; null if it does not.
    pub usage: Value,
    /// Why the text ends: `stop`, `length`, …; null if the provider does not say.
    pub finish_reason: Option<String>,
}

/// The response body; a chunk has the same shape.
#[derive(Debug, Deserialize)]
struct ChatResponse {
    #[serde(default)]
    model: Option<String>,
    #[serde(default)]
    choices: Vec<ChatChoice>,
    #[serde(default)]
    usage: Value,
    #[serde(default)]
    error: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct ChatChoice {
    /// A complete response has `message`, a chunk `delta`.
    #[serde(alias = "delta", default)]
    message: Option<ChatContent>,
    #[serde(default)]
    finish_reason: Option<String>,
}

#[derive(Debug, Deserialize)]
struct ChatContent {
    #[serde(default)]
    content: Option<String>,
}

impl Completion {
    /// An empty completion, to which a response is added. `model` is the requested one.
    pub fn new(provider: &str, model: &str) -> Self {
        Self { provider: provider.to_owned(), model: model.to_owned(), ..Self::default() }
    }

    /// Adds a complete response.
    ///
    /// # Errors
    /// What is wrong with the response, or the error that it reports.
    pub fn add_response(&mut self, body: &[u8]) -> Result<(), String> {
        let response = parse(body)?;
        if response.choices.is_empty() {
            return Err("the response has no choices".to_owned());
        }
        self.add(response);
        Ok(())
    }

    /// Adds one chunk of a streamed response. Returns its text.
    ///
    /// # Errors
    /// What is wrong with the chunk, or the error that it reports.
    pub fn add_chunk(&mut self, data: &str) -> Result<String, String> {
        let response = parse(data.as_bytes())?;
        Ok(self.add(response))
    }

    /// Only the first choice counts: requests ask for one.
    fn add(&mut self, response: ChatResponse) -> String {
        if let Some(model) = response.model.filter(|model| !model.is_empty()) {
            self.model = model;
        }
        if !response.usage.is_null() {
            self.usage = response.usage;
        }
        let Some(choice) = response.choices.into_iter().next() else { return String::new() };
        self.finish_reason = choice.finish_reason.or(self.finish_reason.take());
        let text = choice.message.and_then(|message| message.content).unwrap_or_default();
        self.text.push_str(&text);
        text
    }
}

fn parse(body: &[u8]) -> Result<ChatResponse, String> {
    let response: ChatResponse = serde_json::from_slice(body)
        .map_err(|error| format!("the response is no chat completion: {error}"))?;
    match &response.error {
        Some(error) if !error.is_null() => Err(message_of(error)),
        _ => Ok(response),
    }
}

/// The error message in the body of a failed request: of `{"error": {"message": …}}` and similar shapes, else the text.
pub fn error_message(body: &[u8]) -> String {
    match serde_json::from_slice::<Value>(body) {
        Ok(document) => message_of(document.get("error").unwrap_or(&document)),
        Err(_) => String::from_utf8_lossy(body).trim().to_owned(),
    }
}

fn message_of(error: &Value) -> String {
    let candidates = [error, &error["message"], &error["detail"]];
    let message = candidates.into_iter().find_map(Value::as_str);
    message.map_or_else(|| error.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_complete_response() {
        let mut completion = Completion::new("p", "requested");
        let body = json!({
            "id": "1", "model": "used", "usage": {"total_tokens": 3},
            "choices": [{"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}],
        });
        completion.add_response(body.to_string().as_bytes()).unwrap();
        assert_eq!(
            serde_json::to_value(&completion).unwrap(),
            json!({
                "text": "hi", "model": "used", "provider": "p",
                "usage": {"total_tokens": 3}, "finish_reason": "stop",
            })
        );
    }

    #[test]
    fn chunks_add_up_to_the_same_completion() {
        let mut completion = Completion::new("p", "requested");
        let chunks = [
            json!({"model": "m", "choices": [{"delta": {"role": "assistant", "content": ""}}]}),
            json!({"choices": [{"delta": {"content": "h"}, "finish_reason": null}], "usage": null}),
            json!({"choices": [{"delta": {"content": "i"}}]}),
            json!({"choices": [{"delta": {}, "finish_reason": "length"}]}),
            json!({"choices": [], "usage": {"total_tokens": 3}}),
        ];
        let texts: Vec<_> =
            chunks.iter().map(|chunk| completion.add_chunk(&chunk.to_string()).unwrap()).collect();
        assert_eq!(texts, ["", "h", "i", "", ""]);
        assert_eq!((&*completion.text, &*completion.model), ("hi", "m"));
        assert_eq!(completion.finish_reason.as_deref(), Some("length"));
        assert_eq!(completion.usage, json!({"total_tokens": 3}));
    }

    #[test]
    fn invalid_responses_are_described() {
        for (body, message) in [
            ("<html>", "the response is no chat completion: expected value"),
            ("{}", "the response has no choices"),
            (r#"{"choices": []}"#, "the response has no choices"),
            (r#"{"choices": [{"message": {"content": 1}}]}"#, "the response is no chat completion"),
            (r#"{"error": {"message": "overloaded"}}"#, "overloaded"),
        ] {
            let error = Completion::default().add_response(body.as_bytes()).unwrap_err();
            assert!(error.starts_with(message), "{body}: {error}");
        }
    }

    #[test]
    fn a_response_may_have_no_text() {
        let body = r#"{"choices": [{"message": {"content": null, "tool_calls": []}}]}"#;
        let mut completion = Completion::default();
        completion.add_response(body.as_bytes()).unwrap();
        assert_eq!(completion.text, "");
    }

    #[test]
    fn error_messages_are_found_in_all_shapes() {
        for (body, message) in [
            (r#"{"error": {"message": "no", "type": "x"}}"#, "no"),
            (r#"{"error": "no"}"#, "no"),
            (r#"{"message": "no"}"#, "no"),
            (r#"{"detail": "no"}"#, "no"),
            (r#"{"error": {"code": 1}}"#, r#"{"code":1}"#),
            (" Bad gateway\n", "Bad gateway"),
            ("", ""),
        ] {
            assert_eq!(error_message(body.as_bytes()), message, "{body}");
        }
    }
}
