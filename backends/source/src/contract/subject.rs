//! What a backend brings to be examined.

use async_trait::async_trait;
use bytes::Bytes;

use super::Failure;
use crate::{ArchiveFormat, Capabilities, Digest, Name, Platform, Product, Release, Slot, Source};

/// One release to be published in the way the backend's releases are.
#[derive(Debug, Clone)]
pub struct PublishedRelease {
    /// Which release.
    pub release: Release,
    /// What is published.
    pub asset: PublishedAsset,
    /// Its bytes. Sources never look inside: an «archive» of the suite is no archive.
    pub bytes: Bytes,
    /// The digest published with it.
    pub checksum: PublishedChecksum,
}

/// What is published for a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublishedAsset {
    /// The program itself. A layout without bare programs publishes it as a tree of loose files.
    Bare,
    /// An archive of this format; its top folder is not dropped where that is recorded.
    Archive(ArchiveFormat),
}

/// The digest that is published with an asset. Backends whose releases always carry one ignore [`Checksum::Missing`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublishedChecksum {
    /// None.
    Missing,
    /// That of its bytes.
    Right,
    /// Another one: the source hands it on, since it never verifies.
    Wrong(Digest),
}

impl PublishedRelease {
    /// A `.tar.gz` with its checksum, of the default program for Linux on x86-64, at `version`.
    ///
    /// # Panics
    /// Where `version` is none: the suite's own texts are right.
    pub fn archive(version: &str, bytes: impl Into<Bytes>) -> Self {
        let slot: Slot = version.parse().unwrap_or_else(|e| panic!("{version}: {e}"));
        Self {
            release: product().in_slot(slot),
            asset: PublishedAsset::Archive(ArchiveFormat::TarGz),
            bytes: bytes.into(),
            checksum: PublishedChecksum::Right,
        }
    }

    /// A development build of the default program for this machine's platform.
    pub fn dev(bytes: impl Into<Bytes>) -> Self {
        let platform = Platform::current().unwrap_or(Platform::LinuxX86_64);
        Self {
            release: Product { platform, ..product() }.in_slot(Slot::Dev),
            asset: PublishedAsset::Bare,
            bytes: bytes.into(),
            checksum: PublishedChecksum::Missing,
        }
    }

    /// The digest published with it, if any.
    pub fn claimed(&self) -> Option<Digest> {
        match self.checksum {
            PublishedChecksum::Missing => None,
            PublishedChecksum::Right => Some(Digest::of(&self.bytes)),
            PublishedChecksum::Wrong(digest) => Some(digest),
        }
    }
}

/// The line that the suite's releases are of: the default program and authority, Linux on x86-64.
pub fn product() -> Product {
    Product {
        authority: crate::Authority::default(),
        binary: Name::default(),
        platform: Platform::LinuxX86_64,
    }
}

/// A kind of source, under examination.
#[async_trait]
pub trait SourceFixture: Send + Sync {
    /// What to call it in the report.
    fn name(&self) -> String;

    /// What its sources can do: decides which cases count and what they expect.
    fn capabilities(&self) -> Capabilities;

    /// Publishes exactly these releases in a fresh place and opens a source over it.
    async fn start(
        &self,
        releases: &[PublishedRelease],
    ) -> Result<Box<dyn RunningFixture>, Failure>;

    /// Texts (passwords, tokens) in use that must show nowhere.
    fn secrets(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Published releases and a source over them.
#[async_trait]
pub trait RunningFixture: Send + Sync {
    /// The source.
    fn source(&self) -> &dyn Source;

    /// Publishes other releases instead of those before; the same source must see them.
    async fn replace(&mut self, releases: &[PublishedRelease]) -> Result<(), Failure>;
}
