//! One attempt at a source, as receipts and failures keep it.

use serde::{Deserialize, Serialize};

/// One attempt at a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// The name of the source, without secrets.
    pub source: String,
    /// What the attempt led to, for programs.
    #[serde(default)]
    pub kind: AttemptKind,
    /// The same in words, for display.
    pub outcome: String,
    /// How long the attempt took, in milliseconds.
    pub ms: u64,
    /// The `timeout` of the source in milliseconds, the longest time without progress; `None` where it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
}

/// What an attempt at a source led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptKind {
    /// The source delivered the release.
    Delivered,
    /// The source's list of versions decided which version is meant.
    Selected,
    /// The source does not have the release, or no version that fits.
    Absent,
    /// The source cannot list its versions.
    Unlistable,
    /// The versions that fit are younger than `trust.minimum_release_age`, or of unknown age.
    TooYoung,
    /// The source was not asked, because that needs a network and the run is offline.
    NotAsked,
    /// The source sent nothing for so long that the next one was asked.
    Late,
    /// The attempt was given up because another source delivered first.
    Superseded,
    /// The source could not be reached, or failed.
    Unreachable,
    /// Credentials are missing or were refused.
    Credentials,
    /// The source needs a network that may not be used.
    Offline,
    /// The bytes have another digest than expected.
    ChecksumMismatch,
    /// A partial download from an earlier run was damaged; the transfer started over.
    DamagedPartial,
    /// The policy refused the offer.
    Rejected,
    /// The archive or the tree in it cannot be used.
    Unusable,
    /// A cargo build changed while it was copied.
    Changed,
    /// An attempt of an older or newer version of this program.
    #[default]
    #[serde(other)]
    Unknown,
}
