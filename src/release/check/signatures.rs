//! Verifies the signatures of an asset and of `SHA256SUMS`.

use std::{io::Read, time::SystemTime};

use loom_signatures::{
    Content, EvidenceKind, SignatureError, SignedName, Verifiers, VerifyingKey, evidence, verify,
};
use loom_source::{Digest, Version};

use super::{
    CheckProblem,
    published_files::PublishedSignature,
    report::{CheckedFile, PlatformReport},
};

/// The keys by which signatures are verified.
#[derive(Debug, Clone, Copy)]
pub(super) struct SignatureKeys<'a> {
    pub(super) keys: &'a [VerifyingKey],
    pub(super) version: &'a Version,
    pub(super) at: SystemTime,
}

/// A signed file.
pub(super) struct SignedFile<'a> {
    pub(super) name: &'a str,
    pub(super) sha256: Digest,
    /// Opens its bytes.
    pub(super) open: &'a mut dyn FnMut() -> std::io::Result<Box<dyn Read>>,
}

impl SignatureKeys<'_> {
    /// Verifies the signatures of a file. Returns the ids of the keys that signed it.
    pub(super) fn check(
        self,
        file: &mut SignedFile<'_>,
        signatures: &[PublishedSignature],
        report: &mut PlatformReport,
    ) -> Vec<String> {
        let mut signed = Vec::new();
        for signature in signatures {
            let kind = evidence::detect(signature.kind, &signature.bytes);
            let what = evidence::scheme(kind);
            let mut checked =
                CheckedFile { file: signature.name.clone(), what, key: None, verified: false };
            if !self.keys.iter().any(|key| verifies(key, kind)) {
                report.checked.push(checked);
                continue;
            }
            match self.verified(file, signature) {
                Ok(key) => {
                    signed.extend(key.clone());
                    (checked.key, checked.verified) = (key, true);
                    report.checked.push(checked);
                }
                // The bundle of an identity: no key verifies it.
                Err(CheckProblem::Signature(
                    SignatureError::UnknownKey { .. } | SignatureError::UnknownIdentity { .. },
                )) if kind == EvidenceKind::Sigstore => {
                    report.checked.push(checked);
                }
                Err(problem) => report.wrong(signature.name.clone(), problem),
            }
        }
        signed
    }

    /// The id of the key that signed; an error where the signature is wrong, or is one of another file.
    fn verified(
        self,
        file: &mut SignedFile<'_>,
        signature: &PublishedSignature,
    ) -> Result<Option<String>, CheckProblem> {
        let mut bytes =
            (file.open)().map_err(|error| loom_source::SourceError::read(file.name, error))?;
        let verifiers =
            Verifiers { keys: self.keys, version: Some(self.version), ..Verifiers::none(self.at) };
        let content = Content::read(file.sha256, &mut bytes);
        let valid = verify(signature.kind, &signature.bytes, content, &verifiers)?;
        match (&valid.names, valid.names.file()) {
            (SignedName::TrustedComment(_), Some(signed)) if signed != file.name => {
                Err(CheckProblem::OtherFile { signed: signed.to_owned() })
            }
            _ => Ok(valid.key),
        }
    }
}

/// Whether a key can verify signatures of a kind. Sigstore bundles may be signed with a key of cosign.
fn verifies(key: &VerifyingKey, kind: EvidenceKind) -> bool {
    key.kind() == kind || (key.kind() == EvidenceKind::Cosign && kind == EvidenceKind::Sigstore)
}
