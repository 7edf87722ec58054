//! The settings of an acquisition.

use std::time::Duration;

use super::failover::plan::TransferRetry;
use crate::store::TreeLimits;

/// The settings of an acquisition, as plain values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AcquireOptions {
    /// The limits for an unpacked tree.
    pub limits: TreeLimits,
    /// How often an interrupted transfer is resumed.
    pub retry: TransferRetry,
    /// `store.keep_archives`: keep the archive beside the tree.
    pub keep_archives: bool,
    /// `update.check_interval`: how long a cached list of versions is fresh.
    pub freshness: Duration,
    /// `offline`: ask only sources that need no network.
    pub offline: bool,
    /// `--force-download`: fetch even what is here.
    pub force: bool,
    /// `--allow-downgrade`: let `latest` resolve to an older version than before.
    pub allow_downgrade: bool,
    /// The version is named by a project that is not trusted: it is judged like one that a range selects, and nothing
    /// older than the newest verified release is selected.
    pub untrusted_version: bool,
    /// Ask sources that delivered wrong bytes recently last. Off where the user named the sources for this run.
    pub quarantine: bool,
}

impl Default for AcquireOptions {
    /// Online, with a list of versions that is fresh for a day.
    fn default() -> Self {
        Self {
            limits: TreeLimits::default(),
            retry: TransferRetry::default(),
            keep_archives: false,
            freshness: Duration::from_secs(24 * 3600),
            offline: false,
            force: false,
            allow_downgrade: false,
            untrusted_version: false,
            quarantine: true,
        }
    }
}
