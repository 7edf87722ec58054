//! What a collection would do: the same decisions and totals, and nothing is changed.

use std::{path::PathBuf, time::SystemTime};

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
        let mut freed = self.preview_garbage(&going)?;
        freed += self.preview_leftovers(now)?;
        if let Some(max) = self.run.rules.max_size {
            let left = self.store.kept_size()?.saturating_sub(freed);
            self.report.excess = left.saturating_sub(max);
        }
        Ok(self.report)
    }

    /// Counts the trees and objects that go, and answers their bytes. `going` are the trees of the versions that go.
    fn preview_garbage(&mut self, going: &[Digest]) -> Result<u64, StoreError> {
        let store = self.store;
        let (mut folders, mut freed) = (self.taken_out_of_use(going)?, 0);
        for (tree, damaged) in store.damaged()? {
            if self.is_free(&tree) {
                self.report.trees += damaged.len();
                folders.extend(damaged.into_values());
            }
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
            freed = objects.iter().map(|object| store.object_bytes_on_disk(object)).sum();
            self.report.objects = objects.len();
        }
        freed += freed_by(&folders);
        self.report.freed += freed;
        Ok(freed)
    }

    /// The folders of trees that removals have taken out of use. A collection puts back first what a removal that was
    /// interrupted has left of versions whose records are here: those go only where they are among `going`.
    fn taken_out_of_use(&self, going: &[Digest]) -> Result<Vec<PathBuf>, StoreError> {
        let mut back = self.store.half_removed()?;
        back.retain(|tree| !going.contains(tree));
        let back: Vec<PathBuf> = back.iter().map(|tree| self.store.trash_path(tree)).collect();
        let folders = names(&self.store.trees(), true)?.into_iter();
        let taken =
            folders.filter(|(name, path)| name.starts_with(".trash-") && !back.contains(path));
        Ok(taken.map(|(_, path)| path).collect())
    }

    /// What killed processes and repairs have left, and what is too old. Answers the bytes of the trees among it.
    fn preview_leftovers(&mut self, now: SystemTime) -> Result<u64, StoreError> {
        let (trees, files) = self.store.abandoned()?;
        self.report.trees += trees.len();
        let left = self.store.left_behind()?;
        let (stale, bytes) = self.store.stale(now)?;
        self.report.stale = stale + left.len();
        let all = trees.iter().chain(&files).chain(&left);
        self.report.freed += bytes + all.map(|left| left.bytes).sum::<u64>();
        Ok(trees.iter().map(|left| left.bytes).sum())
    }

    /// Whether a process runs from a version, as far as this user can see.
    fn is_leased(&self, version: &VersionHere) -> bool {
        version.trees.iter().any(|tree| !self.is_free(tree))
    }

    fn is_free(&self, tree: &Digest) -> bool {
        is_free(&self.store.lease_path(tree))
    }
}
