//! [`FirstSight`]: the root of a mirror that is kept because it is the first one that the mirror shows.

use std::fmt;

use loom_source::{
    Digest, Source,
    record::{MirrorId, MirrorRoot},
};

use super::{progress::MirrorProgress, read_document::location};

/// The root of a mirror that is kept because it is the first one that the mirror shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstSight {
    /// The mirror.
    pub mirror: MirrorId,
    /// Where the root was read.
    pub at: String,
    /// The SHA-256 of its file.
    pub sha256: Digest,
}

impl FirstSight {
    pub(super) fn of(source: &dyn Source, progress: &MirrorProgress) -> Self {
        let at = location(source, &MirrorRoot::path(1));
        Self { mirror: progress.root.root().mirror, at, sha256: progress.anchor }
    }
}

/// Is told of a root that is kept at first sight.
pub(super) struct FirstSightReport(pub(super) Box<dyn Fn(&FirstSight) + Send + Sync>);

impl fmt::Debug for FirstSightReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FirstSightReport")
    }
}
