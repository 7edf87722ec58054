//! [`ActiveLock`]: the entry of a lock file that a command goes by.

use std::path::PathBuf;

use loom_source::{Platform, Release};

use super::{LockFile, LockedBinary};
use crate::trust::{LockPins, SignatureOrigin};

/// The entry of a lock file that a command goes by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActiveLock {
    /// The lock file.
    pub file: PathBuf,
    /// The entry of the binary.
    pub binary: LockedBinary,
    /// Whether the lock is trusted: it picks the version, and its digests vouch. Else it only refuses.
    pub vouches: bool,
    /// Who signed the lock, where a signature is what trusts it: that of a bundle.
    pub signature: Option<SignatureOrigin>,
}

impl ActiveLock {
    /// The entry `binary` of a lock file.
    pub fn of(file: &LockFile, binary: &LockedBinary, vouches: bool) -> Self {
        Self { file: file.path.clone(), binary: binary.clone(), vouches, signature: None }
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
        let pins = self.binary.pins(platform, self.file.display().to_string(), self.vouches)?;
        Some(LockPins { signature: self.signature.clone(), ..pins })
    }
}
