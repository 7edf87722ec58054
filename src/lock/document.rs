//! [`LockDocument`]: the values of a lock file.

use std::collections::BTreeMap;

use loom_source::{Authority, Digest, Name, PinnedImage, Platform, Product, Selector, Version};

use crate::trust::{DigestSubject, Grade, LockPins, LockedArchive, TrustedDigest, Voucher};

/// The values of a lock file.
///
/// # Examples
/// ```
/// use loom_runtime::lock::LockDocument;
///
/// let text = r#"
/// schema = "loom-lock 1"
///
/// [[binary]]
/// name = "loom-bridge-server"
/// authority = "loom-os"
/// requested = "^0.2"
/// version = "0.2.0"
///
/// [binary.platform.linux-x86_64]
/// tree = "fcf8edd501fe986928df5618ed87d8e8f017649677a66c17c723520e5601cf73"
/// "#;
/// let lock = LockDocument::parse(text)?;
/// assert_eq!(lock.binaries[0].version.to_string(), "0.2.0");
/// # Ok::<(), loom_runtime::lock::LockError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LockDocument {
    /// The binaries, in the order of the file.
    pub binaries: Vec<LockedBinary>,
}

/// The locked version of one binary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedBinary {
    /// The name.
    pub name: Name,
    /// The authority whose releases are meant.
    pub authority: Authority,
    /// What the project requested when the lock was made.
    pub requested: Selector,
    /// The version.
    pub version: Version,
    /// The image of the version in a registry, by its digest, where it was locked from one.
    pub oci: Option<PinnedImage>,
    /// What is known of the release for each platform.
    pub platforms: BTreeMap<Platform, LockedPlatform>,
}

/// What a lock holds of a release for one platform.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LockedPlatform {
    /// The digest of the tree, where a statement gives it or the release was unpacked.
    pub tree: Option<Digest>,
    /// The digest of the statement, where the source serves one.
    pub statement: Option<Digest>,
    /// The archives and bare programs.
    pub archives: Vec<LockedArchive>,
    /// What vouched for the digests when they were locked.
    pub evidence: Vec<LockedEvidence>,
}

/// What vouched for a digest when it was locked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedEvidence {
    /// Whether it vouched for an archive or for the tree.
    pub of: DigestSubject,
    /// What vouched.
    pub by: Voucher,
    /// The name of the file in which the voucher was read.
    pub at: String,
    /// How far it can be trusted.
    pub grade: Grade,
    /// Scheme, key id and identity of a signature, in one text.
    pub signature: Option<String>,
}

impl LockDocument {
    /// The entry of a binary.
    pub fn binary(&self, authority: &Authority, name: &Name) -> Option<&LockedBinary> {
        self.binaries.iter().find(|binary| binary.is_of(authority, name))
    }

    /// Puts an entry in the place of the one of the same binary, else at the end.
    pub fn put(&mut self, binary: LockedBinary) {
        match self.binaries.iter_mut().find(|known| known.is_of(&binary.authority, &binary.name)) {
            Some(known) => *known = binary,
            None => self.binaries.push(binary),
        }
    }
}

impl LockedBinary {
    /// Whether this is the entry of this binary.
    pub fn is_of(&self, authority: &Authority, name: &Name) -> bool {
        self.authority == *authority && self.name == *name
    }

    /// The product for a platform.
    pub fn product(&self, platform: Platform) -> Product {
        Product { authority: self.authority.clone(), binary: self.name.clone(), platform }
    }

    /// What the lock in `file` says of the release for a platform; `None` where it lacks the platform.
    pub fn pins(&self, platform: Platform, file: String, vouches: bool) -> Option<LockPins> {
        let LockedPlatform { tree, archives, .. } = self.platforms.get(&platform)?;
        let (tree, archives) = (*tree, archives.clone());
        let image = self.oci.as_ref().map(PinnedImage::digest);
        Some(LockPins { file, vouches, signature: None, image, tree, archives })
    }
}

impl LockedPlatform {
    /// Whether there is no digest.
    pub fn is_empty(&self) -> bool {
        self.tree.is_none() && self.archives.is_empty()
    }

    /// The best grade of what vouched.
    pub fn grade(&self) -> Option<Grade> {
        self.evidence.iter().map(|evidence| evidence.grade).max()
    }
}

impl LockedEvidence {
    /// What vouches for a digest, without what is of this machine alone. `None` for a lock file, which is no evidence for
    /// itself, and for what only this user knows.
    pub fn of(digest: &TrustedDigest) -> Option<Self> {
        let TrustedDigest { of, by, at, grade, signature, .. } = digest;
        if matches!(by, Voucher::Lock | Voucher::FirstSeen | Voucher::Given | Voucher::Checksum) {
            return None;
        }
        // A mirror may be a folder of this machine.
        let at = at.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
        let signature = signature.as_ref().map(|origin| {
            let parts = [Some(&origin.scheme), Some(&origin.key), origin.identity.as_ref()];
            parts.into_iter().flatten().cloned().collect::<Vec<_>>().join(" ")
        });
        Some(Self { of: *of, by: *by, at, grade: *grade, signature })
    }
}
