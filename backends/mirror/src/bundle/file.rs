//! [`BundleFile`]: a file of a bundle, as its manifest describes it.

use loom_source::Digest;
use serde::{Deserialize, Serialize};

/// A file of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundleFile {
    /// The path, relative to the root of the mirror.
    pub path: String,
    /// The size in bytes.
    pub size: u64,
    /// The SHA-256 of the bytes.
    pub sha256: Digest,
    /// Whether `tar` makes the file executable.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub executable: bool,
}
