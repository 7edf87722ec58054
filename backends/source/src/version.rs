//! [`Version`], the [`Slot`] of a release, and [`Selector`], a request for a version.
//!
//! | module | holds |
//! |---|---|
//! | `slot` | [`Slot`]: a version, or the place of development builds |
//! | `selector` | [`Selector`] and [`VersionRange`]: a request for a version |

mod selector;
mod slot;

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

pub use selector::{Selector, VersionRange};
pub use slot::Slot;

/// The prefixes of versions in tags.
const TAG_PREFIXES: [char; 2] = ['v', 'V'];

/// A semantic version without build metadata, such as `0.2.0` or `1.0.0-rc.1`.
///
/// Build metadata (`+build`) is refused: two versions that differ only there have no order.
///
/// # Examples
/// ```
/// use loom_source::Version;
///
/// let version: Version = "1.0.0-rc.1".parse()?;
/// assert!(version.is_prerelease() && version < "1.0.0".parse()?);
/// assert!("1.0.0+linux".parse::<Version>().is_err());
/// # Ok::<(), loom_source::version::VersionError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Version(semver::Version);

/// A text that is not a version, or not a selector of versions.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VersionError {
    /// The text is not a semantic version.
    #[error("not a version such as 0.2.0: {text:?} ({why})")]
    NotSemver {
        /// The text.
        text: String,
        /// The error of the parser.
        why: String,
    },
    /// The text is a tag, a version with a prefix.
    #[error("not a version: {text:?}; did you mean {}?", text.trim_start_matches(TAG_PREFIXES))]
    Tag {
        /// The text, such as `v0.2.0`.
        text: String,
    },
    /// The version has build metadata.
    #[error("not the version of a release: {0:?} has build metadata (+…)")]
    Build(String),
    /// The version is too long for a path component.
    #[error("not the version of a release: {0:?} has more than 64 characters")]
    Long(String),
    /// The text is neither a version, a range, `latest` nor `dev`.
    #[error(
        "not a version or range: {text:?}; expected latest, a version (0.2.0), a range (0.2, ^0.2, >=0.1,<0.3) or dev"
    )]
    Selector {
        /// The text.
        text: String,
    },
}

/// The text without the `v` (or `V`) that tags have before their version: `0.2.0` for `v0.2.0`. A text that does not
/// continue with a digit is returned as it is.
///
/// For texts that users type. [`Version`] itself does not accept the prefix, because versions name files.
pub fn without_tag_prefix(text: &str) -> &str {
    match text.strip_prefix(TAG_PREFIXES) {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_digit()) => rest,
        _ => text,
    }
}

impl Version {
    /// Whether the version is a pre-release such as `1.0.0-rc.1`.
    pub fn is_prerelease(&self) -> bool {
        !self.0.pre.is_empty()
    }

    /// The version without its pre-release part.
    fn final_release(&self) -> Self {
        let semver::Version { major, minor, patch, .. } = self.0;
        Self(semver::Version::new(major, minor, patch))
    }

    /// The parsed semantic version.
    pub fn as_semver(&self) -> &semver::Version {
        &self.0
    }
}

impl FromStr for Version {
    type Err = VersionError;
    fn from_str(text: &str) -> Result<Self, VersionError> {
        if text.len() > 64 {
            return Err(VersionError::Long(text.to_owned()));
        }
        let version = semver::Version::parse(text).map_err(|e| {
            let rest = text.strip_prefix(TAG_PREFIXES);
            let tagged = rest.is_some_and(|rest| Self::from_str(rest).is_ok());
            let text = text.to_owned();
            if tagged {
                VersionError::Tag { text }
            } else {
                VersionError::NotSemver { text, why: e.to_string() }
            }
        })?;
        if !version.build.is_empty() {
            return Err(VersionError::Build(text.to_owned()));
        }
        Ok(Self(version))
    }
}

impl TryFrom<String> for Version {
    type Error = VersionError;
    fn try_from(text: String) -> Result<Self, VersionError> {
        text.parse()
    }
}

impl From<Version> for String {
    fn from(version: Version) -> String {
        version.0.to_string()
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.to_string())
    }
}
