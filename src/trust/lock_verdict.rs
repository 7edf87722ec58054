//! What a lock says of bytes: which digests vouch, and which trees are refused.

use loom_source::Digest;

use super::{DigestSubject, LockPins, Pin, PinOrigin, TrustedDigest};

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
        Pin {
            digest,
            origin: PinOrigin::Lock { file: self.file.clone(), signature: self.signature.clone() },
        }
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
    use crate::trust::LockedArchive;

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
            image: None,
            file: "/p/loom.lock".to_owned(),
            vouches: true,
            signature: None,
            tree: tree.map(digest),
            archives: vec![archive("x.tar.gz", "gz"), archive("x.tar.zst", "zst")],
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
