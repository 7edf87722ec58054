//! Why something may not enter.

use std::io;

use loom_source::{Digest, Release};

use super::{StoreError, listing::TreeListingError, path::PathError};

/// Why an archive, a program or a file was not taken.
#[derive(Debug, thiserror::Error)]
pub enum UnpackError {
    /// The bytes could not be read: a broken archive, or what the reader below reports.
    #[error("the archive cannot be read")]
    Read(#[source] io::Error),
    /// The zip parser refuses it.
    #[error("the zip archive cannot be read")]
    Zip(#[source] zip::result::ZipError),
    /// A path that no tree may have.
    #[error(transparent)]
    Path(#[from] PathError),
    /// An entry that no tree may have.
    #[error("{path:?} is refused: {why}")]
    Entry {
        /// As the archive names it.
        path: String,
        /// Why.
        why: &'static str,
    },
    /// More than [`Limits`](super::Limits) allow.
    #[error("the archive exceeds the limit of {limit} {what}")]
    Limit {
        /// `files`, `bytes`, …
        what: &'static str,
        /// How many are allowed.
        limit: u64,
    },
    /// Something other than zeros stands after the end of the archive.
    #[error("data stand {0} the archive")]
    Trailing(&'static str),
    /// The end mark is missing.
    #[error("the archive ends early")]
    Truncated,
    /// Its single top folder was to be dropped, but there is none.
    #[error("the archive was to have one top folder, but has not")]
    Strip,
    /// There is no file in it.
    #[error("the archive is empty")]
    Empty,
    /// The store could not write.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl UnpackError {
    /// What can be done about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Store(e) => e.hint(),
            Self::Limit { .. } => Some("if you trust the archive, raise the limit".to_owned()),
            _ => None,
        }
    }

    /// Whether the disk or the quota is full (exit 10).
    pub fn is_disk_full(&self) -> bool {
        matches!(self, Self::Store(e) if e.is_disk_full())
    }
}

/// Why a staged tree is not admitted.
#[derive(Debug, thiserror::Error)]
pub enum AdmitError {
    /// The bytes are not those that were proven.
    #[error("the {what} of {release} has the digest {got}, but {by} says {expected}")]
    Mismatch {
        /// The release.
        release: Box<Release>,
        /// `archive` or `tree`.
        what: &'static str,
        /// What was proven.
        expected: Digest,
        /// What arrived.
        got: Digest,
        /// Who says so.
        by: String,
    },
    /// More or fewer bytes than announced.
    #[error("{got} bytes of {release} arrived instead of {expected}")]
    Size {
        /// The release.
        release: Box<Release>,
        /// What was announced.
        expected: u64,
        /// What arrived.
        got: u64,
    },
    /// A proof for an archive, but the tree came another way.
    #[error("{release} is proven by an archive's digest ({by}), but did not come in an archive")]
    OtherCarrier {
        /// The release.
        release: Box<Release>,
        /// Who says so.
        by: String,
    },
    /// Neither a proof nor a waiver.
    #[error("nothing proves what arrived for {0}")]
    Unproven(Box<Release>),
    /// The program is not in the tree.
    #[error("{release} holds no program {wanted:?} (it holds {found})")]
    NoEntry {
        /// The release.
        release: Box<Release>,
        /// The file name or path looked for.
        wanted: String,
        /// Some of the files that are there.
        found: String,
    },
    /// A link that leads nowhere.
    #[error("the link {path:?} to {target:?} is refused: {why}")]
    Link {
        /// The link.
        path: String,
        /// Its target.
        target: String,
        /// Why.
        why: &'static str,
    },
    /// A path that no tree may have.
    #[error(transparent)]
    Path(#[from] PathError),
    /// No listing can be made of it.
    #[error(transparent)]
    Listing(#[from] TreeListingError),
    /// The store could not write.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AdmitError {
    /// Whether the bytes are wrong (exit 6; the source is to blame), not the machine.
    pub fn is_integrity(&self) -> bool {
        !matches!(self, Self::Store(_))
    }

    /// Whether the disk or the quota is full (exit 10).
    pub fn is_disk_full(&self) -> bool {
        matches!(self, Self::Store(e) if e.is_disk_full())
    }

    /// What can be done about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Store(e) => e.hint(),
            Self::Unproven(_) => {
                Some("give a digest, or take it as it is with --allow-unverified".to_owned())
            }
            Self::NoEntry { .. } => Some("--binary names the program".to_owned()),
            _ => None,
        }
    }
}
