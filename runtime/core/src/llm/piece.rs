//! One document of a provider: a complete response, or a chunk of a streamed one.
//!
//! Providers deviate from OpenAI's shapes in fields that do not matter here. Each field is therefore read by itself, and
//! only a field that cannot be understood although it matters is an error.

use serde_json::Value;

/// UTF-8's byte order mark, which some servers write first.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// What one document says.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct ChatPiece {
    /// The model, if the document names one.
    pub(super) model: Option<String>,
    /// The number of tokens; null if the document does not say.
    pub(super) usage: Value,
    /// Whether the document has a choice.
    pub(super) has_choice: bool,
    /// The text of `delta`: a part of the completion.
    pub(super) delta: Option<String>,
    /// The text of `message`: a complete response, the text so far, or a part under another name.
    pub(super) message: Option<String>,
    /// Why the text ends here.
    pub(super) finish_reason: Option<String>,
}

impl ChatPiece {
    /// Reads a document. Only the first choice counts: requests ask for one.
    ///
    /// # Errors
    /// What is wrong with the document, or the error that it reports.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
        let document: Value =
            serde_json::from_slice(bytes).map_err(|error| no_completion(&error.to_string()))?;
        if !document.is_object() {
            return Err(no_completion("expected an object"));
        }
        reject_error(&document)?;
        let mut piece = Self {
            model: text(&document["model"]),
            usage: document["usage"].clone(),
            ..Self::default()
        };
        if let Some(choice) = first_choice(&document["choices"])? {
            piece.add_choice(choice)?;
        }
        Ok(piece)
    }

    fn add_choice(&mut self, choice: &Value) -> Result<(), String> {
        reject_error(choice)?;
        self.has_choice = true;
        self.delta = content(&choice["delta"]["content"])?;
        self.message = content(&choice["message"]["content"])?;
        // The older completions API.
        self.delta = self.delta.take().or_else(|| text(&choice["text"]));
        self.finish_reason = text(&choice["finish_reason"]);
        if self.finish_reason.as_deref() == Some("error") {
            return Err("the provider ended the completion with finish_reason \"error\"".to_owned());
        }
        Ok(())
    }
}

/// The choice with the index 0, else the first one.
fn first_choice(choices: &Value) -> Result<Option<&Value>, String> {
    match choices {
        Value::Null => Ok(None),
        Value::Array(all) => {
            let is_first = |choice: &&Value| choice["index"].as_u64() == Some(0);
            let choice = all.iter().find(is_first).or_else(|| all.first());
            Ok(choice.filter(|choice| choice.is_object()))
        }
        _ => Err(no_completion("choices is no array")),
    }
}

/// The text of a content: a string, or an array of parts of which those with text count.
fn content(content: &Value) -> Result<Option<String>, String> {
    match content {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        Value::Object(_) => Ok(part(content).map(str::to_owned)),
        Value::Array(parts) => Ok(Some(parts.iter().filter_map(part).collect())),
        _ => Err(no_completion("content is neither text nor parts")),
    }
}

fn part(part: &Value) -> Option<&str> {
    part.as_str().or_else(|| part["text"].as_str())
}

/// A text that is not empty: some providers write `""` where others write `null`.
fn text(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

fn no_completion(why: &str) -> String {
    format!("the response is no chat completion: {why}")
}

/// Fails if a document or a choice reports an error.
fn reject_error(document: &Value) -> Result<(), String> {
    let error = &document["error"];
    let is_error = |key: &str| document[key] == "error";
    if !is_empty(error) {
        Err(message_of(error))
    } else if is_error("object") || is_error("type") {
        Err(message_of(document))
    } else {
        Ok(())
    }
}

fn is_empty(error: &Value) -> bool {
    match error {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

/// The error message in the body of a failed request: of `{"error": {"message": …}}` and similar shapes, else the text.
pub(super) fn error_message(body: &[u8]) -> String {
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
    use super::*;

    fn texts(document: &str) -> (Option<String>, Option<String>) {
        let piece = ChatPiece::read(document.as_bytes()).unwrap();
        (piece.delta, piece.message)
    }

    #[test]
    fn text_is_found_in_all_shapes() {
        let some = |text: &str| Some(text.to_owned());
        for (choice, delta, message) in [
            (r#"{"delta": {"content": "a"}, "message": null}"#, some("a"), None),
            (r#"{"delta": {"content": "a"}, "message": {"content": "b"}}"#, some("a"), some("b")),
            (r#"{"delta": {"content": [{"type": "text", "text": "a"}, "b"]}}"#, some("ab"), None),
            (r#"{"delta": {"content": [{"type": "image"}]}}"#, some(""), None),
            (r#"{"delta": {"content": {"text": "a"}}}"#, some("a"), None),
            (r#"{"delta": null, "text": "a"}"#, some("a"), None),
            (r#"{"delta": [], "finish_reason": 7, "index": "x"}"#, None, None),
            ("null", None, None),
        ] {
            let document = format!(r#"{{"choices": [{choice}], "model": 1, "usage": 2}}"#);
            assert_eq!(texts(&document), (delta, message), "{choice}");
        }
    }

    #[test]
    fn a_document_may_have_no_choice_and_a_byte_order_mark() {
        for document in ["{}", r#"{"choices": null}"#, "\u{feff}{\"choices\": []}"] {
            let piece = ChatPiece::read(document.as_bytes()).unwrap();
            assert_eq!(piece, ChatPiece::default(), "{document}");
        }
    }

    #[test]
    fn the_first_choice_is_that_with_the_index_0() {
        let document = r#"{"choices": [
            {"index": 1, "delta": {"content": "b"}}, {"index": 0, "delta": {"content": "a"}}
        ]}"#;
        assert_eq!(texts(document).0.as_deref(), Some("a"));
    }

    #[test]
    fn errors_are_found_in_all_shapes() {
        for (document, message) in [
            ("<html>", "the response is no chat completion: expected value"),
            ("[]", "the response is no chat completion: expected an object"),
            (r#"{"choices": 1}"#, "the response is no chat completion: choices is no array"),
            (
                r#"{"choices": [{"message": {"content": 1}}]}"#,
                "the response is no chat completion: content is neither text nor parts",
            ),
            (r#"{"error": {"message": "overloaded"}}"#, "overloaded"),
            (r#"{"object": "error", "message": "overloaded"}"#, "overloaded"),
            (r#"{"type": "error", "error": {"message": "overloaded"}}"#, "overloaded"),
            (r#"{"choices": [{"error": "overloaded"}]}"#, "overloaded"),
            (r#"{"choices": [{"finish_reason": "error"}]}"#, "the provider ended the completion"),
        ] {
            let error = ChatPiece::read(document.as_bytes()).unwrap_err();
            assert!(error.starts_with(message), "{document}: {error}");
        }
        for empty in ["null", "false", "\"\"", "{}"] {
            assert!(ChatPiece::read(format!(r#"{{"error": {empty}}}"#).as_bytes()).is_ok());
        }
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
