//! [`TrustKey`]: a key or identity of `trust.keys`.

use std::path::PathBuf;

use loom_source::Authority;

/// A key or an identity whose signatures count, and for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustKey {
    /// Who signs.
    pub signer: TrustedSigner,
    /// The authority for whose releases the signer counts; `None` for all.
    pub authority: Option<Authority>,
    /// The name of the source for whose releases the signer counts; `None` for all.
    pub source: Option<String>,
    /// Until when a release is accepted for the first time by this signer (RFC 3339, UTC).
    pub expires: Option<String>,
}

/// Who signs, as the configuration names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrustedSigner {
    /// A public key: a minisign key, a PEM block of cosign, or an OpenPGP certificate.
    Key(String),
    /// A file with a public key.
    KeyFile(PathBuf),
    /// An identity of Sigstore, of which `{version}` is the version of the release.
    Identity {
        /// The subject of the certificate.
        san: String,
        /// The issuer of the identity.
        issuer: String,
        /// The file with the keys of a Sigstore instance; `None` for the public instance.
        trust_root: Option<PathBuf>,
    },
}

impl TrustKey {
    /// A signer that counts for everything and does not expire.
    pub fn new(signer: TrustedSigner) -> Self {
        Self { signer, authority: None, source: None, expires: None }
    }
}
