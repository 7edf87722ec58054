//! What is looked for.

use std::fmt;

use crate::{Authority, Name, Platform, Slot, Version};

/// One program of one authority for one platform, in all its versions.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Product {
    /// Who defines its releases.
    pub authority: Authority,
    /// The program.
    pub binary: Name,
    /// The platform.
    pub platform: Platform,
}

/// One release: a [`Line`] at one version, or its development build.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Release {
    /// Who defines it.
    pub authority: Authority,
    /// The program.
    pub binary: Name,
    /// Its version, or the development slot.
    pub slot: Slot,
    /// The platform.
    pub platform: Platform,
}

impl Product {
    /// The release of this line in `slot`.
    pub fn in_slot(&self, slot: Slot) -> Release {
        let Self { authority, binary, platform } = self.clone();
        Release { authority, binary, slot, platform }
    }

    /// The release of this line at `version`.
    pub fn at_version(&self, version: Version) -> Release {
        self.in_slot(Slot::Version(version))
    }
}

impl Release {
    /// The line this release belongs to.
    pub fn product(&self) -> Product {
        let Self { authority, binary, platform, .. } = self.clone();
        Product { authority, binary, platform }
    }

    /// `{binary}-{version}-{platform}`, the stem of every asset of the release; `None` for a development build.
    pub fn asset_stem(&self) -> Option<String> {
        self.slot.version().map(|version| format!("{}-{version}-{}", self.binary, self.platform))
    }

    /// The entry program's file name on the release's platform.
    pub fn executable(&self) -> String {
        self.platform.executable(&self.binary)
    }
}

impl fmt::Display for Release {
    /// `loom-bridge-server 0.2.0 linux-x86_64`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.binary, self.slot, self.platform)
    }
}

impl fmt::Display for Product {
    /// `loom-bridge-server linux-x86_64`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.binary, self.platform)
    }
}
