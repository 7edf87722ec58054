//! [`PublishedRelease`]: what a fixture publishes.

use bytes::Bytes;

use crate::{ArchiveFormat, Authority, Digest, Name, Platform, Product, Release, Slot};

/// A release that a fixture publishes in the way of its backend.
#[derive(Debug, Clone)]
pub struct PublishedRelease {
    /// The release.
    pub release: Release,
    /// The form in which the release is published.
    pub asset: PublishedAsset,
    /// The bytes of the asset. They are noise, even where the asset is an archive: a source never looks inside.
    pub bytes: Bytes,
    /// The digest that is published with the asset.
    pub checksum: PublishedChecksum,
}

/// The form in which a release is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublishedAsset {
    /// The executable itself. A layout without bare executables publishes a tree of loose files.
    Bare,
    /// An archive of this format. Where the layout records whether the top folder is dropped, it is kept.
    Archive(ArchiveFormat),
}

/// The digest that is published with an asset. Backends that always publish one ignore [`Missing`](Self::Missing).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublishedChecksum {
    /// No digest.
    Missing,
    /// The digest of the bytes.
    Right,
    /// Another digest. The source passes it on, since a source never verifies.
    Wrong(Digest),
}

impl PublishedRelease {
    /// A `.tar.gz` of [`product()`] at `version`, with its checksum.
    ///
    /// # Panics
    /// Where `version` is not a version.
    pub fn archive(version: &str, bytes: impl Into<Bytes>) -> Self {
        let slot: Slot = version.parse().unwrap_or_else(|e| panic!("{version}: {e}"));
        Self {
            release: product().in_slot(slot),
            asset: PublishedAsset::Archive(ArchiveFormat::TarGz),
            bytes: bytes.into(),
            checksum: PublishedChecksum::Right,
        }
    }

    /// A development build of the default binary for this machine's platform.
    pub fn dev(bytes: impl Into<Bytes>) -> Self {
        let platform = Platform::current().unwrap_or(Platform::LinuxX86_64);
        Self {
            release: Product { platform, ..product() }.in_slot(Slot::Dev),
            asset: PublishedAsset::Bare,
            bytes: bytes.into(),
            checksum: PublishedChecksum::Missing,
        }
    }

    /// The digest that is published with the asset, if there is one.
    pub fn claimed(&self) -> Option<Digest> {
        match self.checksum {
            PublishedChecksum::Missing => None,
            PublishedChecksum::Right => Some(Digest::of(&self.bytes)),
            PublishedChecksum::Wrong(digest) => Some(digest),
        }
    }
}

/// The product of the suite's releases: the default authority and binary for Linux on x86-64.
pub fn product() -> Product {
    Product {
        authority: Authority::default(),
        binary: Name::default(),
        platform: Platform::LinuxX86_64,
    }
}
