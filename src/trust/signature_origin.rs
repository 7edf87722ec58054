//! [`SignatureOrigin`]: who signed.

use serde::{Deserialize, Serialize};

/// Who signed, where a signature vouches for a digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignatureOrigin {
    /// The signature scheme.
    pub scheme: String,
    /// The id of the key; the issuer where an identity signed.
    pub key: String,
    /// The identity that signed, where the scheme has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
}

impl SignatureOrigin {
    /// Who signed, in words: `minisign E7620F1842B4E81F`.
    pub fn signer(&self) -> String {
        match &self.identity {
            Some(identity) => format!("{identity} (issuer {})", self.key),
            None => format!("{} {}", self.scheme, self.key),
        }
    }
}
