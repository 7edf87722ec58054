//! Repairs a store: what is damaged or missing is made again from what is left, else fetched.
//!
//! | file | holds |
//! |---|---|
//! | `report` | [`RepairReport`]: what was repaired, and what could not be |
//! | `trees` | the trees of all releases |
//! | `version` | record, verification and link of one version, and what has to be fetched for it |
//!
//! The order is that of the documents: whatever leads to something else is repaired after it.

mod report;
mod trees;
mod version;

use loom_base::error_chain;
use loom_source::{Release, Slot};

pub use report::RepairReport;

use super::{AcquireError, Acquirer};
use crate::store::{Damage, RepairScope, StoreError};

impl Acquirer<'_> {
    /// Finds the damage of the store as [`Store::verify`](crate::store::Store::verify) does and mends it, within a scope.
    /// What is fetched has to meet the digests that this machine holds.
    ///
    /// A damaged tree is set aside and made again, never repaired in place. A verification is made again only by what
    /// vouches for the bytes, and a waiver never.
    ///
    /// # Errors
    /// [`AcquireError`] where the store cannot be read or written. What cannot be mended is part of the report.
    pub fn repair(&self, scope: RepairScope<'_>) -> Result<RepairReport, AcquireError> {
        let mut report = RepairReport::default();
        match self.repair_all(scope, &mut report) {
            Ok(()) => {}
            Err(AcquireError::Store(error)) if error.is_unreadable() || error.is_read_only() => {
                self.leave(scope, &error, &mut report)?;
                if report.left.is_empty() && error.is_unreadable() {
                    // It could be read again meanwhile; the repair has ended early all the same.
                    return Err(error.into());
                }
            }
            Err(error) => return Err(error),
        }
        Ok(report)
    }

    /// Ends the report of a store that cannot be read or written as a repair needs it: what is damaged is left.
    fn leave(
        &self,
        scope: RepairScope<'_>,
        error: &StoreError,
        report: &mut RepairReport,
    ) -> Result<(), AcquireError> {
        (report.left, report.releases) =
            self.found_in_scope(scope, self.store.verify()?.findings)?;
        if !error.is_unreadable() {
            for damage in &mut report.left {
                damage.fix = format!("the store cannot be repaired: {}", error_chain(error));
            }
        }
        report.repaired.sort();
        Ok(())
    }

    /// The damages that are those of a scope, and the number of its releases. Where something cannot be read, it is not known
    /// whose a damage is: all of them count.
    fn found_in_scope(
        &self,
        scope: RepairScope<'_>,
        found: Vec<Damage>,
    ) -> Result<(Vec<Damage>, usize), StoreError> {
        let releases = self.store.releases_in_scope(scope).map(|releases| releases.len());
        let damages = self.store.damages_in_scope(scope, found.clone());
        match (damages, releases) {
            (Err(error), _) | (_, Err(error)) if error.is_unreadable() => Ok((found, 0)),
            // No release is seen: that of the scope may be among those that are hidden.
            (Ok(_), Ok(0)) if found.iter().any(Damage::is_unreadable) => Ok((found, 0)),
            (damages, releases) => Ok((damages?, releases?)),
        }
    }

    fn repair_all(
        &self,
        scope: RepairScope<'_>,
        report: &mut RepairReport,
    ) -> Result<(), AcquireError> {
        let store = self.store;
        let is_everything = matches!(scope, RepairScope::Everything);
        report.repaired.extend(store.repair_readability()?);
        report.repaired.extend(store.repair_foundation(scope)?);
        let found = store.damages_in_scope(scope, store.verify()?.findings)?;
        report.repaired.extend(store.repair_objects(&found)?);
        report.repaired.extend(store.repair_documents(scope)?);
        if is_everything {
            report.repaired.extend(store.repair_roots()?);
            report.repaired.extend(store.repair_unneeded_trees(&found)?);
        }
        let releases = store.releases_in_scope(scope)?;
        self.repair_trees(scope, &found, report)?;
        for release in &releases {
            match release.slot {
                Slot::Version(_) => self.repair_version(release, &found, report)?,
                Slot::Dev => self.repair_build(release, report)?,
            }
        }
        let mut left = store.verify()?;
        // The link of a version is compared once its record is here, which may have been made again only now.
        let is_link_left = |release: &&Release| {
            let link = store.link_path(release);
            release.slot != Slot::Dev && left.findings.iter().any(|damage| damage.path == link)
        };
        let again: Vec<&Release> = releases.iter().filter(is_link_left).collect();
        for release in &again {
            self.repair_version(release, &left.findings, report)?;
        }
        if !again.is_empty() {
            left = store.verify()?;
        }
        self.repair_latest(scope, report)?;
        report.releases = if is_everything { left.releases } else { releases.len() };
        report.left.extend(store.damages_in_scope(scope, left.findings)?);
        report.finish(&found);
        Ok(())
    }

    /// What [`repair`](Self::repair) would mend, and how many releases the scope has. Nothing is changed.
    ///
    /// # Errors
    /// [`AcquireError::Store`] where the store cannot be read.
    pub fn plan_repair(
        &self,
        scope: RepairScope<'_>,
    ) -> Result<(Vec<Damage>, usize), AcquireError> {
        let report = self.store.verify()?;
        let found = [report.findings, report.notices].concat();
        let (mut findings, releases) = self.found_in_scope(scope, found)?;
        for damage in findings.iter_mut().filter(|damage| !damage.is_unreadable()) {
            damage.fix = "`loom store repair` makes it again, or fetches it".to_owned();
        }
        Ok((findings, releases))
    }
}
