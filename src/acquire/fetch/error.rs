//! Why an artifact could not be fetched.

use loom_source::{Digest, SourceError};

use super::super::AcquireError;
use crate::store::{Received, UnpackError};

/// Why an artifact could not be fetched.
pub(in crate::acquire) enum FetchError {
    /// The source failed, with the number of bytes of the artifact that are here now.
    Source(SourceError, u64),
    /// The source did not begin to answer, and has repeated the request as often as that can help.
    Unopened(SourceError),
    /// The bytes arrived and cannot be unpacked.
    Unpack(UnpackError, Option<Received>),
    /// More bytes arrived than the source stated.
    TooLong { expected: u64, resumed: bool },
    /// A part has another digest than the tree's listing says, or the listing another than the tree's digest.
    Mismatch(MismatchedPart),
    /// An error that no other source can avoid.
    Fatal(AcquireError),
}

/// A part of an artifact that has another digest than expected.
pub(in crate::acquire) struct MismatchedPart {
    /// The asset of the part.
    pub(in crate::acquire) file: String,
    /// The expected digest.
    pub(in crate::acquire) expected: Digest,
    /// The digest of the bytes that arrived.
    pub(in crate::acquire) got: Digest,
}

impl<E: Into<AcquireError>> From<E> for FetchError {
    fn from(error: E) -> Self {
        Self::Fatal(error.into())
    }
}

impl FetchError {
    /// A file of the source that could not be read.
    pub(super) fn unread(at: impl Into<String>, error: std::io::Error) -> Self {
        Self::Source(SourceError::read(at, error), 0)
    }
}
