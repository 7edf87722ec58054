//! The signatures that are kept with a release, checked again: without a network, over what is kept.

use std::{fs::File, path::PathBuf, time::SystemTime};

use bytes::Bytes;
use loom_base::time::parse_rfc3339;
use loom_signatures::{Content, evidence::needs_bytes};
use loom_source::{
    Digest, Record, Release,
    record::{RecordEvidence, RecordEvidenceKind, object_path},
};

use super::{EntryKind, Store, StoreError};
use crate::trust::{
    CountedSignature, DigestSubject, Keyring, OpenedEvidence, OpenedSubject, SignatureProblem,
    SignatureScope, SumsLine, TrustedDigest,
};

/// A signature that is kept with a release.
#[derive(Debug)]
pub struct KeptSignature {
    /// Its kind, its own digest, and the digest of what it is about.
    pub evidence: RecordEvidence,
    /// What it vouches for.
    pub result: Result<TrustedDigest, KeptProblem>,
}

/// Why a kept signature does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeptProblem {
    /// An object is missing or damaged.
    #[error("{what} is missing or damaged")]
    Object {
        /// Which object.
        what: String,
    },
    /// The signature does not count.
    #[error(transparent)]
    Signature(#[from] SignatureProblem),
}

impl Store {
    /// What kept signatures of `release` are checked with: today's keys, at the time at which the release was accepted. The
    /// end of a key's validity in the configuration does not count.
    pub fn evidence_scope(&self, release: &Release, keyring: &Keyring) -> SignatureScope {
        let receipt = self.receipt(release).ok().flatten();
        let at = receipt.and_then(|receipt| parse_rfc3339(&receipt.at));
        SignatureScope {
            keyring: keyring.clone(),
            release: release.clone(),
            source: None,
            at: at.unwrap_or_else(SystemTime::now),
            first: false,
        }
    }

    /// The signatures in the record of a release, each checked again. `bound` says whether this machine holds a digest of
    /// the release, so that a signature need not name it.
    pub fn kept_signatures(&self, scope: &SignatureScope, bound: bool) -> Vec<KeptSignature> {
        let Some(record) = self.record(&scope.release).ok().flatten() else { return vec![] };
        let signatures = record.evidence.iter().filter(|it| it.kind.offered().is_some());
        let checked = |evidence: &RecordEvidence| {
            let result = self.check_kept(&record, evidence, scope, bound);
            let result = result.map(|counted| TrustedDigest {
                at: object_path(&evidence.digest),
                evidence: Some(evidence.digest),
                ..counted.digest
            });
            KeptSignature { evidence: evidence.clone(), result }
        };
        signatures.map(checked).collect()
    }

    fn check_kept(
        &self,
        record: &Record,
        evidence: &RecordEvidence,
        scope: &SignatureScope,
        bound: bool,
    ) -> Result<CountedSignature, KeptProblem> {
        let opened = self.opened(evidence)?;
        if evidence.of == record.statement {
            let statement = self.kept_object(&evidence.of, "the statement")?;
            return Ok(scope.over_statement(&opened, &statement)?);
        }
        let is_sums =
            |it: &&RecordEvidence| it.kind == RecordEvidenceKind::Sums && it.digest == evidence.of;
        let Some(sums) = record.evidence.iter().find(is_sums) else {
            return self.check_file(evidence, &opened, scope, bound);
        };
        let bytes = self.kept_object(&evidence.of, "the SHA256SUMS")?;
        let line = SumsLine { file: None, digest: Some(sums.of), bound };
        Ok(scope.over_sums(&opened, &bytes, line)?)
    }

    /// Checks a signature over a file: an archive that is kept, the single program of a tree, or a listing.
    fn check_file(
        &self,
        evidence: &RecordEvidence,
        opened: &OpenedEvidence,
        scope: &SignatureScope,
        bound: bool,
    ) -> Result<CountedSignature, KeptProblem> {
        let of = &evidence.of;
        let subject = match self.listing(of) {
            Ok(Some(_)) => DigestSubject::Tree,
            _ => DigestSubject::Archive,
        };
        if !needs_bytes(opened.kind, &opened.bytes) {
            return Ok(scope.over_file(opened, subject, Content::digest(*of), "", bound)?);
        }
        let missing = || KeptProblem::Object { what: "the archive that it is about".to_owned() };
        let path = self.signed_file(&scope.release, of).ok_or_else(missing)?;
        let mut file = File::open(path).map_err(|_| missing())?;
        let content = Content::read(*of, &mut file);
        Ok(scope.over_file(opened, subject, content, &of.to_string(), bound)?)
    }

    /// The file with these bytes: an object, or the single file of the release's tree.
    fn signed_file(&self, release: &Release, digest: &Digest) -> Option<PathBuf> {
        let object = self.object(digest);
        if object.is_file() {
            return Some(object);
        }
        let tree = self.recorded_tree(release).ok()??.tree;
        match self.listing(&tree).ok()??.entries() {
            [only] if only.kind == EntryKind::Executable && only.digest == *digest => {
                Some(self.tree(&tree).join(only.path.as_str()))
            }
            _ => None,
        }
    }

    fn opened(&self, evidence: &RecordEvidence) -> Result<OpenedEvidence, KeptProblem> {
        let bytes = self.kept_object(&evidence.digest, "the signature")?;
        let what = || KeptProblem::Object { what: "the signature".to_owned() };
        let kind = evidence.kind.offered().ok_or_else(what)?;
        let at = object_path(&evidence.digest);
        Ok(OpenedEvidence { kind, at, bytes, of: OpenedSubject::Statement })
    }

    fn kept_object(&self, digest: &Digest, what: &str) -> Result<Bytes, KeptProblem> {
        let bytes: Result<_, StoreError> = self.object_bytes(digest);
        let missing = || KeptProblem::Object { what: format!("{what} {}", object_path(digest)) };
        bytes.ok().flatten().map(Bytes::from).ok_or_else(missing)
    }
}
