//! How bytes travel from a source to us.

use std::{fmt, pin::Pin};

use bytes::Bytes;
use futures::Stream;
use serde::{Deserialize, Serialize};

use crate::SourceError;

/// What a source can open: a text that only the source which made it understands
/// (a key below its root, a path), shown to people as it stands and free of secrets.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AssetRef(String);

impl AssetRef {
    /// A pointer with this text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The pointer's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The pointer to `path` below this one, joined by `/`.
    #[must_use]
    pub fn join(&self, path: &str) -> Self {
        if self.0.is_empty() { Self(path.to_owned()) } else { Self(format!("{}/{path}", self.0)) }
    }
}

impl fmt::Display for AssetRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What says that the bytes behind a pointer are still the ones we began with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Validator {
    /// A strong entity tag, quotes included: usable in `If-Range`.
    Strong(String),
    /// A weak entity tag, a time of change, or the like: only compared.
    Weak(String),
}

/// Where to begin.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RangeRequest {
    /// The first byte wanted; 0 for the whole.
    pub from: u64,
    /// What the earlier answer said of its bytes, where anything.
    pub validator: Option<Validator>,
}

impl RangeRequest {
    /// From the first byte.
    pub fn whole() -> Self {
        Self::default()
    }
}

/// The bytes of an answer, in pieces of any size.
pub type Body = Pin<Box<dyn Stream<Item = Result<Bytes, SourceError>> + Send>>;

/// An answer whose bytes have begun to arrive.
pub struct Download {
    /// The offset of the body's first byte: what was asked for, or 0 where the source could not or would not
    /// continue (no ranges, or the validator no longer holds). Never anything else.
    pub start: u64,
    /// The size of the whole, in bytes, where the source knows it.
    pub total: Option<u64>,
    /// What to say when asking again.
    pub validator: Option<Validator>,
    /// The bytes. Ends with an error where fewer arrive than were promised.
    pub body: Body,
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened")
            .field("start", &self.start)
            .field("total", &self.total)
            .field("validator", &self.validator)
            .finish_non_exhaustive()
    }
}
