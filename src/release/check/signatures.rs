//! Verifies the signatures of an asset and of `SHA256SUMS`.

use std::{io::Read, time::SystemTime};

use loom_signatures::{Content, SignatureError, SignedName, Verifiers, evidence, verify};
use loom_source::{Digest, Version};

use super::{
    CheckProblem, ReleaseSigners,
    published_files::PublishedSignature,
    report::{CheckedFile, PlatformReport},
};

/// Those by whom signatures are verified.
#[derive(Debug, Clone, Copy)]
pub(super) struct SignatureCheck<'a> {
    pub(super) signers: &'a ReleaseSigners,
    pub(super) version: &'a Version,
    pub(super) at: SystemTime,
}

/// A signed file.
pub(super) struct SignedFile<'a> {
    /// Its name, for errors.
    pub(super) name: &'a str,
    /// The names that a signature may give it; none where its content names the release.
    pub(super) names: &'a [String],
    pub(super) sha256: Digest,
    /// Opens its bytes.
    pub(super) open: &'a mut dyn FnMut() -> std::io::Result<Box<dyn Read>>,
}

impl SignatureCheck<'_> {
    /// Verifies the signatures of a file. Returns the names of the keys and identities that signed it.
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
            if !self.signers.make(kind) {
                report.checked.push(checked);
                continue;
            }
            match self.verified(file, signature) {
                Ok(key) => {
                    signed.extend(key.clone());
                    (checked.key, checked.verified) = (key, true);
                    report.checked.push(checked);
                }
                Err(CheckProblem::Signature(
                    SignatureError::UnknownKey { .. } | SignatureError::UnknownIdentity { .. },
                )) if self.signers.lists_others(kind) => {
                    report.checked.push(checked);
                }
                Err(problem) => report.wrong(signature.name.clone(), problem),
            }
        }
        signed
    }

    /// The name of the key or identity that signed; an error where the signature is wrong, or is one of another file.
    fn verified(
        self,
        file: &mut SignedFile<'_>,
        signature: &PublishedSignature,
    ) -> Result<Option<String>, CheckProblem> {
        let mut bytes =
            (file.open)().map_err(|error| loom_source::SourceError::read(file.name, error))?;
        let verifiers = Verifiers {
            keys: self.signers.keys(),
            identities: self.signers.identities(),
            version: Some(self.version),
            at: self.at,
        };
        let content = Content::read(file.sha256, &mut bytes);
        let valid = verify(signature.kind, &signature.bytes, content, &verifiers)?;
        match (&valid.names, valid.names.file()) {
            (SignedName::TrustedComment(_), Some(signed))
                if !file.names.is_empty() && file.names.iter().all(|name| name != signed) =>
            {
                Err(CheckProblem::OtherFile { signed: signed.to_owned() })
            }
            _ => Ok(self.signers.name(valid, self.version)),
        }
    }
}
