//! [`ExaminedOffer`]: what the signatures of an offer say about each of its artifacts.

use bytes::Bytes;
use loom_signatures::{Content, ValidSignature, evidence};
use loom_source::{
    Artifact, Digest, Offer, Packaging, Statement, checksum, record::RecordEvidenceKind,
};

use super::{
    CountedSignature, DigestSubject, KeptEvidence, OfferedEvidence, OpenedEvidence, OpenedSubject,
    PendingSignature, Pins, SignatureProblem, SignatureScope,
    release_names::{Naming, naming},
};

/// What the signatures of an offer say, before anything of it is transferred.
pub(super) struct ExaminedOffer<'a> {
    evidence: &'a OfferedEvidence,
    scope: &'a SignatureScope,
    pins: &'a Pins,
    /// The signatures over the statement that count.
    statement: Vec<CountedSignature>,
    /// The valid signatures over checksum files.
    sums: Vec<SignedSums<'a>>,
    /// What is wrong with signatures over the statement and over checksum files.
    problems: Vec<SignatureProblem>,
}

struct SignedSums<'a> {
    evidence: &'a OpenedEvidence,
    valid: ValidSignature,
    bytes: &'a Bytes,
}

/// What the signatures of an offer say about one artifact.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ArtifactSignatures {
    /// The signatures that count, each with the digest that it vouches for.
    pub signed: Vec<CountedSignature>,
    /// The signatures that can be checked once the bytes are here.
    pub pending: Vec<PendingSignature>,
    /// Why others do not count.
    pub problems: Vec<SignatureProblem>,
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

impl<'a> ExaminedOffer<'a> {
    /// Checks the signatures over the statement and over checksum files.
    pub(super) fn new(
        offer: &Offer,
        evidence: &'a OfferedEvidence,
        scope: &'a SignatureScope,
        pins: &'a Pins,
    ) -> Self {
        let mut examined = Self {
            evidence,
            scope,
            pins,
            statement: Vec::new(),
            sums: Vec::new(),
            problems: Vec::new(),
        };
        for opened in &evidence.opened {
            let result = match &opened.of {
                OpenedSubject::Artifact(_) => Ok(()),
                OpenedSubject::Statement => examined.statement(opened, offer.statement.as_ref()),
                OpenedSubject::Sums(bytes) => scope
                    .over_document(opened, bytes, "a SHA256SUMS")
                    .map(|valid| examined.sums.push(SignedSums { evidence: opened, valid, bytes })),
            };
            examined.problems.extend(result.err());
        }
        examined
    }

    fn statement(
        &mut self,
        opened: &OpenedEvidence,
        bytes: Option<&Bytes>,
    ) -> Result<(), SignatureProblem> {
        // A statement that cannot be read, or is of another release, is refused elsewhere.
        let Some(bytes) = bytes else { return Ok(()) };
        let Ok(statement) = Statement::parse(bytes) else { return Ok(()) };
        if statement.release() != self.scope.release {
            return Ok(());
        }
        let valid = self.scope.over_document(opened, bytes, "the statement")?;
        let (of, about) = (DigestSubject::Tree, Digest::of(bytes));
        self.statement.push(self.scope.counted(opened, &valid, of, statement.tree, about));
        Ok(())
    }

    /// What the signatures say about an artifact.
    pub(super) fn of(&self, artifact: &Artifact) -> ArtifactSignatures {
        let mut of_artifact = ArtifactSignatures {
            signed: self.statement.clone(),
            pending: Vec::new(),
            problems: self.problems.clone(),
        };
        for sums in &self.sums {
            match self.line(sums, artifact) {
                Ok(signed) => of_artifact.signed.push(signed),
                Err(problem) => of_artifact.problems.push(problem),
            }
        }
        for opened in &self.evidence.opened {
            if matches!(&opened.of, OpenedSubject::Artifact(asset) if *asset == artifact.asset) {
                self.over_artifact(opened, artifact, &mut of_artifact);
            }
        }
        of_artifact
    }

    /// The line of a signed checksum file that is about an artifact. An object of a store has no file name: the line with
    /// its digest is the one.
    fn line(
        &self,
        sums: &SignedSums<'_>,
        artifact: &Artifact,
    ) -> Result<CountedSignature, SignatureProblem> {
        let SignedSums { evidence, valid, bytes } = sums;
        let file = file_name(artifact);
        let claimed = artifact.claims.first().map(|claim| claim.digest);
        let named = checksum::named(bytes);
        let fits = |(name, digest): &&(String, Digest)| {
            name == file
                || claimed == Some(*digest) && naming(name, &self.scope.release) == Naming::Release
        };
        let Some((name, digest)) = named.iter().find(fits) else {
            let got = named.first().map_or("no file", |(name, _)| name.as_str());
            return Err(SignatureProblem::OtherRelease {
                at: evidence.at.clone(),
                expected: format!("a line for {}", self.wanted(artifact)),
                got: format!("a line for {got}"),
            });
        };
        if naming(name, &self.scope.release) != Naming::Release && !self.is_bound(Some(*digest)) {
            return Err(SignatureProblem::NamesNoRelease {
                at: evidence.at.clone(),
                kind: valid.kind,
                expected: self.scope.expected_name(),
                key: valid.key.clone().unwrap_or_default(),
            });
        }
        let about = Digest::of(bytes);
        let of = DigestSubject::Archive;
        let mut counted = self.scope.counted(evidence, valid, of, *digest, about);
        let sums = RecordEvidenceKind::Sums;
        let kept = KeptEvidence { kind: sums, of: *digest, bytes: (*bytes).clone() };
        counted.evidence.push(kept);
        Ok(counted)
    }

    /// The file name of an artifact, or the usual one where it is an object of a store.
    fn wanted(&self, artifact: &Artifact) -> String {
        match file_name(artifact) {
            digest if digest.parse::<Digest>().is_ok() => self.scope.expected_name(),
            file => file.to_owned(),
        }
    }

    /// Checks a signature over the bytes of an artifact by its digest, or notes that the bytes are needed.
    fn over_artifact(
        &self,
        opened: &OpenedEvidence,
        artifact: &Artifact,
        of_artifact: &mut ArtifactSignatures,
    ) {
        let claimed = artifact.claims.first().map(|claim| claim.digest);
        let bound = self.is_bound(claimed);
        let file = file_name(artifact);
        let of = match artifact.packaging {
            Packaging::Loose { .. } => DigestSubject::Tree,
            Packaging::Archive { .. } | Packaging::Bare => DigestSubject::Archive,
        };
        let needs_bytes = evidence::needs_bytes(opened.kind, &opened.bytes);
        let known = claimed.filter(|_| !needs_bytes);
        let result = match known {
            Some(digest) => {
                let content = Content::digest(digest);
                self.scope.over_file(opened, of, content, file, bound).map(Some)
            }
            // Over no bytes at all: that the signature is bad says nothing, everything else is decided now.
            None => match self.scope.over_file(opened, of, Content::of(&mut &b""[..]), file, bound)
            {
                Ok(_) | Err(SignatureProblem::Bad { .. }) => Ok(None),
                Err(SignatureProblem::OtherRelease { .. }) if !needs_bytes => Ok(None),
                Err(problem) => Err(problem),
            },
        };
        match result {
            Ok(Some(counted)) => of_artifact.signed.push(counted),
            Ok(None) => {
                let pending = PendingSignature::new(self.scope, opened, file, bound);
                of_artifact.pending.push(pending);
            }
            Err(problem) => of_artifact.problems.push(problem),
        }
    }

    /// Whether this machine holds a digest of the release, so that a signature need not name it.
    fn is_bound(&self, claimed: Option<Digest>) -> bool {
        let Pins { tree, archives, .. } = self.pins;
        tree.is_some() || archives.iter().any(|pin| Some(pin.digest) == claimed)
    }
}

fn file_name(artifact: &Artifact) -> &str {
    artifact.asset.as_str().rsplit('/').next().unwrap_or_default()
}
