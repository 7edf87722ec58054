//! Takes one version out of use.
//!
//! The order matters: the lease first, so that no process starts from the tree; then the link, so that no command hands
//! the version out; then the time of its last use once more. A command that noted a use before that is seen here, and one
//! that notes it later finds the link gone.

use std::collections::BTreeMap;

use loom_source::Digest;

use super::{census::VersionHere, plan::KeepReason};
use crate::store::{Store, StoreError, TreeRef, durable::Barrier, locks};

impl Store {
    /// Takes a version out of use, unless it is used; the error says why it stays. Its trees that no other version
    /// names are renamed, to be deleted later. `named` says how many versions name each tree, and is brought up to date.
    ///
    /// The collection lock must be held.
    pub(super) fn take_away(
        &self,
        version: &VersionHere,
        named: &mut BTreeMap<Digest, usize>,
        barrier: &mut Barrier,
    ) -> Result<Result<Vec<Digest>, KeepReason>, StoreError> {
        let own = |tree: &&Digest| named.get(tree).is_none_or(|count| *count <= 1);
        let own: Vec<Digest> = version.trees.iter().filter(own).copied().collect();
        let mut leases = Vec::new();
        for tree in &own {
            let (path, lease) = match self.open_lease(tree) {
                Err(error) if error.is_read_only() => return Ok(Err(KeepReason::Foreign)),
                Err(StoreError::Damaged { .. }) => return Ok(Err(KeepReason::Damaged)),
                opened => opened?,
            };
            if !locks::tried(&path, lease.try_lock())? {
                return Ok(Err(KeepReason::Running));
            }
            leases.push(lease);
        }
        let release = &version.release;
        let installed = self.find(release)?;
        self.unlink_program(release)?;
        if self.last_use(release) > version.last_use {
            if let Some(TreeRef { tree, entry }) = installed.and_then(|here| self.tree_of(&here)) {
                self.point(release, &tree, &entry, barrier)?;
            }
            return Ok(Err(KeepReason::JustUsed));
        }
        // Link and record go only where the tree can go: a tree that nothing names would stay for ever.
        for tree in &own {
            match self.condemn(tree) {
                Err(error) if error.is_read_only() => {
                    self.link_again(version, barrier)?;
                    return Ok(Err(KeepReason::Foreign));
                }
                condemned => condemned?,
            }
        }
        self.unlink_latest(release, &version.trees)?;
        self.unlink(release, barrier)?;
        for tree in &own {
            self.forget_fingerprint(tree)?;
        }
        for tree in &version.trees {
            if let Some(count) = named.get_mut(tree) {
                *count = count.saturating_sub(1);
            }
        }
        Ok(Ok(own))
    }

    /// Links a version again whose tree cannot be taken away.
    fn link_again(&self, version: &VersionHere, barrier: &mut Barrier) -> Result<(), StoreError> {
        if let Some(TreeRef { tree, entry }) = self.recorded(&version.release).ok().flatten() {
            self.point(&version.release, &tree, &entry, barrier)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::store::{
        NotedUse,
        tests::{home, install},
    };

    #[test]
    fn a_version_that_is_used_while_its_link_is_removed_is_linked_again() {
        let home = home();
        let store = &home.store;
        let installed = install(store, "0.1.0", b"x");
        let path = store.verification_path(&installed.release);
        let file = std::fs::File::options().append(true).open(path).unwrap();
        let now = SystemTime::now();
        file.set_modified(now - Duration::from_secs(9 * 86_400)).unwrap();
        let _alone = store.lock_for_collection().unwrap();
        let census = store.census(now, true).unwrap();
        let mut named = census.named();
        // A command hands the version out after the census was taken.
        assert_eq!(store.note_use(&installed).unwrap(), NotedUse::Noted);
        let mut barrier = Barrier::default();
        let taken = store.take_away(&census.versions[0], &mut named, &mut barrier).unwrap();
        assert_eq!(taken, Err(KeepReason::JustUsed));
        assert_eq!(store.find(&installed.release).unwrap(), Some(installed.clone()));
        // Nothing used it since: it goes, and a command that comes later is told so.
        let census = store.census(now, true).unwrap();
        let taken = store.take_away(&census.versions[0], &mut named, &mut barrier).unwrap();
        assert_eq!(taken, Ok(vec![installed.tree]));
        assert!(!installed.entry.exists());
        file.set_modified(now - Duration::from_secs(9 * 86_400)).unwrap();
        assert_eq!(store.note_use(&installed).unwrap(), NotedUse::Gone);
    }
}
