//! Text that is almost JSON, as JSON.

use serde_json::Value;

/// Parses a document. Where it deviates from JSON in one of these ways, it is mended: half of a surrogate pair becomes a
/// replacement character, `NaN` and `Infinity` become null, control characters in strings are escaped, and bytes that are
/// no UTF-8 become replacement characters.
///
/// # Errors
/// Why the text is no JSON even so.
pub(super) fn parse(line: &[u8]) -> Result<Value, serde_json::Error> {
    serde_json::from_slice(line).or_else(|error| {
        let mended = mend(&String::from_utf8_lossy(line));
        // The first error describes the text as the server wrote it.
        serde_json::from_str(&mended).map_err(|_| error)
    })
}

fn mend(text: &str) -> String {
    let mut mended = String::with_capacity(text.len());
    let mut rest = text;
    let mut in_string = false;
    while let Some(next) = rest.chars().next() {
        let (replacement, length) = if in_string { in_text(rest) } else { outside(rest) };
        in_string ^= next == '"';
        match replacement {
            Some(replacement) => mended.push_str(&replacement),
            None => mended.push_str(&rest[..length]),
        }
        rest = &rest[length..];
    }
    mended
}

/// What replaces the start of `text`, which is outside of strings, and how long that start is.
fn outside(text: &str) -> (Option<String>, usize) {
    let words = ["-Infinity", "Infinity", "NaN"];
    match words.into_iter().find(|word| text.starts_with(word)) {
        Some(word) => (Some("null".to_owned()), word.len()),
        None => (None, first_length(text)),
    }
}

/// The same for `text` within a string.
fn in_text(text: &str) -> (Option<String>, usize) {
    if let Some(code) = escaped_unit(text) {
        return match code {
            0xD800..=0xDBFF if is_low(escaped_unit(&text[6..])) => (None, 12),
            0xD800..=0xDFFF => (Some("\\ufffd".to_owned()), 6),
            _ => (None, 6),
        };
    }
    let length = first_length(text);
    match text.as_bytes().first() {
        Some(b'\\') => (None, 1 + first_length(&text[1..])),
        Some(&control @ 0..=0x1f) => (Some(format!("\\u{control:04x}")), length),
        _ => (None, length),
    }
}

fn is_low(unit: Option<u32>) -> bool {
    matches!(unit, Some(0xDC00..=0xDFFF))
}

/// The number of an escape `\uXXXX` at the start of `text`.
fn escaped_unit(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then_some(())?;
    u32::from_str_radix(digits, 16).ok()
}

fn first_length(text: &str) -> usize {
    text.chars().next().map_or(0, char::len_utf8)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn deviations_are_mended() {
        for (text, expected) in [
            (r#"{"a": "\ud83d"}"#.as_bytes(), json!({"a": "\u{fffd}"})),
            (
                r#"{"a": "\ude00 \ud83d\ude00 \ud83dx"}"#.as_bytes(),
                json!({"a": "\u{fffd} 😀 \u{fffd}x"}),
            ),
            (br#"{"a": NaN, "b": [Infinity, -Infinity]}"#, json!({"a": null, "b": [null, null]})),
            (br#"{"a": "NaN \" NaN", "b": NaN}"#, json!({"a": "NaN \" NaN", "b": null})),
            (b"{\"a\": \"caf\xe9\"}", json!({"a": "caf\u{fffd}"})),
            (b"{\"a\": \"x\ty\", \"b\": NaN}", json!({"a": "x\ty", "b": null})),
            (br#"{"a": "\\", "b": NaN}"#, json!({"a": "\\", "b": null})),
        ] {
            assert_eq!(parse(text).unwrap(), expected, "{}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn other_text_is_no_json() {
        for text in ["", "{", "Listening on port 1", r#"{"a": "\ud83"#, r#""\"#, r#""\é"#] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
