//! JSON to and from variables. The values may hold secrets, so no error shows any of them.

use secrecy::SecretString;
use serde::{Serialize, de::DeserializeOwned};

/// A value that is not the JSON that was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct JsonError(String);

/// Reads the value of a variable. Unknown fields are ignored.
///
/// # Errors
/// A text that is no JSON or has another shape; the message says what was expected and where, and shows no value.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, JsonError> {
    serde_json::from_str(text).map_err(|error| {
        let message = without_values(&error);
        JsonError(match table_at(text, &error) {
            Some(table) => format!("{table}: {message}"),
            None => message,
        })
    })
}

/// The key of the outermost object in whose value a text stops to be JSON.
fn table_at<'a>(text: &'a str, error: &serde_json::Error) -> Option<&'a str> {
    if error.is_data() || !text.trim_start().starts_with('{') {
        return None;
    }
    let before: usize =
        text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    let read = text.get(..text.floor_char_boundary(before + error.column()))?;
    let (mut depth, mut string, mut key, mut table) = (0_usize, None, None, None);
    let mut bytes = read.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match (byte, string) {
            (b'\\', Some(_)) => drop(bytes.next()),
            (b'"', Some(start)) => (string, key) = (None, read.get(start..at)),
            (_, Some(_)) => {}
            (b'"', None) => string = Some(at + 1),
            (b'{' | b'[', None) => depth += 1,
            (b'}' | b']', None) => depth = depth.saturating_sub(1),
            (b':', None) if depth == 1 => table = key,
            (b',', None) if depth == 1 => table = None,
            _ => {}
        }
    }
    table.filter(|_| depth > 0)
}

/// The value of a variable that holds `value` as JSON.
pub fn write(value: &impl Serialize) -> SecretString {
    // The types of this crate consist of strings, numbers and maps with string keys: serialising them cannot fail.
    serde_json::to_string(value).unwrap_or_default().into()
}

/// The message of `error` without the value that was found instead of the expected one.
fn without_values(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let shows_value =
        ["invalid type", "invalid value"].iter().any(|kind| message.starts_with(kind));
    match message.rsplit_once(", expected ") {
        Some((_, expected)) if shows_value => format!("expected {expected}"),
        _ => message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_say_what_was_expected_and_show_no_value() {
        for (text, message) in [
            ("hush", "expected value at line 1 column 1"),
            ("\"hush\"", "expected u8 at line 1 column 6"),
            ("1000", "expected u8 at line 1 column 4"),
        ] {
            assert_eq!(read::<u8>(text).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn a_text_that_is_no_json_names_the_table_in_which_it_breaks() {
        for (text, message) in [
            (r#"{"a": {"k": "x"}, "b": {"k": hush}}"#, "b: expected value at line 1 column 30"),
            ("{\"a\": {\"k\": 1},\n \"é\": {\"k\": \"{\\\"\", nope}}", "é: key must be a string"),
            (r#"{"a": {"k": "hush"#, "a: EOF while parsing a string"),
            (r#"{"a": {}, "hush"#, "EOF while parsing a string"),
            (r#"{"a": {}} hush"#, "trailing characters"),
            (r#"[{"name": "a", hush}]"#, "key must be a string"),
            ("", "EOF while parsing a value at line 1 column 0"),
        ] {
            let error = read::<serde_json::Value>(text).unwrap_err().to_string();
            assert!(error.starts_with(message) && !error.contains("hush"), "{text}: {error}");
        }
    }
}
