//! Why an archive cannot be unpacked, and why a tree is not admitted.

use std::io;

use loom_source::{Digest, Release};

use super::{FileKind, StoreError, listing::TreeListingError, path::PathError};
use crate::trust::{DigestSubject, SignatureProblem};

/// Why an archive, a program or a file was not taken into a staged tree.
#[derive(Debug, thiserror::Error)]
pub enum UnpackError {
    /// The bytes could not be read: a broken archive, or an error of the reader below.
    #[error("could not read the archive")]
    Read(#[source] io::Error),
    /// The zip parser refuses the archive.
    #[error("could not read the zip archive")]
    Zip(#[source] zip::result::ZipError),
    /// A path that no tree may have.
    #[error(transparent)]
    Path(#[from] PathError),
    /// An entry that no tree may have.
    #[error("entry {path:?} is refused: {why}")]
    Entry {
        /// The path as the archive names it.
        path: String,
        /// The reason.
        why: &'static str,
    },
    /// The archive exceeds the [`TreeLimits`](super::TreeLimits).
    #[error("the archive exceeds the limit of {limit} {what}")]
    Limit {
        /// What is limited: `files`, `bytes`, …
        what: &'static str,
        /// The limit.
        limit: u64,
    },
    /// There is data before or after the archive.
    #[error("there is data {0} the archive")]
    Trailing(&'static str),
    /// The end mark of the archive is missing.
    #[error("the archive ends early")]
    Truncated,
    /// The single top folder was to be dropped, but the archive has none.
    #[error("the archive has no single top folder to strip")]
    Strip,
    /// The archive holds no file.
    #[error("the archive is empty")]
    Empty,
    /// The store could not write.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl UnpackError {
    /// Whether the disk or the user's quota is full.
    pub fn is_disk_full(&self) -> bool {
        matches!(self, Self::Store(e) if e.is_disk_full())
    }
}

/// Why a staged tree is not admitted.
#[derive(Debug, thiserror::Error)]
pub enum AdmitError {
    /// The bytes have another digest than expected.
    #[error("checksum mismatch for the {} of {release}: expected {expected} ({by}), got {got}", of.as_str())]
    Mismatch {
        /// The release.
        release: Box<Release>,
        /// Whether the archive or the tree differs.
        of: DigestSubject,
        /// The expected digest.
        expected: Digest,
        /// The digest of the bytes that arrived.
        got: Digest,
        /// What vouches for the expected digest.
        by: String,
    },
    /// The transfer has another size than the source stated.
    #[error("size mismatch for {release}: expected {expected} bytes, got {got}")]
    Size {
        /// The release.
        release: Box<Release>,
        /// The stated size.
        expected: u64,
        /// The size of the transfer.
        got: u64,
    },
    /// The expected digest is that of an archive, but the tree was not unpacked from an archive.
    #[error("the digest of {release} is that of an archive ({by}), but the files came without one")]
    OtherArtifact {
        /// The release.
        release: Box<Release>,
        /// What vouches for the archive's digest.
        by: String,
    },
    /// The expectation holds neither a digest nor a waiver.
    #[error("no checksum given for {0}")]
    Unverified(Box<Release>),
    /// No signature counts, and one is required; or one contradicts the bytes.
    #[error(transparent)]
    Signature(Box<SignatureProblem>),
    /// The tree does not hold the program.
    #[error("{release} has no program {wanted:?}: its files are {found}")]
    NoEntry {
        /// The release.
        release: Box<Release>,
        /// The file name or path of the program.
        wanted: String,
        /// Some of the files of the tree.
        found: String,
    },
    /// The file that should be the program is something else.
    #[error("{path:?} is not a program for {}: it is {found}", release.platform)]
    NotAProgram {
        /// The release.
        release: Box<Release>,
        /// The path of the file.
        path: String,
        /// What the file is.
        found: FileKind,
    },
    /// A link that leads to no file of the tree.
    #[error("link {path:?} to {target:?} is refused: {why}")]
    Link {
        /// The path of the link.
        path: String,
        /// The target of the link.
        target: String,
        /// The reason.
        why: &'static str,
    },
    /// A path that no tree may have.
    #[error(transparent)]
    Path(#[from] PathError),
    /// The files have no canonical listing.
    #[error(transparent)]
    Listing(#[from] TreeListingError),
    /// The store could not read or write.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AdmitError {
    /// Whether the bytes are at fault, and not the machine.
    pub fn is_integrity(&self) -> bool {
        !matches!(self, Self::Store(_))
    }

    /// Whether the disk or the user's quota is full.
    pub fn is_disk_full(&self) -> bool {
        matches!(self, Self::Store(e) if e.is_disk_full())
    }
}
