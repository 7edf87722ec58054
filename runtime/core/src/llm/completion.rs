//! The response of a language model, complete or in chunks.

use serde::Serialize;
use serde_json::Value;

use super::{
    piece::{ChatPiece, error_message},
    sse::SseEvent,
};

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
        let mut piece = ChatPiece::read(body)?;
        if !piece.has_choice {
            return Err("the response has no choices".to_owned());
        }
        self.text = piece.message.take().or(piece.delta.take()).unwrap_or_default();
        self.add_fields(piece);
        Ok(())
    }

    fn add_fields(&mut self, piece: ChatPiece) {
        if let Some(model) = piece.model {
            self.model = model;
        }
        if !piece.usage.is_null() {
            self.usage = piece.usage;
        }
        self.finish_reason = piece.finish_reason.or(self.finish_reason.take());
    }
}

/// What an event of a streamed response adds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chunk {
    /// This text, which may be empty.
    Text(String),
    /// The response is complete.
    Done,
}

/// A completion that arrives in chunks.
#[derive(Debug)]
pub struct StreamedCompletion<'a> {
    completion: &'a mut Completion,
    /// The number of chunks with text.
    chunks: usize,
    /// Whether a chunk had its text in `delta`.
    has_delta: bool,
}

/// The data of the event that ends a streamed response.
const DONE: &str = "[DONE]";

impl<'a> StreamedCompletion<'a> {
    /// Adds chunks to `completion`.
    pub fn new(completion: &'a mut Completion) -> Self {
        Self { completion, chunks: 0, has_delta: false }
    }

    /// Adds one event.
    ///
    /// # Errors
    /// What is wrong with the event, or the error that it reports. The final event without a `finish_reason` before it is
    /// an error: a proxy may send it although the provider broke off.
    pub fn add(&mut self, event: &SseEvent) -> Result<Chunk, String> {
        let data = event.data.trim();
        if event.name == "error" {
            return Err(error_message(data.as_bytes()));
        }
        match data {
            DONE if self.is_finished() => Ok(Chunk::Done),
            DONE => {
                let received = self.completion.text.chars().count();
                Err(format!("it ended without a finish_reason, after {received} characters"))
            }
            "" | "null" => Ok(Chunk::Text(String::new())),
            data => {
                let piece = ChatPiece::read(data.as_bytes())?;
                Ok(Chunk::Text(self.add_piece(piece)))
            }
        }
    }

    /// Whether a chunk has given a reason for the end of the text: as strong a sign of completeness as the final event,
    /// which not every provider sends.
    pub fn is_finished(&self) -> bool {
        self.completion.finish_reason.is_some()
    }

    /// The length of the text so far, in bytes.
    pub fn text_bytes(&self) -> usize {
        self.completion.text.len()
    }

    fn add_piece(&mut self, mut piece: ChatPiece) -> String {
        let delta = piece.delta.take().filter(|text| !text.is_empty());
        let message = piece.message.take().filter(|text| !text.is_empty());
        let is_last = piece.finish_reason.is_some();
        let added = match (delta, message) {
            // A chunk may carry the text so far in `message` besides its own part.
            (Some(part), _) => {
                self.has_delta = true;
                self.without_repetition(part, is_last)
            }
            (None, Some(so_far)) if self.has_delta => self.rest_of(&so_far),
            (None, Some(part)) => self.without_repetition(part, is_last),
            (None, None) => String::new(),
        };
        self.chunks += usize::from(!added.is_empty());
        self.completion.text.push_str(&added);
        self.completion.add_fields(piece);
        added
    }

    /// The part that `so_far`, the text up to now, adds to the text that has arrived.
    fn rest_of(&self, so_far: &str) -> String {
        so_far.strip_prefix(&*self.completion.text).unwrap_or_default().to_owned()
    }

    /// Some providers repeat the complete text in the last chunk. One chunk before it is no evidence: a text may consist
    /// of a repetition.
    fn without_repetition(&self, part: String, is_last: bool) -> String {
        let repeats = is_last && self.chunks > 1 && part == self.completion.text;
        if repeats { String::new() } else { part }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The texts that chunks add, and the completion.
    fn stream(chunks: &[Value]) -> Result<(Vec<String>, Completion), String> {
        let mut completion = Completion::new("p", "requested");
        let mut streamed = StreamedCompletion::new(&mut completion);
        let mut texts = Vec::new();
        for chunk in chunks {
            let data = chunk.as_str().map_or_else(|| chunk.to_string(), str::to_owned);
            match streamed.add(&SseEvent { name: String::new(), data })? {
                Chunk::Text(text) => texts.push(text),
                Chunk::Done => break,
            }
        }
        Ok((texts, completion))
    }

    fn delta(text: &str) -> Value {
        json!({"choices": [{"index": 0, "delta": {"content": text}}]})
    }

    fn last(field: &str, text: &str) -> Value {
        json!({"choices": [{"index": 0, field: {"content": text}, "finish_reason": "stop"}]})
    }

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
        let (texts, completion) = stream(&[
            json!({"model": "m", "choices": [{"delta": {"role": "assistant", "content": ""}}]}),
            json!({"choices": [{"delta": {"content": "h"}, "finish_reason": null}], "usage": null}),
            json!(""),
            json!("null"),
            json!({"choices": [{"delta": {"content": "i"}}]}),
            json!({"choices": [{"delta": {}, "finish_reason": "length"}]}),
            json!({"choices": null, "usage": {"total_tokens": 3}}),
            json!("[DONE] "),
        ])
        .unwrap();
        assert_eq!(texts.concat(), "hi");
        assert_eq!((&*completion.text, &*completion.model), ("hi", "m"));
        assert_eq!(completion.finish_reason.as_deref(), Some("length"));
        assert_eq!(completion.usage, json!({"total_tokens": 3}));
    }

    #[test]
    fn a_repetition_of_all_that_came_before_is_not_added() {
        for (chunks, text) in [
            (vec![delta("he"), delta("llo"), last("message", "hello")], "hello"),
            (vec![delta("he"), delta("llo"), last("delta", "hello")], "hello"),
            (vec![delta("he"), last("message", "hello")], "hello"),
            (vec![last("message", "hello")], "hello"),
            (vec![delta("ha"), last("delta", "ha")], "haha"),
            (vec![delta("a"), delta("b"), last("delta", "c")], "abc"),
        ] {
            let (texts, completion) = stream(&chunks).unwrap();
            assert_eq!((&*completion.text, &*texts.concat()), (text, text), "{chunks:?}");
        }
        let part = |text: &str| json!({"choices": [{"message": {"content": text}}]});
        let (_, completion) = stream(&[part("he"), part("llo"), last("message", "!")]).unwrap();
        assert_eq!(completion.text, "hello!", "parts under another name");
        let both =
            json!({"choices": [{"delta": {"content": "llo"}, "message": {"content": "hello"}}]});
        assert_eq!(stream(&[delta("he"), both]).unwrap().1.text, "hello");
    }

    #[test]
    fn half_a_response_is_an_error() {
        let error = stream(&[delta("half"), json!("[DONE]")]).unwrap_err();
        assert_eq!(error, "it ended without a finish_reason, after 4 characters");
        let error = stream(&[last("delta", "x"), json!({"error": {"message": "no"}})]).unwrap_err();
        assert_eq!(error, "no");
        let mut completion = Completion::default();
        let data = r#"{"message": "overloaded", "code": 529}"#.to_owned();
        let event = SseEvent { name: "error".to_owned(), data };
        assert_eq!(StreamedCompletion::new(&mut completion).add(&event).unwrap_err(), "overloaded");
    }

    #[test]
    fn a_response_without_choices_is_invalid() {
        for body in ["{}", r#"{"choices": []}"#, r#"{"choices": null}"#] {
            let error = Completion::default().add_response(body.as_bytes()).unwrap_err();
            assert_eq!(error, "the response has no choices", "{body}");
        }
    }

    #[test]
    fn a_response_may_have_no_text() {
        let body = r#"{"choices": [{"message": {"content": null, "tool_calls": []}}]}"#;
        let mut completion = Completion::default();
        completion.add_response(body.as_bytes()).unwrap();
        assert_eq!(completion.text, "");
    }
}
