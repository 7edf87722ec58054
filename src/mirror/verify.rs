//! [`verify`]: checks that a mirror has everything that its index names, and that every byte is right.

use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap},
};

use futures::{StreamExt as _, stream};
use loom_source::{
    Digest, Index, Record, Release, Statement,
    record::{IndexEntry, RecordArtifact, SignedKind, object_path, tree_path},
};
use sha2::{Digest as _, Sha256};

use super::{
    MirrorFiles, MirrorObserver, MirrorTaskError,
    object_transfer::MAX_DOCUMENT,
    verify_documents::{VerifyFailure, verify_documents},
};
use crate::{
    store::{EntryKind, TreeListing},
    trust::{
        RevokedSigners,
        mirror::{IndexOrigin, MirrorClock, TrustedRoot},
    },
};

/// How many releases are verified at the same time.
const AT_ONCE: usize = 4;

/// The result of the verification of a mirror.
#[derive(Debug, Default)]
pub struct MirrorVerification {
    /// The serial of the index; `None` for a registry without one.
    pub serial: Option<u64>,
    /// Which keys of which root signed the index; `None` for a mirror without a root.
    pub signed: Option<IndexOrigin>,
    /// The releases of the index; of a registry, also those that only its tags name.
    pub releases: Vec<VerifiedRelease>,
    /// What is missing or damaged.
    pub findings: Vec<MirrorFinding>,
    /// The number of files that were read.
    pub files: usize,
    /// Their size in bytes.
    pub bytes: u64,
}

/// A release that was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedRelease {
    /// The release.
    pub release: Release,
    /// Whether the index withdraws it.
    pub is_yanked: bool,
    /// Whether everything of it is there and right.
    pub is_complete: bool,
}

impl VerifiedRelease {
    /// The release of an entry.
    pub(super) fn of(entry: &IndexEntry, is_complete: bool) -> Self {
        Self { release: entry.release(), is_yanked: entry.yanked, is_complete }
    }
}

/// Something that is missing or damaged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MirrorFinding {
    /// The path below the root of the mirror; of a registry, the tag or the digest of the document or blob.
    pub path: String,
    /// The release that needs it; `None` for a document of the whole mirror.
    pub release: Option<Release>,
    /// What is wrong.
    pub what: String,
    /// Whether the file is missing; otherwise it is damaged.
    pub is_missing: bool,
}

impl MirrorVerification {
    /// Whether something is damaged, and not only missing.
    pub fn is_damaged(&self) -> bool {
        self.findings.iter().any(|finding| !finding.is_missing)
    }
}

/// Verifies a mirror: its roots, index and timestamp, and every file of every release. Nothing is written. `known` is the
/// newest root that is known of it; without one, the first root that the mirror has is trusted.
///
/// # Errors
/// Where the mirror has no index, or a file cannot be read for another reason than that it is missing.
pub async fn verify(
    files: MirrorFiles<'_>,
    known: Option<&TrustedRoot>,
    clock: MirrorClock,
    revoked: &RevokedSigners,
    observer: &dyn MirrorObserver,
) -> Result<MirrorVerification, MirrorTaskError> {
    let no_index = || MirrorTaskError::NoIndex { mirror: files.name() };
    let bytes = files.read(Index::PATH, SignedKind::Index.max_bytes()).await?;
    let bytes = bytes.ok_or_else(no_index)?;
    let checks = FileChecks { files, done: RefCell::default() };
    let mut verification = MirrorVerification::default();
    let index = files.index().await?.ok_or_else(no_index)?;
    verification.serial = Some(index.payload.serial);
    note_documents(&mut verification, files, known, &bytes, clock, revoked).await?;
    let total = index.payload.releases.len();
    let verifying = index.payload.releases.into_iter().map(|entry| async {
        let findings = checks.release(&entry).await;
        (entry, findings)
    });
    let mut verifying = stream::iter(verifying).buffered(AT_ONCE);
    while let Some((entry, findings)) = verifying.next().await {
        let findings = findings?;
        verification.releases.push(VerifiedRelease::of(&entry, findings.is_empty()));
        verification.findings.extend(findings);
        observer.progressed(verification.releases.len(), total);
    }
    drop(verifying);
    let done = checks.done.into_inner();
    verification.files = done.len();
    verification.bytes = done.values().filter_map(|file| file.as_ref().map(|(_, size)| size)).sum();
    Ok(verification)
}

/// Verifies the documents that sign an index, and notes who signed it, or what is wrong.
///
/// # Errors
/// Where a document cannot be read.
pub(super) async fn note_documents(
    verification: &mut MirrorVerification,
    files: MirrorFiles<'_>,
    known: Option<&TrustedRoot>,
    index: &[u8],
    clock: MirrorClock,
    revoked: &RevokedSigners,
) -> Result<(), MirrorTaskError> {
    match verify_documents(files, known, index, clock, revoked).await {
        Ok(None) => {}
        Ok(Some(index)) => {
            verification.signed = Some(index.origin().clone());
            if let Some(expired) = index.expired() {
                let (path, what) = (Index::PATH.to_owned(), loom_base::error_chain(&expired));
                verification.findings.push(finding(None, path, what, false));
            }
        }
        Err(VerifyFailure::Task(error)) => return Err(error),
        Err(VerifyFailure::Rejected(path, what)) => {
            verification.findings.push(finding(None, path, what, false));
        }
    }
    Ok(())
}

/// Checks files, each once.
struct FileChecks<'a> {
    files: MirrorFiles<'a>,
    /// The digest and the size of each file that was read; `None` for a missing one.
    done: RefCell<HashMap<String, Option<(Digest, u64)>>>,
}

impl FileChecks<'_> {
    /// What is missing or damaged of a release.
    async fn release(&self, entry: &IndexEntry) -> Result<Vec<MirrorFinding>, MirrorTaskError> {
        let release = entry.release();
        let path = Record::path(&release);
        let missing = |path: String| finding(Some(&release), path, "it is missing".into(), true);
        let wrong = |path: String, what: String| finding(Some(&release), path, what, false);
        let Some(bytes) = self.files.read(&path, MAX_DOCUMENT).await? else {
            return Ok(vec![missing(path)]);
        };
        let record = match Record::parse(&bytes) {
            Ok(record) => record,
            Err(error) => return Ok(vec![wrong(path, error.to_string())]),
        };
        if record.statement != entry.statement {
            let (expected, got) = (entry.statement, record.statement);
            let what =
                format!("expected the statement {expected}, which the index names, got {got}");
            return Ok(vec![wrong(path, what)]);
        }
        let path = object_path(&record.statement);
        let Some(text) = self.files.read(&path, MAX_DOCUMENT).await? else {
            return Ok(vec![missing(path)]);
        };
        let got = Digest::of(&text);
        if got != record.statement {
            return Ok(vec![wrong(path, digests(record.statement, got))]);
        }
        self.done.borrow_mut().insert(path.clone(), Some((got, text.len() as u64)));
        let statement = match Statement::parse(&text) {
            Ok(statement) if statement.release() == release => statement,
            Ok(other) => {
                let what = format!("expected the statement of {release}, got {}", other.release());
                return Ok(vec![wrong(path, what)]);
            }
            Err(error) => return Ok(vec![wrong(path, error.to_string())]),
        };
        self.parts(&release, &record, &statement).await
    }

    /// What is missing or damaged of the artifacts and the evidence.
    async fn parts(
        &self,
        release: &Release,
        record: &Record,
        statement: &Statement,
    ) -> Result<Vec<MirrorFinding>, MirrorTaskError> {
        let mut findings = Vec::new();
        let mut expected: BTreeMap<String, (Digest, Option<u64>)> = BTreeMap::new();
        let size = |digest: &Digest| {
            let archive = statement.archives.iter().find(|archive| archive.digest == *digest);
            archive.map(|archive| archive.size)
        };
        for artifact in &record.artifacts {
            match artifact {
                RecordArtifact::Archive { digest } => {
                    expected.insert(object_path(digest), (*digest, size(digest)));
                }
                RecordArtifact::File { path, digest } => {
                    expected.insert(path.clone(), (*digest, size(digest)));
                }
                RecordArtifact::Loose => {
                    self.loose(release, &statement.tree, &mut expected, &mut findings).await?;
                }
                RecordArtifact::Unknown => {}
            }
        }
        if record.artifacts.iter().all(|one| *one == RecordArtifact::Unknown) {
            let what = "it names no artifact".to_owned();
            findings.push(finding(Some(release), Record::path(release), what, true));
        }
        let evidence = record.evidence.iter();
        expected.extend(evidence.map(|one| (object_path(&one.digest), (one.digest, None))));
        for (path, (digest, size)) in expected {
            findings.extend(self.check(release, path, digest, size).await?);
        }
        Ok(findings)
    }

    /// Adds the files of a tree, which its listing names.
    async fn loose(
        &self,
        release: &Release,
        tree: &Digest,
        expected: &mut BTreeMap<String, (Digest, Option<u64>)>,
        findings: &mut Vec<MirrorFinding>,
    ) -> Result<(), MirrorTaskError> {
        let path = object_path(tree);
        expected.insert(path.clone(), (*tree, None));
        let Some(text) = self.files.read(&path, MAX_DOCUMENT).await? else { return Ok(()) };
        if Digest::of(&text) != *tree {
            return Ok(());
        }
        match TreeListing::parse(&text) {
            Ok(listing) => {
                let files = listing.entries().iter().filter(|entry| entry.kind != EntryKind::Link);
                expected.extend(files.map(|entry| {
                    let path = format!("{}/{}", tree_path(tree), entry.path);
                    (path, (entry.digest, Some(entry.size)))
                }));
            }
            Err(error) => findings.push(finding(Some(release), path, error.to_string(), false)),
        }
        Ok(())
    }

    /// Reads a file and compares it.
    async fn check(
        &self,
        release: &Release,
        path: String,
        digest: Digest,
        size: Option<u64>,
    ) -> Result<Option<MirrorFinding>, MirrorTaskError> {
        let known = self.done.borrow().get(&path).copied();
        let got = match known {
            Some(got) => got,
            None => {
                let got = self.hash(&path).await?;
                self.done.borrow_mut().insert(path.clone(), got);
                got
            }
        };
        let Some((got, length)) = got else {
            return Ok(Some(finding(Some(release), path, "it is missing".to_owned(), true)));
        };
        if got != digest {
            return Ok(Some(finding(Some(release), path, digests(digest, got), false)));
        }
        let other = size.filter(|size| *size != length);
        Ok(other.map(|size| {
            let what = format!("expected {size} bytes, got {length}");
            finding(Some(release), path, what, false)
        }))
    }

    /// The digest and the size of a file; `None` where it is missing.
    async fn hash(&self, path: &str) -> Result<Option<(Digest, u64)>, MirrorTaskError> {
        let Some(mut download) = self.files.open(path).await? else { return Ok(None) };
        let (mut hasher, mut size) = (Sha256::new(), 0);
        while let Some(piece) = download.body.next().await {
            let piece = piece?;
            size += piece.len() as u64;
            hasher.update(&piece);
        }
        Ok(Some((Digest::from_hasher(hasher), size)))
    }
}

fn digests(expected: Digest, got: Digest) -> String {
    format!("expected the SHA-256 {expected}, got {got}")
}

fn finding(
    release: Option<&Release>,
    path: String,
    what: String,
    is_missing: bool,
) -> MirrorFinding {
    MirrorFinding { path, release: release.cloned(), what, is_missing }
}
