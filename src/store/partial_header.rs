//! [`PartialHeader`]: the file beside a partial transfer.

use std::path::Path;

use loom_source::{AssetRef, Digest, Release, Validator};
use serde::{Deserialize, Serialize};

use super::{StoreError, document_file::read_document};

const SCHEMA: &str = "loom-partial 1";

/// The file beside a partial transfer: which bytes it holds a part of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PartialHeader {
    schema: String,
    /// The SHA-256 of all bytes, where it was known beforehand. It is the key then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) archive: Option<Digest>,
    /// The source that sent the last bytes.
    pub(super) source: String,
    #[serde(rename = "pointer")]
    pub(super) asset: AssetRef,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) validator: Option<Validator>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) total: Option<u64>,
    /// What the bytes are a part of, for display: `<authority>/<binary>/<slot>/<platform>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) release: Option<String>,
}

impl PartialHeader {
    /// That of a transfer from `source`, before its first byte.
    pub(super) fn new(archive: Option<Digest>, source: &str, asset: &AssetRef) -> Self {
        Self {
            schema: SCHEMA.into(),
            archive,
            source: source.to_owned(),
            asset: asset.clone(),
            validator: None,
            total: None,
            release: None,
        }
    }

    /// Whether both are about a transfer of the same asset from the same source.
    pub(super) fn is_same_sender(&self, other: &Self) -> bool {
        self.source == other.source && self.asset == other.asset
    }

    /// The key of the transfer: the digest of its bytes, or that of where they come from.
    pub(super) fn key(&self) -> Digest {
        let place = || Digest::of(format!("{}\n{}", self.source, self.asset).as_bytes());
        self.archive.unwrap_or_else(place)
    }
}

/// The release as a partial transfer names it.
pub(super) fn release_key(release: &Release) -> String {
    let Release { authority, binary, slot, platform } = release;
    format!("{authority}/{binary}/{slot}/{platform}")
}

/// The file beside a partial transfer; `None` where it is missing, or cannot be understood.
pub(super) fn read_header(json: &Path) -> Result<Option<PartialHeader>, StoreError> {
    let bytes = read_document(json)?;
    let header: Option<PartialHeader> = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    Ok(header.filter(|header| header.schema == SCHEMA))
}
