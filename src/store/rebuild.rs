//! Makes a damaged or missing tree again: from copies of its files, or from a tree that was unpacked again.
//!
//! A tree is named by its content, so whatever has the right digests is the tree. Nothing is repaired in place: the tree is
//! staged and renamed, and the damaged one is set aside.

use loom_source::{Digest, Release};

use super::{
    AdmitError, Checked, EntryKind, Staged, Store, StoreError, TreeListing, TreePath, UnpackError,
    batch::PublishBatch, copies::Copies, durable::replace,
};
use crate::{
    store::TreeLimits,
    trust::{DigestSubject, Expectation, Pin, PinOrigin, TrustedDigest},
};

/// What a tree is named by when it is made again.
const LISTING: &str = "the listing of the tree";

impl Store {
    /// Makes a tree again from identical files in this store; `false` where a file of it has no undamaged copy here, or
    /// the listing is lost.
    ///
    /// # Errors
    /// [`StoreError`] where the store cannot be read or written.
    pub fn rebuild_from_copies(
        &self,
        release: &Release,
        tree: &Digest,
        entry: &TreePath,
        limits: TreeLimits,
    ) -> Result<bool, StoreError> {
        let Some(listing) = self.listing(tree).ok().flatten() else { return Ok(false) };
        let copies = self.copies_of(tree, &listing)?;
        let mut staged = self.stage(limits)?;
        match stage_copies(&mut staged, &listing, &copies) {
            Ok(true) => {}
            Ok(false) | Err(UnpackError::Read(_)) => return Ok(false),
            Err(UnpackError::Store(error)) => return Err(error),
            Err(_) => return Ok(false),
        }
        staged.set_entry(entry.clone());
        match self.admit(staged, &of_tree(release, *tree), None) {
            Ok(checked) => self.place_again(checked).map(|()| true),
            Err(AdmitError::Store(error)) => Err(error),
            // A copy was changed between two looks at it.
            Err(_) => Ok(false),
        }
    }

    /// Puts a checked tree to its path again, with its listing. A damaged one is set aside. Record, verification and link
    /// stay as they are.
    ///
    /// # Errors
    /// [`StoreError`] where a file cannot be written, synced or renamed.
    pub fn place_again(&self, mut checked: Checked) -> Result<(), StoreError> {
        self.prepare()?;
        let _exists = self.lock_against_collection()?;
        let mut steps = PublishBatch::new(self);
        steps.write_objects(&mut checked, None)?;
        steps.wait()?;
        steps.place_tree(&checked)?;
        steps.place_files()?;
        steps.wait()?;
        self.protect(&checked.tree, &checked.listing)?;
        self.write_fingerprint(&checked.tree, &checked.listing);
        Ok(())
    }

    /// Makes the lost or damaged listing of a tree again by hashing the tree; `false` where the tree is damaged or missing
    /// too.
    ///
    /// # Errors
    /// [`StoreError`] where the store cannot be read or written.
    pub fn rebuild_listing(&self, tree: &Digest) -> Result<bool, StoreError> {
        let Some(listing) = self.list_tree(tree)?.filter(|found| found.digest() == *tree) else {
            return Ok(false);
        };
        self.prepare()?;
        let path = self.object(tree);
        replace(&self.root, &self.tmp(), &path, &listing.to_bytes()).map(|()| true)
    }
}

fn stage_copies(
    staged: &mut Staged,
    listing: &TreeListing,
    copies: &Copies,
) -> Result<bool, UnpackError> {
    for entry in listing.entries() {
        if let Some(target) = listing.link_target(entry) {
            staged.link(&entry.path, &target)?;
        } else {
            let Some(copy) = copies.find(&entry.digest) else { return Ok(false) };
            staged.file(&entry.path, entry.kind == EntryKind::Executable, copy)?;
        }
    }
    Ok(true)
}

/// The expectation of a tree that is known already.
fn of_tree(release: &Release, digest: Digest) -> Expectation {
    let pin = Pin { digest, origin: PinOrigin::Given { by: LISTING.to_owned() } };
    let tree = Some(TrustedDigest::pinned(DigestSubject::Tree, &pin));
    Expectation { tree, ..Expectation::none(release) }
}
