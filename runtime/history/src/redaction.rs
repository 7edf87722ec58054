//! Values of secret keys are replaced before a body is cut: in metadata, in headers, and in JSON at any depth.

use std::borrow::Cow;

use crate::{json_scan::JsonScan, key_patterns::KeyPatterns};

/// What stands in place of a secret value.
pub const REPLACED: &str = "***";
/// The characters of a payload in a preview.
const PREVIEW_CHARS: usize = 100;
/// The part of a payload that a preview is made of, in bytes.
const PREVIEW_SOURCE: usize = 4 << 10;
/// How deep JSON within strings of JSON is searched: the arguments of a tool call are such a string.
const NESTED_STRINGS: u8 = 4;

/// A text without the values of secret keys.
#[derive(Debug, PartialEq)]
pub struct RedactedText {
    /// The text, up to the limit.
    pub content: Vec<u8>,
    /// The keys whose values were replaced.
    pub keys: Vec<String>,
    /// Whether more follows.
    pub is_cut: bool,
}

/// Replaces values of secret keys in a body and cuts it to `limit` bytes. What is not JSON is only cut.
pub fn redact_body(
    content: &[u8],
    content_type: &str,
    limit: usize,
    patterns: &KeyPatterns,
) -> RedactedText {
    if !may_be_json(content, content_type) {
        let kept = cut_at_character(content, limit);
        let is_cut = kept.len() < content.len();
        return RedactedText { content: kept.to_vec(), keys: Vec::new(), is_cut };
    }
    let mut scan = JsonScan::new(content, limit, patterns, NESTED_STRINGS);
    let is_complete = scan.run();
    let mut out = scan.out;
    let kept = cut_at_character(&out, limit).len();
    let is_cut = !is_complete || kept < out.len();
    out.truncate(kept);
    RedactedText { content: out, keys: scan.keys, is_cut }
}

/// The first characters of a payload, redacted before it is cut.
pub fn redacted_preview(payload: &[u8], patterns: &KeyPatterns) -> String {
    // What is cut is redacted as well: a preview costs the same whatever the size of its payload.
    let head = &payload[..payload.len().min(PREVIEW_SOURCE)];
    let beginning = redact_body(head, "", 4 * PREVIEW_CHARS, patterns).content;
    String::from_utf8_lossy(&beginning).chars().take(PREVIEW_CHARS).collect()
}

/// The value of a key of metadata or attributes: replaced, or with the values of secret keys in it replaced.
pub fn redact_value<'a>(key: &str, value: &'a str, patterns: &KeyPatterns) -> Cow<'a, str> {
    if patterns.matches(key) {
        return Cow::Borrowed(REPLACED);
    }
    if !value.trim_start().starts_with(['{', '[']) {
        return Cow::Borrowed(value);
    }
    let mut scan = JsonScan::new(value.as_bytes(), usize::MAX, patterns, NESTED_STRINGS);
    scan.run();
    match scan.keys.is_empty() {
        true => Cow::Borrowed(value),
        false => Cow::Owned(String::from_utf8_lossy(&scan.out).into_owned()),
    }
}

fn may_be_json(content: &[u8], content_type: &str) -> bool {
    let first = content.iter().find(|byte| !byte.is_ascii_whitespace());
    matches!(first, Some(b'{' | b'['))
        || content_type.contains("json")
        || content_type.starts_with("text/event-stream")
}

/// At most `limit` bytes, ending before a character that would be split.
pub(crate) fn cut_at_character(content: &[u8], limit: usize) -> &[u8] {
    if content.len() <= limit {
        return content;
    }
    let is_middle = |at: &usize| content[*at] & 0xc0 == 0x80;
    let at = (limit.saturating_sub(3)..=limit).rev().find(|at| !is_middle(at)).unwrap_or(limit);
    &content[..at]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    use super::*;

    fn redacted(text: &str) -> String {
        let redacted = redact_body(text.as_bytes(), "", 1 << 20, &KeyPatterns::default());
        String::from_utf8(redacted.content).unwrap()
    }

    #[test]
    fn values_of_secret_keys_are_replaced_at_any_depth() {
        for (given, expected) in [
            (r#"{"password":"p"}"#, r#"{"password":"***"}"#),
            (r#"{"a":[{"api_key" : 12.5e3, "b":1}]}"#, r#"{"a":[{"api_key" : "***", "b":1}]}"#),
            (r#"{"secret":{"a":["}",{"b":"\"]"}]},"c":1}"#, r#"{"secret":"***","c":1}"#),
            (r#"{"pass\u0077ord":"p"}"#, r#"{"pass\u0077ord":"***"}"#),
            (r#"{"token":null,"x":true}"#, r#"{"token":"***","x":true}"#),
            (r#"{"a":"{\"token\":\"t\"}"}"#, r#"{"a":"{\"token\":\"***\"}"}"#),
            (r#"{"max_tokens":5}"#, r#"{"max_tokens":5}"#),
            // Cut by its sender.
            (r#"{"password":"hunte"#, r#"{"password":"***""#),
            (r#"{"secret":{"a":["#, r#"{"secret":"***""#),
            (r#"{"a":"{\"token\":\"t"#, r#"{"a":"{\"token\":\"***\"""#),
            (r#"{"a":"\ud800 \"token\":1"}"#, r#"{"a":"\ud800 \"token\":1"}"#),
            (r#"{"a":"[\ud800,{\"token\":1}]"}"#, r#"{"a":"[�,{\"token\":\"***\"}]"}"#),
            ("password: hunter2", "password: hunter2"),
        ] {
            assert_eq!(redacted(given), expected, "{given}");
        }
    }

    #[test]
    fn a_body_is_redacted_before_it_is_cut() {
        let long = format!(r#"{{"password":"{}","b":"ä"}}"#, "x".repeat(100));
        let patterns = KeyPatterns::default();
        let cut = |limit| redact_body(long.as_bytes(), "application/json", limit, &patterns);
        let all = r#"{"password":"***","b":"ä"}"#;
        for limit in 0..=all.len() + 1 {
            let found = cut(limit);
            let end =
                (0..=limit.min(all.len())).rev().find(|at| all.is_char_boundary(*at)).unwrap();
            assert_eq!(String::from_utf8(found.content).unwrap(), all[..end], "{limit}");
            assert_eq!(found.is_cut, limit < all.len(), "{limit}");
        }
        assert_eq!(cut(99).keys, ["password"]);
        let text = redact_body("aä".as_bytes(), "text/plain", 2, &patterns);
        assert_eq!((text.content, text.is_cut), (b"a".to_vec(), true));
    }

    #[test]
    fn a_preview_is_redacted_before_it_is_cut() {
        let long = format!(r#"{{"a":1,"password":"{}"#, "hush ".repeat(10_000));
        let many = "😀".repeat(300);
        for (payload, expected) in [
            (&b"short"[..], "short".to_owned()),
            (br#"{"x":{"token":"hush"}}"#, r#"{"x":{"token":"***"}}"#.to_owned()),
            (long.as_bytes(), r#"{"a":1,"password":"***""#.to_owned()),
            (many.as_bytes(), "😀".repeat(100)),
            (b"\xffx", "\u{fffd}x".to_owned()),
        ] {
            assert_eq!(redacted_preview(payload, &KeyPatterns::default()), expected);
        }
    }

    #[test]
    fn metadata_is_replaced_by_its_key_or_within_its_value() {
        let patterns = KeyPatterns::default();
        for (key, value, expected) in [
            ("authorization", "Bearer x", "***"),
            ("note", "authorization: x", "authorization: x"),
            ("headers", r#"{"Authorization":"Bearer x"}"#, r#"{"Authorization":"***"}"#),
            ("json", r#"{"a":1}"#, r#"{"a":1}"#),
        ] {
            assert_eq!(redact_value(key, value, &patterns), expected);
        }
    }

    fn values() -> impl Strategy<Value = Value> {
        let keys = prop::sample::select(vec!["a", "password", "Api-Key", "b\"\\ü", "token"]);
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[\\PC\"\\\\{}:,]{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 5, move |inner| {
            let nested = inner.clone().prop_map(|value| Value::from(value.to_string()));
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::vec((keys.clone(), inner), 0..5).prop_map(|entries| {
                    Value::Object(entries.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())
                }),
                nested,
            ]
        })
    }

    /// What redaction means, on parsed JSON.
    fn model(value: &Value, depth: u8) -> Value {
        match value {
            Value::Object(entries) => {
                let replaced = entries.iter().map(|(key, value)| {
                    let is_secret = KeyPatterns::default().matches(key);
                    (key.clone(), if is_secret { json!("***") } else { model(value, depth) })
                });
                Value::Object(replaced.collect::<Map<_, _>>())
            }
            Value::Array(items) => items.iter().map(|item| model(item, depth)).collect(),
            Value::String(text) if depth > 0 => match serde_json::from_str::<Value>(text) {
                Ok(inner) if model(&inner, depth - 1) != inner => {
                    json!(model(&inner, depth - 1).to_string())
                }
                _ => value.clone(),
            },
            other => other.clone(),
        }
    }

    proptest! {
        #[test]
        fn any_json_is_redacted_as_the_model_does(value in values()) {
            let value = json!({ "root": value });
            let text = serde_json::to_string_pretty(&value).unwrap();
            let found: Value = serde_json::from_str(&redacted(&text)).unwrap();
            prop_assert_eq!(found, model(&value, NESTED_STRINGS));
        }

        #[test]
        fn any_bytes_are_scanned_to_their_end(bytes in prop::collection::vec(any::<u8>(), 0..99)) {
            let content = [b"{".as_slice(), &bytes].concat();
            let found = redact_body(&content, "", usize::MAX, &KeyPatterns::new(["x"]));
            prop_assert!(!found.is_cut);
            prop_assert!(!found.keys.is_empty() || found.content == content);
        }
    }
}
