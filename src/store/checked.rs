//! A tree that met its expectation, on its way to being published.

use std::{fs::File, io::Read as _};

use loom_source::{
    Digest, Release, Statement,
    record::{DocumentError, RecordEvidence, RecordEvidenceKind},
};

use super::{
    FileKind, Received, Staged, StoreError, TreeListing, TreePath,
    error::{FileAction, at},
    evidence::checksum_line,
    file_kind::HEAD,
    receipt::ReceivedArchive,
};
use crate::trust::{DigestSubject, Grade, SignatureProblem, TrustedDigest, Voucher, Waiver};

/// A tree that met its expectation. Only [`Store::admit`](super::Store::admit) and
/// [`Store::admit_installed`](super::Store::admit_installed) make one.
#[derive(Debug)]
pub struct Checked {
    /// The staged files; `None` where the tree is in the store already.
    pub(super) staged: Option<Staged>,
    pub(super) release: Release,
    pub(super) listing: TreeListing,
    pub(super) tree: Digest,
    pub(super) entry: TreePath,
    pub(super) archive: Option<ReceivedArchive>,
    pub(super) kept: Option<Received>,
    /// The statement that the source served, with its bytes.
    pub(super) statement: Option<(Statement, Vec<u8>)>,
    pub(super) evidence: Vec<(RecordEvidence, Vec<u8>)>,
    /// Whether a signature can be checked again only with the bytes of the archive.
    pub(super) needs_archive: bool,
    /// Why other signatures do not count.
    pub(super) problems: Vec<SignatureProblem>,
    /// The digests that were met.
    pub(super) digests: Vec<TrustedDigest>,
    pub(super) waiver: Option<Waiver>,
    /// Class and name of the source.
    pub(super) source: Option<(String, String)>,
}

impl Checked {
    /// The release.
    pub fn release(&self) -> &Release {
        &self.release
    }

    /// The digest of the tree.
    pub fn tree(&self) -> Digest {
        self.tree
    }

    /// The listing of the tree.
    pub fn listing(&self) -> &TreeListing {
        &self.listing
    }

    /// The path of the program inside the tree.
    pub fn entry(&self) -> &TreePath {
        &self.entry
    }

    /// What the program is, by its first bytes; `None` where the tree is in the store already.
    ///
    /// # Errors
    /// [`StoreError::Io`] where the program cannot be read.
    pub fn program_kind(&self) -> Result<Option<FileKind>, StoreError> {
        let Some(staged) = &self.staged else { return Ok(None) };
        let path = staged.top().join(self.entry.as_str());
        let mut head = Vec::with_capacity(HEAD);
        let file = File::open(&path).map_err(at(FileAction::Read, &path))?;
        file.take(HEAD as u64).read_to_end(&mut head).map_err(at(FileAction::Read, &path))?;
        Ok(Some(FileKind::of(&head)))
    }

    /// The digests that were met.
    pub fn digests(&self) -> &[TrustedDigest] {
        &self.digests
    }

    /// The best grade among the digests that were met.
    pub fn grade(&self) -> Option<Grade> {
        self.digests.iter().map(|digest| digest.grade).max()
    }

    /// Why no digest was needed; `None` where one was met.
    pub fn waiver(&self) -> Option<Waiver> {
        self.waiver
    }

    /// Whether a signature can be checked again only with the bytes of the archive, so that the archive is kept.
    pub fn needs_archive(&self) -> bool {
        self.needs_archive
    }

    /// Why some signatures do not count.
    pub fn problems(&self) -> &[SignatureProblem] {
        &self.problems
    }

    /// Names the source that the bytes came from: its class (`mirror`, `file`, …) and its name without secrets.
    #[must_use]
    pub fn from_source(mut self, class: &str, name: &str) -> Self {
        self.source = Some((class.to_owned(), name.to_owned()));
        self
    }

    /// Keeps the statement that the source served, so that the release has the same statement everywhere.
    ///
    /// # Errors
    /// [`StoreError::Statement`] for a statement that cannot be read, or that is of another release, tree or program.
    pub fn with_statement(mut self, bytes: Vec<u8>) -> Result<Self, StoreError> {
        let differs = |why: &str| StoreError::Statement {
            release: Box::new(self.release.clone()),
            why: why.to_owned(),
        };
        let statement =
            Statement::parse(&bytes).map_err(|e: DocumentError| differs(&e.to_string()))?;
        if statement.release() != self.release {
            return Err(differs("names another release"));
        }
        if statement.tree != self.tree {
            return Err(differs("names another tree"));
        }
        if statement.entry != self.entry.as_str() {
            return Err(differs("names another program"));
        }
        let digest = Digest::of(&bytes);
        for trusted in &mut self.digests {
            if trusted.by == Voucher::Statement && trusted.evidence.is_none() {
                trusted.evidence = Some(digest);
            }
        }
        let (kind, of) = (RecordEvidenceKind::Statement, self.tree);
        self.evidence.push((RecordEvidence { kind, digest, of }, bytes.clone()));
        self.statement = Some((statement, bytes));
        Ok(self)
    }

    /// Keeps evidence about the object `of`, itself as an object.
    #[must_use]
    pub fn with_evidence(
        mut self,
        kind: impl Into<RecordEvidenceKind>,
        of: Digest,
        bytes: Vec<u8>,
    ) -> Self {
        let evidence = RecordEvidence { kind: kind.into(), digest: Digest::of(&bytes), of };
        self.evidence.push((evidence, bytes));
        self
    }

    /// Keeps each met digest that a source or the user gave as a checksum of `file`, so that a lost verification can
    /// be made again without asking the source. A statement that the source served is evidence itself
    /// ([`with_statement`](Self::with_statement)), and first-seen digests are kept in the state folder: such a one is
    /// kept here too where it is among the digests that the source has `given`.
    #[must_use]
    pub fn with_checksums(mut self, file: &str, given: &[Digest]) -> Self {
        for at in 0..self.digests.len() {
            let TrustedDigest { of, digest, by, evidence, .. } = self.digests[at].clone();
            let elsewhere = match by {
                Voucher::FirstSeen => !given.contains(&digest),
                Voucher::Statement => true,
                _ => false,
            };
            if evidence.is_some() || elsewhere {
                continue;
            }
            let file = match of {
                DigestSubject::Archive => file,
                DigestSubject::Tree => "listing",
            };
            let line = checksum_line(&self.release, &digest, file);
            self.digests[at].evidence = Some(Digest::of(&line));
            self = self.with_evidence(RecordEvidenceKind::Checksum, digest, line);
        }
        self
    }

    /// Keeps the archive as an object. The transfer must have been spooled; otherwise nothing is kept.
    #[must_use]
    pub fn keep_archive(mut self, received: Received) -> Self {
        if let Some(archive) = &mut self.archive
            && archive.digest == received.digest()
            && archive.format.is_some()
            && received.path().is_some()
        {
            archive.kept = true;
            self.kept = Some(received);
        }
        self
    }
}
