//! [`CheckProblem`]: what is wrong with a file of a published release.

use loom_signatures::{SignatureError, evidence};
use loom_source::{Digest, EvidenceKind, Platform, SourceError};

use crate::{
    store::{AdmitError, FileKind, StoreError, UnpackError},
    trust::Rejection,
};

/// What is wrong with a file of a published release.
#[derive(Debug, thiserror::Error)]
pub enum CheckProblem {
    /// There is no asset for the platform.
    #[error("there is no asset for {0}")]
    Absent(Platform),
    /// The source could not answer.
    #[error(transparent)]
    Request(#[from] SourceError),
    /// The default policy refuses what is offered.
    #[error("it is refused")]
    Rejected(#[from] Rejection),
    /// The source has the files of the release one by one.
    #[error("the source has no archive of the release")]
    NoArchive,
    /// The file has more bytes than an asset may have.
    #[error("it has more than {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: u64,
    },
    /// The archive cannot be unpacked.
    #[error("it cannot be unpacked")]
    Unpack(#[from] UnpackError),
    /// The unpacked files are not the expected ones.
    #[error("it does not meet its checksum, or holds no program")]
    Admit(#[from] AdmitError),
    /// The program is one of another platform, or no program.
    #[error("its program is not one for {platform}: it is {kind}")]
    Program {
        /// The platform of the release.
        platform: Platform,
        /// What the program is.
        kind: FileKind,
    },
    /// A checksum file is missing.
    #[error("it is missing")]
    Missing,
    /// A checksum file cannot be read, or has no line for the asset.
    #[error("it gives no digest: {0}")]
    NoDigest(String),
    /// A checksum file has another digest.
    #[error("it gives {listed}, and the asset has {got}")]
    OtherDigest {
        /// The digest in the file.
        listed: Digest,
        /// The digest of the asset.
        got: Digest,
    },
    /// A signature is wrong.
    #[error("the signature is refused")]
    Signature(#[from] SignatureError),
    /// A valid signature names another file.
    #[error("the signature is one of {signed:?}")]
    OtherFile {
        /// The file that the signature names.
        signed: String,
    },
    /// A key or an identity was given, and has not signed.
    #[error("neither it nor SHA256SUMS has a {} signature by {key}", evidence::scheme(*kind))]
    Unsigned {
        /// The kind of the signature.
        kind: EvidenceKind,
        /// The id of the key, or the identity.
        key: String,
    },
    /// The configuration requires a signature, and none of those whom it names has signed.
    #[error("neither it nor SHA256SUMS has a signature by a key or an identity of trust.keys")]
    NotSigned,
    /// The temporary store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
