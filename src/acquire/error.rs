//! Why a release could not be acquired.

use std::{path::PathBuf, time::Duration};

use loom_source::{Digest, Release, Selector, Version};

use super::{SourceAttempt, failover::plan::FailureReason};
use crate::state::StateError;
use crate::store::{AttemptKind, StoreError, Unverified};

/// Why a release could not be acquired.
#[derive(Debug, thiserror::Error)]
pub enum AcquireError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The state folder failed.
    #[error(transparent)]
    State(#[from] StateError),
    /// The digests that a release had when it was first acquired cannot be understood.
    #[error("the first-seen digests of {release} cannot be used")]
    FirstSeen {
        /// The release.
        release: Box<Release>,
        /// The file, and what is wrong with it.
        source: StateError,
    },
    /// No source is configured.
    #[error("no source is configured for {0}")]
    NoSource(String),
    /// No source could serve the release; each attempt holds its reason.
    #[error("{}", unserved(*.reason, .release))]
    Unserved {
        /// What was requested.
        release: String,
        /// The first reason that applies.
        reason: FailureReason,
        /// The attempts, in order.
        attempts: Vec<SourceAttempt>,
        /// Whether the only obstacle is a missing checksum.
        unverified: bool,
    },
    /// The only source that was asked delivered wrong bytes.
    #[error("{mismatch}")]
    Mismatch {
        /// The file and its digests.
        mismatch: Box<ChecksumMismatch>,
        /// The attempt.
        attempts: Vec<SourceAttempt>,
    },
    /// A file that is to be added cannot be read.
    #[error("could not read {}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the operating system reported.
        source: std::io::Error,
    },
    /// A file is to be added without a digest.
    #[error("no checksum given for {}", file.display())]
    NoChecksum {
        /// The file.
        file: PathBuf,
    },
    /// A version is requested, and only cargo builds are configured.
    #[error("{release} is a version, and only cargo builds are configured as sources")]
    OnlyBuilds {
        /// What was requested.
        release: String,
    },
    /// No source can list its versions.
    #[error("cannot resolve \"{selector}\": no source lists its versions")]
    Unlistable {
        /// What was requested.
        selector: Selector,
        /// The attempts, in order.
        attempts: Vec<SourceAttempt>,
    },
    /// Every version that matches is too young, or of unknown age.
    #[error(
        "no version matches \"{selector}\" that is known to be {} old",
        loom_base::time::duration_in_words(*minimum)
    )]
    TooYoung {
        /// What was requested.
        selector: Selector,
        /// The minimum age.
        minimum: Duration,
        /// The attempts, in order.
        attempts: Vec<SourceAttempt>,
    },
    /// The only installed version that matches is withdrawn, and no source has another one.
    #[error(
        "no version matches \"{selector}\": {source_name} has withdrawn {release}, which is here"
    )]
    Withdrawn {
        /// What was requested.
        selector: Selector,
        /// The newest installed release that matches.
        release: Box<Release>,
        /// The name of the source that has withdrawn it.
        source_name: String,
        /// The attempts, in order.
        attempts: Vec<SourceAttempt>,
    },
    /// The newest version is older than it was before.
    #[error("the newest version at {source_name} is {offered}, but it was {before} before")]
    Downgrade {
        /// The name of the source.
        source_name: String,
        /// The newest version now.
        offered: Version,
        /// The newest version before.
        before: Version,
    },
    /// A project that is not trusted selects a version that is older than the newest verified one.
    #[error(
        "the project is not trusted to go back to {version}: {newest} is here and was verified"
    )]
    Older {
        /// The version that the project selects.
        version: Version,
        /// The newest version that is here and was verified.
        newest: Version,
    },
    /// The installed release is another one than the locked one.
    #[error("{release} is locked as {locked} by {lock}, but the installed one is {installed}")]
    OtherThanLocked {
        /// The release.
        release: String,
        /// The locked digest of the tree.
        locked: Digest,
        /// The digest of the installed tree.
        installed: Digest,
        /// The lock file.
        lock: String,
    },
    /// A network is needed, and the run is offline.
    #[error("{what} {}, and loom is offline", not_counting(.here.as_ref()))]
    Offline {
        /// What was requested.
        what: String,
        /// Why the installed release does not count, where one is installed.
        here: Option<Unverified>,
        /// The attempts, in order.
        attempts: Vec<SourceAttempt>,
    },
    /// A source has other files of an installed release than this machine.
    #[error(
        "{source_name} has another {release} than this store: expected tree {expected}, got {got}"
    )]
    OtherTree {
        /// The release.
        release: String,
        /// The name of the source.
        source_name: String,
        /// The tree that is installed.
        expected: Digest,
        /// The tree that the source delivered.
        got: Digest,
    },
    /// The installed release is damaged, and could not be replaced.
    #[error("{what} is damaged ({damage}), and no source replaced it")]
    Damaged {
        /// What was requested.
        what: String,
        /// The damaged file, and what is wrong with it.
        damage: String,
        /// Why no source replaced it.
        source: Box<AcquireError>,
    },
    /// The runtime for asynchronous sources could not be created.
    #[error("could not prepare for asking sources")]
    Prepare(#[source] std::io::Error),
}

/// A file that has another digest than expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "checksum mismatch for {file} from {source_name}: expected {expected}, got {got}; the download was discarded"
)]
pub struct ChecksumMismatch {
    /// The file name of the asset.
    pub file: String,
    /// The name of the source.
    pub source_name: String,
    /// The expected SHA-256.
    pub expected: Digest,
    /// The SHA-256 of the bytes that arrived.
    pub got: Digest,
}

fn unserved(reason: FailureReason, release: &str) -> String {
    match reason {
        FailureReason::Absent => format!("no source has {release}"),
        FailureReason::Unreachable => format!("no source could serve {release}"),
        FailureReason::Credentials => {
            format!("credentials for {release} are missing or were refused")
        }
        FailureReason::Integrity => format!("no source has a trusted copy of {release}"),
    }
}

fn not_counting(here: Option<&Unverified>) -> String {
    match here {
        Some(Unverified::TreeDamaged(what)) => format!("is damaged ({what})"),
        Some(why) => format!("is here, but {why}"),
        None => "is not here".to_owned(),
    }
}

impl AcquireError {
    /// The attempts at sources, in order.
    pub fn attempts(&self) -> &[SourceAttempt] {
        match self {
            Self::Unserved { attempts, .. }
            | Self::Mismatch { attempts, .. }
            | Self::Unlistable { attempts, .. }
            | Self::TooYoung { attempts, .. }
            | Self::Withdrawn { attempts, .. }
            | Self::Offline { attempts, .. } => attempts,
            Self::Damaged { source, .. } => source.attempts(),
            _ => &[],
        }
    }

    /// Whether this source answered that it does not have the release, and no other served it wrong.
    pub(super) fn is_absent_at(&self, source_name: &str) -> bool {
        let (Self::Unserved { attempts, .. } | Self::Offline { attempts, .. }) = self else {
            return false;
        };
        if matches!(self, Self::Unserved { reason: FailureReason::Integrity, .. }) {
            return false;
        }
        let last = attempts.iter().rev().find(|attempt| attempt.record.source == source_name);
        last.is_some_and(|attempt| attempt.record.kind == AttemptKind::Absent)
    }

    /// The attempts at sources, in order.
    pub(super) fn into_attempts(self) -> Vec<SourceAttempt> {
        match self {
            Self::Unserved { attempts, .. }
            | Self::Mismatch { attempts, .. }
            | Self::Unlistable { attempts, .. }
            | Self::TooYoung { attempts, .. }
            | Self::Withdrawn { attempts, .. }
            | Self::Offline { attempts, .. } => attempts,
            Self::Damaged { source, .. } => source.into_attempts(),
            _ => Vec::new(),
        }
    }

    /// The same error, where the installed release that the sources were to replace is damaged.
    pub(super) fn for_release(self, release: &Release, here: Option<Unverified>) -> Self {
        match here {
            Some(Unverified::TreeDamaged(damage)) => {
                Self::Damaged { what: release.to_string(), damage, source: Box::new(self) }
            }
            _ => self,
        }
    }

    /// Whether the answers of sources led to this error, and not this machine or the request.
    pub(super) fn is_verdict(&self) -> bool {
        match self {
            Self::Unserved { .. }
            | Self::Mismatch { .. }
            | Self::Unlistable { .. }
            | Self::TooYoung { .. }
            | Self::Withdrawn { .. }
            | Self::Downgrade { .. }
            | Self::Older { .. }
            | Self::Damaged { .. }
            | Self::OtherTree { .. }
            | Self::Offline { .. } => true,
            Self::Store(_)
            | Self::State(_)
            | Self::FirstSeen { .. }
            | Self::NoSource(_)
            | Self::Unreadable { .. }
            | Self::NoChecksum { .. }
            | Self::OnlyBuilds { .. }
            | Self::OtherThanLocked { .. }
            | Self::Prepare(_) => false,
        }
    }
}
