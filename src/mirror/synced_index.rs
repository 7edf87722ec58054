//! [`SyncedIndex`]: brings the index of a mirror into line with its source, where the releases were copied by themselves.

use std::collections::HashSet;

use async_trait::async_trait;
use loom_source::{
    Release,
    record::{IndexEntry, IndexPayload},
};

use super::{MirrorTaskError, SourceReleases, SyncSelection, index_writer::IndexChange};

/// Withdraws what the source withdraws, and drops the versions that are not kept.
#[derive(Debug)]
pub struct SyncedIndex<'a> {
    /// What the source has.
    pub offered: &'a SourceReleases,
    /// Which of it is copied.
    pub selection: &'a SyncSelection,
}

impl SyncedIndex<'_> {
    /// The releases of the index, as they are to be.
    fn applied(&self, current: &IndexPayload) -> Vec<IndexEntry> {
        let withdrawn: HashSet<Release> = self.offered.withdrawn().collect();
        let oldest = self.offered.oldest(self.selection, &current.releases);
        let mut releases = current.releases.clone();
        releases.retain(|entry| oldest.keeps(&entry.release()));
        for entry in &mut releases {
            entry.yanked |= withdrawn.contains(&entry.release());
        }
        releases
    }
}

#[async_trait(?Send)]
impl IndexChange for SyncedIndex<'_> {
    fn is_needed(&mut self, current: &IndexPayload) -> bool {
        self.applied(current) != current.releases
    }

    async fn make(
        &mut self,
        current: &IndexPayload,
    ) -> Result<Option<Vec<IndexEntry>>, MirrorTaskError> {
        Ok(Some(self.applied(current)))
    }
}
