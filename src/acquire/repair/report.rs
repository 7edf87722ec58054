//! [`RepairReport`]: what a repair did.

use crate::store::{Damage, Repaired};

/// What was repaired, and what could not be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RepairReport {
    /// What was made again or taken away, ordered by path.
    pub repaired: Vec<Repaired>,
    /// What is still damaged or missing, ordered by path; empty where everything was mended.
    pub left: Vec<Damage>,
    /// The number of releases that the store has now, or that were looked at.
    pub releases: usize,
}

impl RepairReport {
    /// Adds the damages of `before` that nothing above names and that are gone, and puts everything in order.
    pub(super) fn finish(&mut self, before: &[Damage]) {
        for damage in before {
            let is_named = |path: &std::path::Path| {
                damage.path.starts_with(path) || path.starts_with(&damage.path)
            };
            let is_known = self.repaired.iter().any(|it| is_named(&it.path));
            let is_left = self.left.iter().any(|left| {
                damage.path.starts_with(&left.path) || left.path.starts_with(&damage.path)
            });
            if !is_known && !is_left {
                self.repaired.push(Repaired::new(&damage.path, "repaired with its release"));
            }
        }
        self.repaired.sort();
        self.repaired.dedup();
        // One line for each file: the first says why it could not be repaired, the others what follows.
        self.left.sort_by(|a, b| a.path.cmp(&b.path));
        self.left.dedup_by(|b, a| a.path == b.path);
    }
}
