//! Digests that we already hold for a release.

use loom_source::Digest;
use serde::{Deserialize, Serialize};

/// Where a pin comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum PinOrigin {
    /// The user gave the digest.
    Given {
        /// How: the name of the option.
        by: String,
    },
    /// The first time the release was acquired here.
    FirstSeen {
        /// The source it came from.
        source: String,
        /// When (RFC 3339, UTC).
        at: String,
    },
}

impl std::fmt::Display for PinOrigin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Given { by } => f.write_str(by),
            Self::FirstSeen { source, at } => write!(f, "first seen {at} from {source}"),
        }
    }
}

/// A digest that we hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    /// The digest.
    pub digest: Digest,
    /// Where it comes from.
    pub origin: PinOrigin,
}

/// What we hold for one release.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Pins {
    /// Its tree. Every carrier must lead to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tree: Option<Pin>,
    /// Archives known to be right; others may be right too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub archives: Vec<Pin>,
}
