//! [`MirrorId`]: the name of a mirror.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The name of a mirror in its signed documents: 16 bytes that are chosen at random when the mirror is made, in 32
/// lower-case hexadecimal digits. Documents of one mirror are never taken for those of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MirrorId([u8; 16]);

/// A text that is not the name of a mirror.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not the id of a mirror: {0:?} (expected 32 lower-case hexadecimal digits)")]
pub struct MirrorIdError(String);

impl From<[u8; 16]> for MirrorId {
    fn from(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl FromStr for MirrorId {
    type Err = MirrorIdError;
    fn from_str(text: &str) -> Result<Self, MirrorIdError> {
        let mut bytes = [0; 16];
        let read = hex::decode_to_slice(text, &mut bytes).is_ok();
        let id = Some(Self(bytes)).filter(|id| read && id.to_string() == text);
        id.ok_or_else(|| MirrorIdError(text.chars().take(80).collect()))
    }
}

impl TryFrom<String> for MirrorId {
    type Error = MirrorIdError;
    fn try_from(text: String) -> Result<Self, MirrorIdError> {
        text.parse()
    }
}

impl From<MirrorId> for String {
    fn from(id: MirrorId) -> String {
        id.to_string()
    }
}

impl fmt::Display for MirrorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&hex::encode(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_one_form() {
        let text = "00112233445566778899aabbccddeeff";
        assert_eq!(text.parse::<MirrorId>().unwrap().to_string(), text);
        for bad in ["", &text[2..], &text.to_uppercase(), "00112233445566778899aabbccddeefg"] {
            assert!(bad.parse::<MirrorId>().is_err(), "{bad}");
        }
    }
}
