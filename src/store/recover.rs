//! Links a release again whose link is missing. A removed link means that the tree may be bad, so every byte of the
//! tree is hashed first.

use loom_source::{Digest, Release, Slot};

use super::{Installed, Store, StoreError, TreeListing, TreeRef, Unverified, durable::Barrier};
use crate::trust::Policy;

/// What became of a release without a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recovery {
    /// There is no record, or its tree is missing: the release has to be fetched.
    Nothing,
    /// The tree is undamaged, and linked again.
    Linked(Installed),
    /// A tree is here, but does not count.
    Refused(Unverified),
    /// The tree was damaged and has been set aside: the release has to be fetched. The text names the damage.
    Damaged(String),
}

impl Store {
    /// Looks for a release by its record, and links it again if the policy accepts its verification and every byte of
    /// its tree is right.
    ///
    /// To be called with the release's lock held, after [`find`](Self::find) found nothing.
    ///
    /// # Errors
    /// [`StoreError`] where a file cannot be read, or the link not written.
    pub fn recover(&self, release: &Release, policy: &Policy) -> Result<Recovery, StoreError> {
        let TreeRef { tree, entry } = match self.recorded(release) {
            Ok(Some(recorded)) => recorded,
            Ok(None) => return Ok(Recovery::Nothing),
            Err(e @ (StoreError::Damaged { .. } | StoreError::Document { .. })) => {
                return Ok(Recovery::Damaged(e.to_string()));
            }
            Err(e) => return Err(e),
        };
        if release.slot != Slot::Dev
            && let Err(why) = self.judge_recorded(release, &tree, policy)?
        {
            return Ok(Recovery::Refused(why));
        }
        self.prepare()?;
        let _exists = self.lock_against_collection()?;
        let listing = match self.check_tree(&tree) {
            Ok(listing) => listing,
            Err(e @ StoreError::Damaged { .. }) => {
                let check = || self.check_tree(&tree).map(drop);
                let what = self.set_aside_if_damaged(&tree, &check)?;
                return Ok(Recovery::Damaged(what.unwrap_or_else(|| e.to_string())));
            }
            Err(e) => return Err(e),
        };
        self.protect(&tree, &listing)?;
        self.write_fingerprint(&tree, &listing);
        let mut barrier = Barrier::default();
        let installed = self.point(release, &tree, &entry, &mut barrier)?;
        barrier.wait(&self.root)?;
        Ok(Recovery::Linked(installed))
    }

    /// The tree that the record of a release (or, for a development build, its root) leads to; `None` where there is
    /// no such record or tree.
    ///
    /// # Errors
    /// [`StoreError::Document`] or [`StoreError::Damaged`] for a record or statement that cannot be used.
    pub fn recorded(&self, release: &Release) -> Result<Option<TreeRef>, StoreError> {
        if !self.exists() {
            return Ok(None);
        }
        Ok(self.recorded_tree(release)?.filter(|recorded| {
            self.tree(&recorded.tree).is_dir() && !self.is_marked(&recorded.tree)
        }))
    }

    /// As [`judge_tree`](Self::judge_tree); the verification must name the record's statement too.
    fn judge_recorded(
        &self,
        release: &Release,
        tree: &Digest,
        policy: &Policy,
    ) -> Result<Result<(), Unverified>, StoreError> {
        let statement = self.record(release)?.map(|record| record.statement);
        Ok(self.judge_tree(release, tree, policy)?.and_then(|verification| {
            let same = Some(verification.statement) == statement;
            if same { Ok(()) } else { Err(Unverified::OtherStatement) }
        }))
    }

    /// Hashes every byte of a tree and returns its listing.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] where the listing is missing, or a file is missing, changed or not in the listing.
    pub fn check_tree(&self, tree: &Digest) -> Result<TreeListing, StoreError> {
        let listing = self.listing(tree)?.ok_or_else(|| StoreError::Damaged {
            path: self.object(tree),
            what: "the tree's listing is missing".into(),
        })?;
        self.rehash(tree, &listing)?;
        Ok(listing)
    }
}
