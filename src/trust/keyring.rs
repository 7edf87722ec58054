//! [`Keyring`]: the keys and identities whose signatures count.

use std::{fmt, sync::Arc, time::SystemTime};

use loom_signatures::{SigstoreIdentity, VerifyingKey};
use loom_source::{Authority, EvidenceKind, Release, record::MirrorId};

use super::{
    KnownMirrors, PinOrigin, PinSigner, RevokedSigners, SignatureOrigin, TrustedDigest,
    mirror::IndexOrigin,
};

/// A key or identity whose signatures count, and for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedKey {
    /// Who signs.
    pub signer: Signer,
    /// The authority for whose releases it counts; `None` for all.
    pub authority: Option<Authority>,
    /// The name of the source for whose releases it counts; `None` for all.
    pub source: Option<String>,
    /// Until when a release is accepted for the first time by it.
    pub expires: Option<SystemTime>,
}

/// Who signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signer {
    /// The owner of a key.
    Key(VerifyingKey),
    /// An identity that Sigstore certifies.
    Identity(SigstoreIdentity),
}

impl Signer {
    /// The kinds of evidence that it can make.
    fn makes(&self, kind: EvidenceKind) -> bool {
        match self {
            Self::Identity(_) => kind == EvidenceKind::Sigstore,
            // A bundle may be signed by a key of cosign.
            Self::Key(key) if key.kind() == EvidenceKind::Cosign => {
                matches!(kind, EvidenceKind::Cosign | EvidenceKind::Sigstore)
            }
            // A `.sig` may hold an OpenPGP signature.
            Self::Key(key) if key.kind() == EvidenceKind::Gpg => {
                matches!(kind, EvidenceKind::Gpg | EvidenceKind::Cosign)
            }
            Self::Key(key) => key.kind() == kind,
        }
    }

    /// Whether a signature that was verified before is by this signer, for this release.
    pub(super) fn made(&self, origin: &SignatureOrigin, release: &Release) -> bool {
        match (self, &origin.identity) {
            (Self::Key(key), None) => key.id() == origin.key,
            (Self::Identity(identity), Some(san)) => {
                let expected = match release.slot.version() {
                    Some(version) => identity.san_of(version),
                    None => identity.san.clone(),
                };
                identity.issuer == origin.key && expected == *san
            }
            _ => false,
        }
    }
}

impl fmt::Display for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => {
                write!(f, "{} {}", loom_signatures::evidence::scheme(key.kind()), key.id())
            }
            Self::Identity(identity) => identity.fmt(f),
        }
    }
}

/// The keys and identities whose signatures count, and those that are revoked. Cloning is cheap.
#[derive(Debug, Clone, Default)]
pub struct Keyring {
    parts: Arc<KeyringParts>,
    mirrors: KnownMirrors,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct KeyringParts {
    keys: Vec<TrustedKey>,
    revoked: RevokedSigners,
}

impl PartialEq for Keyring {
    fn eq(&self, other: &Self) -> bool {
        self.parts == other.parts
    }
}

impl Eq for Keyring {}

/// Why a signature that was verified before does not count any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LostKey {
    /// The configuration does not name the key.
    Unknown(String),
    /// The configuration names the key as revoked.
    Revoked(String),
    /// No root is known for the mirror whose index was signed, or its newest root names other keys.
    Mirror(MirrorId),
}

impl fmt::Display for LostKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(key) => write!(f, "trust.keys does not name {key}"),
            Self::Revoked(key) => write!(f, "trust.revoked names {key}"),
            Self::Mirror(mirror) => write!(f, "no root of mirror {mirror} with its keys is known"),
        }
    }
}

impl Keyring {
    /// A keyring with these keys, of which those whose ids are `revoked` do not count.
    pub fn new(keys: Vec<TrustedKey>, revoked: Vec<String>) -> Self {
        Self {
            parts: Arc::new(KeyringParts { keys, revoked: RevokedSigners::new(revoked) }),
            mirrors: KnownMirrors::default(),
        }
    }

    /// The same keyring, with the mirrors whose signed index counts.
    #[must_use]
    pub fn with_mirrors(self, mirrors: KnownMirrors) -> Self {
        Self { mirrors, ..self }
    }

    /// Whether no key is configured.
    pub fn is_empty(&self) -> bool {
        self.parts.keys.is_empty()
    }

    /// All keys.
    pub fn keys(&self) -> &[TrustedKey] {
        &self.parts.keys
    }

    /// The keys of a kind that count for every authority and source: for documents about more than one release. Keys that
    /// are revoked or have expired at the time `at` are left out.
    pub fn keys_for_documents(&self, kind: EvidenceKind, at: SystemTime) -> Vec<VerifyingKey> {
        let key = |key: &TrustedKey| match &key.signer {
            Signer::Key(verifying)
                if verifying.kind() == kind
                    && key.authority.is_none()
                    && key.source.is_none()
                    && key.expires.is_none_or(|expires| at < expires)
                    && !self.is_revoked(&[&verifying.id()]) =>
            {
                Some(verifying.clone())
            }
            Signer::Key(_) | Signer::Identity(_) => None,
        };
        self.parts.keys.iter().filter_map(key).collect()
    }

    /// Those who count for an authority's releases from a source: neither revoked, nor expired at the time `at`.
    pub fn signers(&self, authority: &Authority, source: &str, at: SystemTime) -> Vec<Signer> {
        let counts = |key: &&TrustedKey| {
            let is_revoked = match &key.signer {
                Signer::Key(key) => self.is_revoked(&[&key.id()]),
                Signer::Identity(identity) => self.is_revoked(&[&identity.san, &identity.issuer]),
            };
            !is_revoked && key.expires.is_none_or(|expires| at < expires)
        };
        self.of(authority, Some(source)).filter(counts).map(|key| key.signer.clone()).collect()
    }

    /// The keys that count for an authority's releases from a source; from any source where none is given.
    pub(super) fn of<'k>(
        &'k self,
        authority: &'k Authority,
        source: Option<&'k str>,
    ) -> impl Iterator<Item = &'k TrustedKey> {
        self.parts.keys.iter().filter(move |key| {
            let fits = |name: &String| source.is_none_or(|source| source == name);
            key.authority.as_ref().is_none_or(|named| named == authority)
                && key.source.as_ref().is_none_or(fits)
        })
    }

    /// Whether evidence of this kind can count for an authority's releases from a source, so that it is worth a request.
    pub fn wants(&self, kind: EvidenceKind, authority: &Authority, source: &str) -> bool {
        self.of(authority, Some(source)).any(|key| key.signer.makes(kind))
    }

    /// Whether the configuration names a key, an identity or its issuer as revoked. Letters may be of either case.
    pub(super) fn is_revoked(&self, names: &[&str]) -> bool {
        self.parts.revoked.contain_any(names)
    }

    /// Judges a signature that was verified when the release was accepted: its key has to be named and not be revoked.
    /// Whether it has expired does not matter any more.
    ///
    /// # Errors
    /// [`LostKey`] where the signature does not count.
    pub fn judge(&self, origin: &SignatureOrigin, release: &Release) -> Result<(), LostKey> {
        let name = origin.identity.as_deref().unwrap_or(&origin.key);
        if self.is_revoked(&[name, &origin.key]) {
            return Err(LostKey::Revoked(name.to_owned()));
        }
        let mut keys = self.of(&release.authority, None);
        match keys.find(|key| key.signer.made(origin, release)) {
            Some(key) if self.is_pattern_revoked(key) => Err(LostKey::Revoked(name.to_owned())),
            Some(_) => Ok(()),
            None => Err(LostKey::Unknown(name.to_owned())),
        }
    }

    /// Judges a signed index that vouched when the release was accepted: none of its keys is revoked.
    ///
    /// # Errors
    /// [`LostKey`] where the index does not count.
    pub fn judge_index(&self, index: &IndexOrigin) -> Result<(), LostKey> {
        let mut keys = index.keys.iter().map(ToString::to_string);
        match keys.find(|key| self.is_revoked(&[key])) {
            Some(key) => Err(LostKey::Revoked(format!("ed25519 {key}"))),
            None => Ok(()),
        }
    }

    /// As [`judge_index`](Self::judge_index); the mirror has to be known, too, and enough of the keys have to be those
    /// that its newest root names.
    ///
    /// # Errors
    /// [`LostKey`] where the index does not count.
    pub fn judge_known_index(&self, index: &IndexOrigin) -> Result<(), LostKey> {
        self.judge_index(index)?;
        let counts = self.mirrors.any(index.mirror, |known| {
            let named = index.keys.iter().filter(|key| known.keys.contains(key)).count();
            named > 0 && named as u64 >= u64::from(known.threshold)
        });
        if counts { Ok(()) } else { Err(LostKey::Mirror(index.mirror)) }
    }

    /// Judges who signed what vouches for a digest; a digest without a signer counts.
    ///
    /// # Errors
    /// [`LostKey`] where the signer does not count any more.
    pub fn judge_signer(&self, digest: &TrustedDigest, release: &Release) -> Result<(), LostKey> {
        match (&digest.signature, &digest.index) {
            (Some(origin), _) => self.judge(origin, release),
            (None, Some(index)) => self.judge_known_index(index),
            (None, None) => Ok(()),
        }
    }

    /// Whether a digest may still vouch for a release, by where it comes from: a first-seen one does not where only those
    /// vouched for it whose keys are revoked now.
    pub fn lets_vouch(&self, origin: &PinOrigin, release: &Release) -> bool {
        let PinOrigin::FirstSeen { signers, .. } = origin else { return true };
        let is_revoked = |signer: &PinSigner| {
            let judged = match signer {
                PinSigner::Signature(origin) => self.judge(origin, release),
                PinSigner::Index(index) => self.judge_index(index),
            };
            matches!(judged, Err(LostKey::Revoked(_)))
        };
        signers.is_empty() || !signers.iter().all(is_revoked)
    }

    /// Whether the identity is revoked as the configuration writes it, with `{version}`.
    pub(super) fn is_pattern_revoked(&self, key: &TrustedKey) -> bool {
        match &key.signer {
            Signer::Identity(identity) => self.is_revoked(&[&identity.san]),
            Signer::Key(_) => false,
        }
    }
}
