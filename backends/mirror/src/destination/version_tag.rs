//! [`VersionTag`]: which content of a file was read.

use loom_source::Digest;
use object_store::UpdateVersion;

/// Which content of a file was read. It has a meaning for the destination that made it only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionTag(pub(crate) TagOf);

/// What identifies a content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TagOf {
    /// The digest of a file in a folder.
    Content(Digest),
    /// The entity tag and the version of an object in a bucket.
    Object(UpdateVersion),
}

impl VersionTag {
    /// The tag of a file in a folder.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self(TagOf::Content(Digest::of(bytes)))
    }
}
