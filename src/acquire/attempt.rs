//! One attempt at a source, with the typed error that ended it.

use std::time::Duration;

use loom_base::error_chain;
use loom_source::{Digest, ErrorClass, SourceError};

use crate::{
    sources::{Candidate, SourceClass},
    store::{AdmitError, Attempt, AttemptKind, StoreError, UnpackError},
    trust::{DigestSubject, Grade, Rejection},
};

/// One attempt at a source: what receipts keep of it, and the typed error that ended it.
#[derive(Debug)]
pub struct SourceAttempt {
    /// What receipts, failures and `--json` show.
    pub record: Attempt,
    /// The error that ended the attempt; `None` where it ended without one.
    pub cause: Option<AttemptCause>,
}

/// Why an attempt at a source brought no release.
#[derive(Debug, thiserror::Error)]
pub enum AttemptCause {
    /// The source failed.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The policy refused the offer.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// The bytes have another digest than expected.
    #[error(
        "checksum mismatch for {file}: expected {expected}, got {got}; the download was discarded (expected by {by})"
    )]
    Mismatch {
        /// The file name of the asset, or the path of a file of the tree.
        file: String,
        /// The expected SHA-256.
        expected: Digest,
        /// The SHA-256 of the bytes that arrived.
        got: Digest,
        /// What vouches for the expected digest.
        by: String,
        /// Whether the digest of the archive or of the tree differs.
        of: DigestSubject,
        /// How far the expected digest can be trusted; `None` where nothing vouches for it.
        grade: Option<Grade>,
    },
    /// More bytes arrived than the source stated.
    #[error(
        "size mismatch for {file}: expected {expected} bytes, got more; the download was discarded"
    )]
    TooLong {
        /// The file name of the asset.
        file: String,
        /// The stated size.
        expected: u64,
    },
    /// The archive cannot be unpacked.
    #[error(transparent)]
    Unpack(UnpackError),
    /// The tree is not admitted.
    #[error(transparent)]
    Admit(AdmitError),
    /// The statement of the source does not fit the release.
    #[error(transparent)]
    Statement(StoreError),
}

impl AttemptCause {
    /// The kind of attempt that this error makes.
    pub fn kind(&self) -> AttemptKind {
        match self {
            Self::Source(error) => match error.kind.class() {
                ErrorClass::Credentials => AttemptKind::Credentials,
                ErrorClass::Offline => AttemptKind::Offline,
                ErrorClass::Untrusted => AttemptKind::Rejected,
                ErrorClass::Unreachable => AttemptKind::Unreachable,
            },
            Self::Rejected(_) | Self::Admit(AdmitError::Signature(_)) => AttemptKind::Rejected,
            Self::Mismatch { .. } => AttemptKind::ChecksumMismatch,
            Self::TooLong { .. } | Self::Unpack(_) | Self::Admit(_) | Self::Statement(_) => {
                AttemptKind::Unusable
            }
        }
    }

    /// Whether the offer was refused only because it has no checksum.
    pub fn is_missing_checksum(&self) -> bool {
        matches!(self, Self::Rejected(Rejection::NoChecksum { .. }))
    }
}

impl SourceAttempt {
    /// An attempt at `candidate` that ended without an error after `took`.
    pub(super) fn new(
        candidate: &Candidate,
        kind: AttemptKind,
        outcome: impl Into<String>,
        took: Duration,
    ) -> Self {
        // Cargo builds have no time limit.
        let bounded = candidate.class != SourceClass::Build && !candidate.timeout.is_zero();
        let mut outcome = outcome.into();
        if let Some(through) = &candidate.through {
            outcome.push_str(&format!(" (asked through {through})"));
        }
        let record = Attempt {
            source: candidate.name.clone(),
            kind,
            outcome,
            ms: milliseconds(took),
            timeout_ms: bounded.then(|| milliseconds(candidate.timeout)),
        };
        Self { record, cause: None }
    }

    /// An attempt at `candidate` that this error ended after `took`.
    pub(super) fn failed(candidate: &Candidate, cause: AttemptCause, took: Duration) -> Self {
        let attempt = Self::new(candidate, cause.kind(), error_chain(&cause), took);
        Self { cause: Some(cause), ..attempt }
    }
}

/// A duration in whole milliseconds.
pub(super) fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
