//! Verifies a whole store: hashes all trees and objects, and follows all records, verifications and links.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use loom_source::{Digest, Name, Release, Slot};

use super::{
    Damage, EntryKind, Store, StoreError, TreeListing,
    error::find_damage,
    hash_jobs::HashJobs,
    misplaced::Misplaced,
    rehash::{extra, mode_of},
    remove::objects_of,
    unreadable::{only_topmost, unreadable},
};

/// What a verification of the whole store found.
#[derive(Debug, Default)]
pub struct VerifyReport {
    /// The number of trees.
    pub trees: usize,
    /// The number of objects.
    pub objects: usize,
    /// The number of releases and development builds.
    pub releases: usize,
    /// The number of bytes that were hashed.
    pub bytes: u64,
    /// The damages, ordered by path; empty where the store is intact.
    pub findings: Vec<Damage>,
    /// What is no damage, since a loss of power may leave it, but can be repaired.
    pub notices: Vec<Damage>,
}

/// What a look at a store found that hashes only what was touched.
#[derive(Debug, Default)]
pub struct QuickReport {
    /// What was found. Objects other than listings were not hashed.
    pub report: VerifyReport,
    /// The number of trees that were hashed, because they are not what their fingerprints say.
    pub hashed: usize,
    /// The number of trees that were compared by their fingerprints only.
    pub compared: usize,
}

impl VerifyReport {
    /// Adds what hashing found. It says more than what reading the same file found before.
    fn add_hashed(&mut self, damages: Vec<Damage>) {
        let hashed: BTreeSet<&Path> = damages.iter().map(|damage| damage.path.as_path()).collect();
        self.findings.retain(|found| !hashed.contains(found.path.as_path()));
        self.findings.extend(damages);
    }

    pub(super) fn find(
        &mut self,
        path: impl Into<PathBuf>,
        what: impl Into<String>,
        fix: impl Into<String>,
    ) {
        self.findings.push(Damage { path: path.into(), what: what.into(), fix: fix.into() });
    }

    /// What was read, unless it is damaged or cannot be read: that is a finding.
    pub(super) fn read<T>(
        &mut self,
        read: Result<Option<T>, StoreError>,
        fix: &str,
    ) -> Result<Option<T>, StoreError> {
        match read {
            Err(StoreError::Io { path, source, .. }) => {
                self.findings.push(unreadable(path, &source));
                Ok(None)
            }
            Err(error) => {
                let damage = find_damage::<T>(Err(error))?;
                damage.into_iter().for_each(|(path, what)| self.find(path, what, fix));
                Ok(None)
            }
            read => read,
        }
    }

    /// One line for each file: the first says what is wrong, others what follows.
    fn order(&mut self) {
        only_topmost(&mut self.findings);
        self.findings.sort();
        self.findings.dedup();
        self.notices.sort();
        self.notices.dedup();
    }
}

impl Store {
    /// Hashes all trees and objects on all cores, and follows all records, verifications and links. Changes nothing.
    ///
    /// What a crash may leave (a tree, record or object that nothing refers to, a dangling link, a version without a
    /// verification) is no damage.
    ///
    /// # Errors
    /// [`StoreError::Io`] where the root folder cannot be used. A file or folder that cannot be read is a damage.
    pub fn verify(&self) -> Result<VerifyReport, StoreError> {
        let (mut report, jobs) = self.verify_structure()?;
        let (findings, bytes) = jobs.run();
        if !report.findings.is_empty() || !findings.is_empty() {
            report = self.verify_while_nothing_is_removed(&findings)?;
        }
        report.order();
        report.bytes = bytes;
        Ok(report)
    }

    /// Looks again, and hashes again what was found: what another process has removed since is no damage.
    fn verify_while_nothing_is_removed(
        &self,
        found: &[Damage],
    ) -> Result<VerifyReport, StoreError> {
        // In a store that this process cannot lock, another one may remove something all the same.
        let _lock = self.lock_against_collection().ok();
        let (mut report, jobs) = self.verify_structure()?;
        report.add_hashed(jobs.only(found).run().0);
        Ok(report)
    }

    /// As [`verify`](Self::verify), without hashing what was not touched: looks at links, listings, records and
    /// verifications, for files that are missing or too many, and at the fingerprints of all trees. Those with another one
    /// are hashed. Changes nothing.
    ///
    /// # Errors
    /// As for [`verify`](Self::verify).
    pub fn verify_quickly(&self) -> Result<QuickReport, StoreError> {
        let quick = self.look_quickly()?;
        if quick.report.findings.is_empty() {
            return Ok(quick);
        }
        // What another process has removed since is no damage.
        let _lock = self.lock_against_collection().ok();
        self.look_quickly()
    }

    fn look_quickly(&self) -> Result<QuickReport, StoreError> {
        let (mut report, jobs) = self.verify_structure()?;
        let missing = jobs.missing();
        let all = jobs.trees();
        let touched = jobs.only_trees(|tree, listing| {
            let current = self.fingerprint(tree, listing);
            !current.is_some_and(|now| self.is_recorded(tree, &now.text))
        });
        let (mut damages, bytes) = touched.run();
        damages.extend(missing);
        report.add_hashed(damages);
        report.order();
        report.bytes = bytes;
        let hashed = touched.trees();
        Ok(QuickReport { report, hashed, compared: all.saturating_sub(hashed) })
    }

    /// Looks at everything but the bytes of files, which are left as jobs. What cannot be read is a finding.
    fn verify_structure(&self) -> Result<(VerifyReport, HashJobs), StoreError> {
        let (store, notes) = self.noting();
        let (mut report, jobs) = store.verify_places()?;
        report.findings.extend(notes.take());
        // One finding says that something is in the place of a file.
        report.findings.sort();
        report.findings.dedup_by(|b, a| a.path == b.path && b.what == a.what);
        Ok((report, jobs))
    }

    fn verify_places(&self) -> Result<(VerifyReport, HashJobs), StoreError> {
        let mut report = VerifyReport::default();
        match self.read_format() {
            Err(StoreError::DamagedFormat { path, found }) => {
                let what = format!("expected \"loom-store 1\", got {found:?}");
                report.find(path, what, "`loom store repair` writes it again");
                return Ok((report, HashJobs::default()));
            }
            Err(error) if error.is_unreadable() => {
                report.read::<()>(Err(error), "")?;
                return Ok((report, HashJobs::default()));
            }
            _ => {}
        }
        if !self.exists() {
            if self.has_remains() {
                let fix = "the next `loom get` makes it again, and removes what nothing names";
                report.find(
                    self.root.join("format"),
                    "it is missing, but not the rest of the store",
                    fix,
                );
            }
            return Ok((report, HashJobs::default()));
        }
        let mut jobs = HashJobs::default();
        self.verify_objects(&mut report, &mut jobs)?;
        self.verify_trees(&mut report, &mut jobs)?;
        self.verify_releases(&mut report)?;
        // Where it cannot be read, its folders are not seen.
        self.names(&self.root.join("roots"), true)?;
        for Misplaced { path, what } in self.misplaced()? {
            report.find(path, what, SET_ASIDE);
        }
        report.findings.extend(self.damaged_roots()?);
        Ok((report, jobs))
    }

    fn verify_objects(
        &self,
        report: &mut VerifyReport,
        jobs: &mut HashJobs,
    ) -> Result<(), StoreError> {
        let needed = self.needed_objects()?;
        for (prefix, folder) in self.names(&self.root.join("objects/sha256"), true)? {
            for (name, path) in self.names(&folder, false)? {
                match name.parse::<Digest>() {
                    Ok(digest) if digest.prefix() == prefix && digest.to_string() == name => {
                        report.objects += 1;
                        let by = needed.get(&digest).map_or(&[][..], std::slice::from_ref);
                        jobs.add_object(path, digest, fix_object(by));
                    }
                    _ => report.find(path, "its name is not that of an object", "remove it"),
                }
            }
        }
        Ok(())
    }

    fn verify_trees(
        &self,
        report: &mut VerifyReport,
        jobs: &mut HashJobs,
    ) -> Result<(), StoreError> {
        let named = self.named_trees()?;
        for tree in self.trees_here()? {
            let by = named.get(&tree).map_or(&[][..], Vec::as_slice);
            let folder = self.tree(&tree);
            report.trees += 1;
            let known = report.findings.len();
            match report.read(self.listing(&tree), &fix(by))? {
                Some(listing) => {
                    verify_tree(&folder, &listing, report)?;
                    jobs.add_tree(tree, folder, listing, fix(by));
                }
                // Before the first barrier of a publication a tree may be there without its listing.
                None if by.is_empty() || report.findings.len() > known => {}
                None => report.find(folder, "its listing is missing", fix(by)),
            }
        }
        Ok(())
    }

    /// The objects that a record or a tree names, each with one of the releases that need it.
    pub(super) fn needed_objects(&self) -> Result<BTreeMap<Digest, Release>, StoreError> {
        let mut needed = BTreeMap::new();
        for release in self.known()? {
            // A record that cannot be read is a finding of its own.
            let record = self.record(&release).ok().flatten();
            let objects = record.iter().flat_map(objects_of);
            needed.extend(objects.map(|object| (object, release.clone())));
        }
        for (tree, by) in self.named_trees()? {
            needed.extend(by.into_iter().next().map(|release| (tree, release)));
        }
        Ok(needed)
    }
}

/// How to fix what is in the place of something else.
const SET_ASIDE: &str = "`loom store repair` sets it aside";

fn verify_tree(
    folder: &Path,
    listing: &TreeListing,
    report: &mut VerifyReport,
) -> Result<(), StoreError> {
    let extra = report.read(extra(folder, listing).map(Some), "")?;
    for path in extra.unwrap_or_default() {
        report.find(path, "it is not in the tree's listing", "remove it");
    }
    for entry in listing.entries().iter().filter(|entry| entry.kind == EntryKind::Executable) {
        let path = folder.join(entry.path.as_str());
        let mode = if path.is_file() { report.read(mode_of(&path), "")? } else { None };
        if mode.is_some_and(|mode| mode & 0o100 == 0) {
            let fix = format!("chmod 555 {}", path.display());
            report.find(path, "it is a program without permission to execute", fix);
        }
    }
    Ok(())
}

/// How to fix a file of a tree that these releases need.
pub(super) fn fix(by: &[Release]) -> String {
    match by.first() {
        Some(release) => format!("{} it again", command(release)),
        None => "`loom store gc` removes it: nothing needs it".to_owned(),
    }
}

/// How to fix an object that these releases need. Whatever kind it is: what is missing is fetched or made again.
fn fix_object(by: &[Release]) -> String {
    match by.first() {
        Some(release) => format!("remove it, then {} it again", command(release)),
        None => fix(by),
    }
}

/// The command that gets a release anew, and what it does.
fn command(release: &Release) -> String {
    let binary = match &release.binary {
        binary if *binary == Name::default() => String::new(),
        binary => format!("--binary {binary} "),
    };
    match &release.slot {
        Slot::Version(version) => {
            format!("`loom get {binary}--force-download {version}` fetches")
        }
        Slot::Dev => format!("`loom get {binary}--build` makes"),
    }
}
