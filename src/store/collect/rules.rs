//! [`GcRules`]: which versions a collection may remove.

use std::{collections::BTreeSet, time::Duration};

use loom_source::{Authority, Name, Release, Slot};

/// A version that was used within this time stays, so that a path that a command has printed stays valid for a while.
pub const GRACE: Duration = Duration::from_secs(24 * 60 * 60);

/// Which versions a collection may remove. Without a rule it removes none, only what nothing names.
///
/// GcRoots, processes and the day of [`GRACE`] take precedence over every rule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GcRules {
    /// The number of newest versions of each product that stay; others may go.
    pub keep: Option<u32>,
    /// Versions that were used within this time stay; others may go. With `keep`, only what both rules give up goes.
    pub older_than: Option<Duration>,
    /// The most bytes that trees and objects may have: beyond it, the versions that were not used for the longest time
    /// go. The newest version of each product stays, unless `keep` is 0.
    pub max_size: Option<u64>,
    /// The versions that stay because they are the default ones.
    pub defaults: Vec<DefaultVersion>,
    /// The sources that can serve a version again.
    pub fetchable: FetchableSources,
}

/// The version that `loom use` or `loom rollback` has set, for all platforms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefaultVersion {
    /// The authority of the program.
    pub authority: Authority,
    /// The program.
    pub binary: Name,
    /// The version.
    pub slot: Slot,
}

impl DefaultVersion {
    /// Whether a release is of this version.
    pub(super) fn covers(&self, release: &Release) -> bool {
        let Release { authority, binary, slot, .. } = release;
        (authority, binary, slot) == (&self.authority, &self.binary, &self.slot)
    }
}

/// The sources from which a version can be fetched again after it was removed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum FetchableSources {
    /// Only versions that came from these sources may go, by the name that their verification has.
    Named(BTreeSet<String>),
    /// All versions may go, also those that no source has.
    #[default]
    NotRequired,
}

impl FetchableSources {
    /// Whether a version that came from `source` may go.
    pub(super) fn allow(&self, source: Option<&str>) -> bool {
        match self {
            Self::Named(names) => source.is_some_and(|source| names.contains(source)),
            Self::NotRequired => true,
        }
    }
}
