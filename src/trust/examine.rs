//! [`Examination`]: checks the signatures of an offer, as far as that is possible without the artifact's bytes.

use std::time::SystemTime;

use bytes::Bytes;
use loom_signatures::{
    Content, SignedName, SigstoreIdentity, ValidSignature, Verifiers, VerifyingKey, evidence,
    verify,
};
use loom_source::{Digest, EvidenceKind, Release, asset, record::RecordEvidenceKind};

use super::{
    DigestSubject, Grade, Keyring, OpenedEvidence, SignatureOrigin, SignatureProblem, Signer,
    TrustedDigest, TrustedKey, Voucher,
    release_names::{Naming, naming},
};

/// For which release signatures are checked, with which keys, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureScope {
    /// The keys.
    pub keyring: Keyring,
    /// The release.
    pub release: Release,
    /// The name of the source; `None` where the evidence is in the store.
    pub source: Option<String>,
    /// The time at which keys must be valid.
    pub at: SystemTime,
    /// Whether the end of a key's validity in the configuration counts: at the first acceptance of a release only.
    pub first: bool,
}

/// A signature that counts, or that vouches for a `SHA256SUMS`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountedSignature {
    /// The digest that it vouches for.
    pub digest: TrustedDigest,
    /// The evidence to keep: the signature, and what it is about where that is kept for it alone.
    pub evidence: Vec<KeptEvidence>,
    /// Whether the bytes of the archive are needed to check it again.
    pub needs_archive: bool,
}

/// Evidence that is kept as an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptEvidence {
    /// The kind.
    pub kind: RecordEvidenceKind,
    /// The digest of what it is about.
    pub of: Digest,
    /// Its bytes.
    pub bytes: Bytes,
}

/// A signature whose check needs the bytes of the artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingSignature {
    scope: SignatureScope,
    evidence: OpenedEvidence,
    file: String,
    /// Whether this machine holds a digest of the release, so that the signature need not name it.
    pub(super) bound: bool,
}

impl PendingSignature {
    /// A signature over the file named `file`.
    pub(super) fn new(
        scope: &SignatureScope,
        evidence: &OpenedEvidence,
        file: &str,
        bound: bool,
    ) -> Self {
        Self { scope: scope.clone(), evidence: evidence.clone(), file: file.to_owned(), bound }
    }

    /// Where the signature was read.
    pub fn at(&self) -> &str {
        &self.evidence.at
    }

    /// Checks the signature over the bytes that arrived.
    ///
    /// # Errors
    /// [`SignatureProblem`] where it does not count.
    pub fn verify(
        &self,
        of: DigestSubject,
        content: Content<'_>,
    ) -> Result<CountedSignature, SignatureProblem> {
        self.scope.over_file(&self.evidence, of, content, &self.file, self.bound)
    }
}

impl SignatureScope {
    /// Whether the configuration names no key that could count.
    pub(super) fn has_no_key(&self) -> bool {
        self.keyring.of(&self.release.authority, self.source.as_deref()).next().is_none()
    }

    /// Checks a signature over a file: an archive, a single program or a listing.
    ///
    /// `bound` says whether this machine holds a digest of the release, so that the signature need not name it.
    ///
    /// # Errors
    /// [`SignatureProblem`] where it does not count.
    pub fn over_file(
        &self,
        evidence: &OpenedEvidence,
        of: DigestSubject,
        content: Content<'_>,
        file: &str,
        bound: bool,
    ) -> Result<CountedSignature, SignatureProblem> {
        let digest = content.sha256;
        let valid = self.verify(evidence, content, file)?;
        self.check_name(&evidence.at, &valid, bound)?;
        Ok(self.counted(evidence, &valid, of, digest, digest))
    }

    /// Checks a signature over bytes that name the release themselves: a statement, or a `SHA256SUMS` with a line for it.
    pub(super) fn over_document(
        &self,
        evidence: &OpenedEvidence,
        document: &[u8],
        what: &str,
    ) -> Result<ValidSignature, SignatureProblem> {
        self.verify(evidence, Content::of(&mut &document[..]), what)
    }

    /// Verifies a signature, and judges its key.
    fn verify(
        &self,
        evidence: &OpenedEvidence,
        content: Content<'_>,
        what: &str,
    ) -> Result<ValidSignature, SignatureProblem> {
        let mine: Vec<&TrustedKey> =
            self.keyring.of(&self.release.authority, self.source.as_deref()).collect();
        let keys = mine.iter().filter_map(|key| match &key.signer {
            Signer::Key(key) => Some(key.clone()),
            Signer::Identity(_) => None,
        });
        let identities = mine.iter().filter_map(|key| match &key.signer {
            Signer::Identity(identity) => Some(identity.clone()),
            Signer::Key(_) => None,
        });
        let (keys, identities): (Vec<VerifyingKey>, Vec<SigstoreIdentity>) =
            (keys.collect(), identities.collect());
        let version = self.release.slot.version();
        let verifiers = Verifiers { keys: &keys, identities: &identities, version, at: self.at };
        let valid = verify(evidence.kind, &evidence.bytes, content, &verifiers)
            .map_err(|error| SignatureProblem::new(error, &evidence.at, what))?;
        self.judge_key(&evidence.at, &valid, &mine)?;
        Ok(valid)
    }

    /// Refuses a key that is revoked, or that has expired for all its entries in the configuration.
    fn judge_key(
        &self,
        at: &str,
        valid: &ValidSignature,
        mine: &[&TrustedKey],
    ) -> Result<(), SignatureProblem> {
        let origin = origin(valid);
        let name = origin.identity.as_deref().unwrap_or(&origin.key);
        let made: Vec<_> =
            mine.iter().filter(|key| key.signer.made(&origin, &self.release)).collect();
        let is_revoked = self.keyring.is_revoked(&[name, &origin.key])
            || made.iter().any(|key| self.keyring.is_pattern_revoked(key));
        if is_revoked {
            let (at, key) = (at.to_owned(), name.to_owned());
            return Err(SignatureProblem::Revoked { at, key, by: "trust.revoked".to_owned() });
        }
        if made.iter().any(|key| !self.first || key.expires.is_none_or(|until| self.at <= until)) {
            return Ok(());
        }
        let until = made.iter().filter_map(|key| key.expires).max();
        let until = until.map(loom_base::time::format_rfc3339).unwrap_or_default();
        let why = format!("{name} counts until {until} (expires in trust.keys)");
        Err(SignatureProblem::Expired { at: at.to_owned(), why })
    }

    /// Refuses a signature that names another release, and one that names none where nothing else binds it.
    fn check_name(
        &self,
        at: &str,
        valid: &ValidSignature,
        bound: bool,
    ) -> Result<(), SignatureProblem> {
        let named = match &valid.names {
            SignedName::Version(_) => Naming::Release,
            SignedName::TrustedComment(_) => {
                valid.names.file().map_or(Naming::Any, |file| naming(file, &self.release))
            }
            SignedName::Nothing => Naming::Any,
        };
        let expected = || self.expected_name();
        match named {
            Naming::Release => Ok(()),
            Naming::Other => Err(SignatureProblem::OtherRelease {
                at: at.to_owned(),
                expected: expected(),
                got: valid.names.file().unwrap_or_default().to_owned(),
            }),
            Naming::Any if bound => Ok(()),
            Naming::Any => {
                let SignatureOrigin { key, identity, .. } = origin(valid);
                let key = identity.unwrap_or(key);
                let (at, kind) = (at.to_owned(), valid.kind);
                Err(SignatureProblem::NamesNoRelease { at, kind, expected: expected(), key })
            }
        }
    }

    /// The name that a signed text should have, for messages.
    pub(super) fn expected_name(&self) -> String {
        let stem = self.release.asset_stem().unwrap_or_default();
        let names = asset::names(&self.release);
        let archive = names.iter().find(|name| name.name.ends_with(".tar.gz"));
        archive.map_or(stem, |name| name.name.clone())
    }

    /// The digest that a valid signature vouches for. `about` is the digest of what it signs.
    pub(super) fn counted(
        &self,
        evidence: &OpenedEvidence,
        valid: &ValidSignature,
        of: DigestSubject,
        digest: Digest,
        about: Digest,
    ) -> CountedSignature {
        let digest = TrustedDigest {
            of,
            digest,
            by: Voucher::Signature,
            at: evidence.at.clone(),
            grade: Grade::Identity,
            signature: Some(origin(valid)),
            index: None,
            evidence: Some(Digest::of(&evidence.bytes)),
        };
        let bytes = evidence.bytes.clone();
        let kept = KeptEvidence { kind: valid.kind.into(), of: about, bytes };
        let needs_archive = of == DigestSubject::Archive
            && digest.digest == about
            && evidence::needs_bytes(valid.kind, &evidence.bytes);
        CountedSignature { digest, evidence: vec![kept], needs_archive }
    }
}

/// Who signed, as verifications name it: for an identity, the issuer takes the place of the key.
fn origin(valid: &ValidSignature) -> SignatureOrigin {
    let scheme = scheme_word(valid.kind).to_owned();
    match (&valid.key, &valid.identity) {
        (_, Some(identity)) => SignatureOrigin {
            scheme,
            key: identity.issuer.clone(),
            identity: Some(identity.san.clone()),
        },
        (key, None) => {
            SignatureOrigin { scheme, key: key.clone().unwrap_or_default(), identity: None }
        }
    }
}

/// The word for a kind of signature in documents.
fn scheme_word(kind: EvidenceKind) -> &'static str {
    match kind {
        EvidenceKind::Minisign => "minisign",
        EvidenceKind::Cosign => "cosign",
        EvidenceKind::Gpg => "gpg",
        EvidenceKind::Sigstore => "sigstore",
    }
}
