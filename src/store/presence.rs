//! Whether a release is here and accepted: the link and the verification are read, nothing else.

use std::fmt;

use loom_source::{Digest, Product, Release, Slot, Version};

use super::{Installed, Store, StoreError, TreeRef, Verification, document_file::read_document};
use crate::trust::{LostKey, NotAccepted, Policy};

/// Whether a release is here, and whether a policy accepts it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presence {
    /// No link leads to a tree of this release.
    Absent,
    /// The release is here, and the policy accepts how it was verified.
    Accepted(Installed),
    /// The release is here, but does not count.
    Refused(Installed, Unverified),
}

/// Why an installed release does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unverified {
    /// It has no verification.
    Missing,
    /// Its verification cannot be used; the text gives the reason.
    Damaged(String),
    /// Its verification is of another tree than the one that its link leads to.
    OtherTree,
    /// Its verification names another statement than its record.
    OtherStatement,
    /// It was installed without a checksum, and the policy requires one.
    NoChecksum,
    /// It was verified, but the policy requires more.
    Policy,
    /// It was verified, but not by a signature, and the policy requires one.
    Unsigned,
    /// The configuration does not name the key of its signature.
    UnknownKey(String),
    /// The configuration names the key of its signature as revoked.
    RevokedKey(String),
    /// It was verified by the signed index of this mirror, whose root is not known, or names other keys now.
    UnknownMirror(String),
    /// Nothing shows that it is the one that a lock file names.
    NotLocked,
    /// Its files were changed; the text names the damage.
    TreeDamaged(String),
}

impl From<NotAccepted> for Unverified {
    fn from(why: NotAccepted) -> Self {
        match why {
            NotAccepted::NoChecksum => Self::NoChecksum,
            NotAccepted::Unknown => Self::Policy,
            NotAccepted::Unsigned => Self::Unsigned,
            NotAccepted::Key(LostKey::Unknown(key)) => Self::UnknownKey(key),
            NotAccepted::Key(LostKey::Revoked(key)) => Self::RevokedKey(key),
            NotAccepted::Key(LostKey::Mirror(mirror)) => Self::UnknownMirror(mirror.to_string()),
        }
    }
}

impl fmt::Display for Unverified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("its verification is missing"),
            Self::Damaged(why) => write!(f, "its verification is damaged: {why}"),
            Self::OtherTree => f.write_str("its verification is of another tree"),
            Self::OtherStatement => f.write_str("its verification is of another statement"),
            Self::NoChecksum => f.write_str("it was installed without a checksum"),
            Self::Policy => f.write_str("the policy requires more than it was verified by"),
            Self::Unsigned => f.write_str("it was not verified by a signature"),
            Self::UnknownKey(key) => {
                write!(f, "it was verified by a signature of {key}, which trust.keys does not name")
            }
            Self::RevokedKey(key) => {
                write!(f, "it was verified by a signature of {key}, which is revoked")
            }
            Self::UnknownMirror(mirror) => write!(
                f,
                "it was verified by the signed index of mirror {mirror}, of which no root is known, or whose newest root names other keys"
            ),
            Self::NotLocked => f.write_str("nothing shows that it is the locked one"),
            Self::TreeDamaged(what) => write!(f, "it is damaged ({what})"),
        }
    }
}

impl Unverified {
    /// Whether a new verification can change the answer without another download.
    pub fn is_mendable(&self) -> bool {
        match self {
            Self::Missing | Self::Damaged(_) | Self::OtherTree | Self::OtherStatement => true,
            // A signature that is kept may be by another key, which counts.
            Self::Unsigned | Self::UnknownKey(_) | Self::RevokedKey(_) | Self::UnknownMirror(_) => {
                true
            }
            Self::NoChecksum | Self::NotLocked | Self::Policy | Self::TreeDamaged(_) => false,
        }
    }
}

impl Unverified {
    /// Whether something is damaged or missing, rather than refused by the policy.
    pub fn is_damage(&self) -> bool {
        matches!(
            self,
            Self::Missing
                | Self::Damaged(_)
                | Self::OtherTree
                | Self::OtherStatement
                | Self::TreeDamaged(_)
        )
    }
}

impl Presence {
    /// The installed release, where it is here and accepted.
    pub fn accepted(self) -> Option<Installed> {
        match self {
            Self::Accepted(installed) => Some(installed),
            Self::Absent | Self::Refused(..) => None,
        }
    }
}

impl Store {
    /// Looks up `release`, and judges how it was verified by `policy`. A development build needs no verification.
    ///
    /// Reads one link and one document; takes no lock.
    ///
    /// # Errors
    /// [`StoreError::Io`] where the link or the document cannot be read.
    pub fn presence(&self, release: &Release, policy: &Policy) -> Result<Presence, StoreError> {
        let Some(installed) = self.find(release)? else { return Ok(Presence::Absent) };
        if release.slot == Slot::Dev {
            return Ok(Presence::Accepted(installed));
        }
        Ok(match self.judge_tree(release, &installed.tree, policy)? {
            Ok(_) => Presence::Accepted(installed),
            // Another process may have removed the release since: it removes the link first.
            Err(Unverified::Missing) if self.find(release)?.is_none() => Presence::Absent,
            Err(why) => Presence::Refused(installed, why),
        })
    }

    /// The verification of `release`, if it is of this tree and the policy accepts it.
    pub(super) fn judge_tree(
        &self,
        release: &Release,
        tree: &Digest,
        policy: &Policy,
    ) -> Result<Result<Verification, Unverified>, StoreError> {
        let verification = match self.verification(release) {
            Ok(Some(verification)) => verification,
            Ok(None) => return Ok(Err(Unverified::Missing)),
            Err(StoreError::Damaged { what, .. }) => return Ok(Err(Unverified::Damaged(what))),
            Err(error) => return Err(error),
        };
        Ok(if verification.tree != *tree {
            Err(Unverified::OtherTree)
        } else {
            let accepted = policy.accepts(release, &verification.digests);
            accepted.map(|()| verification).map_err(Unverified::from)
        })
    }

    /// The verification of a release; `None` where there is none.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] for one with a changed byte, of another release, or of a newer schema;
    /// [`StoreError::Io`] where it cannot be read.
    pub fn verification(&self, release: &Release) -> Result<Option<Verification>, StoreError> {
        let path = self.verification_path(release);
        let Some(bytes) = read_document(&path)? else {
            return Ok(None);
        };
        match Verification::parse(&bytes, release) {
            Ok(verification) => Ok(Some(verification)),
            Err(error) => Err(StoreError::Damaged { path, what: error.to_string() }),
        }
    }

    /// The newest accepted version of a product among those that `matches`. Where none of them is accepted, the newest
    /// one that is here.
    ///
    /// Reads the links and verifications from the newest version on, up to the first that is accepted.
    ///
    /// # Errors
    /// [`StoreError::Io`] where a folder, a link or a document cannot be read.
    pub fn newest(
        &self,
        product: &Product,
        policy: &Policy,
        matches: impl Fn(&Version) -> bool,
    ) -> Result<Presence, StoreError> {
        let mut versions = self.recorded_versions(product)?;
        versions.retain(matches);
        versions.sort_unstable_by(|a, b| b.cmp(a));
        let mut newest = Presence::Absent;
        for version in versions {
            match self.presence(&product.at_version(version), policy)? {
                Presence::Absent => {}
                accepted @ Presence::Accepted(_) => return Ok(accepted),
                refused @ Presence::Refused(..) => {
                    if newest == Presence::Absent {
                        newest = refused;
                    }
                }
            }
        }
        Ok(newest)
    }

    /// The versions of a product that are here and accepted.
    ///
    /// # Errors
    /// [`StoreError::Io`] where a folder, a link or a document cannot be read.
    pub fn accepted_versions(
        &self,
        product: &Product,
        policy: &Policy,
    ) -> Result<Vec<Version>, StoreError> {
        let mut accepted = vec![];
        for version in self.recorded_versions(product)? {
            let release = product.at_version(version.clone());
            if let Presence::Accepted(_) = self.presence(&release, policy)? {
                accepted.push(version);
            }
        }
        Ok(accepted)
    }

    fn recorded_versions(&self, product: &Product) -> Result<Vec<Version>, StoreError> {
        let of_product = |release: Release| {
            let version = release.slot.version().filter(|_| release.product() == *product);
            version.cloned()
        };
        Ok(self.known()?.into_iter().filter_map(of_product).collect())
    }

    /// The tree of an installed release, and the path of its program in it.
    pub fn tree_of(&self, installed: &Installed) -> Option<TreeRef> {
        let tree = installed.tree;
        let entry = installed.entry.strip_prefix(self.tree(&tree)).ok()?;
        let entry: Vec<_> = entry.iter().map(|part| part.to_string_lossy()).collect();
        Some(TreeRef { tree, entry: entry.join("/").parse().ok()? })
    }
}
