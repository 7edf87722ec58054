//! Digests that this machine already holds for a release.

use loom_source::Digest;
use serde::{Deserialize, Serialize};

use super::{LockPins, PinSigner, SignatureOrigin, mirror::IndexOrigin};

/// Where a pin comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum PinOrigin {
    /// The user gave the digest.
    Given {
        /// The name of the option.
        by: String,
    },
    /// A lock file has the digest.
    Lock {
        /// The path of the file.
        file: String,
        /// Who signed it, where a signature is what trusts it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signature: Option<SignatureOrigin>,
    },
    /// The release was acquired with this digest the first time.
    FirstSeen {
        /// The name of the source.
        source: String,
        /// The class of the source (`github`, `mirror`, …), where it was noted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        class: Option<String>,
        /// The time of the acquisition (RFC 3339, UTC).
        at: String,
        /// Who signed what vouched then; empty where something else vouched as well.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        signers: Vec<PinSigner>,
    },
    /// The user accepted the digest after the release had changed.
    Accepted {
        /// When (RFC 3339, UTC).
        at: String,
    },
    /// The signed index of a mirror names the statement of the release.
    Index {
        /// The index.
        index: IndexOrigin,
        /// Why the index decides nothing any more by itself, where it has expired.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expired: Option<String>,
    },
}

impl PinOrigin {
    /// Whether a signature that is valid now vouches for the pin.
    pub fn is_signed(&self) -> bool {
        matches!(self, Self::Index { expired: None, .. })
    }
}

impl std::fmt::Display for PinOrigin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Given { by } => f.write_str(by),
            Self::Lock { file, .. } => write!(f, "locked by {file}"),
            Self::FirstSeen { source, at, .. } => write!(f, "first seen {at} from {source}"),
            Self::Accepted { at } => write!(f, "accepted by the user {at}"),
            Self::Index { index, .. } => write!(f, "signed index, {index}"),
        }
    }
}

/// A digest that this machine holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    /// The SHA-256.
    pub digest: Digest,
    /// Where it comes from.
    pub origin: PinOrigin,
}

/// All digests that this machine holds for one release.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Pins {
    /// The digest of the tree. Every artifact of the release must lead to this tree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tree: Option<Pin>,
    /// The digest of the statement. The source must serve this statement, whose tree and archives are then known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<Pin>,
    /// Digests of archives that are known to be right; other archives may be right too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub archives: Vec<Pin>,
    /// What the lock file in force says of the release.
    #[serde(skip)]
    pub lock: Option<LockPins>,
}
