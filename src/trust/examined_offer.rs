//! [`ArtifactSignatures`]: what the signatures of an offer say about one of its artifacts, before its bytes are here.

use bytes::Bytes;
use loom_signatures::{Content, evidence};
use loom_source::{Artifact, Digest, Packaging};

use super::{
    CarriedSignature, CountedSignature, DigestSubject, LockPins, OfferedEvidence, OpenedEvidence,
    OpenedSubject, PendingSignature, Pins, SignatureProblem, SignatureScope,
    signed_documents::SumsLine,
};

/// What the signatures of an offer say about one artifact.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ArtifactSignatures {
    /// The signatures that count, each with the digest that it vouches for.
    pub signed: Vec<CountedSignature>,
    /// The signatures that can be checked once the bytes are here.
    pub pending: Vec<PendingSignature>,
    /// Why others do not count.
    pub problems: Vec<SignatureProblem>,
    /// The signatures that are kept for others, whether or not they count.
    pub carried: Vec<CarriedSignature>,
}

impl ArtifactSignatures {
    /// Whether a signature counts, or may count once the bytes are here.
    pub fn may_count(&self) -> bool {
        !self.signed.is_empty() || !self.pending.is_empty()
    }

    /// The problem that says most about the offer.
    pub fn worst(&self) -> Option<&SignatureProblem> {
        self.problems.iter().max_by_key(|problem| problem.weight())
    }
}

/// What signatures are examined with.
pub(super) struct OfferExaminer<'a> {
    pub(super) scope: &'a SignatureScope,
    pub(super) evidence: &'a OfferedEvidence,
    /// The bytes of the offer's statement.
    pub(super) statement: Option<&'a Bytes>,
    pub(super) pins: &'a Pins,
    /// Whether all signatures are kept.
    pub(super) carries: bool,
}

impl OfferExaminer<'_> {
    /// Checks the signatures about an artifact: over it, over the statement, over checksum files.
    pub(super) fn examine(&self, artifact: &Artifact) -> ArtifactSignatures {
        let mut found = ArtifactSignatures::default();
        if self.carries {
            found.carried = CarriedSignature::of(self.evidence, artifact, self.statement);
        }
        for opened in &self.evidence.opened {
            match self.one(opened, artifact) {
                None => {}
                Some(Ok(Examined::Counted(counted))) => found.signed.push(*counted),
                Some(Ok(Examined::Pending(pending))) => found.pending.push(*pending),
                Some(Err(problem)) => found.problems.push(problem),
            }
        }
        found
    }

    /// Checks one signature; `None` where it is about something else.
    fn one(
        &self,
        opened: &OpenedEvidence,
        artifact: &Artifact,
    ) -> Option<Result<Examined, SignatureProblem>> {
        let counted = |counted| Examined::Counted(Box::new(counted));
        match &opened.of {
            OpenedSubject::Artifact(asset) if *asset == artifact.asset => {
                Some(self.over_artifact(opened, artifact))
            }
            OpenedSubject::Artifact(_) => None,
            OpenedSubject::Statement => {
                Some(self.scope.over_statement(opened, self.statement?).map(counted))
            }
            // The lines of checksum files are about archives and programs, not about listings.
            OpenedSubject::Sums(_) if matches!(artifact.packaging, Packaging::Loose { .. }) => None,
            OpenedSubject::Sums(bytes) => {
                let digest = claimed(artifact);
                let file = artifact.asset_name();
                let file = file.parse::<Digest>().is_err().then_some(file);
                let line = SumsLine { file, digest, bound: self.is_bound(digest) };
                Some(self.scope.over_sums(opened, bytes, line).map(counted))
            }
        }
    }

    /// Checks a signature over the bytes of an artifact by its digest, or notes that the bytes are needed.
    fn over_artifact(
        &self,
        opened: &OpenedEvidence,
        artifact: &Artifact,
    ) -> Result<Examined, SignatureProblem> {
        let claimed = claimed(artifact);
        let (bound, file) = (self.is_bound(claimed), artifact.asset_name());
        let of = match artifact.packaging {
            Packaging::Loose { .. } => DigestSubject::Tree,
            Packaging::Archive { .. } | Packaging::Bare => DigestSubject::Archive,
        };
        let over = |content| self.scope.over_file(opened, of, content, file, bound);
        let needs_bytes = evidence::needs_bytes(opened.kind, &opened.bytes);
        if let Some(digest) = claimed.filter(|_| !needs_bytes) {
            return Ok(Examined::Counted(Box::new(over(Content::digest(digest))?)));
        }
        // Over no bytes at all: that the signature is bad says nothing, everything else is decided now.
        match over(Content::of(&mut &b""[..])) {
            Ok(_) | Err(SignatureProblem::Bad { .. }) => {}
            Err(SignatureProblem::OtherRelease { .. }) if !needs_bytes => {}
            Err(problem) => return Err(problem),
        }
        let pending = PendingSignature::new(self.scope, opened, file, bound);
        Ok(Examined::Pending(Box::new(pending)))
    }

    /// Whether this machine holds a digest of the release, so that a signature need not name it.
    fn is_bound(&self, claimed: Option<Digest>) -> bool {
        let Pins { tree, archives, lock, .. } = self.pins;
        let is_locked = |lock: &LockPins| {
            let of_archive = lock.archives.iter().any(|known| Some(known.sha256) == claimed);
            lock.vouches && (lock.tree.is_some() || of_archive)
        };
        lock.as_ref().is_some_and(is_locked)
            || tree.is_some()
            || archives.iter().any(|pin| Some(pin.digest) == claimed)
    }
}

/// A signature that counts, or that may count.
enum Examined {
    Counted(Box<CountedSignature>),
    Pending(Box<PendingSignature>),
}

/// The digest that is claimed for an artifact. A signature over it is valid whoever claims it.
fn claimed(artifact: &Artifact) -> Option<Digest> {
    artifact.claims.first().map(|claim| claim.digest)
}
