//! [`Index`]: the list of all releases of a mirror.

use serde::{Deserialize, Serialize};

use super::document::{self, DocumentError};
use crate::{Authority, Digest, Name, Platform, Product, Release, Slot, Version, json};

/// The list of all releases of a mirror, `releases/index.json`. Payload and signatures are one file, so that a reader
/// never gets those of two versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// The content that the signatures cover.
    pub payload: IndexPayload,
    /// The signatures. A source passes them on without verifying them.
    pub signatures: Vec<serde_json::Value>,
}

/// The signed content of an [`Index`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexPayload {
    /// A number that grows with every change.
    pub serial: u64,
    /// The time of issue (RFC 3339).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued: Option<String>,
    /// The time after which the index must not be used to resolve ranges (RFC 3339).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
    /// The releases.
    pub releases: Vec<IndexEntry>,
}

/// A release of an [`Index`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexEntry {
    /// The authority that defines the release.
    pub authority: Authority,
    /// The name of the binary.
    pub binary: Name,
    /// The version of the release.
    pub version: Version,
    /// The platform of the release.
    pub platform: Platform,
    /// The digest of the release's statement.
    pub statement: Digest,
    /// Whether the release is withdrawn: it stays available to those that locked it, and is never selected.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub yanked: bool,
}

#[derive(Serialize, Deserialize)]
struct IndexFile {
    payload: String,
    #[serde(default)]
    signatures: Vec<serde_json::Value>,
}

impl Index {
    /// The path of the index below the root of a mirror.
    pub const PATH: &'static str = "releases/index.json";

    /// Reads an index. The payload is a JSON text in a JSON string, because the signatures cover exactly its bytes.
    ///
    /// # Errors
    /// Where the bytes are not an index of a known version.
    pub fn parse(bytes: &[u8]) -> Result<Self, DocumentError> {
        let file: IndexFile = document::read("index", bytes)?;
        let payload = json::strict(file.payload.as_bytes())
            .map_err(|source| DocumentError::Malformed { kind: "index", source })?;
        Ok(Self { payload, signatures: file.signatures })
    }

    /// The bytes of the index, with a line feed at the end.
    pub fn to_bytes(&self) -> Vec<u8> {
        let payload = serde_json::to_string(&self.payload).unwrap_or_default();
        document::write("index", &IndexFile { payload, signatures: self.signatures.clone() })
    }

    /// The versions of a product that are not withdrawn.
    pub fn versions(&self, product: &Product) -> Vec<Version> {
        let listed = |entry: &&IndexEntry| {
            entry.authority == product.authority
                && entry.binary == product.binary
                && entry.platform == product.platform
                && !entry.yanked
        };
        self.payload.releases.iter().filter(listed).map(|entry| entry.version.clone()).collect()
    }

    /// The entry of a release, withdrawn or not; `None` where the index does not have it.
    pub fn entry(&self, release: &Release) -> Option<&IndexEntry> {
        self.payload.releases.iter().find(|entry| {
            entry.authority == release.authority
                && entry.binary == release.binary
                && Slot::Version(entry.version.clone()) == release.slot
                && entry.platform == release.platform
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn withdrawn_releases_are_not_listed() {
        let entry = |version: &str, yanked| IndexEntry {
            authority: Authority::default(),
            binary: Name::default(),
            version: version.parse().unwrap(),
            platform: Platform::LinuxX86_64,
            statement: Digest::of(version.as_bytes()),
            yanked,
        };
        let payload = IndexPayload {
            serial: 1,
            issued: None,
            expires: None,
            releases: vec![entry("0.1.0", false), entry("0.2.0", true)],
        };
        let index = Index { payload, signatures: vec![] };
        let read = Index::parse(&index.to_bytes()).unwrap();
        assert_eq!(read, index);
        let product = Product {
            authority: Authority::default(),
            binary: Name::default(),
            platform: Platform::LinuxX86_64,
        };
        assert_eq!(read.versions(&product), ["0.1.0".parse().unwrap()]);
        let withdrawn = product.at_version("0.2.0".parse().unwrap());
        assert!(read.entry(&withdrawn).is_some_and(|entry| entry.yanked));
    }
}
