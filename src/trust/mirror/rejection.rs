//! [`MirrorRejection`]: why a document of a mirror is not accepted.

use loom_base::time::format_rfc3339;
use loom_source::{
    Digest, Release,
    record::{DocumentError, KeyId, MirrorId, SignedKind},
};
use std::time::SystemTime;

/// Why a signed document of a mirror is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum MirrorRejection {
    /// Too few keys of the role signed the document.
    #[error(
        "expected signatures of {threshold} of the {keys} keys that {by} names for the role {role}, got {valid}"
    )]
    Signatures {
        /// The role: `root`, `timestamp` or `index`.
        role: &'static str,
        /// The root that names the keys: `root 2`.
        by: String,
        /// How many keys the role has.
        keys: usize,
        /// How many of them have to sign.
        threshold: u32,
        /// How many did.
        valid: usize,
    },
    /// The configuration revokes a key that signed the document.
    #[error("it is signed by the key {0}, which trust.revoked names")]
    RevokedKey(KeyId),
    /// The document cannot be read.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// The document is of another mirror.
    #[error("expected a document of the mirror {expected}, got one of {got}")]
    OtherMirror {
        /// The mirror of the trusted root.
        expected: MirrorId,
        /// The mirror that the document names.
        got: String,
    },
    /// The file of a root holds a root of another number.
    #[error("expected root {expected}, got root {got}")]
    OtherRoot {
        /// The number in the name of the file.
        expected: u64,
        /// The number in the document.
        got: u64,
    },
    /// The document was made for an older root.
    #[error("expected a document of root {newest}, got one of the older root {named}")]
    OldRoot {
        /// The number that the document names.
        named: u64,
        /// The newest root.
        newest: u64,
    },
    /// The document was made for a root that the mirror does not have.
    #[error(
        "expected a document of root {newest}, got one of root {named}, which the mirror does not have"
    )]
    UnknownRoot {
        /// The number that the document names.
        named: u64,
        /// The newest root.
        newest: u64,
    },
    /// The chain of roots does not end.
    #[error("more than {0} roots follow the trusted one")]
    EndlessRoots(u64),
    /// The index is older than one that was seen before.
    #[error("expected serial {} of root {} or a later one, got serial {got} of root {root}", seen.1, seen.0)]
    Rollback {
        /// Root and serial that were seen before.
        seen: (u64, u64),
        /// The number of the document's root.
        root: u64,
        /// The serial of the document.
        got: u64,
    },
    /// Two indexes have one serial.
    #[error("two indexes have serial {serial}: expected the payload {expected}, got {got}")]
    Fork {
        /// The serial.
        serial: u64,
        /// The digest of the payload that was seen before.
        expected: Digest,
        /// The digest of this payload.
        got: Digest,
    },
    /// The index is another one than the timestamp names.
    #[error(
        "expected the index that the timestamp names, serial {expected} with the payload {digest}, got serial {got}"
    )]
    NotInTimestamp {
        /// The serial that the timestamp names.
        expected: u64,
        /// The digest that the timestamp names.
        digest: Digest,
        /// The serial of the index.
        got: u64,
    },
    /// The document lacks a key that signed documents have.
    #[error("the index has no {0:?}, which a signed one has")]
    Missing(&'static str),
    /// A number of the document is out of range.
    #[error("expected a serial from 1 to 9007199254740991, got {0}")]
    Serial(u64),
    /// The index lists a release twice.
    #[error("the index lists {0} twice")]
    Twice(Box<Release>),
    /// The document is not there.
    #[error("a root is known for this mirror, but it has no {0}")]
    Absent(&'static str),
    /// The document has expired, and so decides nothing any more.
    #[error("the {what} expired at {}", format_rfc3339(*at))]
    Expired {
        /// What expired: `root`, `timestamp` or `index`.
        what: &'static str,
        /// When it expired.
        at: SystemTime,
    },
    /// The root to start from has other bytes than the given digest says.
    #[error("expected a root with the SHA-256 {expected}, got {got}")]
    OtherAnchor {
        /// The digest that was given.
        expected: Digest,
        /// The digest of the file.
        got: Digest,
    },
}

impl MirrorRejection {
    /// Whether the document contradicts what the reader trusts. Otherwise it is old or missing, and the mirror may have a
    /// newer one soon.
    pub fn is_contradiction(&self) -> bool {
        !matches!(
            self,
            Self::OldRoot { .. }
                | Self::UnknownRoot { .. }
                | Self::Absent(_)
                | Self::Expired { .. }
        )
    }

    pub(super) fn other_mirror(expected: MirrorId, got: Option<MirrorId>) -> Self {
        let got = got.map_or_else(|| "no mirror".to_owned(), |mirror| mirror.to_string());
        Self::OtherMirror { expected, got }
    }

    pub(super) fn signatures(
        kind: SignedKind,
        number: u64,
        (keys, threshold): (usize, u32),
        valid: &[KeyId],
    ) -> Self {
        let (role, by) = (kind.as_str(), format!("root {number}"));
        Self::Signatures { role, by, keys, threshold, valid: valid.len() }
    }
}
