//! What the bytes of one artifact have to meet before they become a release.

use loom_source::{Digest, Release};
use serde::{Deserialize, Serialize};

use super::{ArtifactSignatures, DigestSubject, Grade, TrustedDigest};

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
    /// The signatures of the artifact: those that count each give a digest that must be met, too.
    pub signatures: ArtifactSignatures,
    /// Whether a signature has to count.
    pub signature_required: bool,
}

impl Expectation {
    /// An expectation of `release` without digests, waiver and signatures, which nothing meets.
    pub fn none(release: &Release) -> Self {
        Self {
            release: release.clone(),
            archive: None,
            tree: None,
            waiver: None,
            size: None,
            signatures: ArtifactSignatures::default(),
            signature_required: false,
        }
    }

    /// The digest that the bytes of the artifact must have, where one is known before they are here.
    pub fn archive_digest(&self) -> Option<Digest> {
        let signed = self.signatures.signed.iter().map(|signed| &signed.digest);
        let signed = signed.filter(|digest| digest.of == DigestSubject::Archive);
        self.archive.iter().chain(signed).next().map(|digest| digest.digest)
    }

    /// The best grade of the digests, or `None` where there is no digest.
    pub fn grade(&self) -> Option<Grade> {
        let signed = self.signatures.signed.iter().map(|signed| &signed.digest);
        let digests = [&self.archive, &self.tree].into_iter().flatten().chain(signed);
        digests.map(|digest| digest.grade).max()
    }
}
