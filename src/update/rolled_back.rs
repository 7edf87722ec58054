//! [`RolledBackVersion`]: a version that did not become ready.

use std::time::SystemTime;

use loom_base::time::format_rfc3339;
use loom_source::Version;
use serde::{Deserialize, Serialize};

/// The number of versions that are remembered; the lowest ones are dropped, since updates never go back.
pub(super) const MAX_VERSIONS: usize = 256;

/// A version that an update tried once and that did not become ready. No update tries it again by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RolledBackVersion {
    /// The version.
    pub version: Version,
    /// When: RFC 3339, UTC.
    pub at: String,
    /// Why it did not become ready.
    pub why: String,
    /// The path of its log.
    pub log: Option<String>,
    /// The path of the log of the version that ran before.
    pub previous_log: Option<String>,
}

impl RolledBackVersion {
    /// A version that was rolled back now.
    pub fn now(
        version: Version,
        why: String,
        log: Option<String>,
        previous_log: Option<String>,
    ) -> Self {
        Self { version, at: format_rfc3339(SystemTime::now()), why, log, previous_log }
    }
}

/// `rolled-back.json`
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct RolledBackVersions {
    pub(super) versions: Vec<RolledBackVersion>,
}

impl RolledBackVersions {
    /// Forgets a version; returns whether it was known.
    pub(super) fn remove(&mut self, version: &Version) -> bool {
        let count = self.versions.len();
        self.versions.retain(|known| known.version != *version);
        self.versions.len() < count
    }

    /// Adds a version, in place of an older entry about it.
    pub(super) fn add(&mut self, version: RolledBackVersion) {
        self.versions.retain(|known| known.version != version.version);
        self.versions.push(version);
        self.versions.sort_by(|one, other| one.version.cmp(&other.version));
        let surplus = self.versions.len().saturating_sub(MAX_VERSIONS);
        self.versions.drain(..surplus);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_version_is_kept_once_and_the_highest_ones_stay() {
        let mut versions = RolledBackVersions::default();
        for patch in (0..MAX_VERSIONS + 3).chain([5]) {
            let version: Version = format!("0.1.{patch}").parse().unwrap();
            versions.add(RolledBackVersion::now(version, "x".to_owned(), None, None));
        }
        assert_eq!(versions.versions.len(), MAX_VERSIONS);
        assert_eq!(versions.versions[0].version.to_string(), "0.1.3");
    }
}
