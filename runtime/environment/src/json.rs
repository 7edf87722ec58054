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
    serde_json::from_str(text).map_err(|error| JsonError(without_values(&error)))
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
}
