//! [`ReleaseSigner`]: a key, and the signature files that it makes.

use std::{fs::File, time::SystemTime};

use loom_signatures::{
    Content, Verifiers, VerifyingKey,
    sign::{CosignSecretKey, MinisignSecretKey, SigningError, sigstore_bundle},
    verify,
};
use loom_source::{EvidenceKind, Version};

use super::{GpgSigner, SignError};
use crate::release::ReleaseFile;

/// A key, and the signature files that it makes.
#[derive(Debug)]
pub enum ReleaseSigner {
    /// `.minisig`: the trusted comment names file, version and digest.
    Minisign(MinisignSecretKey),
    /// `.sig` and `.sigstore.json`: a key on the curve P-256.
    Cosign(CosignSecretKey),
    /// `.asc`: the user's gpg.
    Gpg(GpgSigner),
}

/// A kind of signature file with its extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SignatureKind {
    pub(super) kind: EvidenceKind,
    pub(super) extension: &'static str,
}

const MINISIGN: SignatureKind =
    SignatureKind { kind: EvidenceKind::Minisign, extension: ".minisig" };
const COSIGN: SignatureKind = SignatureKind { kind: EvidenceKind::Cosign, extension: ".sig" };
const SIGSTORE: SignatureKind =
    SignatureKind { kind: EvidenceKind::Sigstore, extension: ".sigstore.json" };
const GPG: SignatureKind = SignatureKind { kind: EvidenceKind::Gpg, extension: ".asc" };

impl ReleaseSigner {
    /// The signature files that the key makes of each file.
    pub(super) fn kinds(&self) -> &'static [SignatureKind] {
        match self {
            Self::Minisign(_) => &[MINISIGN],
            Self::Cosign(_) => &[COSIGN, SIGSTORE],
            Self::Gpg(_) => &[GPG],
        }
    }

    /// The text of a signature file; `None` where gpg writes it.
    pub(super) fn signature(
        &self,
        kind: SignatureKind,
        file: &ReleaseFile,
        version: &Version,
        at: SystemTime,
    ) -> Result<Option<String>, SignError> {
        let signed = match (self, kind.kind) {
            (Self::Minisign(key), _) => {
                let mut content = File::open(&file.path).map_err(SignError::at(&file.path))?;
                let (version, sha256) = (version.to_string(), file.sha256.to_string());
                let fields = [("version", version.as_str()), ("sha256", sha256.as_str())];
                key.sign_naming(&mut content, &file.name, &fields, at)
            }
            (Self::Cosign(key), EvidenceKind::Sigstore) => sigstore_bundle(key, file.sha256),
            (Self::Cosign(key), _) => key.sign(file.sha256),
            (Self::Gpg(_), _) => return Ok(None),
        };
        signed.map(Some).map_err(|source| failed(file, source))
    }

    /// The public key; `None` for gpg, which verifies with the user's keyring.
    pub(super) fn public(&self, file: &ReleaseFile) -> Result<Option<VerifyingKey>, SignError> {
        let public = match self {
            Self::Minisign(key) => key.public(),
            Self::Cosign(key) => key.public(),
            Self::Gpg(_) => return Ok(None),
        };
        public.map(Some).map_err(|source| failed(file, source))
    }
}

fn failed(file: &ReleaseFile, source: SigningError) -> SignError {
    SignError::Key { name: file.name.clone(), source }
}

/// Verifies a signature file over a file of the release with one key.
pub(super) fn check(
    kind: SignatureKind,
    signature: &[u8],
    file: &ReleaseFile,
    key: VerifyingKey,
    at: SystemTime,
) -> Result<Result<(), loom_signatures::SignatureError>, SignError> {
    let mut bytes = File::open(&file.path).map_err(SignError::at(&file.path))?;
    let verifiers = Verifiers { keys: &[key], ..Verifiers::none(at) };
    let content = Content::read(file.sha256, &mut bytes);
    Ok(verify(kind.kind, signature, content, &verifiers).map(drop))
}
