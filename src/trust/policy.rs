//! The settings of `[trust]`, and what they accept.

use std::time::SystemTime;

use loom_source::{Release, Version};
use serde::{Deserialize, Serialize};

use super::{Channel, Keyring, LostKey, SignatureScope, TrustedDigest, Voucher, Waiver};

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
    /// A signature by a key of the configuration is needed.
    Required,
}

/// What may enter the store.
///
/// # Examples
/// ```
/// use loom_runtime::trust::{Channel, Checksum, OfferSignatures, Pins, Policy, Rejection, Waiver};
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
///     let signatures = OfferSignatures::none(&release);
///     policy.judge(&release, Channel::Authenticated, &offer, &Pins::default(), &signatures)
/// };
/// assert!(matches!(judge(Policy::default()), Err(Rejection::NoChecksum { .. })));
///
/// // … unless the policy waives it.
/// let lax = Policy { checksum: Checksum::IfAvailable, ..Policy::default() };
/// assert_eq!(judge(lax)?.first.expectation.waiver, Some(Waiver::IfAvailable));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Policy {
    /// `trust.checksum`: whether a checksum is needed.
    pub checksum: Checksum,
    /// `trust.signature`: whether a signature is needed.
    pub signature: Signature,
    /// `--allow-unverified`: this run accepts releases without a checksum.
    #[serde(default)]
    pub allow_unverified: bool,
    /// `trust.keys` and `trust.revoked`: whose signatures count.
    #[serde(skip)]
    pub keys: Keyring,
    /// `trust.minimum_release_age` in seconds: `latest` and ranges select nothing younger.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub minimum_release_age: u64,
    /// The versions that `latest` and ranges do not select, whatever vouches for them: those that an update of this machine
    /// rolled back.
    #[serde(skip)]
    pub skipped: Vec<Version>,
    /// Whether all signatures of a release are kept, also those that no key of the configuration can judge: a mirror
    /// carries them to readers with other keys.
    #[serde(skip)]
    pub keeps_all_signatures: bool,
}

fn is_zero(seconds: &u64) -> bool {
    *seconds == 0
}

/// Why a policy does not accept an installed version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotAccepted {
    /// It was let in without a checksum.
    NoChecksum,
    /// Nothing that vouches for it is of a known kind.
    Unknown,
    /// It was verified, but not by a signature, and the policy requires one.
    Unsigned,
    /// The key of the only signature does not count any more.
    Key(LostKey),
}

impl Policy {
    /// Whether `latest` may select an older version than the newest one of a source.
    pub fn may_take_older(&self) -> bool {
        self.judges_age() || !self.skipped.is_empty()
    }

    /// Whether this policy accepts an installed version that was verified by these digests, under this policy or
    /// another one. An empty slice is a version that was let in by a waiver.
    ///
    /// # Errors
    /// [`NotAccepted`] says why it does not.
    pub fn accepts(&self, release: &Release, digests: &[TrustedDigest]) -> Result<(), NotAccepted> {
        let is_required = self.signature == Signature::Required;
        let mut refused = None;
        for digest in digests.iter().filter(|digest| digest.by != Voucher::Unknown) {
            let judged = match (&digest.signature, &digest.index) {
                (Some(origin), _) => self.keys.judge(origin, release),
                (None, Some(index)) if is_required => self.keys.judge_known_index(index),
                (None, Some(index)) => self.keys.judge_index(index),
                (None, None) if is_required => continue,
                (None, None) => Ok(()),
            };
            match judged {
                Ok(()) => return Ok(()),
                Err(lost) => refused = Some(NotAccepted::Key(lost)),
            }
        }
        match refused {
            Some(refused @ NotAccepted::Key(LostKey::Revoked(_))) => Err(refused),
            Some(refused) if is_required => Err(refused),
            None if is_required && !digests.is_empty() => Err(NotAccepted::Unsigned),
            None if is_required => Err(NotAccepted::NoChecksum),
            _ if self.waiver(Channel::Authenticated).is_some() => Ok(()),
            Some(refused) => Err(refused),
            None if digests.is_empty() => Err(NotAccepted::NoChecksum),
            None => Err(NotAccepted::Unknown),
        }
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

    /// What signatures of a release from a source are checked with.
    pub fn scope(&self, release: &Release, source: &str, at: SystemTime) -> SignatureScope {
        SignatureScope {
            keyring: self.keys.clone(),
            release: release.clone(),
            source: Some(source.to_owned()),
            at,
            first: true,
        }
    }
}
