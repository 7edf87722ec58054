//! The steps of a collection in their order.

use std::{
    collections::{BTreeMap, BTreeSet},
    thread,
    time::{Instant, SystemTime},
};

use loom_source::Digest;

use super::{
    GcReport, KeptVersion, RemovedVersion,
    census::{Census, VersionHere},
    early_deletion::EarlyDeletion,
    plan::{KeepReason, SizeLimit, Verdict, decide},
    room::FreedRoom,
    rules::GcRules,
};
use crate::store::{
    Store, StoreError,
    cores::{on_all_cores, on_waiting_threads},
    durable::Barrier,
    leftovers::Leftover,
};

/// The number of trees that are taken out of use before the disk is waited for, so that their deletion can begin.
const TOGETHER: usize = 128;

/// One collection.
#[derive(Debug, Clone)]
pub struct GcRun<'a> {
    /// Which versions may go.
    pub rules: &'a GcRules,
    /// The time by which ages are judged.
    pub now: SystemTime,
    /// Only find out what would be removed. Nothing is written, and no lock is waited for.
    pub dry_run: bool,
    /// Whether to measure the versions that stay: their listings are read for that.
    pub sizes: bool,
    /// When to stop removing versions; the rest is left for the next run. With a time, no lock is waited for either.
    pub until: Option<Instant>,
}

/// A collection that has read what is here.
pub(super) struct Collection<'a> {
    pub(super) store: &'a Store,
    pub(super) run: &'a GcRun<'a>,
    pub(super) census: Census,
    named: BTreeMap<Digest, usize>,
    /// The versions that stay.
    left: Vec<VersionHere>,
    /// Trees that stay although nothing names them: a process runs from them.
    pub(super) busy: BTreeSet<Digest>,
    barrier: Barrier,
    /// The trees that were taken out of use, and whose new names the disk may not have.
    taken: Vec<Digest>,
    pub(super) report: GcReport,
}

impl Store {
    /// Collects garbage: removes the versions that the rules give up, what ended processes have left, damaged trees,
    /// trees and objects that nothing names, partial transfers that have not grown for a week, and failures and roots
    /// of projects that are older than 90 days. A tree that a process runs from stays.
    ///
    /// Any number of other processes may use the store meanwhile; publishers wait while trees are taken out of use, and
    /// not while they are deleted.
    ///
    /// # Errors
    /// [`StoreError::Io`] where the store cannot be read or written.
    pub fn collect(&self, run: &GcRun<'_>) -> Result<GcReport, StoreError> {
        if !self.exists() && !self.has_remains() {
            return Ok(GcReport::default());
        }
        if run.dry_run {
            return Collection::begin(self, run)?.preview(run.now);
        }
        self.prepare()?;
        // Publishers wait, so that nothing is needed by a release that is only now being written.
        let alone = match run.until {
            None => Some(self.lock_for_collection()?),
            Some(_) => self.try_lock_for_collection()?,
        };
        let Some(alone) = alone else { return Ok(GcReport::default()) };
        self.put_back_half_removed()?;
        let (report, has_left) = thread::scope(|scope| {
            let mut deletion = EarlyDeletion::new(scope, self.trees());
            let mut collection = Collection::begin(self, run)?;
            collection.take_away_versions()?;
            collection.take_away_garbage(&mut deletion)?;
            drop(alone);
            collection.report.freed += deletion.finish();
            Ok::<_, StoreError>((collection.report, !collection.busy.is_empty()))
        })?;
        self.finish_collection(run, report, has_left)
    }

    /// Deletes what was taken out of use, and what is left of ended processes. `has_left` says whether garbage stays.
    fn finish_collection(
        &self,
        run: &GcRun<'_>,
        mut report: GcReport,
        has_left: bool,
    ) -> Result<GcReport, StoreError> {
        report.freed += self.delete_taken()?;
        let (trees, files) = self.abandoned()?;
        self.sweep()?;
        let is_gone = |left: &&Leftover| left.path.symlink_metadata().is_err();
        report.trees += trees.iter().filter(is_gone).count();
        let gone = trees.iter().chain(&files).filter(is_gone);
        report.freed += gone.map(|left| left.bytes).sum::<u64>();
        let (stale, bytes) = self.remove_stale(run.now)?;
        report.stale = stale;
        report.freed += bytes;
        if run.until.is_none() {
            let (left, bytes) = self.remove_left_behind()?;
            report.stale += left;
            report.freed += bytes;
        }
        if has_left {
            report.garbage = self.du()?.garbage;
        }
        if let Some(max) = run.rules.max_size {
            report.excess = self.kept_size()?.saturating_sub(max);
        }
        Ok(report)
    }
}

impl<'a> Collection<'a> {
    fn begin(store: &'a Store, run: &'a GcRun<'a>) -> Result<Self, StoreError> {
        let sizes = run.sizes || run.rules.max_size.is_some();
        let census = store.census(run.now, sizes)?;
        Ok(Self {
            named: census.named(),
            report: GcReport {
                unreadable: census.unreadable,
                damaged_roots: census.damaged_roots.clone(),
                ..GcReport::default()
            },
            census,
            store,
            run,
            left: Vec::new(),
            busy: BTreeSet::new(),
            barrier: Barrier::default(),
            taken: Vec::new(),
        })
    }

    pub(super) fn verdicts(&mut self) -> Result<Vec<(VersionHere, Verdict)>, StoreError> {
        let rules = self.run.rules;
        let needed = |_| self.store.needed_size(&self.census);
        let total = rules.max_size.map(needed).transpose()?;
        let mut versions = std::mem::take(&mut self.census.versions);
        let mut room = FreedRoom::new(self.store, &versions, self.named.clone());
        let size = SizeLimit { total: total.unwrap_or(0), frees: &mut |one| room.take(one) };
        let verdicts = decide(&versions, &self.census.roots, rules, size, self.run.now);
        let stays_all = !self.census.damaged_roots.is_empty();
        let verdict = |verdict| match verdict {
            Verdict::Remove(_) if stays_all => Verdict::Keep(KeepReason::Damaged),
            verdict => verdict,
        };
        let verdicts: Vec<Verdict> = verdicts.into_iter().map(verdict).collect();
        self.measure_removed(&mut versions, &verdicts)?;
        Ok(versions.into_iter().zip(verdicts).collect())
    }

    /// Measures the versions that go, where the census has not.
    fn measure_removed(
        &self,
        versions: &mut [VersionHere],
        verdicts: &[Verdict],
    ) -> Result<(), StoreError> {
        let goes =
            |at: &usize| versions[*at].bytes == 0 && matches!(verdicts[*at], Verdict::Remove(_));
        let going: Vec<usize> = (0..versions.len()).filter(goes).collect();
        let sizes = on_all_cores(&going, |at| self.store.size_of(&versions[*at]));
        for (at, bytes) in going.into_iter().zip(sizes) {
            versions[at].bytes = bytes?;
        }
        Ok(())
    }

    fn take_away_versions(&mut self) -> Result<(), StoreError> {
        for (version, verdict) in self.verdicts()? {
            let why = match verdict {
                Verdict::Keep(reason) => {
                    self.keep(version, reason);
                    continue;
                }
                Verdict::Remove(why) => why,
            };
            if self.run.until.is_some_and(|until| Instant::now() >= until) {
                self.keep(version, KeepReason::NoTime);
                continue;
            }
            match self.store.take_away(&version, &mut self.named, &mut self.barrier)? {
                Ok(trees) => {
                    self.taken.extend(trees);
                    self.remove(version, why);
                }
                Err(reason) => self.keep(version, reason),
            }
        }
        Ok(())
    }

    pub(super) fn remove(&mut self, version: VersionHere, why: super::RemoveReason) {
        let VersionHere { release, bytes, last_use, .. } = version;
        self.report.removed.push(RemovedVersion { release, why, bytes, last_use });
    }

    pub(super) fn keep(&mut self, version: VersionHere, why: KeepReason) {
        let VersionHere { release, bytes, last_use, .. } = version.clone();
        self.report.kept.push(KeptVersion { release, why, bytes, last_use });
        self.left.push(version);
    }

    /// The trees that something needs.
    pub(super) fn needed_trees(&self) -> BTreeSet<Digest> {
        let of_versions = self.left.iter().flat_map(|version| &version.trees);
        let Census { roots, development, .. } = &self.census;
        let rooted = [&roots.projects, &roots.generations, &roots.kept].into_iter().flatten();
        of_versions.chain(development).chain(rooted).copied().collect()
    }

    /// The objects that something needs.
    fn needed_objects(&self) -> BTreeSet<Digest> {
        let mut needed = self.needed_trees();
        needed.extend(&self.busy);
        needed.extend(self.left.iter().flat_map(|version| &version.objects));
        needed
    }

    /// The objects that nothing needs.
    pub(super) fn unnamed_objects(&self) -> Vec<Digest> {
        let mut needed = self.needed_objects();
        needed.extend(self.store.statements_of_lost_records(&self.census));
        let here = self.census.objects.iter().copied();
        here.filter(|object| !needed.contains(object)).collect()
    }

    /// Takes trees and objects away that nothing names. What is on the disk must not name what is removed, so the disk
    /// is waited for before objects are removed, and before trees are deleted.
    fn take_away_garbage(
        &mut self,
        deletion: &mut EarlyDeletion<'_, '_>,
    ) -> Result<(), StoreError> {
        // After an acquisition the newest damaged folder of a tree stays: the user was just told where it is.
        if self.run.until.is_none() {
            self.report.trees += self.store.discard_damaged()?;
        }
        if self.census.hides_needs() {
            return self.delete_what_is_taken(deletion);
        }
        let mut objects: BTreeSet<Digest> = self.unnamed_objects().into_iter().collect();
        let mut listings = BTreeSet::new();
        for some in self.store.unnamed_trees(&self.needed_trees())?.chunks(TOGETHER) {
            listings.extend(self.take_away_trees(some, &objects)?);
            self.delete_what_is_taken(deletion)?;
        }
        self.delete_what_is_taken(deletion)?;
        objects.retain(|object| !self.busy.contains(object));
        self.report.objects = objects.len();
        let left: Vec<Digest> = objects.difference(&listings).copied().collect();
        self.report.freed += self.store.remove_objects_of(&left)?;
        Ok(())
    }

    /// Waits until the disk has the new names of the trees that were taken out of use, and no name of them; then their
    /// deletion may begin.
    fn delete_what_is_taken(
        &mut self,
        deletion: &mut EarlyDeletion<'_, '_>,
    ) -> Result<(), StoreError> {
        self.barrier.wait_for_existing(self.store.root())?;
        deletion.add(std::mem::take(&mut self.taken));
        Ok(())
    }

    /// Takes trees away that nothing names, with those of their listings that are among `objects`; answers these.
    ///
    /// A listing may go before the disk has the new name of its tree: nothing names that tree, and one without its listing is
    /// none. To do both at once takes less time, since one computes and the other waits for the disk.
    fn take_away_trees(
        &mut self,
        unnamed: &[Digest],
        objects: &BTreeSet<Digest>,
    ) -> Result<BTreeSet<Digest>, StoreError> {
        let take = |tree: &Digest| {
            let is_taken = self.store.take_away_tree(tree)?;
            let has_listing = is_taken && objects.contains(tree);
            let freed = if has_listing { self.store.remove_object(tree)? } else { 0 };
            Ok::<_, StoreError>((is_taken, has_listing, freed))
        };
        let taken = on_waiting_threads(unnamed, take);
        let mut removed = BTreeSet::new();
        for (tree, taken) in unnamed.iter().zip(taken) {
            let (is_taken, has_listing, freed) = taken?;
            if is_taken {
                self.report.trees += 1;
                self.barrier.add(self.store.trees());
                self.taken.push(*tree);
            } else {
                self.busy.insert(*tree);
            }
            self.report.freed += freed;
            removed.extend(has_listing.then_some(*tree));
        }
        Ok(removed)
    }
}
