//! What a backend brings to be examined.

use async_trait::async_trait;
use bytes::Bytes;

use super::Wrong;
use crate::{ArchiveFormat, Capabilities, Digest, Line, Name, Platform, Release, Slot, Source};

/// One release to be published in the way the backend's releases are.
#[derive(Debug, Clone)]
pub struct Published {
    /// Which release.
    pub release: Release,
    /// What is published.
    pub asset: Asset,
    /// Its bytes. Sources never look inside: an «archive» of the suite is no archive.
    pub bytes: Bytes,
    /// The digest published with it.
    pub checksum: Checksum,
}

/// What is published for a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asset {
    /// The program itself. A layout without bare programs publishes it as a tree of loose files.
    Bare,
    /// An archive of this format; its top folder is not dropped where that is recorded.
    Archive(ArchiveFormat),
}

/// The digest that is published with an asset. Backends whose releases always carry one ignore [`Checksum::Missing`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checksum {
    /// None.
    Missing,
    /// That of its bytes.
    Right,
    /// Another one: the source hands it on, since it never verifies.
    Wrong(Digest),
}

impl Published {
    /// A `.tar.gz` with its checksum, of the default program for Linux on x86-64, at `version`.
    ///
    /// # Panics
    /// Where `version` is none: the suite's own texts are right.
    pub fn archive(version: &str, bytes: impl Into<Bytes>) -> Self {
        let slot: Slot = version.parse().unwrap_or_else(|e| panic!("{version}: {e}"));
        Self {
            release: line().at(slot),
            asset: Asset::Archive(ArchiveFormat::TarGz),
            bytes: bytes.into(),
            checksum: Checksum::Right,
        }
    }

    /// A development build of the default program for this machine's platform.
    pub fn dev(bytes: impl Into<Bytes>) -> Self {
        let platform = Platform::current().unwrap_or(Platform::LinuxX86_64);
        Self {
            release: Line { platform, ..line() }.at(Slot::Dev),
            asset: Asset::Bare,
            bytes: bytes.into(),
            checksum: Checksum::Missing,
        }
    }

    /// The digest published with it, if any.
    pub fn claimed(&self) -> Option<Digest> {
        match self.checksum {
            Checksum::Missing => None,
            Checksum::Right => Some(Digest::of(&self.bytes)),
            Checksum::Wrong(digest) => Some(digest),
        }
    }
}

/// The line that the suite's releases are of: the default program and authority, Linux on x86-64.
pub fn line() -> Line {
    Line {
        authority: crate::Authority::default(),
        binary: Name::default(),
        platform: Platform::LinuxX86_64,
    }
}

/// A kind of source, under examination.
#[async_trait]
pub trait Subject: Send + Sync {
    /// What to call it in the report.
    fn name(&self) -> String;

    /// What its sources can do: decides which cases count and what they expect.
    fn capabilities(&self) -> Capabilities;

    /// Publishes exactly these releases in a fresh place and opens a source over it.
    async fn stand(&self, releases: &[Published]) -> Result<Box<dyn Stand>, Wrong>;

    /// Texts (passwords, tokens) in use that must show nowhere.
    fn secrets(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Published releases and a source over them.
#[async_trait]
pub trait Stand: Send + Sync {
    /// The source.
    fn source(&self) -> &dyn Source;

    /// Publishes other releases instead of those before; the same source must see them.
    async fn replace(&mut self, releases: &[Published]) -> Result<(), Wrong>;
}
