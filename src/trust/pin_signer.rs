//! [`PinSigner`]: who signed what a digest was learned from.

use serde::{Deserialize, Serialize};

use super::{SignatureOrigin, TrustedDigest, mirror::IndexOrigin};

/// Who signed what a digest was learned from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PinSigner {
    /// The owner of a key, or an identity.
    Signature(SignatureOrigin),
    /// The keys of the signed index of a mirror.
    Index(IndexOrigin),
}

impl PinSigner {
    /// Who signed what vouched for these digests; none where something else vouched as well.
    pub fn all_of<'d>(digests: impl IntoIterator<Item = &'d TrustedDigest>) -> Vec<Self> {
        let signer = |digest: &TrustedDigest| match (&digest.signature, &digest.index) {
            (Some(origin), _) => Some(Self::Signature(origin.clone())),
            (None, Some(index)) => Some(Self::Index(index.clone())),
            (None, None) => None,
        };
        let signers: Option<Vec<Self>> = digests.into_iter().map(signer).collect();
        signers.unwrap_or_default()
    }
}
