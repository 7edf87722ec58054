//! [`MirrorClock`]: the time by which documents expire.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The time by which the documents of mirrors expire: the machine's clock, but not before this program was built. A clock
/// that was set back does not make an old document valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MirrorClock(SystemTime);

impl MirrorClock {
    /// The time where the machine's clock says `clock` and the program was built `built` seconds after 1970.
    pub fn new(clock: SystemTime, built: u64) -> Self {
        // A build date that cannot be represented was not written by a build.
        let built = UNIX_EPOCH.checked_add(Duration::from_secs(built)).unwrap_or(UNIX_EPOCH);
        Self(clock.max(built))
    }

    /// The time, not before `issued`, the highest time of issue that was seen.
    pub fn not_before(self, issued: SystemTime) -> SystemTime {
        self.0.max(issued)
    }
}
