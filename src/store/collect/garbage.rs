//! Trees and objects that nothing names, and what is left of older times.

use std::{
    collections::BTreeSet,
    fs,
    time::{Duration, SystemTime},
};

use loom_source::Digest;

use crate::store::{
    Store, StoreError, cores::on_waiting_threads, du::size, durable::remove_any, locks,
};

/// A partial transfer that has not grown for this long is removed.
const STALE_PARTIAL: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// A failure that is older than this is removed.
const OLD_FAILURE: Duration = Duration::from_secs(90 * 24 * 60 * 60);

impl Store {
    /// The trees in `store/` that are not in `needed`.
    pub(super) fn unnamed_trees(
        &self,
        needed: &BTreeSet<Digest>,
    ) -> Result<Vec<Digest>, StoreError> {
        let here = self.trees_here()?.into_iter();
        Ok(here.filter(|tree| !needed.contains(tree)).collect())
    }

    /// Renames a tree that nothing names, to be deleted later; `false` where a process runs from it, or where it belongs
    /// to another user. The collection lock must be held.
    pub(super) fn take_away_tree(&self, tree: &Digest) -> Result<bool, StoreError> {
        match self.take_away_unleased(tree) {
            Err(error) if error.is_read_only() => Ok(false),
            // Whether a process runs from it is not known.
            Err(StoreError::Damaged { .. }) => Ok(false),
            taken => taken,
        }
    }

    fn take_away_unleased(&self, tree: &Digest) -> Result<bool, StoreError> {
        // A process that runs from the tree has made the file of its lease, and none can begin to: nothing names the tree.
        let is_leased = fs::symlink_metadata(self.lease_path(tree)).is_ok();
        let lease = is_leased.then(|| self.open_lease(tree)).transpose()?;
        if let Some((path, file)) = &lease
            && !locks::tried(path, file.try_lock())?
        {
            return Ok(false);
        }
        self.condemn(tree)?;
        self.forget_fingerprint(tree)?;
        Ok(true)
    }

    /// Removes objects and returns their size.
    pub(super) fn remove_objects_of(&self, objects: &[Digest]) -> Result<u64, StoreError> {
        on_waiting_threads(objects, |object| self.remove_object(object)).into_iter().sum()
    }

    /// Removes an object and returns its size.
    pub(super) fn remove_object(&self, object: &Digest) -> Result<u64, StoreError> {
        let bytes = self.object_bytes_on_disk(object);
        match remove_any(&self.object(object)) {
            Ok(()) => Ok(bytes),
            // Another user's; that user's next run removes it.
            Err(error) if error.is_read_only() => Ok(0),
            Err(error) => Err(error),
        }
    }

    /// Removes old partial transfers, failures and roots; returns how many transfers and failures, and their bytes.
    pub(super) fn remove_stale(&self, now: SystemTime) -> Result<(usize, u64), StoreError> {
        let partial = self.root.join("partial");
        let before = size(&partial)?;
        let mut removed = self.sweep_partials(STALE_PARTIAL, usize::MAX)?;
        let freed = before.saturating_sub(size(&partial)?);
        removed += self.forget_old_failures(OLD_FAILURE, now)?;
        self.remove_old_projects(now)?;
        Ok((removed, freed))
    }

    /// What [`remove_stale`](Self::remove_stale) would remove.
    pub(super) fn stale(&self, now: SystemTime) -> Result<(usize, u64), StoreError> {
        let (partials, bytes) = self.stale_partials(STALE_PARTIAL)?;
        Ok((partials + self.old_failures(OLD_FAILURE, now)?, bytes))
    }
}
