//! What a new run knows of a release, added to what is locked.

use super::{LockError, LockedBinary, LockedPlatform};
use crate::trust::LockedArchive;

impl LockedBinary {
    /// This entry, completed by what `before` holds of the same version. The digests of a version never change: what was
    /// locked stays, and evidence is replaced by stronger evidence only, so that a lock made again has the same bytes.
    ///
    /// # Errors
    /// [`LockError::Changed`] where a locked digest would change.
    pub fn updated(mut self, before: Option<&Self>) -> Result<Self, LockError> {
        let Some(before) = before.filter(|before| before.version == self.version) else {
            return Ok(self);
        };
        // An image by its digest can be pulled for ever, also where the version has got another platform since.
        self.oci = before.oci.clone().or(self.oci);
        for (platform, known) in &before.platforms {
            let merged = match self.platforms.remove(platform) {
                None => known.clone(),
                Some(new) => {
                    let release = self.product(*platform).at_version(self.version.clone());
                    merged(known, new).map_err(|Change { what, locked, got }| {
                        LockError::Changed { release: release.to_string(), what, locked, got }
                    })?
                }
            };
            self.platforms.insert(*platform, merged);
        }
        Ok(self)
    }

    /// Whether everything in `other`, an older entry, is in this new one: nothing of the older entry was taken unseen.
    pub fn confirms(&self, other: &Self) -> bool {
        self.version != other.version
            || (other.oci.is_none() || self.oci == other.oci)
                && other.platforms.iter().all(|(platform, known)| {
                    let Some(new) = self.platforms.get(platform) else { return known.is_empty() };
                    let has = |archive: &LockedArchive| {
                        new.archives.iter().any(|found| found.sha256 == archive.sha256)
                    };
                    known.tree.is_none_or(|tree| new.tree == Some(tree))
                        && known.archives.iter().all(has)
                })
    }
}

/// A digest that would change.
struct Change {
    what: String,
    locked: String,
    got: String,
}

fn merged(known: &LockedPlatform, new: LockedPlatform) -> Result<LockedPlatform, Change> {
    if let (Some(locked), Some(got)) = (known.tree, new.tree)
        && locked != got
    {
        let (what, locked, got) = ("the tree".to_owned(), locked.to_string(), got.to_string());
        return Err(Change { what, locked, got });
    }
    let mut archives = known.archives.clone();
    for archive in new.archives {
        match archives.iter_mut().find(|known| known.file == archive.file) {
            Some(known) if known.sha256 == archive.sha256 => {
                known.size = known.size.or(archive.size);
            }
            Some(known) => {
                let (locked, got) = (known.sha256.to_string(), archive.sha256.to_string());
                return Err(Change { what: archive.file, locked, got });
            }
            None => archives.push(archive),
        }
    }
    let is_stronger = new.evidence.iter().map(|evidence| evidence.grade).max() > known.grade();
    Ok(LockedPlatform {
        tree: known.tree.or(new.tree),
        statement: known.statement.or(new.statement),
        archives,
        evidence: if is_stronger { new.evidence } else { known.evidence.clone() },
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use loom_source::{Digest, Platform};

    use super::*;
    use crate::{
        lock::LockedEvidence,
        trust::{DigestSubject, Grade, Voucher},
    };

    fn digest(of: &str) -> Digest {
        Digest::of(of.as_bytes())
    }

    fn platform(tree: Option<&str>, archives: &[(&str, &str)], grade: Grade) -> LockedPlatform {
        let archive = |(file, of): &(&str, &str)| LockedArchive {
            file: (*file).to_owned(),
            sha256: digest(of),
            size: Some(1),
        };
        let (of, by, at) = (DigestSubject::Archive, Voucher::Sums, format!("{grade:?}"));
        LockedPlatform {
            tree: tree.map(digest),
            statement: None,
            archives: archives.iter().map(archive).collect(),
            evidence: vec![LockedEvidence { of, by, at, grade, signature: None }],
        }
    }

    fn binary(version: &str, platforms: &[(Platform, LockedPlatform)]) -> LockedBinary {
        LockedBinary {
            name: "b".parse().unwrap(),
            authority: "a".parse().unwrap(),
            requested: "latest".parse().unwrap(),
            version: version.parse().unwrap(),
            oci: None,
            platforms: platforms.iter().cloned().collect::<BTreeMap<_, _>>(),
        }
    }

    const LINUX: Platform = Platform::LinuxX86_64;
    const WINDOWS: Platform = Platform::WindowsX86_64;

    #[test]
    fn what_is_locked_stays_and_new_digests_are_added() {
        let gz = |grade| platform(None, &[("x.tar.gz", "gz")], grade);
        let both = platform(Some("t"), &[("x.tar.gz", "gz"), ("x.zip", "zip")], Grade::Transfer);
        let zip = platform(Some("t"), &[("x.zip", "zip")], Grade::Transfer);
        let strong = platform(Some("t"), &[("x.tar.gz", "gz")], Grade::Identity);
        let before =
            binary("0.2.0", &[(LINUX, gz(Grade::Transfer)), (WINDOWS, gz(Grade::Transfer))]);
        for (new, expected) in [
            (vec![], before.clone()),
            (vec![(LINUX, zip)], binary("0.2.0", &[(LINUX, both), (WINDOWS, gz(Grade::Transfer))])),
            (
                vec![(LINUX, strong.clone())],
                binary("0.2.0", &[(LINUX, strong), (WINDOWS, gz(Grade::Transfer))]),
            ),
        ] {
            let new = binary("0.2.0", &new);
            assert_eq!(new.updated(Some(&before)).unwrap(), expected);
        }
        let other = binary("0.3.0", &[(LINUX, gz(Grade::Transfer))]);
        assert_eq!(other.clone().updated(Some(&before)).unwrap(), other);
        assert_eq!(other.clone().updated(None).unwrap(), other);
    }

    #[test]
    fn the_image_of_a_version_stays_and_an_unseen_one_is_not_confirmed() {
        let image = |of: &str| Some(format!("host/b@sha256:{}", digest(of)).parse().unwrap());
        let with = |version, oci| LockedBinary { oci, ..binary(version, &[]) };
        for (before, new, expected, confirmed) in [
            (None, image("a"), image("a"), true),
            (image("a"), None, image("a"), false),
            (image("a"), image("a"), image("a"), true),
            (image("a"), image("b"), image("a"), false),
        ] {
            let (before, new) = (with("0.2.0", before), with("0.2.0", new));
            assert_eq!(new.confirms(&before), confirmed);
            assert_eq!(new.updated(Some(&before)).unwrap().oci, expected);
        }
        let (before, new) = (with("0.1.0", image("a")), with("0.2.0", None));
        assert_eq!(new.updated(Some(&before)).unwrap().oci, None, "it is of another version");
    }

    #[test]
    fn a_digest_of_the_same_version_never_changes() {
        let of = |tree, gz| platform(Some(tree), &[("x.tar.gz", gz)], Grade::Identity);
        let before = binary("0.2.0", &[(LINUX, of("t", "gz"))]);
        for (new, what) in [(of("u", "gz"), "the tree"), (of("t", "other"), "x.tar.gz")] {
            let error = binary("0.2.0", &[(LINUX, new)]).updated(Some(&before)).unwrap_err();
            assert!(error.to_string().contains(&format!("({what})")), "{error}");
        }
    }

    #[test]
    fn an_older_entry_is_confirmed_digest_by_digest() {
        let of = |tree, gz| platform(tree, &[("x.tar.gz", gz)], Grade::Identity);
        let new = binary("0.2.0", &[(LINUX, of(Some("t"), "gz"))]);
        for (version, known, confirmed) in [
            ("0.2.0", vec![(LINUX, of(None, "gz"))], true),
            ("0.2.0", vec![(LINUX, of(Some("t"), "gz"))], true),
            ("0.2.0", vec![(LINUX, of(None, "other"))], false),
            ("0.2.0", vec![(LINUX, of(None, "gz")), (WINDOWS, of(None, "w"))], false),
            ("0.1.0", vec![(WINDOWS, of(None, "w"))], true),
        ] {
            assert_eq!(new.confirms(&binary(version, &known)), confirmed, "{known:?}");
        }
    }
}
