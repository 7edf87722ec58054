//! [`Yank`] and [`Refresh`]: changes of an index that transfer nothing.

use async_trait::async_trait;
use loom_source::{
    Authority, Name, Version,
    record::{IndexEntry, IndexPayload},
};

use super::{MirrorTaskError, index_writer::IndexChange};

/// Withdraws a version for all platforms, or takes that back.
#[derive(Debug, Clone)]
pub struct Yank {
    /// The authority of the releases.
    pub authority: Authority,
    /// The name of the binary.
    pub binary: Name,
    /// The version.
    pub version: Version,
    /// Whether the releases are withdrawn.
    pub yanked: bool,
    /// The number of releases of the version, once the index was read.
    pub releases: usize,
}

impl Yank {
    fn concerns(&self, entry: &IndexEntry) -> bool {
        entry.authority == self.authority
            && entry.binary == self.binary
            && entry.version == self.version
    }
}

#[async_trait(?Send)]
impl IndexChange for Yank {
    fn is_needed(&mut self, current: &IndexPayload) -> bool {
        let concerned = current.releases.iter().filter(|entry| self.concerns(entry));
        let states: Vec<bool> = concerned.map(|entry| entry.yanked).collect();
        self.releases = states.len();
        states.is_empty() || states.iter().any(|yanked| *yanked != self.yanked)
    }

    async fn make(
        &mut self,
        current: &IndexPayload,
    ) -> Result<Option<Vec<IndexEntry>>, MirrorTaskError> {
        if self.releases == 0 {
            let (binary, version) = (self.binary.clone(), self.version.clone());
            return Err(MirrorTaskError::NotListed { binary, version });
        }
        let mut releases = current.releases.clone();
        for entry in &mut releases {
            if self.concerns(entry) {
                entry.yanked = self.yanked;
            }
        }
        Ok(Some(releases))
    }
}

/// Issues the index anew, as it is.
#[derive(Debug, Default)]
pub struct Refresh {
    /// The serial of the index that is written.
    serial: Option<u64>,
}

#[async_trait(?Send)]
impl IndexChange for Refresh {
    fn is_needed(&mut self, current: &IndexPayload) -> bool {
        // An index that another writer wrote meanwhile has been issued just now.
        self.serial.is_none_or(|serial| current.serial < serial)
    }

    async fn make(
        &mut self,
        current: &IndexPayload,
    ) -> Result<Option<Vec<IndexEntry>>, MirrorTaskError> {
        self.serial = Some(current.serial.saturating_add(1));
        Ok(Some(current.releases.clone()))
    }
}
