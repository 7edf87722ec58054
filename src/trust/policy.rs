//! The settings of `[trust]`, and what they accept.

use serde::{Deserialize, Serialize};

use super::{Channel, TrustedDigest, Voucher, Waiver};

/// Whether a release needs a checksum to enter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Checksum {
    /// A release without a checksum is refused.
    #[default]
    Required,
    /// A release without a checksum is accepted with a warning.
    IfAvailable,
}

/// Whether a release needs a signature to enter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Signature {
    /// No signature is needed.
    #[default]
    Optional,
    /// A signature is needed. No signature scheme is implemented yet, so every release is refused: a demand that
    /// cannot be met fails closed.
    Required,
}

/// What may enter the store.
///
/// # Examples
/// ```
/// use loom_runtime::trust::{Channel, Checksum, Pins, Policy, Rejection, Waiver};
/// use loom_source::{Artifact, AssetRef, Offer, Packaging, Platform, Product};
///
/// let product = Product {
///     authority: "loom-os".parse()?,
///     binary: "loom-bridge-server".parse()?,
///     platform: Platform::LinuxX86_64,
/// };
/// let release = product.at_version("0.2.0".parse()?);
/// let artifact = Artifact {
///     packaging: Packaging::Bare,
///     asset: AssetRef::new("v0.2.0/loom-bridge-server-0.2.0-linux-x86_64"),
///     size: None,
///     claims: vec![],
/// };
/// let offer = Offer { artifacts: vec![artifact], ..Offer::default() };
///
/// // Without a checksum the offer is refused …
/// let judge = |policy: Policy| {
///     policy.judge(&release, Channel::Authenticated, &offer, &Pins::default())
/// };
/// assert!(matches!(judge(Policy::default()), Err(Rejection::NoChecksum { .. })));
///
/// // … unless the policy waives it.
/// let lax = Policy { checksum: Checksum::IfAvailable, ..Policy::default() };
/// assert_eq!(judge(lax)?.first.expectation.waiver, Some(Waiver::IfAvailable));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Policy {
    /// `trust.checksum`: whether a checksum is needed.
    pub checksum: Checksum,
    /// `trust.signature`: whether a signature is needed.
    pub signature: Signature,
    /// `--allow-unverified`: this run accepts releases without a checksum.
    #[serde(default)]
    pub allow_unverified: bool,
    /// `trust.minimum_release_age` in seconds: `latest` and ranges select nothing younger.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub minimum_release_age: u64,
}

fn is_zero(seconds: &u64) -> bool {
    *seconds == 0
}

impl Policy {
    /// Whether this policy accepts an installed version that was verified by these digests, under this policy or
    /// another one. An empty slice is a version that was let in by a waiver.
    pub fn accepts(&self, digests: &[TrustedDigest]) -> bool {
        self.signature == Signature::Optional
            && (digests.iter().any(counts) || self.waiver(Channel::Authenticated).is_some())
    }

    /// Why bytes from this channel are accepted without a digest, or `None` where they are not.
    pub fn waiver(&self, channel: Channel) -> Option<Waiver> {
        if channel == Channel::LocalBuild {
            Some(Waiver::LocalBuild)
        } else if self.allow_unverified {
            Some(Waiver::AllowUnverified)
        } else {
            (self.checksum == Checksum::IfAvailable).then_some(Waiver::IfAvailable)
        }
    }
}

/// A voucher of an unknown kind does not count, nor does a key that the configuration does not name. The
/// configuration names no keys yet, so no signature counts.
fn counts(digest: &TrustedDigest) -> bool {
    digest.by != Voucher::Unknown && digest.signature.is_none()
}
