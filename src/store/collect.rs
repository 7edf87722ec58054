//! Removes what nothing needs: what [`StoreUsage::garbage`](super::StoreUsage) counts.

use std::collections::BTreeSet;

use loom_source::{Digest, Slot};

use super::{
    Store, StoreError,
    error::{FileAction, absent, at},
    list::names,
    remove::objects_of,
};

/// What a collection removed, and what it left.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CollectedGarbage {
    /// The number of bytes that were removed.
    pub freed: u64,
    /// The number of bytes of garbage that stay: processes run from it, or it was written in the last day.
    pub left: u64,
    /// Whether trees and objects stay because a record cannot be read, which may need any of them.
    pub unreadable: bool,
}

impl Store {
    /// Removes what nothing needs: what ended processes have left, damaged trees, and the trees and objects that no
    /// release names. A tree that a process runs from stays.
    ///
    /// # Errors
    /// [`StoreError::Io`] where the store cannot be read or written.
    pub fn collect_garbage(&self) -> Result<CollectedGarbage, StoreError> {
        if !self.exists() && !self.has_remains() {
            return Ok(CollectedGarbage::default());
        }
        let before = self.du()?.total;
        self.prepare()?;
        let unreadable = {
            // Publishers wait, so that nothing is needed by a release that is only now being written.
            let _alone = self.lock_for_collection()?;
            self.discard_damaged()?;
            let unreadable = self.has_unreadable_record()?;
            if !unreadable {
                self.remove_unnamed()?;
            }
            unreadable
        };
        self.sweep()?;
        let after = self.du()?;
        let freed = before.saturating_sub(after.total);
        Ok(CollectedGarbage { freed, left: after.garbage, unreadable })
    }

    fn has_unreadable_record(&self) -> Result<bool, StoreError> {
        for release in self.known()?.iter().filter(|release| release.slot != Slot::Dev) {
            match self.record(release) {
                Ok(Some(record)) => match self.statement(&record.statement) {
                    Ok(_) => {}
                    Err(StoreError::Damaged { .. } | StoreError::Document { .. }) => {
                        return Ok(true);
                    }
                    Err(error) => return Err(error),
                },
                Ok(None) => {}
                Err(StoreError::Document { .. }) => return Ok(true),
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }

    /// The objects in `objects/`; files with another name are none.
    pub(super) fn objects_here(&self) -> Result<Vec<Digest>, StoreError> {
        let mut found = vec![];
        for (_, folder) in names(&self.root.join("objects/sha256"), true)? {
            let digests = names(&folder, false)?.into_iter();
            found.extend(digests.filter_map(|(name, _)| name.parse::<Digest>().ok()));
        }
        Ok(found)
    }

    /// Removes the trees and objects that no release names. The collection lock must be held.
    fn remove_unnamed(&self) -> Result<(), StoreError> {
        let named = self.named_trees()?;
        let mut needed: BTreeSet<Digest> = named.keys().copied().collect();
        for tree in self.trees_here()?.iter().filter(|tree| !named.contains_key(tree)) {
            if !self.remove_tree_unless_leased(tree)? {
                needed.insert(*tree);
            }
        }
        for release in self.known()? {
            needed.extend(self.record(&release)?.iter().flat_map(objects_of));
        }
        for release in self.releases_below("verifications")? {
            // One that is damaged proves nothing, so it needs no evidence.
            let verification = self.verification(&release).ok().flatten();
            needed.extend(verification.into_iter().flat_map(|verification| verification.evidence));
        }
        for object in self.objects_here()?.iter().filter(|object| !needed.contains(object)) {
            let path = self.object(object);
            absent(std::fs::remove_file(&path)).map_err(at(FileAction::Remove, &path))?;
        }
        Ok(())
    }
}
