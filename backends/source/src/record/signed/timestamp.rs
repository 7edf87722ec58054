//! [`IndexTimestamp`]: which index is the newest.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::{MirrorId, SignedKind, fields};
use crate::{
    Digest,
    record::document::{self, DocumentError},
};

/// The longest time for which a timestamp or an index is valid.
pub(in crate::record) const LONGEST: Duration = Duration::from_secs(366 * 86_400);

/// Which index is the newest: the payload of `releases/timestamp.json`. The key that signs it can keep an index valid, and
/// cannot add a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexTimestamp {
    /// The mirror.
    pub mirror: MirrorId,
    /// The number of the root that names the keys.
    #[serde(deserialize_with = "fields::positive")]
    pub root: u64,
    /// The serial of the index.
    #[serde(deserialize_with = "fields::positive")]
    pub serial: u64,
    /// The SHA-256 of the payload of the index.
    #[serde(deserialize_with = "fields::digest")]
    pub index: Digest,
    /// When the timestamp was issued.
    #[serde(with = "fields")]
    pub issued: SystemTime,
    /// When the timestamp stops to count.
    #[serde(with = "fields")]
    pub expires: SystemTime,
}

impl IndexTimestamp {
    /// The path of the timestamp below the top of a mirror.
    pub const PATH: &'static str = "releases/timestamp.json";

    /// Reads the payload of a timestamp.
    ///
    /// # Errors
    /// Where the text is not the payload of a timestamp, or it is valid for more than a year.
    pub fn parse(payload: &str) -> Result<Self, DocumentError> {
        let kind = SignedKind::Timestamp.as_str();
        let timestamp: Self = document::payload(kind, payload)?;
        fields::check_validity(timestamp.issued, timestamp.expires, LONGEST)
            .map_err(|why| document::malformed(kind, why))?;
        Ok(timestamp)
    }

    /// The payload, to be signed.
    pub fn to_payload(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}
