//! The document that comes back, whole or in pieces.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a language model made of a request; the output of `llm:generate`.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Completion {
    /// Its text.
    pub text: String,
    /// The model that answered, in its own words.
    pub model: String,
    /// The provider.
    pub provider: String,
    /// The tokens it cost, as the provider counts them; null where it does not say.
    pub usage: Value,
    /// Why the text ends: stop, length, …; null where the provider does not say.
    pub finish_reason: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Document {
    #[serde(default)]
    model: Option<String>,
    #[serde(default)]
    choices: Vec<Choice>,
    #[serde(default)]
    usage: Value,
    #[serde(default)]
    error: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct Choice {
    /// A whole answer has a message, a piece a delta.
    #[serde(alias = "delta", default)]
    message: Option<Message>,
    #[serde(default)]
    finish_reason: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Message {
    #[serde(default)]
    content: Option<String>,
}

impl Completion {
    /// An answer of which nothing has arrived.
    pub fn begin(provider: &str, model: &str) -> Self {
        let (provider, model) = (provider.to_owned(), model.to_owned());
        Self { provider, model, ..Self::default() }
    }

    /// Takes a whole answer; else what is wrong with it.
    pub fn take(&mut self, body: &[u8]) -> Result<(), String> {
        let document = read(body)?;
        if document.choices.is_empty() {
            return Err("the answer has no choices".to_owned());
        }
        self.add(document);
        Ok(())
    }

    /// Takes one piece and gives its text; else what is wrong with it.
    pub fn take_piece(&mut self, data: &str) -> Result<String, String> {
        let document = read(data.as_bytes())?;
        Ok(self.add(document))
    }

    /// Nothing is added twice: only the first choice counts, there is no other one asked for.
    fn add(&mut self, document: Document) -> String {
        if let Some(model) = document.model.filter(|model| !model.is_empty()) {
            self.model = model;
        }
        if !document.usage.is_null() {
            self.usage = document.usage;
        }
        let Some(choice) = document.choices.into_iter().next() else { return String::new() };
        self.finish_reason = choice.finish_reason.or(self.finish_reason.take());
        let text = choice.message.and_then(|message| message.content).unwrap_or_default();
        self.text.push_str(&text);
        text
    }
}

fn read(body: &[u8]) -> Result<Document, String> {
    let document: Document = serde_json::from_slice(body)
        .map_err(|error| format!("the answer makes no sense: {error}"))?;
    match &document.error {
        Some(error) if !error.is_null() => Err(complaint(error)),
        _ => Ok(document),
    }
}

/// What a provider says about a failure: `{"error": {"message": …}}`, or text.
pub fn refusal(body: &[u8]) -> String {
    match serde_json::from_slice::<Value>(body) {
        Ok(document) => complaint(document.get("error").unwrap_or(&document)),
        Err(_) => String::from_utf8_lossy(body).trim().to_owned(),
    }
}

fn complaint(error: &Value) -> String {
    let said = [error, &error["message"], &error["detail"]].into_iter().find_map(Value::as_str);
    said.map_or_else(|| error.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_whole_answer() {
        let mut answer = Completion::begin("p", "asked");
        let body = json!({
            "id": "1", "model": "answered", "usage": {"total_tokens": 3},
            "choices": [{"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}],
        });
        answer.take(body.to_string().as_bytes()).unwrap();
        assert_eq!(
            serde_json::to_value(&answer).unwrap(),
            json!({
                "text": "hi", "model": "answered", "provider": "p",
                "usage": {"total_tokens": 3}, "finish_reason": "stop",
            })
        );
    }

    #[test]
    fn pieces_make_the_same_answer() {
        let mut answer = Completion::begin("p", "asked");
        let pieces = [
            json!({"model": "m", "choices": [{"delta": {"role": "assistant", "content": ""}}]}),
            json!({"choices": [{"delta": {"content": "h"}, "finish_reason": null}], "usage": null}),
            json!({"choices": [{"delta": {"content": "i"}}]}),
            json!({"choices": [{"delta": {}, "finish_reason": "length"}]}),
            json!({"choices": [], "usage": {"total_tokens": 3}}),
        ];
        let texts: Vec<_> =
            pieces.iter().map(|piece| answer.take_piece(&piece.to_string()).unwrap()).collect();
        assert_eq!(texts, ["", "h", "i", "", ""]);
        assert_eq!((&*answer.text, &*answer.model), ("hi", "m"));
        assert_eq!(answer.finish_reason.as_deref(), Some("length"));
        assert_eq!(answer.usage, json!({"total_tokens": 3}));
    }

    #[test]
    fn what_makes_no_sense_is_said() {
        for (body, why) in [
            ("<html>", "the answer makes no sense: expected value"),
            ("{}", "the answer has no choices"),
            (r#"{"choices": []}"#, "the answer has no choices"),
            (r#"{"choices": [{"message": {"content": 1}}]}"#, "the answer makes no sense"),
            (r#"{"error": {"message": "overloaded"}}"#, "overloaded"),
        ] {
            let error = Completion::default().take(body.as_bytes()).unwrap_err();
            assert!(error.starts_with(why), "{body}: {error}");
        }
        let silent = r#"{"choices": [{"message": {"content": null, "tool_calls": []}}]}"#;
        let mut answer = Completion::default();
        answer.take(silent.as_bytes()).unwrap();
        assert_eq!(answer.text, "");
    }

    #[test]
    fn refusals_in_all_their_forms() {
        for (body, said) in [
            (r#"{"error": {"message": "no", "type": "x"}}"#, "no"),
            (r#"{"error": "no"}"#, "no"),
            (r#"{"message": "no"}"#, "no"),
            (r#"{"detail": "no"}"#, "no"),
            (r#"{"error": {"code": 1}}"#, r#"{"code":1}"#),
            (" Bad gateway\n", "Bad gateway"),
            ("", ""),
        ] {
            assert_eq!(refusal(body.as_bytes()), said, "{body}");
        }
    }
}
