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

use loom_source::{Release, Slot};

pub use report::RepairReport;

use super::{AcquireError, Acquirer};
use crate::store::Damage;

impl Acquirer<'_> {
    /// Finds the damage of the store as [`Store::verify`](crate::store::Store::verify) does and mends it, for the releases
    /// that `wanted` selects. What is fetched has to meet the digests that this machine holds.
    ///
    /// A damaged tree is set aside and made again, never repaired in place. A verification is made again only by what
    /// vouches for the bytes, and a waiver never.
    ///
    /// # Errors
    /// [`AcquireError`] where the store cannot be read or written. What cannot be mended is part of the report.
    pub fn repair(&self, wanted: &dyn Fn(&Release) -> bool) -> Result<RepairReport, AcquireError> {
        let store = self.store;
        let mut report =
            RepairReport { repaired: store.repair_foundation()?, ..Default::default() };
        let found = store.verify()?;
        report.repaired.extend(store.repair_objects(&found.findings)?);
        report.repaired.extend(store.repair_documents()?);
        report.repaired.extend(store.repair_unneeded_trees(&found.findings)?);
        self.repair_trees(wanted, &found.findings, &mut report)?;
        for release in store.installed_versions()?.iter().filter(|release| wanted(release)) {
            self.repair_version(release, &found.findings, &mut report)?;
        }
        for release in store.known_releases()?.iter().filter(|it| it.slot == Slot::Dev) {
            self.repair_build(release, &mut report)?;
        }
        self.repair_latest(&mut report)?;
        let left = store.verify()?;
        report.releases = left.releases;
        report.left.extend(left.findings);
        report.finish(&found.findings);
        Ok(report)
    }

    /// What [`repair`](Self::repair) would look at: the damage that `loom store verify` finds, with what would mend it.
    ///
    /// # Errors
    /// [`AcquireError::Store`] where the store cannot be read.
    pub fn plan_repair(&self) -> Result<Vec<Damage>, AcquireError> {
        let mut findings = self.store.verify()?.findings;
        for damage in &mut findings {
            damage.fix = "`loom store repair` makes it again, or fetches it".to_owned();
        }
        Ok(findings)
    }
}
