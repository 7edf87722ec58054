//! What the bytes of one artifact have to meet before they become a release.

use loom_source::Release;
use serde::{Deserialize, Serialize};

use super::{Grade, TrustedDigest};

/// Why bytes are accepted without a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Waiver {
    /// `--allow-unverified` was given for this run.
    AllowUnverified,
    /// `trust.checksum = "if-available"`, and the source offers no checksum.
    IfAvailable,
    /// A cargo build of this machine.
    #[serde(rename = "workspace")]
    LocalBuild,
}

/// What the bytes of one artifact have to meet.
///
/// Every digest given must be met; a waiver excuses only the absence of digests. The digest of an archive is met by
/// that archive alone, never by another artifact of the same release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    /// The release that the bytes become.
    pub release: Release,
    /// The digest of the archive or of the bare program.
    pub archive: Option<TrustedDigest>,
    /// The digest of the tree.
    pub tree: Option<TrustedDigest>,
    /// Why both digests may be missing.
    pub waiver: Option<Waiver>,
    /// The size in bytes of the transfer, where the source states it.
    pub size: Option<u64>,
}

impl Expectation {
    /// The best grade of the digests, or `None` where there is no digest.
    pub fn grade(&self) -> Option<Grade> {
        [&self.archive, &self.tree].into_iter().flatten().map(|digest| digest.grade).max()
    }
}
