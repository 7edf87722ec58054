//! [`CopiedRelease`]: a release that was put into a mirror.

use loom_source::{Digest, Release, record::IndexEntry};

/// A release that was put into a mirror, or to which something was added there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopiedRelease {
    /// The release.
    pub release: Release,
    /// Its statement.
    pub statement: Digest,
    /// The digest of the record in the mirror.
    pub record: Digest,
    /// The digest of the record that it was copied from.
    pub merged: Digest,
    /// The number of bytes of artifacts that were transferred.
    pub bytes: u64,
    /// The number of signatures, attestations and checksum files that were copied.
    pub evidence: usize,
    /// Whether the mirror had the release before.
    pub is_addition: bool,
}

impl CopiedRelease {
    /// Whether something was transferred.
    pub fn has_news(&self) -> bool {
        !self.is_addition || self.evidence > 0 || self.bytes > 0
    }

    /// Its entry in an index; `None` for a development build, which no index lists.
    pub(super) fn entry(&self) -> Option<IndexEntry> {
        let release = self.release.clone();
        let mut entry = IndexEntry {
            version: release.slot.version()?.clone(),
            authority: release.authority,
            binary: release.binary,
            platform: release.platform,
            statement: self.statement,
            record: None,
            merged: Vec::new(),
            yanked: false,
        };
        entry.set_record(self.record, self.merged);
        Some(entry)
    }
}
