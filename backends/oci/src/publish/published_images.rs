//! [`PublishedImages`]: what is there after publishing.

use loom_source::{Digest, Platform};

/// What is there after publishing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedImages {
    /// The repository and the tag, for display.
    pub location: String,
    /// The digest of the index that the tag names.
    pub index: Digest,
    /// The platforms that were to be published.
    pub platforms: Vec<PlatformImage>,
}

/// The image of a platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlatformImage {
    /// The platform.
    pub platform: Platform,
    /// The digest of its manifest.
    pub manifest: Digest,
    /// Whether the tag got the platform from this run.
    pub is_new: bool,
    /// The number of bytes that were sent.
    pub bytes: u64,
    /// The number of signatures, attestations and lists of components that the manifest got.
    pub evidence: usize,
}

impl PublishedImages {
    /// Whether anything was written.
    pub fn changed(&self) -> bool {
        self.platforms.iter().any(|one| one.is_new || one.evidence > 0)
    }
}
