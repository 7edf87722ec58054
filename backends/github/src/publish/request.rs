//! [`PublishRequest`]: what is published.

use std::path::PathBuf;

use loom_source::Digest;

/// A release to be published.
#[derive(Debug, Clone)]
pub struct PublishRequest {
    /// The tag.
    pub tag: String,
    /// The commit to be tagged where the tag does not exist; `None` requires the tag to exist.
    pub commit: Option<String>,
    /// The text of the release; `None` leaves it as it is.
    pub notes: Option<String>,
    /// Whether it is marked as a pre-release.
    pub prerelease: bool,
    /// The files.
    pub files: Vec<PublishFile>,
}

/// A file to be published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishFile {
    /// The name of the asset: letters, digits, `-`, `_` and `.`, as GitHub replaces other characters.
    pub name: String,
    /// Where the bytes are.
    pub path: PathBuf,
    /// The size in bytes.
    pub size: u64,
    /// The digest.
    pub sha256: Digest,
}

/// A release that is public, with all of its files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Publication {
    /// The address of its web page.
    pub url: String,
    /// Whether this run made it public.
    pub published: bool,
    /// The files that this run uploaded.
    pub uploaded: Vec<String>,
    /// The files that were there.
    pub kept: Vec<String>,
    /// Assets of the release that are not among the files.
    pub other: Vec<String>,
}
