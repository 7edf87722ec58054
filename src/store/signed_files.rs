//! Checks the signatures of a staged tree: over the archive that arrived, over the single program, over the listing.

use std::{fs::File, io::Read};

use loom_signatures::Content;
use loom_source::{Digest, Release, record::RecordEvidence};

use super::{AdmitError, Received, StoreError, TreeListing};
use crate::trust::{
    CountedSignature, DigestSubject, Expectation, KeptEvidence, PendingSignature, SignatureProblem,
    TrustedDigest,
};

/// What signatures may be about.
pub(super) struct SignedFiles<'a> {
    pub(super) received: Option<&'a Received>,
    pub(super) listing: &'a TreeListing,
    pub(super) tree: Digest,
}

/// The signatures that count, as evidence.
#[derive(Default)]
pub(super) struct SignatureEvidence {
    pub(super) kept: Vec<(RecordEvidence, Vec<u8>)>,
    pub(super) needs_archive: bool,
    pub(super) problems: Vec<SignatureProblem>,
}

/// Adds a digest to those that were met, if it is the one of the bytes.
pub(super) fn meet(
    release: &Release,
    expected: &TrustedDigest,
    got: Digest,
    digests: &mut Vec<TrustedDigest>,
) -> Result<(), AdmitError> {
    if expected.digest != got {
        return Err(AdmitError::Mismatch {
            release: Box::new(release.clone()),
            of: expected.of,
            expected: expected.digest,
            got,
            by: expected.voucher(),
        });
    }
    digests.push(expected.clone());
    Ok(())
}

/// Compares the digests of signatures that count with the bytes, checks the others over them, and adds what they vouch for
/// to `digests`.
pub(super) fn check_signatures(
    expectation: &Expectation,
    files: &SignedFiles<'_>,
    digests: &mut Vec<TrustedDigest>,
) -> Result<SignatureEvidence, AdmitError> {
    let signatures = &expectation.signatures;
    let mut evidence =
        SignatureEvidence { problems: signatures.problems.clone(), ..Default::default() };
    let mut counted = 0;
    let pending = signatures.pending.iter().map(|pending| files.verify(pending));
    let pending = pending.collect::<Result<Vec<_>, _>>()?;
    for result in signatures.signed.iter().cloned().map(Ok).chain(pending) {
        match result {
            Ok(signed) => {
                counted += 1;
                let got = files.digest(signed.digest.of);
                let Some(got) = got else {
                    let by = signed.digest.voucher();
                    let release = Box::new(expectation.release.clone());
                    return Err(AdmitError::OtherArtifact { release, by });
                };
                meet(&expectation.release, &signed.digest, got, digests)?;
                evidence.add(signed);
            }
            Err(problem) => evidence.problems.push(problem),
        }
    }
    for carried in &signatures.carried {
        let artifact = files.received.map_or(files.tree, Received::digest);
        evidence.needs_archive |= files.received.is_some() && carried.needs_artifact();
        evidence.keep(carried.evidence(artifact));
    }
    let worst = evidence.problems.iter().max_by_key(|problem| problem.weight());
    let refuses =
        |problem: &&SignatureProblem| expectation.signature_required || problem.is_contradiction();
    match worst.filter(refuses) {
        _ if counted > 0 => Ok(evidence),
        Some(problem) => Err(AdmitError::Signature(Box::new(problem.clone()))),
        None if expectation.signature_required => {
            Err(AdmitError::Unverified(Box::new(expectation.release.clone())))
        }
        None => Ok(evidence),
    }
}

impl SignatureEvidence {
    fn add(&mut self, signed: CountedSignature) {
        self.needs_archive |= signed.needs_archive;
        self.keep(signed.evidence);
    }

    fn keep(&mut self, evidence: Vec<KeptEvidence>) {
        for kept in evidence {
            let digest = Digest::of(&kept.bytes);
            let evidence = RecordEvidence { kind: kept.kind, digest, of: kept.of };
            if !self.kept.iter().any(|(known, _)| *known == evidence) {
                self.kept.push((evidence, kept.bytes.to_vec()));
            }
        }
    }
}

impl SignedFiles<'_> {
    fn digest(&self, of: DigestSubject) -> Option<Digest> {
        match of {
            DigestSubject::Tree => Some(self.tree),
            DigestSubject::Archive => self.received.map(Received::digest),
        }
    }

    /// Checks a signature over the bytes that arrived. The outer error is one of the store.
    fn verify(
        &self,
        pending: &PendingSignature,
    ) -> Result<Result<CountedSignature, SignatureProblem>, StoreError> {
        let Some(received) = self.received else {
            let listing = self.listing.to_bytes();
            return Ok(pending.verify(DigestSubject::Tree, Content::of(&mut &listing[..])));
        };
        let mut file: Option<File> = received.open()?;
        let content = Content {
            sha256: received.digest(),
            bytes: file.as_mut().map(|file| file as &mut dyn Read),
        };
        Ok(pending.verify(DigestSubject::Archive, content))
    }
}
