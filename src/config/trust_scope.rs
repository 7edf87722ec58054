//! [`TrustScope`]: what the trust of a project covers.

use std::path::PathBuf;

use loom_source::Digest;
use serde::{Deserialize, Serialize};

use super::Withheld;

/// What the trust of a project covers: the settings of its file that need trust, as written, and the entries of its `.env`
/// that they use. All of it was read once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustScope {
    /// The project's file, in the canonical form of the folder in which it was found. A symbolic link in its place is not
    /// followed: relative paths, `.env` and the working folder belong to this folder too.
    pub file: PathBuf,
    /// The digest of everything that is covered.
    pub digest: Digest,
    /// The settings that need trust, for display.
    pub settings: Vec<Withheld>,
    /// The entries of `.env` that the settings use, for display.
    pub dotenv: Vec<Withheld>,
    /// All values one by one, to be compared with those of another time.
    pub values: Vec<TrustedValue>,
}

/// One value that the trust of a project covers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustedValue {
    /// The key of a setting, or `NAME in .env`.
    pub key: String,
    /// The value, for display; absent for a secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The digest of the value.
    pub sha256: Digest,
}

impl TrustScope {
    /// Whether there is nothing that needs trust.
    pub fn is_empty(&self) -> bool {
        self.settings.is_empty()
    }
}
