//! [`MirrorTaskError`]: why a task on a mirror failed.

use std::{io, path::PathBuf};

use loom_mirror::destination::DestinationError;
use loom_oci::ImageWriteError;
use loom_source::{Authority, Digest, Name, Release, SourceError, Version, record::DocumentError};

use crate::{
    acquire::AcquireError, sources::OpenError, store::StoreError, trust::mirror::MirrorRejection,
};

/// Why a task on a mirror failed.
#[derive(Debug, thiserror::Error)]
pub enum MirrorTaskError {
    /// A file of a mirror cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A mirror cannot be written.
    #[error(transparent)]
    Destination(#[from] DestinationError),
    /// Images cannot be written to a registry or to a layout.
    #[error(transparent)]
    Images(#[from] ImageWriteError),
    /// A source cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A release could not be acquired.
    #[error(transparent)]
    Acquire(#[from] AcquireError),
    /// The store on this machine failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file on this machine, on its way from one mirror to another, cannot be read or written.
    #[error("could not use {} for a transfer", folder.display())]
    Staging {
        /// The file or folder.
        folder: PathBuf,
        /// What the operating system reported.
        source: io::Error,
    },
    /// A document of a mirror cannot be used.
    #[error("{at} cannot be used")]
    Document {
        /// The URL or path of the document.
        at: String,
        /// What is wrong with it.
        source: DocumentError,
    },
    /// A signed document of a mirror is not accepted.
    #[error("{at} is not accepted")]
    Rejected {
        /// The URL or path of the document.
        at: String,
        /// The reason.
        source: Box<MirrorRejection>,
    },
    /// A file of a mirror or of the store has another digest than expected.
    #[error("checksum mismatch for {at}: expected {expected}, got {got}")]
    Mismatch {
        /// The URL or path of the file.
        at: String,
        /// The expected digest.
        expected: Digest,
        /// The digest of the file.
        got: Digest,
    },
    /// A mirror has no index.
    #[error("{mirror} has no releases/index.json")]
    NoIndex {
        /// The URL or path of the mirror.
        mirror: String,
    },
    /// A source cannot list its versions.
    #[error("{at} cannot list its versions: {why}")]
    Unlistable {
        /// The source.
        at: String,
        /// The reason.
        why: &'static str,
    },
    /// A version is not in the index.
    #[error("the index lists no {binary} {version}")]
    NotListed {
        /// The binary.
        binary: Name,
        /// The version.
        version: Version,
    },
    /// A mirror has a release with another statement.
    #[error("{release} has the statement {here}, but the mirror has it with the statement {there}")]
    Differs {
        /// The release.
        release: Box<Release>,
        /// The statement that was to be put.
        here: Digest,
        /// The statement in the mirror's index.
        there: Digest,
    },
    /// A release of the store was not verified.
    #[error("{release} {why}, and may not pass for a published release")]
    Unverified {
        /// The release.
        release: Box<Release>,
        /// What is missing.
        why: &'static str,
    },
    /// A release has no file that an image could hold.
    #[error("{release} has no archive in the store, and is more than one program")]
    NoArchive {
        /// The release.
        release: Box<Release>,
    },
    /// A root does not let the mirror vouch for an authority.
    #[error("the root of {mirror} does not name the authority {authority}")]
    Authority {
        /// The authority.
        authority: Authority,
        /// The mirror.
        mirror: String,
    },
    /// The root that the index names is missing.
    #[error("{mirror} has no root/{number}.json, which its index names")]
    NoRoot {
        /// The mirror.
        mirror: String,
        /// The number of the root.
        number: u64,
    },
    /// A place has files, and none of them is of a mirror.
    #[error("{at} has other files, but no release and no index")]
    NoMirror {
        /// The URL or path.
        at: String,
    },
    /// A mirror has a root of this number.
    #[error("{mirror} has a root/{number}.json already")]
    RootExists {
        /// The mirror.
        mirror: String,
        /// The number of the root.
        number: u64,
    },
    /// A mirror is not signed.
    #[error("{mirror} has no root, so that it is not signed")]
    Unsigned {
        /// The mirror.
        mirror: String,
    },
    /// Readers would refuse a root.
    #[error("not a valid root: {0}")]
    Root(String),
    /// A file holds no key for documents, or cannot be written.
    #[error("cannot use the key {}: {why}", path.display())]
    KeyFile {
        /// The file.
        path: PathBuf,
        /// The reason.
        why: String,
    },
    /// Too few keys of a role are given.
    #[error(
        "the {role} is signed by {threshold} of the keys {}, of which {got} were given",
        keys.join(", ")
    )]
    Keys {
        /// The role: `root`, `timestamp` or `index`.
        role: &'static str,
        /// How many have to sign.
        threshold: u32,
        /// The beginnings of the names of the keys.
        keys: Vec<String>,
        /// How many were given.
        got: usize,
    },
    /// The serial of the index cannot grow.
    #[error("the index of {mirror} has the highest serial that there is")]
    LastSerial {
        /// The mirror.
        mirror: String,
    },
    /// Other writers were faster each time.
    #[error("{mirror} was changed by other writers, again and again")]
    Contended {
        /// The mirror or the file.
        mirror: String,
    },
}
