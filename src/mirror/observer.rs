//! [`MirrorObserver`]: receives what a task on a mirror has done.

use loom_source::Release;

use super::{CopiedRelease, MirrorTaskError};

/// Receives what a task on a mirror has done, as soon as it is done.
pub trait MirrorObserver: Sync {
    /// A release was copied, or evidence was added to one that is there; the index does not name it yet.
    fn copied(&self, release: &CopiedRelease);

    /// A release could not be copied; the others go on.
    fn failed(&self, release: &Release, error: &MirrorTaskError);

    /// A part of a longer task is done: `done` of `total` releases.
    fn progressed(&self, done: usize, total: usize) {
        let _ = (done, total);
    }
}
