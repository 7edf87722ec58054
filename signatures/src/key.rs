//! [`VerifyingKey`]: a public key of any scheme.

use std::str::FromStr;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use loom_source::EvidenceKind;

use crate::{
    cosign::CosignKey, error::KeyError, evidence::KEY_LIMIT, minisign::MinisignKey,
    openpgp::Certificate,
};

/// A public key. Its text tells the scheme:
///
/// | text | scheme |
/// |---|---|
/// | `minisign:RW…`, `RW…`, or the two lines of `minisign.pub` | minisign |
/// | a PEM block `BEGIN PUBLIC KEY` (ECDSA P-256), as `cosign.pub` has it | cosign, and Sigstore bundles with a key |
/// | an OpenPGP certificate, armoured (`BEGIN PGP PUBLIC KEY BLOCK`) or in base64 | OpenPGP |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyingKey(SchemeKey);

/// The key of one scheme.
#[derive(Debug, Clone, PartialEq, Eq)]
enum SchemeKey {
    Minisign(MinisignKey),
    Cosign(CosignKey),
    OpenPgp(Certificate),
}

impl VerifyingKey {
    /// Reads a public key.
    ///
    /// # Errors
    /// [`KeyError`], where the text is not a public key of a known scheme.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        if text.len() > KEY_LIMIT {
            return Err(KeyError::TooLarge { size: text.len(), limit: KEY_LIMIT });
        }
        let text = text.trim();
        if text.contains("PRIVATE KEY") {
            return Err(KeyError::Secret);
        }
        if let Some(line) = text.strip_prefix("minisign:") {
            return MinisignKey::parse(line.trim()).map(|key| Self(SchemeKey::Minisign(key)));
        }
        if text.starts_with("untrusted comment:") {
            let line = text.lines().nth(1).unwrap_or_default();
            return MinisignKey::parse(line.trim()).map(|key| Self(SchemeKey::Minisign(key)));
        }
        if text.starts_with("-----BEGIN PUBLIC KEY-----") {
            return CosignKey::parse(text).map(|key| Self(SchemeKey::Cosign(key)));
        }
        if text.starts_with("RW") && text.len() == 56 {
            return MinisignKey::parse(text).map(|key| Self(SchemeKey::Minisign(key)));
        }
        if text.starts_with("-----BEGIN PGP PUBLIC KEY BLOCK-----") {
            return Certificate::parse(text.as_bytes()).map(|key| Self(SchemeKey::OpenPgp(key)));
        }
        let base64: String = text.split_ascii_whitespace().collect();
        match STANDARD.decode(base64) {
            Ok(bytes) => Self::parse_binary(&bytes),
            Err(_) => Err(KeyError::Unrecognized),
        }
    }

    /// Reads the file of a public key: one of the texts, or a binary OpenPGP certificate.
    ///
    /// # Errors
    /// [`KeyError`], where the file is not a public key of a known scheme.
    pub fn parse_file(bytes: &[u8]) -> Result<Self, KeyError> {
        if bytes.len() > KEY_LIMIT {
            return Err(KeyError::TooLarge { size: bytes.len(), limit: KEY_LIMIT });
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::parse(text),
            Err(_) => Self::parse_binary(bytes),
        }
    }

    /// Reads a binary OpenPGP certificate. Every packet begins with a byte that is not ASCII.
    fn parse_binary(bytes: &[u8]) -> Result<Self, KeyError> {
        if bytes.first().is_none_or(u8::is_ascii) {
            return Err(KeyError::Unrecognized);
        }
        Certificate::parse(bytes).map(|key| Self(SchemeKey::OpenPgp(key)))
    }

    /// The kind of signature files that the key verifies. A cosign key verifies Sigstore bundles with a key too.
    pub fn kind(&self) -> EvidenceKind {
        match &self.0 {
            SchemeKey::Minisign(_) => EvidenceKind::Minisign,
            SchemeKey::Cosign(_) => EvidenceKind::Cosign,
            SchemeKey::OpenPgp(_) => EvidenceKind::Gpg,
        }
    }

    /// The name of the key: minisign's key id as the tool prints it, the SHA-256 of a cosign key's SubjectPublicKeyInfo, an
    /// OpenPGP certificate's full fingerprint.
    pub fn id(&self) -> String {
        match &self.0 {
            SchemeKey::Minisign(key) => key.id(),
            SchemeKey::Cosign(key) => key.id(),
            SchemeKey::OpenPgp(key) => key.id(),
        }
    }

    /// The minisign key, if it is one.
    pub(crate) fn as_minisign(&self) -> Option<&MinisignKey> {
        match &self.0 {
            SchemeKey::Minisign(key) => Some(key),
            SchemeKey::Cosign(_) | SchemeKey::OpenPgp(_) => None,
        }
    }

    /// The P-256 key, if it is one.
    pub(crate) fn as_cosign(&self) -> Option<&CosignKey> {
        match &self.0 {
            SchemeKey::Cosign(key) => Some(key),
            SchemeKey::Minisign(_) | SchemeKey::OpenPgp(_) => None,
        }
    }

    /// The OpenPGP certificate, if it is one.
    pub(crate) fn as_openpgp(&self) -> Option<&Certificate> {
        match &self.0 {
            SchemeKey::OpenPgp(key) => Some(key),
            SchemeKey::Minisign(_) | SchemeKey::Cosign(_) => None,
        }
    }
}

impl FromStr for VerifyingKey {
    type Err = KeyError;
    fn from_str(text: &str) -> Result<Self, KeyError> {
        Self::parse(text)
    }
}
