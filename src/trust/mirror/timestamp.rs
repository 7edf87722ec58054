//! [`VerifiedTimestamp`]: a timestamp that a trusted root accepts.

use std::time::SystemTime;

use loom_source::record::{IndexTimestamp, SignedDocument, SignedKind};

use super::{MirrorRejection, SeenIndex, TrustedRoot, expiry::Expiry, role::signers};

/// A timestamp that the keys of a trusted root signed, and that is not before an index that was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedTimestamp(IndexTimestamp);

impl VerifiedTimestamp {
    /// Verifies the timestamp of a mirror. `None` where the root has no timestamp role, so that none is read.
    ///
    /// # Errors
    /// Where the timestamp is not accepted.
    pub fn verify(
        root: &TrustedRoot,
        bytes: &[u8],
        seen: Option<&SeenIndex>,
    ) -> Result<Option<Self>, MirrorRejection> {
        let Some(role) = &root.root().roles.timestamp else { return Ok(None) };
        let document = SignedDocument::parse(SignedKind::Timestamp, bytes)?;
        signers(root.root(), role, SignedKind::Timestamp, &document)?;
        let timestamp = IndexTimestamp::parse(&document.payload)?;
        root.check_named(Some(timestamp.mirror), timestamp.root)?;
        if let Some(seen) = seen {
            seen.check(timestamp.root, timestamp.serial, timestamp.index)?;
        }
        Ok(Some(Self(timestamp)))
    }

    /// What the timestamp says.
    pub fn timestamp(&self) -> &IndexTimestamp {
        &self.0
    }

    /// That the timestamp has expired, where it has.
    pub(super) fn expired(&self, now: SystemTime) -> Option<Expiry> {
        Expiry::of("timestamp", self.0.expires, now)
    }
}
