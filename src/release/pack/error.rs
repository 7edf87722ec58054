//! [`PackError`]: why a release is not packed.

use std::{io, path::PathBuf};

use loom_source::{Platform, Release, Version};

use crate::store::{AdmitError, FileKind, StoreError, UnpackError};

/// Why a release is not packed.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// There is no program for the platform.
    #[error("no {executable} for {platform} in {}", place.display())]
    NoProgram {
        /// The file name of the program.
        executable: String,
        /// The platform.
        platform: Platform,
        /// The folder in which it was looked for.
        place: PathBuf,
        /// The paths that were looked at.
        tried: Vec<PathBuf>,
    },
    /// The program is one of another platform, or no program.
    #[error("{} is not a program for {platform}: it is {kind}", path.display())]
    OtherPlatform {
        /// The program.
        path: PathBuf,
        /// The platform of the release.
        platform: Platform,
        /// What the file is.
        kind: FileKind,
    },
    /// The program was built for development.
    #[error("{} is a development build: {why}", path.display())]
    DevelopmentBuild {
        /// The program.
        path: PathBuf,
        /// What shows it.
        why: &'static str,
    },
    /// The program says that it has another version.
    #[error("{} says that it is {said:?}, expected version {expected}", path.display())]
    OtherVersion {
        /// The program.
        path: PathBuf,
        /// The version to be packed.
        expected: Version,
        /// The first line that the program printed.
        said: String,
    },
    /// The version is not one of a release.
    #[error("{version} is not the version of a release: {why}")]
    NotAReleaseVersion {
        /// The version.
        version: Version,
        /// What shows it.
        why: &'static str,
    },
    /// Two files would have the same name in the archive.
    #[error("two files are called {0:?}")]
    SameName(String),
    /// There is another file of the same name.
    #[error("{} is there with other bytes", path.display())]
    Differs {
        /// The file.
        path: PathBuf,
    },
    /// A file could not be read or written.
    #[error("could not read or write {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system reported.
        source: io::Error,
    },
    /// The archive does not unpack to the files that were packed.
    #[error("the archive of {release} does not unpack to what was packed: {why}")]
    Unpacked {
        /// The release.
        release: Box<Release>,
        /// What differs.
        why: String,
    },
    /// Our own unpacker refuses the archive.
    #[error("the archive of a release is refused")]
    Unpack(#[from] UnpackError),
    /// Our own store refuses the unpacked tree.
    #[error("the files of a release are refused")]
    Admit(#[from] AdmitError),
    /// The temporary store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl PackError {
    /// The error for a failed operation on a file.
    pub(super) fn at(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }

    /// Whether the disk or the user's quota is full.
    pub fn is_disk_full(&self) -> bool {
        match self {
            Self::Io { source, .. } => {
                matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
            }
            Self::Unpack(error) => error.is_disk_full(),
            Self::Admit(error) => error.is_disk_full(),
            Self::Store(error) => error.is_disk_full(),
            _ => false,
        }
    }
}
