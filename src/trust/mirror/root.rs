//! [`TrustedRoot`]: a root that the reader trusts, and how its successor is accepted.

use std::{cmp::Ordering, time::SystemTime};

use loom_source::{
    Digest,
    record::{MirrorId, MirrorRoot, SignedDocument, SignedKind},
};

use super::{MirrorRejection, expiry::Expiry, role::signers};

/// How many successors of the trusted root a reader follows in one run.
pub const MAX_ROOT_STEPS: u64 = 1_024;

/// A root that the reader trusts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedRoot {
    root: MirrorRoot,
    document: SignedDocument,
}

impl TrustedRoot {
    /// The root to start from: `bytes` have the given digest.
    ///
    /// # Errors
    /// Where they have another one, or are no root that its own keys signed.
    pub fn given(bytes: &[u8], expected: Digest) -> Result<Self, MirrorRejection> {
        let got = Digest::of(bytes);
        if got != expected {
            return Err(MirrorRejection::OtherAnchor { expected, got });
        }
        Self::first_seen(bytes)
    }

    /// The root to start from where none was given: the one that the mirror has.
    ///
    /// # Errors
    /// Where the bytes are no root that its own keys signed.
    pub fn first_seen(bytes: &[u8]) -> Result<Self, MirrorRejection> {
        Self::signed_by_itself(SignedDocument::parse(SignedKind::Root, bytes)?)
    }

    fn signed_by_itself(document: SignedDocument) -> Result<Self, MirrorRejection> {
        let root = MirrorRoot::parse(&document.payload)?;
        signers(&root, &root.roles.root, SignedKind::Root, &document)?;
        Ok(Self { root, document })
    }

    /// The next root, which the threshold of this root and its own threshold signed. When it expires does not matter here:
    /// only the last root of the chain has to be valid.
    ///
    /// # Errors
    /// Where the bytes are no such root.
    pub fn successor(&self, bytes: &[u8]) -> Result<Self, MirrorRejection> {
        let document = SignedDocument::parse(SignedKind::Root, bytes)?;
        // Nothing of a document is looked at before somebody trusted has signed it.
        signers(&self.root, &self.root.roles.root, SignedKind::Root, &document)?;
        let next = Self::signed_by_itself(document)?;
        if next.root.mirror != self.root.mirror {
            let got = Some(next.root.mirror);
            return Err(MirrorRejection::other_mirror(self.root.mirror, got));
        }
        let expected = self.root.number + 1;
        if next.root.number != expected {
            return Err(MirrorRejection::OtherRoot { expected, got: next.root.number });
        }
        Ok(next)
    }

    /// Checks that a chain with the root `other` can contain this root: it is of the same mirror, and the same root where
    /// it has the same number.
    ///
    /// # Errors
    /// Where it is the root of another mirror, or another root with the same number.
    pub fn check_follows(&self, other: &Self) -> Result<(), MirrorRejection> {
        let (expected, got) = (&self.root, &other.root);
        if expected.mirror != got.mirror {
            return Err(MirrorRejection::other_mirror(expected.mirror, Some(got.mirror)));
        }
        if expected.number == got.number && expected != got {
            let [expected, got] = [self, other].map(|root| Digest::of(&root.to_bytes()));
            return Err(MirrorRejection::OtherAnchor { expected, got });
        }
        Ok(())
    }

    /// What the root says.
    pub fn root(&self) -> &MirrorRoot {
        &self.root
    }

    /// The file of the root.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.document.to_bytes(SignedKind::Root)
    }

    /// Whether an index and a timestamp of `next` are signed by the same keys as those of this root.
    pub(super) fn signs_index_as(&self, next: &Self) -> bool {
        let (one, other) = (&self.root.roles, &next.root.roles);
        one.index == other.index && one.timestamp == other.timestamp
    }

    /// Checks that a document is of this mirror and of this root.
    pub(super) fn check_named(
        &self,
        mirror: Option<MirrorId>,
        named: u64,
    ) -> Result<(), MirrorRejection> {
        let (expected, newest) = (self.root.mirror, self.root.number);
        if mirror != Some(expected) {
            return Err(MirrorRejection::other_mirror(expected, mirror));
        }
        match named.cmp(&newest) {
            Ordering::Less => Err(MirrorRejection::OldRoot { named, newest }),
            Ordering::Greater => Err(MirrorRejection::UnknownRoot { named, newest }),
            Ordering::Equal => Ok(()),
        }
    }

    /// That the root has expired, where it has.
    pub(super) fn expired(&self, now: SystemTime) -> Option<Expiry> {
        Expiry::of("root", self.root.expires, now)
    }
}
