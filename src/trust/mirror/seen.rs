//! [`SeenIndex`]: what a reader remembers of the newest index of a mirror.

use std::time::SystemTime;

use loom_source::Digest;

use super::{MirrorRejection, TrustedRoot};

/// The newest index that a reader accepted. No index before it is accepted again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeenIndex {
    /// The number of its root.
    pub root: u64,
    /// Its serial.
    pub serial: u64,
    /// The SHA-256 of its payload.
    pub payload: Digest,
    /// The highest time of issue of an index or a timestamp.
    pub issued: SystemTime,
    /// When the first of index, timestamp and root expires.
    pub expires: SystemTime,
}

impl SeenIndex {
    /// Whether an index may follow: the order is that of (root, serial), and each serial of a root has one payload.
    pub(super) fn check(
        &self,
        root: u64,
        serial: u64,
        payload: Digest,
    ) -> Result<(), MirrorRejection> {
        let seen = (self.root, self.serial);
        if (root, serial) < seen {
            return Err(MirrorRejection::Rollback { seen, root, got: serial });
        }
        if (root, serial) == seen && payload != self.payload {
            return Err(MirrorRejection::Fork { serial, expected: self.payload, got: payload });
        }
        Ok(())
    }

    /// What stays where `next` follows `root`: the time of issue is forgotten where the keys that stated it are not trusted
    /// any more. So a time in the far future, signed with a stolen key, ends with the key.
    #[must_use]
    pub fn under(self, root: &TrustedRoot, next: &TrustedRoot) -> Self {
        let same = root.signs_index_as(next);
        Self { issued: if same { self.issued } else { SystemTime::UNIX_EPOCH }, ..self }
    }
}
