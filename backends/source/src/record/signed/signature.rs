//! [`DocumentSignature`]: one signature of a signed document.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use serde_json::value::RawValue;

use super::KeyId;

/// The largest size of a signature of any scheme, in bytes of its JSON text.
const MAX_SIGNATURE: usize = 64 * 1024;

/// The scheme that this version reads: ed25519 over `loom-<kind> 1`, a line feed and the bytes of the payload.
const ED25519: &str = "ed25519";

/// One signature of a signed document. Which of them are required, a trusted root says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DocumentSignature {
    /// A signature by an ed25519 key.
    Ed25519 {
        /// The name of the key.
        key: KeyId,
        /// The signature.
        signature: [u8; 64],
    },
    /// A signature of a scheme that this version does not know. It never counts, and is written as it was read.
    Unknown(serde_json::Value),
}

impl DocumentSignature {
    /// The name of the key; `None` for a signature of an unknown scheme.
    pub fn key(&self) -> Option<KeyId> {
        match self {
            Self::Ed25519 { key, .. } => Some(*key),
            Self::Unknown(_) => None,
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Ed25519Text {
    scheme: String,
    key: KeyId,
    signature: String,
}

#[derive(Deserialize)]
struct SchemeField {
    scheme: String,
}

impl<'de> Deserialize<'de> for DocumentSignature {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        if raw.len() > MAX_SIGNATURE {
            let why = format_args!("a signature has more than {MAX_SIGNATURE} bytes");
            return Err(D::Error::custom(why));
        }
        let scheme = serde_json::from_str::<SchemeField>(raw);
        if !scheme.is_ok_and(|read| read.scheme == ED25519) {
            return serde_json::from_str(raw).map(Self::Unknown).map_err(D::Error::custom);
        }
        let Ed25519Text { key, signature, .. } =
            serde_json::from_str(raw).map_err(D::Error::custom)?;
        let bytes = STANDARD.decode(&signature).ok().and_then(|bytes| bytes.try_into().ok());
        let wrong = || D::Error::custom("a signature is not the base64 of 64 bytes");
        Ok(Self::Ed25519 { key, signature: bytes.ok_or_else(wrong)? })
    }
}

impl Serialize for DocumentSignature {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Ed25519 { key, signature } => {
                let (scheme, signature) = (ED25519.to_owned(), STANDARD.encode(signature));
                Ed25519Text { scheme, key: *key, signature }.serialize(serializer)
            }
            Self::Unknown(value) => value.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_schemes_are_read_strictly_and_others_are_kept() {
        let signature = DocumentSignature::Ed25519 { key: KeyId::of(b"k"), signature: [1; 64] };
        let text = serde_json::to_string(&signature).unwrap();
        assert_eq!(serde_json::from_str::<DocumentSignature>(&text).unwrap(), signature);
        let encoded = STANDARD.encode([1; 64]);
        for (from, to) in [
            (encoded.as_str(), &encoded[4..]),
            (&encoded, encoded.trim_end_matches('=')),
            // Bits after the last byte would be a second text of one signature.
            ("AQ==", "AR=="),
            ("\"key\":\"", "\"key\":\"sha256:"),
        ] {
            assert!(text.contains(from), "{text}");
            let other = text.replacen(from, to, 1);
            assert!(serde_json::from_str::<DocumentSignature>(&other).is_err(), "{other}");
        }
        for other in [r#"{"scheme":"oracle","key":7}"#, "7", r#"{"x":[1]}"#] {
            let read: DocumentSignature = serde_json::from_str(other).unwrap();
            assert!(matches!(read, DocumentSignature::Unknown(_)), "{other}");
            let written = serde_json::to_value(&read).unwrap();
            assert_eq!(written, serde_json::from_str::<serde_json::Value>(other).unwrap());
        }
    }
}
