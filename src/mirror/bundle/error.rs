//! [`BundleTaskError`]: why a bundle was not made.

use std::{io, path::PathBuf};

use loom_mirror::bundle::{BundleError, BundleWriteError};
use loom_source::{Release, Selector, SourceError, record::DocumentError};

use crate::mirror::MirrorTaskError;

/// Why a task on a bundle failed.
#[derive(Debug, thiserror::Error)]
pub enum BundleTaskError {
    /// The mirror that the bundle is made of cannot be read.
    #[error(transparent)]
    Mirror(#[from] MirrorTaskError),
    /// A file of the mirror cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A document of the mirror cannot be used.
    #[error("{at} cannot be used")]
    Document {
        /// The document.
        at: String,
        /// What is wrong with it.
        source: DocumentError,
    },
    /// The source is not a mirror in the layout of a store.
    #[error("{mirror} has no file \"format\": it is not a mirror in the layout of a store")]
    NoStore {
        /// The source.
        mirror: String,
    },
    /// No release of the mirror is selected.
    #[error("{mirror} has no release that matches {versions}")]
    NoRelease {
        /// The mirror.
        mirror: String,
        /// The requested versions.
        versions: String,
    },
    /// A requested version is not there for a requested platform.
    #[error("{mirror} does not have {release}")]
    Missing {
        /// The mirror.
        mirror: String,
        /// The release.
        release: Box<Release>,
    },
    /// A selector that needs a list of versions.
    #[error("{mirror} does not list its versions, so {selector} selects none")]
    Unlistable {
        /// The mirror.
        mirror: String,
        /// The selector.
        selector: Selector,
    },
    /// A release has nothing that a bundle can hold.
    #[error("{release} has neither an archive nor loose files at {mirror}")]
    NoArtifact {
        /// The mirror.
        mirror: String,
        /// The release.
        release: Box<Release>,
    },
    /// Another writer changed the mirror during an import.
    #[error("the index of {mirror} was changed by another writer")]
    Overtaken {
        /// The mirror.
        mirror: String,
    },
    /// A file cannot be read or written.
    #[error("could not use {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The bundle cannot be written.
    #[error(transparent)]
    Write(#[from] BundleWriteError),
    /// The bundle cannot be read.
    #[error("{} is not an intact bundle", path.display())]
    Read {
        /// The bundle.
        path: PathBuf,
        /// What is wrong with it.
        source: BundleError,
    },
}
