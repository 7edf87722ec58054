//! The settings of an acquisition.

use std::time::Duration;

use loom_source::Platform;

use super::failover::plan::TransferRetry;
use crate::store::{FileKind, TreeLimits};

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
    /// What the program of a release may be.
    pub program: ProgramRule,
    /// Ask sources that delivered wrong bytes recently last. Off where the user named the sources for this run.
    pub quarantine: bool,
}

/// What the program of a release may be, by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ProgramRule {
    /// Nothing that is known to be something else: an archive, a page, a program of another platform. A program without a
    /// checksum has to be [known](Self::Known).
    #[default]
    NotOther,
    /// An executable of the platform, or a script.
    Known,
    /// `--force`: anything.
    Any,
}

impl ProgramRule {
    /// Whether a program of this kind is accepted for a platform. `unverified` says whether nothing vouches for it.
    pub(super) fn accepts(self, kind: &FileKind, platform: Platform, unverified: bool) -> bool {
        match (self, kind.is_program_of(platform)) {
            (Self::Any, _) | (_, Some(true)) => true,
            (Self::NotOther, None) => !unverified,
            (Self::Known, None) | (_, Some(false)) => false,
        }
    }
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
            program: ProgramRule::default(),
            quarantine: true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_judged_by_its_first_bytes() {
        use ProgramRule::{Any, Known, NotOther};
        let script = &b"#!/bin/sh\n"[..];
        for (rule, head, unverified, accepted) in [
            (NotOther, script, true, true),
            (NotOther, b"text", false, true),
            (NotOther, b"text", true, false),
            (NotOther, b"", false, false),
            (NotOther, b"\x1f\x8b", false, false),
            (Known, script, false, true),
            (Known, b"text", false, false),
            (Any, b"", true, true),
        ] {
            let kind = FileKind::of(head);
            let result = rule.accepts(&kind, Platform::LinuxX86_64, unverified);
            assert_eq!(result, accepted, "{rule:?} {kind} {unverified}");
        }
    }
}
