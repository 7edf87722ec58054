//! Compares a staged tree with its expectation: the only way to a tree that may be published.

use loom_source::{Digest, Release};

use super::{
    AdmitError, Checked, EntryKind, Received, Staged, Store, TreeEntry, TreeListing, TreePath,
    build_tree::build,
    entry::find_entry,
    link_end::link_end,
    receipt::ReceivedArchive,
    signed_files::{SignedFiles, check_signatures, meet},
    staged::{Measured, StagedContent, StagedItem},
};
use crate::trust::{DigestSubject, Expectation, TrustedDigest};

impl Store {
    /// Compares a staged tree with an expectation, and gives its files their paths if the expectation is met.
    ///
    /// `received` is the transfer that the tree was unpacked from, where it came in one piece: the digest of an
    /// archive is met by that transfer only.
    ///
    /// # Errors
    /// [`AdmitError`] where a digest or the size differs, where neither digest nor waiver is given, where the tree
    /// holds no program or a forbidden path, and where the store cannot write.
    pub fn admit(
        &self,
        staged: Staged,
        expectation: &Expectation,
        received: Option<&Received>,
    ) -> Result<Checked, AdmitError> {
        let release = &expectation.release;
        let mut digests = vec![];
        // Loose files and copies came in no archive, whatever else was received.
        let received = received.filter(|_| staged.unpacked.is_some());
        check_archive(expectation, received, &mut digests)?;
        let entry = find_entry(&staged, release)?;
        let listing = list(&staged, &entry)?;
        let tree = listing.digest();
        if let Some(expected) = &expectation.tree {
            meet(release, expected, tree, &mut digests)?;
        }
        let files = SignedFiles { received, listing: &listing, tree };
        let evidence = check_signatures(expectation, &files, &mut digests)?;
        if digests.is_empty() && expectation.waiver.is_none() {
            return Err(AdmitError::Unverified(Box::new(release.clone())));
        }
        build(&staged, &listing)?;
        let archive = received.zip(staged.unpacked).map(|(received, (format, strip))| {
            let (digest, size) = (received.digest(), received.size());
            ReceivedArchive { digest, size, format, strip, kept: false }
        });
        // A waiver counts only where no digest was met.
        let waiver = expectation.waiver.filter(|_| digests.is_empty());
        Ok(Checked {
            staged: Some(staged),
            release: release.clone(),
            listing,
            tree,
            entry,
            archive,
            kept: None,
            statement: None,
            evidence: evidence.kept,
            needs_archive: evidence.needs_archive,
            problems: evidence.problems,
            digests,
            waiver,
            source: None,
        })
    }
}

fn check_archive(
    expectation: &Expectation,
    received: Option<&Received>,
    digests: &mut Vec<TrustedDigest>,
) -> Result<(), AdmitError> {
    let release = &expectation.release;
    if let (Some(expected), Some(got)) = (expectation.size, received.map(Received::size))
        && expected != got
    {
        return Err(AdmitError::Size { release: Box::new(release.clone()), expected, got });
    }
    let Some(expected) = &expectation.archive else { return Ok(()) };
    let Some(received) = received else {
        let (release, by) = (Box::new(release.clone()), expected.voucher());
        return Err(AdmitError::OtherArtifact { release, by });
    };
    meet(release, expected, received.digest(), digests)
}

fn list(staged: &Staged, entry: &TreePath) -> Result<TreeListing, AdmitError> {
    let line = |item: &StagedItem| -> Result<TreeEntry, AdmitError> {
        let path: TreePath = item.path.parse()?;
        let (kind, Measured { digest, size }) = match &item.content {
            StagedContent::Link(_) => (EntryKind::Link, bytes_behind(staged, item)?),
            StagedContent::File { executable, bytes, .. } => {
                let runs = *executable || path == *entry || path.as_str().ends_with(".exe");
                (if runs { EntryKind::Executable } else { EntryKind::File }, *bytes)
            }
        };
        Ok(TreeEntry { kind, digest, size, path })
    };
    Ok(TreeListing::new(staged.items.iter().map(line).collect::<Result<_, _>>()?)?)
}

/// The bytes of the file that a link leads to.
fn bytes_behind(staged: &Staged, link: &StagedItem) -> Result<Measured, AdmitError> {
    match &link_end(staged, link)?.content {
        StagedContent::File { bytes, .. } => Ok(*bytes),
        StagedContent::Link(target) => {
            let (path, target) = (link.path.clone(), target.clone());
            Err(AdmitError::Link { path, target, why: "it leads to another link" })
        }
    }
}

impl Store {
    /// Compares a tree that is in the store already with digests that vouch for it, after every byte of the tree has
    /// been hashed. This is how a lost verification is made again without a network.
    ///
    /// A digest vouches for the tree if it is the digest of the tree's listing, or if the tree is a single program
    /// with this digest. All other digests are skipped.
    ///
    /// # Errors
    /// [`AdmitError::Unverified`] where none of the digests vouches for the tree, and
    /// [`StoreError::Damaged`](super::StoreError::Damaged) where the tree is not what its listing says.
    pub fn admit_installed(
        &self,
        release: &Release,
        tree: Digest,
        entry: &TreePath,
        vouching: &[TrustedDigest],
    ) -> Result<Checked, AdmitError> {
        let listing = self.check_tree(&tree)?;
        let digests = vouching.iter().filter_map(|digest| met_by(digest, &tree, &listing));
        let digests: Vec<TrustedDigest> = digests.collect();
        if digests.is_empty() {
            return Err(AdmitError::Unverified(Box::new(release.clone())));
        }
        Ok(Checked {
            staged: None,
            release: release.clone(),
            listing,
            tree,
            entry: entry.clone(),
            archive: None,
            kept: None,
            statement: None,
            evidence: vec![],
            needs_archive: false,
            problems: vec![],
            digests,
            waiver: None,
            source: None,
        })
    }
}

fn met_by(digest: &TrustedDigest, tree: &Digest, listing: &TreeListing) -> Option<TrustedDigest> {
    if digest.digest == *tree {
        return Some(TrustedDigest { of: DigestSubject::Tree, ..digest.clone() });
    }
    let bare = match listing.entries() {
        [only] => only.kind == EntryKind::Executable && only.digest == digest.digest,
        _ => false,
    };
    bare.then(|| TrustedDigest { of: DigestSubject::Archive, ..digest.clone() })
}
