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
use loom_source::Slot;

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
        match self.repair_all(scope) {
            Err(AcquireError::Store(error)) if error.is_read_only() => {
                self.unrepaired(scope, &error)
            }
            repaired => repaired,
        }
    }

    /// The report of a store that cannot be written: what is damaged is left.
    fn unrepaired(
        &self,
        scope: RepairScope<'_>,
        error: &StoreError,
    ) -> Result<RepairReport, AcquireError> {
        let found = self.store.verify()?.findings;
        let mut left = self.store.damages_in_scope(scope, found)?;
        for damage in &mut left {
            damage.fix = format!("the store cannot be repaired: {}", error_chain(error));
        }
        let releases = self.store.releases_in_scope(scope)?.len();
        Ok(RepairReport { repaired: vec![], left, releases })
    }

    fn repair_all(&self, scope: RepairScope<'_>) -> Result<RepairReport, AcquireError> {
        let store = self.store;
        let is_everything = matches!(scope, RepairScope::Everything);
        let mut report =
            RepairReport { repaired: store.repair_foundation(scope)?, ..Default::default() };
        let found = store.damages_in_scope(scope, store.verify()?.findings)?;
        report.repaired.extend(store.repair_objects(&found)?);
        report.repaired.extend(store.repair_documents(scope)?);
        if is_everything {
            report.repaired.extend(store.repair_roots()?);
            report.repaired.extend(store.repair_unneeded_trees(&found)?);
        }
        let releases = store.releases_in_scope(scope)?;
        self.repair_trees(scope, &found, &mut report)?;
        for release in &releases {
            match release.slot {
                Slot::Version(_) => self.repair_version(release, &found, &mut report)?,
                Slot::Dev => self.repair_build(release, &mut report)?,
            }
        }
        self.repair_latest(scope, &mut report)?;
        let left = store.verify()?;
        report.releases = if is_everything { left.releases } else { releases.len() };
        report.left.extend(store.damages_in_scope(scope, left.findings)?);
        report.finish(&found);
        Ok(report)
    }

    /// What [`repair`](Self::repair) would mend, and how many releases the scope has. Nothing is changed.
    ///
    /// # Errors
    /// [`AcquireError::Store`] where the store cannot be read.
    pub fn plan_repair(
        &self,
        scope: RepairScope<'_>,
    ) -> Result<(Vec<Damage>, usize), AcquireError> {
        let store = self.store;
        let report = store.verify()?;
        let found = [report.findings, report.notices].concat();
        let mut findings = store.damages_in_scope(scope, found)?;
        for damage in &mut findings {
            damage.fix = "`loom store repair` makes it again, or fetches it".to_owned();
        }
        Ok((findings, store.releases_in_scope(scope)?.len()))
    }
}
