//! Signatures over documents that name the release themselves: a statement, and a `SHA256SUMS` with a line for it.

use bytes::Bytes;
use loom_source::{Digest, Statement, checksum, record::RecordEvidenceKind};

use super::{
    CountedSignature, DigestSubject, KeptEvidence, OpenedEvidence, SignatureProblem,
    SignatureScope,
    release_names::{Naming, naming},
};

/// The line of a `SHA256SUMS` that is looked for.
#[derive(Debug, Clone, Copy)]
pub struct SumsLine<'a> {
    /// The file name of the artifact; `None` where it is an object of a store.
    pub file: Option<&'a str>,
    /// The digest of the artifact, where it is known: a line that names the release and has it is the one.
    pub digest: Option<Digest>,
    /// Whether this machine holds a digest of the release, so that the name need not have a version.
    pub bound: bool,
}

impl SignatureScope {
    /// Checks a signature over a statement. It vouches for the tree that the statement names.
    ///
    /// # Errors
    /// [`SignatureProblem`] where it does not count.
    pub fn over_statement(
        &self,
        evidence: &OpenedEvidence,
        bytes: &[u8],
    ) -> Result<CountedSignature, SignatureProblem> {
        let statement = Statement::parse(bytes).map_err(|error| SignatureProblem::Unusable {
            at: evidence.at.clone(),
            why: error.to_string(),
        })?;
        if statement.release() != self.release {
            return Err(SignatureProblem::OtherRelease {
                at: evidence.at.clone(),
                expected: format!("the statement of {}", self.release),
                got: format!("that of {}", statement.release()),
            });
        }
        let valid = self.over_document(evidence, bytes, "the statement")?;
        let about = Digest::of(bytes);
        Ok(self.counted(evidence, &valid, DigestSubject::Tree, statement.tree, about))
    }

    /// Checks a signature over a `SHA256SUMS`. It vouches for the archive or single program that the line names.
    ///
    /// # Errors
    /// [`SignatureProblem`] where it does not count, and where no line is about the release.
    pub fn over_sums(
        &self,
        evidence: &OpenedEvidence,
        sums: &Bytes,
        line: SumsLine<'_>,
    ) -> Result<CountedSignature, SignatureProblem> {
        let valid = self.over_document(evidence, sums, "SHA256SUMS")?;
        let at = || evidence.at.clone();
        let named = checksum::named(sums);
        let is_release = |name: &str| naming(name, &self.release) == Naming::Release;
        let fits = |(name, digest): &&(String, Digest)| {
            line.file == Some(name.as_str())
                || line.digest == Some(*digest) && (is_release(name) || line.bound)
        };
        let Some((name, digest)) = named.iter().find(fits) else {
            let wanted = line.file.map_or_else(|| self.expected_name(), str::to_owned);
            let got = named.first().map_or("no file", |(name, _)| name.as_str());
            let (expected, got) = (wanted, got.to_owned());
            return Err(SignatureProblem::NotListed { at: at(), expected, got });
        };
        if !is_release(name) && !line.bound {
            let key = valid.key.clone().unwrap_or_default();
            let (kind, expected) = (valid.kind, self.expected_name());
            return Err(SignatureProblem::NamesNoRelease { at: at(), kind, expected, key });
        }
        let (of, about) = (DigestSubject::Archive, Digest::of(sums));
        let mut counted = self.counted(evidence, &valid, of, *digest, about);
        let kind = RecordEvidenceKind::Sums;
        counted.evidence.push(KeptEvidence { kind, of: *digest, bytes: sums.clone() });
        Ok(counted)
    }
}
