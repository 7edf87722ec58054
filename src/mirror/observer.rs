//! [`MirrorObserver`]: receives what a task on a mirror has done.

use super::CopiedRelease;

/// Receives what a task on a mirror has done, as soon as it is done.
pub trait MirrorObserver: Sync {
    /// A release was copied, or evidence was added to one that is there; the index does not name it yet.
    fn copied(&self, release: &CopiedRelease);

    /// A part of a longer task is done: `done` of `total` releases.
    fn progressed(&self, done: usize, total: usize) {
        let _ = (done, total);
    }
}
