//! [`Product`] and [`Release`]: what a source is asked for.

use std::fmt;

use crate::{Authority, Name, Platform, Slot, Version};

/// A binary of an authority for a platform, in all its versions.
///
/// # Examples
/// ```
/// use loom_source::{Authority, Name, Platform, Product};
///
/// let product = Product {
///     authority: Authority::default(),
///     binary: Name::default(),
///     platform: Platform::LinuxX86_64,
/// };
/// let release = product.at_version("0.2.0".parse()?);
/// assert_eq!(release.to_string(), "loom-bridge-server 0.2.0 linux-x86_64");
/// assert_eq!(release.asset_stem().as_deref(), Some("loom-bridge-server-0.2.0-linux-x86_64"));
/// # Ok::<(), loom_source::version::VersionError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Product {
    /// The authority that defines the releases.
    pub authority: Authority,
    /// The name of the binary.
    pub binary: Name,
    /// The platform that the binary runs on.
    pub platform: Platform,
}

/// A [`Product`] at one version, or its development build.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Release {
    /// The authority that defines the release.
    pub authority: Authority,
    /// The name of the binary.
    pub binary: Name,
    /// The version, or the slot of the development build.
    pub slot: Slot,
    /// The platform.
    pub platform: Platform,
}

impl Product {
    /// The release of this product in `slot`.
    pub fn in_slot(&self, slot: Slot) -> Release {
        let Self { authority, binary, platform } = self.clone();
        Release { authority, binary, slot, platform }
    }

    /// The release of this product at `version`.
    pub fn at_version(&self, version: Version) -> Release {
        self.in_slot(Slot::Version(version))
    }
}

impl Release {
    /// The product of this release.
    pub fn product(&self) -> Product {
        let Self { authority, binary, platform, .. } = self.clone();
        Product { authority, binary, platform }
    }

    /// The stem of the release's asset names, `{binary}-{version}-{platform}`; `None` for a development build.
    pub fn asset_stem(&self) -> Option<String> {
        self.slot.version().map(|version| format!("{}-{version}-{}", self.binary, self.platform))
    }

    /// The file name of the executable on the release's platform.
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
