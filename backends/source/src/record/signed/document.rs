//! [`SignedDocument`]: payload and signatures in one file.

use serde::{Deserialize, Serialize};

use super::DocumentSignature;
use crate::{
    json,
    record::document::{self, DocumentError},
};

/// The largest number of signatures of a document.
const MAX_SIGNATURES: usize = 64;

/// The kinds of signed documents. A signature of one kind never counts for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignedKind {
    /// `root/<n>.json`: keys, thresholds and authorities.
    Root,
    /// `releases/timestamp.json`: which index is the newest.
    Timestamp,
    /// `releases/index.json`: the releases.
    Index,
}

impl SignedKind {
    /// The word in the schema: `root`, `timestamp` or `index`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Timestamp => "timestamp",
            Self::Index => "index",
        }
    }

    /// The bytes that a signature covers: `loom-<kind> 1`, a line feed, and the payload.
    pub fn signed_bytes(self, payload: &str) -> Vec<u8> {
        format!("loom-{} 1\n{payload}", self.as_str()).into_bytes()
    }

    /// The largest document of this kind that is read, in bytes.
    pub fn max_bytes(self) -> usize {
        match self {
            Self::Root => 512 * 1024,
            Self::Timestamp => 64 * 1024,
            Self::Index => 32 * 1024 * 1024,
        }
    }
}

/// A payload and its signatures in one file, so that a reader never gets those of two versions. The payload is a JSON
/// text in a JSON string, because the signatures cover exactly its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SignedDocument {
    /// The payload as it was signed.
    pub payload: String,
    /// The signatures. A source passes them on without verifying them.
    #[serde(default, deserialize_with = "json::at_most::<MAX_SIGNATURES, _, _>")]
    pub signatures: Vec<DocumentSignature>,
}

impl SignedDocument {
    /// A document that nobody has signed.
    pub fn unsigned(payload: String) -> Self {
        Self { payload, signatures: Vec::new() }
    }

    /// Reads a document of this kind. The payload is not looked at.
    ///
    /// # Errors
    /// Where the bytes are not such a document, or are of another version.
    pub fn parse(kind: SignedKind, bytes: &[u8]) -> Result<Self, DocumentError> {
        if bytes.len() > kind.max_bytes() {
            let why = format!("it has more than {} bytes", kind.max_bytes());
            return Err(document::malformed(kind.as_str(), why));
        }
        document::read(kind.as_str(), bytes)
    }

    /// The bytes of the document, with a line feed at the end.
    pub fn to_bytes(&self, kind: SignedKind) -> Vec<u8> {
        document::write(kind.as_str(), self)
    }
}
