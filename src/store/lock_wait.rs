//! [`LockWait`]: what is reported about a lock that is not free.

use std::{fmt, path::PathBuf, time::Duration};

use loom_base::file_lock::{LockHolder, holder_in_words};

/// A lock that is being waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockWait {
    /// The lock file.
    pub path: PathBuf,
    /// Who holds it, where the system tells.
    pub holder: Option<LockHolder>,
    /// How long it is waited for.
    pub longest: Duration,
}

impl fmt::Display for LockWait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let holder = holder_in_words(self.holder.as_ref());
        let longest = humantime::format_duration(self.longest);
        write!(f, "waiting up to {longest} for {}, which {holder} has locked", self.path.display())
    }
}
