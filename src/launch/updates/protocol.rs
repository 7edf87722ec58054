//! What the supervisor and the process that looks for a newer release tell each other: one line of JSON each. Both ends
//! are the same program, so the shape may change.

use std::ffi::OsString;

use loom_base::DailyWindow;
use serde::{Deserialize, Serialize};

/// The request of a supervisor: which release runs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CheckRequest {
    /// The version that runs.
    pub version: String,
    /// The arguments that the runtime was started with: [`Launch::launch_args`](crate::launch::Launch::launch_args).
    pub launch_args: serde_json::Value,
}

/// A program that can be started.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReleaseProgram {
    /// The version of the release.
    pub version: String,
    /// The digest of its tree, in hexadecimal.
    pub tree: Option<String>,
    /// The path of the program.
    pub program: OsString,
}

/// A newer release that is installed and leased.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReadyRelease {
    /// The release.
    pub release: ReleaseProgram,
    /// The path of the lock file that keeps its tree; the process holds it until the end of its input.
    pub lease: OsString,
    /// Whether the version is the default one of the user, and not that of an option, a variable, a file or a lock.
    pub is_default: bool,
    /// When a runtime may be switched, by the configuration as it is now.
    pub window: DailyWindow,
}

/// The answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckReport {
    /// Nothing is to be done. What was found is in the journal.
    Done,
    /// The runtime is to be switched to this release.
    Ready(ReadyRelease),
    /// Looking for a release failed.
    Failed {
        /// The version that was found, where one was.
        version: Option<String>,
        /// The reason.
        why: String,
    },
}

/// What the supervisor writes once the runtime was switched to the release.
pub(super) const SWITCHED: &str = "switched";
