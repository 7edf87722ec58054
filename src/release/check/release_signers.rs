//! [`ReleaseSigners`]: the keys and identities by which a published release is verified.

use loom_signatures::{EvidenceKind, SigstoreIdentity, ValidSignature, VerifyingKey};
use loom_source::Version;

use super::{CheckProblem, PlatformReport};
use crate::trust::Signer;

/// The keys and identities by which a published release is verified.
#[derive(Debug, Clone)]
pub struct ReleaseSigners {
    keys: Vec<VerifyingKey>,
    identities: Vec<SigstoreIdentity>,
    needed: NeededSigners,
}

/// Who has to have signed each asset or `SHA256SUMS`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NeededSigners {
    /// All of them.
    All,
    /// One of them.
    One,
    /// Nobody: signatures are verified where there are some.
    Nobody,
}

impl ReleaseSigners {
    /// The given ones, of which those that are `needed` have to have signed.
    pub fn new(signers: Vec<Signer>, needed: NeededSigners) -> Self {
        let (mut keys, mut identities) = (Vec::new(), Vec::new());
        for signer in signers {
            match signer {
                Signer::Key(key) => keys.push(key),
                Signer::Identity(identity) => identities.push(identity),
            }
        }
        Self { keys, identities, needed }
    }

    pub(super) fn keys(&self) -> &[VerifyingKey] {
        &self.keys
    }

    pub(super) fn identities(&self) -> &[SigstoreIdentity] {
        &self.identities
    }

    /// Whether one of them can make signatures of a kind. Sigstore bundles may be signed with a key of cosign.
    pub(super) fn make(&self, kind: EvidenceKind) -> bool {
        let makes = |key: &VerifyingKey| {
            key.kind() == kind
                || (key.kind() == EvidenceKind::Cosign && kind == EvidenceKind::Sigstore)
        };
        self.keys.iter().any(makes)
            || (!self.identities.is_empty() && kind == EvidenceKind::Sigstore)
    }

    /// Whether a signature of a kind by another signer is only listed: a bundle of an identity is verified by no key, and
    /// those of the configuration do not have to be all who sign.
    pub(super) fn lists_others(&self, kind: EvidenceKind) -> bool {
        kind == EvidenceKind::Sigstore || self.needed != NeededSigners::All
    }

    /// How reports name the key or the identity that signed a release of a version.
    pub(super) fn name(&self, valid: ValidSignature, version: &Version) -> Option<String> {
        let Some(signed) = &valid.identity else { return valid.key };
        let is = |identity: &&SigstoreIdentity| {
            identity.issuer == signed.issuer && identity.san_of(version) == signed.san
        };
        self.identities.iter().find(is).map(ToString::to_string)
    }

    /// Reports who has to have signed a file, and has not: `signed` are the names of those who have.
    pub(super) fn report_missing(
        &self,
        file: &str,
        signed: &[String],
        report: &mut PlatformReport,
    ) {
        match self.needed {
            NeededSigners::Nobody => {}
            NeededSigners::One if signed.is_empty() => report.wrong(file, CheckProblem::NotSigned),
            NeededSigners::One => {}
            NeededSigners::All => {
                let keys = self.keys.iter().map(|key| (key.kind(), key.id()));
                let identities = self.identities.iter();
                let identities = identities.map(|one| (EvidenceKind::Sigstore, one.to_string()));
                for (kind, key) in keys.chain(identities).filter(|(_, key)| !signed.contains(key)) {
                    report.wrong(file, CheckProblem::Unsigned { kind, key });
                }
            }
        }
    }
}
