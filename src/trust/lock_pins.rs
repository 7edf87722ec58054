//! [`LockPins`]: what a lock file says of one release.

use loom_source::{ClaimedDigest, Digest};

use super::{DigestSubject, Pin, PinOrigin, TrustedDigest};

/// What a lock file says of one release. Its digests decide, whichever source serves the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockPins {
    /// The lock file, for display.
    pub file: String,
    /// Whether the digests vouch for bytes. Those of a lock that is not trusted only refuse others.
    pub vouches: bool,
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

/// What a lock says of an installed tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockedTree {
    /// It is the locked one.
    Same,
    /// The lock does not name its digest, nor that of the archive by which it was verified.
    Unknown,
    /// It is another one; this is the locked digest.
    Other(Digest),
}

impl LockPins {
    /// The digest as a pin of this lock.
    pub(super) fn pin(&self, digest: Digest) -> Pin {
        Pin { digest, origin: PinOrigin::Lock { file: self.file.clone() } }
    }

    /// The locked archive that an asset is: one with a digest that is claimed for the asset, else the one of this name.
    pub(super) fn archive(&self, file: &str, claims: &[ClaimedDigest]) -> Option<&LockedArchive> {
        let has =
            |archive: &&LockedArchive| claims.iter().any(|claim| claim.digest == archive.sha256);
        let by_digest = self.archives.iter().find(has);
        by_digest.or_else(|| self.archives.iter().find(|archive| archive.file == file))
    }

    /// The digests that vouch for the release, the tree's first; none where the lock is not trusted.
    pub fn vouching(&self) -> Vec<TrustedDigest> {
        let pinned = |of, digest| TrustedDigest::pinned(of, &self.pin(digest));
        let tree = self.tree.map(|digest| pinned(DigestSubject::Tree, digest));
        let archives = self.archives.iter();
        let archives = archives.map(|archive| pinned(DigestSubject::Archive, archive.sha256));
        tree.into_iter().chain(archives).filter(|_| self.vouches).collect()
    }

    /// Compares an installed tree, which was verified by these digests.
    pub fn compare(&self, tree: &Digest, verified: &[TrustedDigest]) -> LockedTree {
        match self.tree {
            Some(locked) if locked == *tree => LockedTree::Same,
            Some(locked) => LockedTree::Other(locked),
            None => {
                let is_locked = |digest: &TrustedDigest| {
                    digest.of == DigestSubject::Archive
                        && self.archives.iter().any(|archive| archive.sha256 == digest.digest)
                };
                let known = verified.iter().any(is_locked);
                if known { LockedTree::Same } else { LockedTree::Unknown }
            }
        }
    }

    /// The locked digest that a tree, unpacked from the asset `file` with this digest, does not have.
    pub fn refused(
        &self,
        tree: &Digest,
        file: &str,
        archive: Option<&Digest>,
    ) -> Option<(DigestSubject, Digest)> {
        let named = self.archives.iter().find(|locked| locked.file == file);
        let known = |digest: &Digest| self.archives.iter().any(|locked| locked.sha256 == *digest);
        match (self.tree, named, archive) {
            (Some(locked), ..) if locked != *tree => Some((DigestSubject::Tree, locked)),
            (_, Some(locked), Some(archive)) if !known(archive) => {
                Some((DigestSubject::Archive, locked.sha256))
            }
            _ => None,
        }
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

    #[test]
    fn an_installed_tree_is_compared_by_tree_or_archive() {
        let verified = |of: &str| {
            TrustedDigest::pinned(
                DigestSubject::Archive,
                &Pin { digest: digest(of), origin: PinOrigin::Given { by: "x".to_owned() } },
            )
        };
        for (locked, verified, expected) in [
            (Some("t"), vec![], LockedTree::Same),
            (Some("u"), vec![verified("gz")], LockedTree::Other(digest("u"))),
            (None, vec![verified("gz")], LockedTree::Same),
            (None, vec![verified("other")], LockedTree::Unknown),
            (None, vec![], LockedTree::Unknown),
        ] {
            assert_eq!(lock(locked).compare(&digest("t"), &verified), expected, "{locked:?}");
        }
    }

    #[test]
    fn other_bytes_under_a_locked_name_are_refused() {
        use DigestSubject::{Archive, Tree};
        for (locked, file, archive, expected) in [
            (Some("t"), "x.tar.gz", Some("gz"), None),
            (Some("u"), "x.tar.gz", Some("gz"), Some((Tree, "u"))),
            (None, "x.tar.gz", Some("other"), Some((Archive, "gz"))),
            (None, "x.tar.gz", Some("zst"), None),
            (None, "x.zip", Some("other"), None),
            (None, "x.tar.gz", None, None),
        ] {
            let archive = archive.map(digest);
            let refused = lock(locked).refused(&digest("t"), file, archive.as_ref());
            assert_eq!(refused, expected.map(|(of, locked)| (of, digest(locked))), "{file}");
        }
    }
}
