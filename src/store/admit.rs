//! The only way from a tree in the making to one that may be published.

use std::fs;

use loom_source::{
    Digest, EvidenceKind, Release, Statement,
    record::{DocumentError, RecordEvidence},
};

use super::{
    AdmitError, EntryKind, Received, Staged, Store, StoreError, TreeEntry, TreeListing, TreePath,
    durable::set_mode,
    error::{Act, at},
    receipt::{ReceiptCheck, ReceivedArchive},
    staged::{Item, Measured, What},
};
use crate::trust::{Expectation, Grade, TrustedDigest, Waiver};

/// How many links may lead from one to the next.
const HOPS: usize = 8;

/// A tree whose every proof held. Only [`Store::admit`] makes one.
#[derive(Debug)]
pub struct Checked {
    pub(super) staged: Staged,
    pub(super) release: Release,
    pub(super) listing: TreeListing,
    pub(super) tree: Digest,
    pub(super) entry: TreePath,
    pub(super) archive: Option<ReceivedArchive>,
    pub(super) kept: Option<Received>,
    pub(super) statement: Option<(Statement, Vec<u8>)>,
    pub(super) evidence: Vec<(RecordEvidence, Vec<u8>)>,
    pub(super) checks: Vec<ReceiptCheck>,
    pub(super) waiver: Option<Waiver>,
}

impl Store {
    /// Holds a staged tree to an expectation.
    ///
    /// `received` is the transfer that it was unpacked from, if it came in one piece: an archive's proof is met by it only.
    pub fn admit(
        &self,
        staged: Staged,
        expectation: &Expectation,
        received: Option<&Received>,
    ) -> Result<Checked, AdmitError> {
        let release = &expectation.release;
        let mut checks = vec![];
        // Loose files and copies came in no archive, whatever else was received.
        let received = received.filter(|_| staged.unpacked.is_some());
        check_archive(expectation, received, &mut checks)?;
        let entry = find_entry(&staged, release)?;
        let listing = list(&staged, &entry)?;
        let tree = listing.digest();
        if let Some(proof) = &expectation.tree {
            meet(release, "tree", proof, tree, &mut checks)?;
        }
        if checks.is_empty() && expectation.waiver.is_none() {
            return Err(AdmitError::Unproven(Box::new(release.clone())));
        }
        build(&staged, &listing)?;
        let archive = received.zip(staged.unpacked).map(|(received, (format, strip))| {
            let (digest, size) = (received.digest(), received.size());
            ReceivedArchive { digest, size, format, strip, kept: false }
        });
        let (release, waiver) = (release.clone(), expectation.waiver);
        let (kept, statement, evidence) = (None, None, vec![]);
        Ok(Checked {
            staged,
            release,
            listing,
            tree,
            entry,
            archive,
            kept,
            statement,
            evidence,
            checks,
            waiver,
        })
    }
}

impl Checked {
    /// The release.
    pub fn release(&self) -> &Release {
        &self.release
    }

    /// The tree's digest.
    pub fn tree(&self) -> Digest {
        self.tree
    }

    /// The tree's listing.
    pub fn listing(&self) -> &TreeListing {
        &self.listing
    }

    /// The program's path inside the tree.
    pub fn entry(&self) -> &TreePath {
        &self.entry
    }

    /// The best grade among the proofs that held.
    pub fn grade(&self) -> Option<Grade> {
        self.checks.iter().map(|check| check.grade).max()
    }

    /// Keeps the statement that the source served, so that the release has one statement everywhere.
    pub fn with_statement(mut self, bytes: Vec<u8>) -> Result<Self, StoreError> {
        let differs = |why: &str| StoreError::Statement {
            release: Box::new(self.release.clone()),
            why: why.to_owned(),
        };
        let statement =
            Statement::parse(&bytes).map_err(|e: DocumentError| differs(&e.to_string()))?;
        if statement.release() != self.release {
            return Err(differs("speaks of another release"));
        }
        if statement.tree != self.tree {
            return Err(differs("names another tree"));
        }
        if statement.entry != self.entry.as_str() {
            return Err(differs("names another program"));
        }
        self.statement = Some((statement, bytes));
        Ok(self)
    }

    /// Keeps evidence about the object `of` as an object beside it.
    #[must_use]
    pub fn with_evidence(mut self, kind: EvidenceKind, of: Digest, bytes: Vec<u8>) -> Self {
        let digest = Digest::of(&bytes);
        self.evidence.push((RecordEvidence { kind, digest, of }, bytes));
        self
    }

    /// Keeps the archive as an object; it must have been spooled.
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

fn check_archive(
    expectation: &Expectation,
    received: Option<&Received>,
    checks: &mut Vec<ReceiptCheck>,
) -> Result<(), AdmitError> {
    let release = &expectation.release;
    if let (Some(expected), Some(got)) = (expectation.size, received.map(Received::size))
        && expected != got
    {
        return Err(AdmitError::Size { release: Box::new(release.clone()), expected, got });
    }
    let Some(proof) = &expectation.archive else { return Ok(()) };
    let Some(received) = received else {
        let (release, by) = (Box::new(release.clone()), proof.by.clone());
        return Err(AdmitError::OtherCarrier { release, by });
    };
    meet(release, "archive", proof, received.digest(), checks)
}

fn meet(
    release: &Release,
    what: &'static str,
    proof: &TrustedDigest,
    got: Digest,
    checks: &mut Vec<ReceiptCheck>,
) -> Result<(), AdmitError> {
    let TrustedDigest { digest: expected, grade, by } = proof.clone();
    if expected != got {
        let release = Box::new(release.clone());
        return Err(AdmitError::Mismatch { release, what, expected, got, by });
    }
    checks.push(ReceiptCheck { what: what.to_owned(), by, grade });
    Ok(())
}

/// The program: where a statement says, else by name at the top, in `bin/`, or wherever there is exactly one.
fn find_entry(staged: &Staged, release: &Release) -> Result<TreePath, AdmitError> {
    let files: Vec<&str> = staged.items.iter().map(|item| item.path.as_str()).collect();
    let name = release.executable();
    let found = match &staged.entry {
        Some(entry) => files.iter().find(|path| **path == entry.as_str()).copied(),
        None => by_name(&files, &name).or_else(|| by_name(&files, &asset_name(release)?)),
    };
    if let Some(path) = found {
        return Ok(path.parse()?);
    }
    let wanted = staged.entry.as_ref().map_or(name, ToString::to_string);
    let some = files.iter().take(5).copied().collect::<Vec<_>>().join(", ");
    let found = if files.len() > 5 { format!("{some}, …") } else { some };
    Err(AdmitError::NoEntry { release: Box::new(release.clone()), wanted, found })
}

fn by_name<'a>(files: &[&'a str], name: &str) -> Option<&'a str> {
    let bin = format!("bin/{name}");
    if let Some(path) = files.iter().find(|p| **p == name).or(files.iter().find(|p| **p == bin)) {
        return Some(path);
    }
    let mut named = files.iter().filter(|p| p.rsplit('/').next() == Some(name));
    named.next().filter(|_| named.next().is_none()).copied()
}

/// Some archives hold the program under the archive's own name.
fn asset_name(release: &Release) -> Option<String> {
    let suffix = release.executable().strip_prefix(release.binary.as_ref())?.to_owned();
    Some(format!("{}{suffix}", release.asset_stem()?))
}

fn list(staged: &Staged, entry: &TreePath) -> Result<TreeListing, AdmitError> {
    let line = |item: &Item| -> Result<TreeEntry, AdmitError> {
        let path: TreePath = item.path.parse()?;
        let (kind, Measured { digest, size }) = match &item.what {
            What::Link(_) => (EntryKind::Link, end_of(staged, item)?),
            What::File { executable, bytes, .. } => {
                let runs = *executable || path == *entry || path.as_str().ends_with(".exe");
                (if runs { EntryKind::Executable } else { EntryKind::File }, *bytes)
            }
        };
        Ok(TreeEntry { kind, digest, size, path })
    };
    Ok(TreeListing::new(staged.items.iter().map(line).collect::<Result<_, _>>()?)?)
}

/// The bytes of the file that a link leads to, over other links if need be.
fn end_of(staged: &Staged, link: &Item) -> Result<Measured, AdmitError> {
    let mut item = link;
    let refuse = |target: &str, why| {
        let (path, target) = (link.path.clone(), target.to_owned());
        AdmitError::Link { path, target, why }
    };
    for _ in 0..HOPS {
        match &item.what {
            What::File { bytes, .. } => return Ok(*bytes),
            What::Link(target) => {
                let to = item.path.parse::<TreePath>()?.follow(target)?;
                let next = staged.items.iter().find(|item| item.path == to.as_str());
                item = next.ok_or_else(|| refuse(target, "there is no such file in the tree"))?;
            }
        }
    }
    Err(refuse(&item.path, "it leads over too many links"))
}

/// Gives every file its path, then permissions and links: only now, when all checks have passed.
fn build(staged: &Staged, listing: &TreeListing) -> Result<(), StoreError> {
    let top = staged.top();
    fs::create_dir(&top).map_err(at(Act::Create, &top))?;
    let executable =
        |path: &str| listing.get(path).is_some_and(|e| e.kind == EntryKind::Executable);
    for Item { path, what } in &staged.items {
        let to = top.join(path);
        let folder = to.parent().unwrap_or(&top);
        fs::create_dir_all(folder).map_err(at(Act::Create, folder))?;
        if let What::File { number, .. } = what {
            fs::rename(staged.number(*number), &to).map_err(at(Act::Rename, &to))?;
            set_mode(&to, if executable(path) { 0o555 } else { 0o444 })?;
        }
    }
    for Item { path, what } in &staged.items {
        if let What::Link(target) = what {
            link(target, &top.join(path))?;
        }
    }
    Ok(())
}

#[cfg(unix)]
fn link(target: &str, to: &std::path::Path) -> Result<(), StoreError> {
    std::os::unix::fs::symlink(target, to).map_err(at(Act::Link, to))
}

/// Windows lets few users make links: a copy has the same bytes, and the listing asks for no more.
#[cfg(not(unix))]
fn link(target: &str, to: &std::path::Path) -> Result<(), StoreError> {
    let from = to.parent().unwrap_or(to).join(target);
    fs::copy(from, to).map(drop).map_err(at(Act::Link, to))
}
