//! [`WrittenIndex`]: the index after a task.

use loom_source::record::IndexPayload;

/// The index after a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenIndex {
    /// The serial; 0 where the mirror has no index.
    pub serial: u64,
    /// Whether the index was changed.
    pub changed: bool,
    /// The number of its releases.
    pub releases: usize,
}

impl WrittenIndex {
    /// What an index is after a task, which has changed it or not.
    pub(super) fn of(payload: &IndexPayload, changed: bool) -> Self {
        Self { serial: payload.serial, changed, releases: payload.releases.len() }
    }
}
