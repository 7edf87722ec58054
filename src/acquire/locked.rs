//! Whether an installed release is the locked one.

use loom_source::Release;

use super::{AcquireError, Acquirer, state::first_seen};
use crate::{
    store::{Installed, Store},
    trust::{LockPins, LockedTree, Pins},
};

/// Whether an installed release is the locked one. `false` where a lock that vouches has no digest to tell it by, so that
/// it has to be fetched again.
///
/// # Errors
/// [`AcquireError::OtherThanLocked`] where the lock has another digest, [`AcquireError::Store`] where the verification
/// cannot be read.
pub fn meets_lock(
    store: &Store,
    installed: &Installed,
    lock: &LockPins,
) -> Result<bool, AcquireError> {
    let Installed { release, tree, .. } = installed;
    let verification = match lock.tree {
        Some(_) => None,
        None => store.verification(release)?,
    };
    let verified = verification.map(|verification| verification.digests).unwrap_or_default();
    match lock.compare(tree, &verified) {
        LockedTree::Same => Ok(true),
        LockedTree::Unknown => Ok(!lock.vouches),
        LockedTree::Other(locked) => Err(AcquireError::OtherThanLocked {
            release: release.to_string(),
            locked,
            installed: *tree,
            lock: lock.file.clone(),
        }),
    }
}

impl Acquirer<'_> {
    /// The digests that this machine and the lock hold for a release.
    pub(super) fn pins(&self, release: &Release) -> Result<Pins, AcquireError> {
        let lock = self.lock.and_then(|lock| lock.pins(release));
        Ok(Pins { lock, ..first_seen::load(self.state, release, &self.policy.keys)? })
    }

    /// Whether an installed release is the locked one, where its version is locked.
    pub(super) fn is_locked_one(&self, installed: &Installed) -> Result<bool, AcquireError> {
        match self.lock.and_then(|lock| lock.pins(&installed.release)) {
            Some(pins) => meets_lock(self.store, installed, &pins),
            None => Ok(true),
        }
    }
}
