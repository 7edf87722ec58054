//! What has to be proven before bytes become a release.

use loom_source::{Digest, Release};
use serde::{Deserialize, Serialize};

/// Who stands behind a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grade {
    /// The source that serves the bytes says so too: the transfer is proven, not the origin.
    Transfer,
    /// A lock, a pin, a signed index, or the authority's own origin says so.
    Identity,
}

/// A digest that bytes have to have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustedDigest {
    /// The digest.
    pub digest: Digest,
    /// Who stands behind it.
    pub grade: Grade,
    /// Where it was read, for people: `.sha256 file at …`.
    pub by: String,
}

/// Why nothing needs to be proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Waiver {
    /// `--allow-unverified` was given for this run.
    AllowUnverified,
    /// `checksum = "if-available"`, and none was.
    IfAvailable,
    /// A cargo build of this machine.
    Workspace,
}

/// What has to be proven of one carrier of one release.
///
/// Every proof that is there must hold; where there is none, there is a waiver. An archive's proof is met
/// by that archive only, never by another carrier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    /// The release that the bytes are to be.
    pub release: Release,
    /// The digest of the archive, or of the bare program, as it travels.
    pub archive: Option<TrustedDigest>,
    /// The digest of the tree.
    pub tree: Option<TrustedDigest>,
    /// Why it may be neither.
    pub waiver: Option<Waiver>,
    /// The size in bytes of what travels, where somebody claimed one.
    pub size: Option<u64>,
}

impl Expectation {
    /// The best grade of any proof, `None` where nothing is proven.
    pub fn grade(&self) -> Option<Grade> {
        [&self.archive, &self.tree].into_iter().flatten().map(|proof| proof.grade).max()
    }
}
