//! The verification of an installed version: what its bytes were compared with when they entered the store.

use loom_source::{Authority, Digest, Name, Platform, Product, Release, Slot, Version};
use serde::{Deserialize, Serialize};

use crate::trust::{TrustedDigest, Waiver};

const SCHEMA: &str = "loom-verification 1";

/// The bytes between the body and the digest over it.
const SEAL_START: &[u8] = b",\"self\":\"";
/// What follows that digest.
const SEAL_END: &[u8] = b"\"}\n";
/// Digits of a SHA-256.
const HEX: usize = 64;

/// `verifications/<authority>/<binary>/<slot>/<platform>.json`: what a version was verified by. The policy judges an
/// installed version by this document alone.
///
/// The last member of the document is the SHA-256 of all bytes before it, so that a changed byte is noticed.
/// Development builds have no verification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    schema: String,
    /// The authority of the release.
    pub authority: Authority,
    /// The program.
    pub binary: Name,
    /// The version.
    #[serde(rename = "slot")]
    pub version: Version,
    /// The platform.
    pub platform: Platform,
    /// The digest of the verified tree.
    pub tree: Digest,
    /// The statement that the record named when the verification was written.
    pub statement: Digest,
    /// The class of the source that the bytes came from: `github`, `mirror`, …; `None` where it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// The name of that source, without secrets; `None` where it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The digests that were met.
    #[serde(default)]
    pub digests: Vec<TrustedDigest>,
    /// Why the version was accepted without a digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiver: Option<Waiver>,
    /// The evidence objects that are kept with the version.
    #[serde(default)]
    pub evidence: Vec<Digest>,
}

/// Why the bytes of a verification cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum VerificationError {
    /// The bytes are not those that were written.
    #[error("its bytes do not match the digest at its end")]
    Changed,
    /// A newer version of the format.
    #[error("its schema is {0:?}, which this version cannot read")]
    Newer(String),
    /// Not a verification, although the digest is right.
    #[error("it is not a verification: {0}")]
    Malformed(#[from] serde_json::Error),
    /// It belongs to another release than the one whose path it has.
    #[error("it is the verification of {0}")]
    OtherRelease(Box<Release>),
}

impl Verification {
    /// A verification of `release` without digests. `None` for a development build, which has no verification.
    pub(super) fn new(release: &Release, tree: Digest, statement: Digest) -> Option<Self> {
        let version = release.slot.version()?.clone();
        let Product { authority, binary, platform } = release.product();
        Some(Self {
            schema: SCHEMA.to_owned(),
            authority,
            binary,
            version,
            platform,
            tree,
            statement,
            class: None,
            source: None,
            digests: vec![],
            waiver: None,
            evidence: vec![],
        })
    }

    /// Reads the verification of `release`.
    ///
    /// # Errors
    /// [`VerificationError`] for a changed byte, for a verification of another release, and for a newer schema.
    pub fn parse(bytes: &[u8], release: &Release) -> Result<Self, VerificationError> {
        let body = sealed_body(bytes).ok_or(VerificationError::Changed)?;
        let mut text = Vec::with_capacity(body.len() + 1);
        text.extend_from_slice(body);
        text.push(b'}');
        let verification: Self = serde_json::from_slice(&text)?;
        if verification.schema != SCHEMA {
            return Err(VerificationError::Newer(verification.schema));
        }
        let named = verification.release();
        if named != *release {
            return Err(VerificationError::OtherRelease(Box::new(named)));
        }
        Ok(verification)
    }

    /// The canonical bytes, the digest over them included.
    pub fn to_bytes(&self) -> Vec<u8> {
        // A struct of strings and lists always serialises; an empty document would be refused by every reader.
        let mut bytes = serde_json::to_vec(self).unwrap_or_default();
        bytes.pop();
        let digest = Digest::of(&bytes).to_string();
        bytes.extend_from_slice(SEAL_START);
        bytes.extend_from_slice(digest.as_bytes());
        bytes.extend_from_slice(SEAL_END);
        bytes
    }

    /// The release.
    pub fn release(&self) -> Release {
        let Self { authority, binary, version, platform, .. } = self.clone();
        Release { authority, binary, slot: Slot::Version(version), platform }
    }
}

/// The bytes before the seal, if the seal is theirs.
fn sealed_body(bytes: &[u8]) -> Option<&[u8]> {
    let length = bytes.len().checked_sub(SEAL_START.len() + HEX + SEAL_END.len())?;
    let (body, seal) = bytes.split_at(length);
    let hex = seal.strip_prefix(SEAL_START)?.strip_suffix(SEAL_END)?;
    (Digest::of(body).to_string().as_bytes() == hex).then_some(body)
}

#[cfg(test)]
mod tests {
    use loom_source::{ClaimedDigest, DigestSource};

    use super::*;
    use crate::trust::DigestSubject;

    fn release() -> Release {
        let (authority, binary) = (Authority::default(), Name::default());
        Product { authority, binary, platform: Platform::LinuxX86_64 }
            .at_version("0.2.0".parse().unwrap())
    }

    fn verification() -> Verification {
        let new = Verification::new(&release(), Digest::of(b"tree"), Digest::of(b"statement"));
        let claim = ClaimedDigest {
            digest: Digest::of(b"archive"),
            by: DigestSource::Sidecar,
            at: "v0.2.0/x.tar.gz.sha256".to_owned(),
        };
        let digest = TrustedDigest {
            evidence: Some(Digest::of(b"evidence")),
            ..TrustedDigest::claimed(DigestSubject::Archive, &claim)
        };
        Verification {
            class: Some("mirror".to_owned()),
            source: Some("https://mirror.example/loom".to_owned()),
            digests: vec![digest],
            evidence: vec![Digest::of(b"evidence")],
            ..new.unwrap()
        }
    }

    #[test]
    fn a_verification_survives_writing_and_reading() {
        let bytes = verification().to_bytes();
        assert_eq!(Verification::parse(&bytes, &release()).unwrap(), verification());
        let waived =
            Verification { digests: vec![], waiver: Some(Waiver::IfAvailable), ..verification() };
        assert_eq!(Verification::parse(&waived.to_bytes(), &release()).unwrap(), waived);
    }

    #[test]
    fn every_changed_missing_and_added_byte_is_noticed() {
        let bytes = verification().to_bytes();
        for at in 0..bytes.len() {
            for change in [1, 0x20, 0x80] {
                let mut changed = bytes.clone();
                changed[at] ^= change;
                assert!(Verification::parse(&changed, &release()).is_err(), "byte {at} ^ {change}");
            }
            let mut shorter = bytes.clone();
            shorter.remove(at);
            assert!(Verification::parse(&shorter, &release()).is_err(), "without byte {at}");
            let mut longer = bytes.clone();
            longer.insert(at, b' ');
            assert!(Verification::parse(&longer, &release()).is_err(), "a space before byte {at}");
        }
        for end in [0, 1, bytes.len() - 1] {
            assert!(Verification::parse(&bytes[..end], &release()).is_err(), "cut at {end}");
        }
        assert!(Verification::parse(&[&bytes[..], b"\n"].concat(), &release()).is_err());
    }

    #[test]
    fn a_verification_of_another_release_is_refused() {
        let bytes = verification().to_bytes();
        let of = |change: fn(&mut Release)| {
            let mut release = release();
            change(&mut release);
            Verification::parse(&bytes, &release)
        };
        let changes: [fn(&mut Release); 4] = [
            |r| r.authority = "acme".parse().unwrap(),
            |r| r.binary = "loom-other".parse().unwrap(),
            |r| r.slot = "0.2.1".parse().unwrap(),
            |r| r.platform = Platform::MacosAarch64,
        ];
        for change in changes {
            assert!(matches!(of(change), Err(VerificationError::OtherRelease(_))));
        }
    }

    #[test]
    fn a_newer_schema_is_refused() {
        let newer = Verification { schema: "loom-verification 2".to_owned(), ..verification() };
        let read = Verification::parse(&newer.to_bytes(), &release());
        assert!(matches!(read, Err(VerificationError::Newer(_))), "{read:?}");
    }
}
