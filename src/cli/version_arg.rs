//! Versions as users type them: `0.2.0` or, as in a tag, `v0.2.0`.

use loom_source::{Slot, Version, version::VersionError, version::without_tag_prefix};

/// A version such as `0.2.0` or `v0.2.0`.
pub(crate) fn version(text: &str) -> Result<Version, VersionError> {
    without_tag_prefix(text).parse()
}

/// A version, or `dev`.
pub(crate) fn slot(text: &str) -> Result<Slot, VersionError> {
    without_tag_prefix(text).parse()
}
