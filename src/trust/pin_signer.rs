//! [`PinSigner`]: who signed what a digest was learned from.

use serde::{Deserialize, Serialize};

use super::{SignatureOrigin, mirror::IndexOrigin};

/// Who signed what a digest was learned from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PinSigner {
    /// The owner of a key, or an identity.
    Signature(SignatureOrigin),
    /// The keys of the signed index of a mirror.
    Index(IndexOrigin),
}
