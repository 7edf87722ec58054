//! [`LockPins`]: what a lock file says of one release.

use loom_source::{ClaimedDigest, Digest};

use super::SignatureOrigin;

/// What a lock file says of one release. Its digests decide, whichever source serves the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockPins {
    /// The lock file, for display.
    pub file: String,
    /// Whether the digests vouch for bytes. Those of a lock that is not trusted only refuse others.
    pub vouches: bool,
    /// Who signed the lock, where a signature is what trusts it: that of a bundle.
    pub signature: Option<SignatureOrigin>,
    /// The digest of the image's index, where the lock names one.
    pub image: Option<Digest>,
    /// The digest of the tree, where it is locked.
    pub tree: Option<Digest>,
    /// The archives and bare programs of the release, each with its digest.
    pub archives: Vec<LockedArchive>,
}

/// An archive or a bare program, as a lock file names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedArchive {
    /// The file name of the asset.
    pub file: String,
    /// The SHA-256 of its bytes.
    pub sha256: Digest,
    /// Its size in bytes.
    pub size: Option<u64>,
}

impl LockPins {
    /// The locked archive that an asset is: one with a digest that is claimed for the asset, else the one of this name.
    pub(super) fn archive(&self, file: &str, claims: &[ClaimedDigest]) -> Option<&LockedArchive> {
        let has =
            |archive: &&LockedArchive| claims.iter().any(|claim| claim.digest == archive.sha256);
        let by_digest = self.archives.iter().find(has);
        by_digest.or_else(|| self.archives.iter().find(|archive| archive.file == file))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loom_source::DigestSource;

    fn digest(of: &str) -> Digest {
        Digest::of(of.as_bytes())
    }

    fn lock(tree: Option<&str>) -> LockPins {
        let archive = |file: &str, of: &str| LockedArchive {
            file: file.to_owned(),
            sha256: digest(of),
            size: None,
        };
        LockPins {
            file: "/p/loom.lock".to_owned(),
            vouches: true,
            image: None,
            signature: None,
            tree: tree.map(digest),
            archives: vec![archive("x.tar.gz", "gz"), archive("x.tar.zst", "zst")],
        }
    }

    #[test]
    fn an_asset_is_known_by_its_digest_or_its_name() {
        let claim = |of: &str| ClaimedDigest {
            digest: digest(of),
            by: DigestSource::Statement,
            at: String::new(),
        };
        for (file, claims, expected) in [
            ("x.tar.gz", &[][..], Some("gz")),
            ("0123", &[claim("zst")][..], Some("zst")),
            ("x.tar.gz", &[claim("zst")][..], Some("zst")),
            ("x.tar.gz", &[claim("other")][..], Some("gz")),
            ("x.zip", &[claim("other")][..], None),
        ] {
            let found = lock(None).archive(file, claims).map(|archive| archive.sha256);
            assert_eq!(found, expected.map(digest), "{file} {claims:?}");
        }
    }
}
