//! What a collection would do: the same decisions and totals, and nothing is changed.

use std::time::SystemTime;

use loom_source::Digest;

use super::{
    GcReport,
    census::VersionHere,
    plan::{KeepReason, Verdict},
    run::Collection,
    taken::freed_by,
};
use crate::store::{StoreError, list::names, locks::is_free};

impl Collection<'_> {
    /// What the collection would do.
    pub(super) fn preview(mut self, now: SystemTime) -> Result<GcReport, StoreError> {
        let mut going = Vec::new();
        for (version, verdict) in self.verdicts()? {
            match verdict {
                Verdict::Keep(reason) => self.keep(version, reason),
                Verdict::Remove(_) if self.is_leased(&version) => {
                    self.keep(version, KeepReason::Running);
                }
                Verdict::Remove(why) => {
                    going.extend(version.trees.iter().copied());
                    self.remove(version, why);
                }
            }
        }
        let store = self.store;
        let mut folders = Vec::new();
        for (tree, damaged) in store.damaged()? {
            if self.is_free(&tree) {
                self.report.trees += damaged.len();
                folders.extend(damaged.into_values());
            }
        }
        for (name, path) in names(&store.trees(), true)? {
            folders.extend(name.starts_with(".trash-").then_some(path));
        }
        if !self.census.hides_needs() {
            for tree in store.unnamed_trees(&self.needed_trees())? {
                if !self.is_free(&tree) {
                    self.busy.insert(tree);
                    continue;
                }
                self.report.trees += usize::from(!going.contains(&tree));
                folders.push(store.tree(&tree));
            }
            let objects = self.unnamed_objects();
            self.report.freed +=
                objects.iter().map(|object| store.object_bytes_on_disk(object)).sum::<u64>();
            self.report.objects = objects.len();
        }
        self.report.freed += freed_by(&folders);
        self.preview_leftovers(now)?;
        Ok(self.report)
    }

    /// What killed processes and repairs have left, and what is too old.
    fn preview_leftovers(&mut self, now: SystemTime) -> Result<(), StoreError> {
        let (trees, files) = self.store.abandoned()?;
        self.report.trees += trees.len();
        let left = self.store.left_behind()?;
        let (stale, bytes) = self.store.stale(now)?;
        self.report.stale = stale + left.len();
        let all = trees.iter().chain(&files).chain(&left);
        self.report.freed += bytes + all.map(|left| left.bytes).sum::<u64>();
        Ok(())
    }

    /// Whether a process runs from a version, as far as this user can see.
    fn is_leased(&self, version: &VersionHere) -> bool {
        version.trees.iter().any(|tree| !self.is_free(tree))
    }

    fn is_free(&self, tree: &Digest) -> bool {
        is_free(&self.store.lease_path(tree))
    }
}
