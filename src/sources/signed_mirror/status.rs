//! [`MirrorStatus`]: what is known of a mirror, for display.

use std::time::SystemTime;

use loom_source::{Authority, Digest, SourceError, record::MirrorId};

use super::SignedMirror;
use crate::trust::mirror::{SeenIndex, TrustedRoot};

/// What is known of a mirror without asking it.
#[derive(Debug, Clone)]
pub struct MirrorStatus {
    /// Where the first root comes from.
    pub origin: RootOrigin,
    /// The SHA-256 of the file of the first root.
    pub anchor: Digest,
    /// The mirror.
    pub mirror: MirrorId,
    /// The number of the newest root.
    pub number: u64,
    /// When the newest root expires.
    pub expires: SystemTime,
    /// The authorities for whose releases the mirror may vouch.
    pub authorities: Vec<Authority>,
    /// The newest index that was accepted.
    pub index: Option<SeenIndex>,
}

/// Where the root of a mirror comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RootOrigin {
    /// `trust.roots` gives it.
    Configured,
    /// `loom trust add-root` added it.
    Added,
    /// It was kept when it was first seen.
    FirstSeen,
}

impl RootOrigin {
    /// The word in JSON documents: `configured`, `added` or `first-seen`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Configured => "configured",
            Self::Added => "added",
            Self::FirstSeen => "first-seen",
        }
    }
}

impl SignedMirror {
    /// The newest root that is known of the mirror without asking it.
    ///
    /// # Errors
    /// As [`status`](Self::status).
    pub fn known_root(&self) -> Result<Option<TrustedRoot>, SourceError> {
        Ok(self.known()?.map(|begun| begun.root))
    }

    /// What is known of the mirror; `None` where no root is.
    ///
    /// # Errors
    /// Where the given root, or what is kept of the mirror, cannot be read.
    pub fn status(&self) -> Result<Option<MirrorStatus>, SourceError> {
        let Some(begun) = self.known()? else { return Ok(None) };
        let root = begun.root.root();
        let origin = match begun.first_seen {
            true => RootOrigin::FirstSeen,
            false if self.is_configured() => RootOrigin::Configured,
            false => RootOrigin::Added,
        };
        Ok(Some(MirrorStatus {
            origin,
            anchor: begun.anchor,
            mirror: root.mirror,
            number: root.number,
            expires: root.expires,
            authorities: root.authorities.clone(),
            index: begun.seen,
        }))
    }
}
