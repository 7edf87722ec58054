//! How bytes are requested and arrive: [`AssetRef`], [`RangeRequest`], [`Download`].

use std::{fmt, pin::Pin};

use bytes::Bytes;
use futures::Stream;
use serde::{Deserialize, Serialize};

use crate::SourceError;

/// A reference to something that a source can open.
///
/// The text has a meaning for the source that made it only: a key below the source's root, a path. It is displayed and
/// stored, so it holds no secrets.
///
/// # Examples
/// ```
/// use loom_source::AssetRef;
///
/// let folder = AssetRef::new("store/abc");
/// assert_eq!(folder.join("bin/server").as_str(), "store/abc/bin/server");
/// assert_eq!(AssetRef::new("").join("a").as_str(), "a");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AssetRef(String);

impl AssetRef {
    /// A reference with this text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text of the reference.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The reference to `path` below this one, joined by `/`.
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

/// Identifies the content of an asset, so that an interrupted transfer is resumed only in the same content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Validator {
    /// A strong entity tag (RFC 9110, section 8.8.3) with its quotes: can be sent in `If-Range`.
    Strong(String),
    /// A weak entity tag, a modification time or the like: can only be compared.
    Weak(String),
}

/// The part of an asset that is requested.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RangeRequest {
    /// The offset of the first byte, in bytes; 0 for the whole asset.
    pub from: u64,
    /// The validator of the download that is resumed, if it had one.
    pub validator: Option<Validator>,
}

impl RangeRequest {
    /// The whole asset.
    pub fn whole() -> Self {
        Self::default()
    }
}

/// The bytes of a download, in pieces of any size.
pub type Body = Pin<Box<dyn Stream<Item = Result<Bytes, SourceError>> + Send>>;

/// A download whose bytes have begun to arrive.
pub struct Download {
    /// The offset of the first byte of `body`: the one requested, or 0 where the transfer cannot be resumed (no ranges,
    /// or another content). Never another offset.
    pub start: u64,
    /// The size of the whole asset in bytes, where the source knows it.
    pub total: Option<u64>,
    /// The validator to resume with.
    pub validator: Option<Validator>,
    /// The bytes. The body ends with an error where fewer bytes arrive than announced.
    pub body: Body,
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download")
            .field("start", &self.start)
            .field("total", &self.total)
            .field("validator", &self.validator)
            .finish_non_exhaustive()
    }
}
