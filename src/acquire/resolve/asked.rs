//! [`Asked`]: a source that is asked what a selector means.

use std::time::Instant;

use loom_source::{Product, Selector, Version};

use crate::{acquire::SourceAttempt, sources::Candidate, store::AttemptKind};

/// A source that is asked, and the versions that it lists only.
pub(super) struct Asked<'a> {
    /// The position of the source.
    pub(super) place: usize,
    pub(super) candidate: &'a Candidate,
    pub(super) product: &'a Product,
    pub(super) selector: &'a Selector,
    pub(super) listed_only: &'a [Version],
    pub(super) begun: Instant,
}

impl Asked<'_> {
    /// An attempt that ended now.
    pub(super) fn attempt(&self, kind: AttemptKind, outcome: String) -> SourceAttempt {
        SourceAttempt::new(self.candidate, kind, outcome, self.begun.elapsed())
    }

    /// Why no version is left, where the source lists some that it does not have.
    pub(super) fn exhausted(&self) -> Option<String> {
        let versions: Vec<String> = self.listed_only.iter().map(ToString::to_string).collect();
        let platform = self.product.platform;
        (!versions.is_empty())
            .then(|| format!("lists {}, but has nothing for {platform}", versions.join(", ")))
    }
}
