//! [`KeyId`]: the name of a key.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::Digest;

/// The name of a key in signed documents: the SHA-256 of its 32 bytes, in 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KeyId(Digest);

/// A text that is not the name of a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not the id of a key: {0:?} (expected 64 lower-case hexadecimal digits)")]
pub struct KeyIdError(String);

impl KeyId {
    /// The name of the key with these bytes.
    pub fn of(public: &[u8]) -> Self {
        Self(Digest::of(public))
    }

    /// The first twelve hexadecimal digits, for display.
    pub fn short(&self) -> String {
        self.0.short()
    }
}

impl From<Digest> for KeyId {
    fn from(digest: Digest) -> Self {
        Self(digest)
    }
}

impl FromStr for KeyId {
    type Err = KeyIdError;
    fn from_str(text: &str) -> Result<Self, KeyIdError> {
        let digest: Option<Digest> = text.parse().ok();
        // One key has one name: other spellings of the digits are refused.
        let id = digest.filter(|digest| digest.to_string() == text).map(Self);
        id.ok_or_else(|| KeyIdError(text.chars().take(80).collect()))
    }
}

impl TryFrom<String> for KeyId {
    type Error = KeyIdError;
    fn try_from(text: String) -> Result<Self, KeyIdError> {
        text.parse()
    }
}

impl From<KeyId> for String {
    fn from(id: KeyId) -> String {
        id.to_string()
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_one_name() {
        let id = KeyId::of(&[7; 32]);
        let text = id.to_string();
        assert_eq!(text.parse(), Ok(id));
        for bad in [text.to_uppercase(), format!("sha256:{text}"), text[1..].to_owned()] {
            assert!(bad.parse::<KeyId>().is_err(), "{bad}");
        }
    }
}
