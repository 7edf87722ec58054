//! [`ActiveLock`]: the entry of a lock file that a command goes by.

use std::path::PathBuf;

use loom_source::{Platform, Release};

use super::{LockFile, LockedBinary};
use crate::trust::LockPins;

/// The entry of a lock file that a command goes by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActiveLock {
    /// The lock file.
    pub file: PathBuf,
    /// The entry of the binary.
    pub binary: LockedBinary,
    /// Whether the lock is trusted: it picks the version, and its digests vouch. Else it only refuses.
    pub vouches: bool,
}

impl ActiveLock {
    /// The entry `binary` of a lock file.
    pub fn of(file: &LockFile, binary: &LockedBinary, vouches: bool) -> Self {
        Self { file: file.path.clone(), binary: binary.clone(), vouches }
    }

    /// What the lock says of a release; `None` where it has another version, or lacks the platform.
    pub fn pins(&self, release: &Release) -> Option<LockPins> {
        let Release { authority, binary, platform, .. } = release;
        let same = self.binary.is_of(authority, binary)
            && release.slot.version() == Some(&self.binary.version);
        let pins = || self.platform_pins(*platform);
        same.then(pins).flatten()
    }

    fn platform_pins(&self, platform: Platform) -> Option<LockPins> {
        self.binary.pins(platform, self.file.display().to_string(), self.vouches)
    }
}
