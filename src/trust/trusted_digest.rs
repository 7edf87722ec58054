//! A digest that bytes have to have, and what vouches for it.

use std::fmt;

use loom_source::{ClaimedDigest, Digest, DigestSource};
use serde::{Deserialize, Serialize};

use super::{Pin, PinOrigin, PinSigner, SignatureOrigin, mirror::IndexOrigin};

/// How far a digest can be trusted. The order is from weak to strong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grade {
    /// The source that serves the bytes states the digest too: proves a complete transfer, not the origin.
    Transfer,
    /// A lock, a first-seen digest, a signed index, the user, or the authority's own origin states the digest.
    Identity,
}

/// What a digest is the SHA-256 of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DigestSubject {
    /// The archive or the bare program, as it is transferred.
    Archive,
    /// The listing of the tree.
    Tree,
}

impl DigestSubject {
    /// The word used in documents: `archive` or `tree`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Archive => "archive",
            Self::Tree => "tree",
        }
    }
}

/// The kind of thing that vouches for a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Voucher {
    /// A `.sha256` file of the source, beside the asset.
    Sidecar,
    /// A line of the source's `SHA256SUMS`.
    Sums,
    /// A statement, record or index of the source.
    Statement,
    /// The digest in a release API.
    Api,
    /// The manifest of an image in a registry.
    Manifest,
    /// A source plugin.
    Plugin,
    /// A checksum that was kept as evidence when the release was acquired, and by which it was verified again.
    Checksum,
    /// A signature by a key of the configuration.
    Signature,
    /// The user, with an option of the command line.
    Given,
    /// A lock file that the user trusts.
    Lock,
    /// The digest that the release had when it was first acquired by this user.
    FirstSeen,
    /// The signed index of a mirror.
    Index,
    /// A kind that this version does not know. It never counts.
    #[serde(other)]
    Unknown,
}

impl From<DigestSource> for Voucher {
    fn from(source: DigestSource) -> Self {
        match source {
            DigestSource::Sidecar => Self::Sidecar,
            DigestSource::Sums => Self::Sums,
            DigestSource::Statement => Self::Statement,
            DigestSource::Api => Self::Api,
            DigestSource::Manifest => Self::Manifest,
            DigestSource::Plugin => Self::Plugin,
        }
    }
}

impl fmt::Display for Voucher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Sidecar => ".sha256 file",
            Self::Sums => "SHA256SUMS",
            Self::Statement => "statement",
            Self::Api => "release API",
            Self::Manifest => "image manifest",
            Self::Plugin => "plugin",
            Self::Checksum => "kept checksum",
            Self::Signature => "signature",
            Self::Given => "option",
            Self::Lock => "lock file",
            Self::FirstSeen => "first seen",
            Self::Index => "signed index",
            Self::Unknown => "unknown voucher",
        })
    }
}

/// A digest that bytes have to have, and what vouches for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustedDigest {
    /// What the digest is of.
    pub of: DigestSubject,
    /// The SHA-256.
    pub digest: Digest,
    /// What vouches for it.
    pub by: Voucher,
    /// Where the voucher was read: a URL or path without secrets, an option's name, or a time and a source.
    pub at: String,
    /// How far it can be trusted.
    pub grade: Grade,
    /// Who signed; `None` where no signature vouches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<SignatureOrigin>,
    /// Which signed index of a mirror vouches; `None` where none does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<IndexOrigin>,
    /// The object of the store that holds the evidence; `None` where none is kept there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Digest>,
}

impl TrustedDigest {
    /// A digest that the serving source states.
    pub fn claimed(of: DigestSubject, claim: &ClaimedDigest) -> Self {
        Self {
            of,
            digest: claim.digest,
            by: claim.by.into(),
            at: claim.at.clone(),
            grade: Grade::Transfer,
            signature: None,
            index: None,
            evidence: None,
        }
    }

    /// A digest that this machine already holds.
    pub fn pinned(of: DigestSubject, pin: &Pin) -> Self {
        let (by, at) = match &pin.origin {
            PinOrigin::Given { by } => (Voucher::Given, by.clone()),
            PinOrigin::Accepted { at } => (Voucher::Given, format!("loom trust accept, {at}")),
            PinOrigin::Lock { file, .. } => (Voucher::Lock, file.clone()),
            PinOrigin::FirstSeen { source, at, .. } => {
                (Voucher::FirstSeen, format!("{at} from {source}"))
            }
            PinOrigin::Index { index, .. } => (Voucher::Index, index.to_string()),
        };
        let (signature, index) = match &pin.origin {
            PinOrigin::Index { index, .. } => (None, Some(index.clone())),
            PinOrigin::Lock { signature, .. } => (signature.clone(), None),
            _ => (None, None),
        };
        let (digest, grade) = (pin.digest, Grade::Identity);
        Self { of, digest, by, at, grade, signature, index, evidence: None }
    }

    /// Who signed; `None` where something else vouches.
    pub fn signer(&self) -> Option<PinSigner> {
        match (&self.signature, &self.index) {
            (Some(origin), _) => Some(PinSigner::Signature(origin.clone())),
            (None, Some(index)) => Some(PinSigner::Index(index.clone())),
            (None, None) => None,
        }
    }

    /// What vouches for the digest, in words: `.sha256 file at v0.2.0/x.tar.gz.sha256`.
    pub fn voucher(&self) -> String {
        match self.by {
            Voucher::Given => self.at.clone(),
            Voucher::Lock => {
                let signer = self.signature.as_ref().map(SignatureOrigin::signer);
                let signer = signer.map(|signer| format!(", signed by {signer}"));
                format!("the lock file {}{}", self.at, signer.unwrap_or_default())
            }
            Voucher::FirstSeen => format!("first seen {}", self.at),
            Voucher::Signature => {
                let signer = self.signature.as_ref().map(SignatureOrigin::signer);
                format!("signature at {} by {}", self.at, signer.unwrap_or_default())
            }
            Voucher::Index => format!("signed index, {}", self.at),
            by => format!("{by} at {}", self.at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_voucher_is_read_as_such() {
        let text = format!(
            r#"{{"of":"tree","digest":"{}","by":"oracle","at":"x","grade":"identity"}}"#,
            Digest::of(b"x")
        );
        let digest: TrustedDigest = serde_json::from_str(&text).unwrap();
        assert_eq!(digest.by, Voucher::Unknown);
    }

    #[test]
    fn the_voucher_is_named_with_its_location() {
        let digest = Digest::of(b"x");
        let claim = ClaimedDigest { digest, by: DigestSource::Sidecar, at: "x.sha256".to_owned() };
        let given = Pin { digest, origin: PinOrigin::Given { by: "--sha256".to_owned() } };
        let seen = PinOrigin::FirstSeen {
            source: "corp".to_owned(),
            class: None,
            at: "2026-01-03T00:00:00Z".to_owned(),
            signers: Vec::new(),
        };
        let seen = Pin { digest, origin: seen };
        for (trusted, expected) in [
            (TrustedDigest::claimed(DigestSubject::Archive, &claim), ".sha256 file at x.sha256"),
            (TrustedDigest::pinned(DigestSubject::Archive, &given), "--sha256"),
            (
                TrustedDigest::pinned(DigestSubject::Tree, &seen),
                "first seen 2026-01-03T00:00:00Z from corp",
            ),
        ] {
            assert_eq!(trusted.voucher(), expected);
        }
    }
}
