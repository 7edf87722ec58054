//! Removes a release.

use std::{
    fs,
    path::{Path, PathBuf},
};

use loom_base::file_lock::LockHolder;
use loom_source::{Digest, Record, Release, Slot, record::RecordArtifact};

use super::{
    Store, StoreError,
    durable::{Barrier, remove_any},
    error::undamaged,
    locks,
};

impl Store {
    /// Removes a release: the trees that no other release needs are taken out of use, then its link, record,
    /// verification and receipt are removed, then trees and objects are deleted. Returns whether the release was here.
    ///
    /// # Errors
    /// [`StoreError::Busy`] where a process runs from the release, and [`StoreError::Io`] where its tree cannot be taken
    /// away; nothing is removed then, nor where a folder of the store is a link ([`StoreError::Damaged`]).
    /// [`StoreError::Io`] where a file cannot be removed.
    pub fn remove(&self, release: &Release) -> Result<bool, StoreError> {
        if !self.exists() {
            return Ok(false);
        }
        self.prepare()?;
        let _alone = self.lock_for_collection()?;
        self.put_back_half_removed()?;
        let record = self.record(release).ok().flatten();
        let trees = self.trees_of(release)?;
        // A link on the way to one of them is found before anything is removed.
        let documents = self.documents_of(release).into_iter();
        let files = documents.chain([self.link_path(release), self.latest_path(release)]);
        let objects = record.iter().flat_map(objects_of).chain(trees.iter().copied());
        let own = trees.iter().map(|tree| self.tree(tree));
        for path in files.chain(own).chain(objects.map(|object| self.object(&object))) {
            self.refuse_links_to(&path)?;
        }
        let leases =
            trees.iter().map(|tree| self.claim(release, tree)).collect::<Result<Vec<_>, _>>()?;
        let named = self.named_trees()?;
        let is_own =
            |tree: &&Digest| named.get(tree).is_none_or(|by| by == std::slice::from_ref(release));
        let own: Vec<&Digest> = trees.iter().filter(is_own).collect();
        // Link and record go only where the tree can go: a tree that nothing names would stay for ever.
        for tree in &own {
            self.condemn(tree)?;
        }
        let here = self.unlink_program(release)?;
        self.unlink_latest(release, &trees)?;
        let mut barrier = Barrier::default();
        let here = self.unlink(release, &mut barrier)? || here;
        // A record on the disk without its tree would be damage.
        barrier.wait_for_existing(&self.root)?;
        for tree in own {
            self.forget_tree(tree)?;
        }
        if let Some(record) = record {
            self.remove_objects(&record)?;
        }
        drop(leases);
        // What cannot be removed now is removed by a later run.
        let _ = self.sweep();
        Ok(here)
    }

    /// The trees that the record, the root or the link of a release leads to.
    fn trees_of(&self, release: &Release) -> Result<Vec<Digest>, StoreError> {
        let mut trees: Vec<Digest> = match release.slot {
            Slot::Dev => {
                let kept = undamaged(self.dev_trees(release))?.unwrap_or_default();
                kept.into_iter().map(|kept| kept.tree).collect()
            }
            Slot::Version(_) => {
                let recorded = self.recorded_tree(release).ok().flatten();
                recorded.map(|recorded| recorded.tree).into_iter().collect()
            }
        };
        trees.extend(self.find(release)?.map(|installed| installed.tree));
        trees.sort();
        trees.dedup();
        Ok(trees)
    }

    /// Takes the lease of a tree exclusive, which succeeds only while no process runs from the tree.
    fn claim(&self, release: &Release, tree: &Digest) -> Result<fs::File, StoreError> {
        let (path, file) = self.open_lease(tree)?;
        if locks::tried(&path, file.try_lock())? {
            return Ok(file);
        }
        let (what, holder) = (release.to_string(), LockHolder::of(&path).map(Box::new));
        Err(StoreError::Busy { what, path, holder })
    }

    /// Removes `bin/latest` where it leads to one of these trees, so that it does not dangle.
    pub(super) fn unlink_latest(
        &self,
        release: &Release,
        trees: &[Digest],
    ) -> Result<(), StoreError> {
        let link = self.slot_path(release, "latest");
        let target = fs::read_link(&link).unwrap_or_default();
        let leads = |tree: &Digest| target.iter().any(|part| *part == *tree.to_string());
        if trees.iter().any(leads) { self.remove_own(&link) } else { Ok(()) }
    }

    /// Removes the link of a release, so that no process finds it any more; returns whether it was here.
    pub(super) fn unlink_program(&self, release: &Release) -> Result<bool, StoreError> {
        let link = self.link_path(release);
        let here = fs::symlink_metadata(&link).is_ok();
        self.remove_own(&link)?;
        Ok(here)
    }

    /// Removes the link of a release, which is then made again from its record.
    ///
    /// # Errors
    /// [`StoreError::Io`] where the link cannot be removed.
    pub fn remove_link(&self, release: &Release) -> Result<(), StoreError> {
        self.remove_own(&self.link_path(release))
    }

    /// Removes record, verification and receipt of a release, in this order, and the folders that have become empty.
    /// Returns whether one of them was here. The folders that changed join the barrier.
    pub(super) fn unlink(
        &self,
        release: &Release,
        barrier: &mut Barrier,
    ) -> Result<bool, StoreError> {
        let mut here = false;
        let documents = self.documents_of(release);
        for path in &documents {
            here |= fs::symlink_metadata(path).is_ok();
            self.remove_own(path)?;
        }
        barrier.add(self.trees());
        for path in documents.iter().chain([&self.link_path(release)]) {
            let mut folders = path.ancestors().skip(1).take(3);
            // Folders that have become empty are removed; one that has not stays, and has changed.
            barrier.add_existing(folders.find(|folder| fs::remove_dir(folder).is_err()));
        }
        Ok(here)
    }

    /// The documents of a release, in the order in which they are removed.
    fn documents_of(&self, release: &Release) -> Vec<PathBuf> {
        let first = match release.slot {
            Slot::Dev => vec![self.dev_root_path(release)],
            Slot::Version(_) => vec![self.record_path(release), self.verification_path(release)],
        };
        first.into_iter().chain([self.receipt_path(release)]).collect()
    }

    /// Removes a file of the store, or whatever is in its place. What is missing is no error.
    pub(super) fn remove_own(&self, path: &Path) -> Result<(), StoreError> {
        self.refuse_links_to(path)?;
        remove_any(path)
    }

    /// Removes a tree and its listing; `false` where a process runs from the tree. The collection lock must be held.
    pub(super) fn remove_tree_unless_leased(&self, tree: &Digest) -> Result<bool, StoreError> {
        let (path, file) = self.open_lease(tree)?;
        if !locks::tried(&path, file.try_lock())? {
            return Ok(false);
        }
        self.condemn(tree)?;
        self.forget_tree(tree)?;
        Ok(true)
    }

    /// Deletes a tree that was taken out of use, its fingerprint and its listing.
    fn forget_tree(&self, tree: &Digest) -> Result<(), StoreError> {
        self.delete_trash(tree)?;
        self.forget_fingerprint(tree)?;
        self.remove_own(&self.object(tree))
    }

    /// Removes the statement, archives and evidence of a record, unless another record names them.
    fn remove_objects(&self, record: &Record) -> Result<(), StoreError> {
        let mut kept = vec![];
        for release in self.known()? {
            if let Some(other) = self.record(&release).ok().flatten() {
                kept.extend(objects_of(&other));
            }
        }
        for object in objects_of(record) {
            if !kept.contains(&object) {
                self.remove_own(&self.object(&object))?;
            }
        }
        Ok(())
    }
}

/// The objects that a record names: statement, archives and evidence. The listing belongs to the tree.
pub(crate) fn objects_of(record: &Record) -> Vec<Digest> {
    let mut objects = vec![record.statement];
    for artifact in &record.artifacts {
        if let RecordArtifact::Archive { digest } = artifact {
            objects.push(*digest);
        }
    }
    objects.extend(record.evidence.iter().map(|evidence| evidence.digest));
    objects
}
