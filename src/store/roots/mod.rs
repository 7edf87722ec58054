//! Roots: what keeps trees from being collected, besides the processes that run from them.
//!
//! | file | holds |
//! |---|---|
//! | `development` | the last three development trees of a product |
//! | [`project`] | the trees that a project used, for 90 days |
//! | [`explicit`] | the versions that a user keeps |
//! | [`generations`] | [`Generations`]: the last ten versions that were the current one of a user |
//! | `damaged` | root files that cannot be read, so that nothing is collected |
//! | `root_text` | the lines that these files have in common |
//!
//! Roots are in the store and not in the state folder: containers that share a store see each other's.

use std::{collections::BTreeSet, time::SystemTime};

use loom_source::Digest;

use super::{Damage, Store, StoreError, misplaced::Misplaced};

mod damaged;
pub mod development;
pub mod explicit;
pub mod generations;
pub mod project;
mod root_text;

pub(super) use root_text::MendedRoot;

pub use generations::{Generations, ReleaseGeneration};

impl Store {
    /// The trees that roots other than those of development builds name.
    pub(super) fn rooted_trees(&self, now: SystemTime) -> Result<Vec<Digest>, StoreError> {
        let mut trees = self.project_trees(now)?;
        trees.extend(self.generation_trees()?);
        trees.extend(self.kept_releases()?.into_iter().map(|(_, tree)| tree));
        Ok(trees)
    }

    /// The trees that a record, a verification, a link or a root names.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] where a root file cannot be read: any tree may be needed then.
    pub(super) fn needed_trees(&self) -> Result<BTreeSet<Digest>, StoreError> {
        if let Some(Damage { path, what, .. }) = self.damaged_roots()?.into_iter().next() {
            return Err(StoreError::Damaged { path, what });
        }
        // A link or a file in the place of a folder hides what is named there.
        let hides = |it: &Misplaced| {
            let place = it.path.strip_prefix(&self.root).ok();
            place.is_some_and(|place| {
                ["releases", "verifications", "bin"].iter().any(|f| place.starts_with(f))
            })
        };
        if let Some(Misplaced { path, what }) = self.misplaced()?.into_iter().find(hides) {
            return Err(StoreError::Damaged { path, what });
        }
        let mut needed: BTreeSet<Digest> = self.named_trees()?.into_keys().collect();
        needed.extend(self.rooted_trees(SystemTime::now())?);
        Ok(needed)
    }
}
