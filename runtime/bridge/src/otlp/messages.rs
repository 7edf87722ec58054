//! Prompts and answers of `llm:generate` in the form of the conventions: `gen_ai.input.messages`,
//! `gen_ai.output.messages` and `gen_ai.system_instructions`.

use serde_json::{Value, json};

/// The messages of a prompt that are exported: the newest.
const MAX_MESSAGES: usize = 64;

/// What a language model got.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PromptMessages {
    /// `gen_ai.system_instructions`, where there are some.
    pub(super) instructions: Option<String>,
    /// `gen_ai.input.messages`.
    pub(super) messages: String,
}

/// The arguments of `llm:generate` as messages of at most `limit` bytes of text; `None` for what is no such arguments.
pub(super) fn prompt(arguments: &[u8], limit: usize) -> Option<PromptMessages> {
    let arguments: Value = serde_json::from_slice(arguments).ok()?;
    let given = arguments["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let given = &given[given.len().saturating_sub(MAX_MESSAGES)..];
    let share = limit / (given.len() + 1);
    let mut messages: Vec<Value> = given.iter().map(|message| one_of(message, share)).collect();
    if let Some(prompt) = arguments["prompt"].as_str() {
        messages.push(message("user", prompt, share));
    }
    let instructions = arguments["system"].as_str();
    let instructions = instructions.map(|text| json!([part(text, share)]).to_string());
    Some(PromptMessages { instructions, messages: Value::from(messages).to_string() })
}

/// The result of `llm:generate` as messages of at most `limit` bytes of text; `None` for what is no such result.
pub(super) fn answer(result: &[u8], limit: usize) -> Option<String> {
    let completion: Value = serde_json::from_slice(result).ok()?;
    let mut message = message("assistant", completion["text"].as_str()?, limit);
    message["finish_reason"] = completion["finish_reason"].clone();
    Some(json!([message]).to_string())
}

/// A message of the arguments: its content is text, or a list of parts.
fn one_of(given: &Value, limit: usize) -> Value {
    let role = given["role"].as_str().unwrap_or_default();
    match &given["content"] {
        Value::String(text) => message(role, text, limit),
        other => message(role, &other.to_string(), limit),
    }
}

fn message(role: &str, text: &str, limit: usize) -> Value {
    json!({ "role": role, "parts": [part(text, limit)] })
}

fn part(text: &str, limit: usize) -> Value {
    json!({ "type": "text", "content": &text[..text.floor_char_boundary(limit)] })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(role: &str, content: &str) -> Value {
        json!({ "role": role, "parts": [{ "type": "text", "content": content }] })
    }

    #[test]
    fn arguments_are_messages() {
        let table = [
            (json!({ "prompt": "p" }), None, json!([text("user", "p")])),
            (
                json!({ "system": "s", "messages": [{ "role": "assistant", "content": "a" }] }),
                Some(json!([{ "type": "text", "content": "s" }])),
                json!([text("assistant", "a")]),
            ),
            (
                json!({ "messages": [{ "role": "user", "content": [{ "type": "text" }] }] }),
                None,
                json!([text("user", "[{\"type\":\"text\"}]")]),
            ),
            (json!({ "other": 1 }), None, json!([])),
        ];
        for (arguments, instructions, messages) in table {
            let found = prompt(arguments.to_string().as_bytes(), 100).unwrap();
            assert_eq!(found.messages, messages.to_string());
            assert_eq!(found.instructions, instructions.map(|value: Value| value.to_string()));
        }
        assert_eq!(prompt(b"[cut", 100), None);
    }

    #[test]
    fn long_texts_are_cut_and_old_messages_left_out() {
        let many = vec![json!({ "role": "user", "content": "ä".repeat(100) }); 1000];
        let found = prompt(json!({ "messages": many }).to_string().as_bytes(), 650).unwrap();
        let messages: Value = serde_json::from_str(&found.messages).unwrap();
        assert_eq!(messages.as_array().unwrap().len(), MAX_MESSAGES);
        assert_eq!(messages[0], text("user", "äääää"));
    }

    #[test]
    fn a_result_is_a_message_with_its_reason() {
        let result = json!({ "text": "goodbye", "finish_reason": "stop", "usage": {} }).to_string();
        let mut message = text("assistant", "good");
        message["finish_reason"] = "stop".into();
        assert_eq!(answer(result.as_bytes(), 4), Some(json!([message]).to_string()));
        assert_eq!(answer(b"1", 3), None);
    }
}
