//! What is proven of a release before a byte of it arrives.

use loom_source::{Digest, Release};
use serde::{Deserialize, Serialize};

/// Who proves a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grade {
    /// The source that also serves the bytes: they arrived whole, no more.
    Transfer,
    /// A lock, a pin, a signed index or the authority's own origin.
    Identity,
}

/// A digest that must be met, and who says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The digest.
    pub digest: Digest,
    /// What meeting it proves.
    pub grade: Grade,
    /// Who says so, for people: `.sha256 file at https://…`.
    pub by: String,
}

/// Why nothing needs to be proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Waiver {
    /// The user said `--allow-unverified`.
    AllowUnverified,
    /// `checksum = "if-available"`, and none was available.
    IfAvailable,
    /// The user's own cargo build.
    Workspace,
}

/// What the store holds a release to. Every proof that is there must hold; if there is none, a waiver must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    /// The release.
    pub release: Release,
    /// The digest of one archive (or bare program): met by that archive only, never by another carrier.
    pub archive: Option<Proof>,
    /// The digest of the tree.
    pub tree: Option<Proof>,
    /// Why there may be no proof.
    pub waiver: Option<Waiver>,
    /// The archive's size in bytes, where it is known.
    pub size: Option<u64>,
}
