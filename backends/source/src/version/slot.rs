//! [`Slot`]: a version, or the place of development builds.

use std::{fmt, str::FromStr};

use super::{Version, VersionError};

/// The place of a release among the releases of its product: its version, or the one place for development builds.
///
/// `dev` is a slot and not a version: it has no order, is never listed and never pushed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Slot {
    /// The slot of a released version.
    Version(Version),
    /// The slot of development builds.
    Dev,
}

impl Slot {
    /// The version; `None` for the slot of development builds.
    pub fn version(&self) -> Option<&Version> {
        match self {
            Self::Version(version) => Some(version),
            Self::Dev => None,
        }
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(version) => version.fmt(f),
            Self::Dev => f.pad("dev"),
        }
    }
}

impl FromStr for Slot {
    type Err = VersionError;
    fn from_str(text: &str) -> Result<Self, VersionError> {
        if text == "dev" { Ok(Self::Dev) } else { text.parse().map(Self::Version) }
    }
}
