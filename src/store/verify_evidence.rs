//! Checks the evidence of all installed versions again: signatures over what is kept, checksums, statements.

use loom_source::{Digest, Release, record::object_path};

use super::{Damage, KeptProblem, Store, StoreError, Verification};
use crate::trust::{Keyring, TrustedDigest, Voucher};

/// What was found when the evidence of all installed versions was checked again.
#[derive(Debug, Default)]
pub struct EvidenceReport {
    /// What vouches for each version.
    pub checks: Vec<EvidenceCheck>,
    /// What does not hold, ordered by path.
    pub findings: Vec<Damage>,
}

/// One thing that vouches for a version.
#[derive(Debug)]
pub struct EvidenceCheck {
    /// The version.
    pub release: Release,
    /// The digest that is vouched for, and by what.
    pub digest: TrustedDigest,
    /// The result.
    pub result: EvidenceResult,
}

/// The result of checking one digest of a verification again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EvidenceResult {
    /// The evidence is here and vouches for the digest.
    Holds,
    /// No evidence is kept: the digest was given by the user, or is a first-seen one.
    NotKept,
    /// The evidence does not vouch for the digest.
    Fails(String),
}

impl EvidenceResult {
    /// The result in a word: `holds`, `not-kept` or `fails`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::NotKept => "not-kept",
            Self::Fails(_) => "fails",
        }
    }
}

impl Store {
    /// Checks the evidence of all installed versions again, with the keys of today and without a network. Changes nothing.
    ///
    /// # Errors
    /// [`StoreError::Io`] where a folder or a document cannot be read.
    pub fn verify_evidence(&self, keyring: &Keyring) -> Result<EvidenceReport, StoreError> {
        let mut report = EvidenceReport::default();
        // What cannot be read is found by `verify`.
        for release in self.noting().0.known()?.into_iter().filter(|it| it.slot.version().is_some())
        {
            // A missing or damaged verification is found by `verify`.
            let Ok(Some(verification)) = self.verification(&release) else { continue };
            self.check_release(&release, &verification, keyring, &mut report);
        }
        report.findings.sort();
        Ok(report)
    }

    fn check_release(
        &self,
        release: &Release,
        verification: &Verification,
        keyring: &Keyring,
        report: &mut EvidenceReport,
    ) {
        let scope = self.evidence_scope(release, keyring);
        // Whether a digest bound the release was judged when it was accepted.
        let signatures = self.kept_signatures(&scope, true);
        let mut find = |object: &Digest, what: String| {
            let fix = format!(
                "`loom get {} --force-download` fetches and verifies it again",
                release.slot
            );
            let path = self.root.join(object_path(object));
            report.findings.push(Damage { path, what: format!("{release}: {what}"), fix });
        };
        for digest in &verification.digests {
            let by_signature = digest.evidence.and_then(|object| {
                signatures.iter().find(|signature| signature.evidence.digest == object)
            });
            let result = match (digest.by, by_signature) {
                (Voucher::Signature, Some(signature)) => match &signature.result {
                    Ok(vouched) if vouched.digest == digest.digest => EvidenceResult::Holds,
                    Ok(_) => EvidenceResult::Fails("it vouches for another digest".to_owned()),
                    Err(problem) => EvidenceResult::Fails(problem.to_string()),
                },
                (Voucher::Signature, None) => {
                    EvidenceResult::Fails("the signature is not in the record".to_owned())
                }
                _ => match keyring.judge_signer(digest, release) {
                    // Neither a lock nor an index is kept in the store.
                    Err(lost) => EvidenceResult::Fails(lost.to_string()),
                    Ok(()) => self.check_unsigned(release, digest),
                },
            };
            if let EvidenceResult::Fails(why) = &result {
                find(&digest.evidence.unwrap_or(digest.digest), why.clone());
            }
            let (release, digest) = (release.clone(), digest.clone());
            report.checks.push(EvidenceCheck { release, digest, result });
        }
        // Signatures that did not count when the version was accepted are not required to count now, but must not contradict.
        for signature in &signatures {
            let counted = verification
                .digests
                .iter()
                .any(|it| it.evidence == Some(signature.evidence.digest));
            if let (false, Err(KeptProblem::Signature(problem))) = (counted, &signature.result)
                && problem.is_contradiction()
            {
                find(&signature.evidence.digest, problem.to_string());
            }
        }
    }

    /// Checks a kept checksum, or a statement that a source served.
    fn check_unsigned(&self, release: &Release, digest: &TrustedDigest) -> EvidenceResult {
        let Some(object) = digest.evidence else { return EvidenceResult::NotKept };
        let (kind, holds) = if digest.by == Voucher::Statement {
            ("statement", self.is_stated(release, &object, &digest.digest))
        } else {
            let vouches =
                |it: &TrustedDigest| it.evidence == Some(object) && it.digest == digest.digest;
            ("checksum", self.kept_evidence(release).iter().any(vouches))
        };
        if holds {
            EvidenceResult::Holds
        } else {
            EvidenceResult::Fails(format!("its {kind} does not vouch for {}", digest.digest))
        }
    }

    /// Whether the statement in this object is of the release, and names the digest: that of the tree, or of an archive.
    fn is_stated(&self, release: &Release, object: &Digest, digest: &Digest) -> bool {
        let statement = self.statement(object).ok().flatten();
        statement.is_some_and(|statement| {
            let mut archives = statement.archives.iter();
            statement.release() == *release
                && (statement.tree == *digest || archives.any(|it| it.digest == *digest))
        })
    }
}
