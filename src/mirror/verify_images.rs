//! [`verify_images`]: checks that a registry or an image layout has everything that its tags and its index name, and that
//! every byte is right.

use std::collections::BTreeSet;

use loom_oci::{
    ImageVerifier,
    verify::{ImageFinding, ImageVerification, VerifiedImage},
};
use loom_source::{
    Authority, Index, Name, Platform, Product, Release, Version,
    record::{IndexEntry, SignedKind},
};

use super::{
    MirrorFiles, MirrorFinding, MirrorObserver, MirrorTaskError, MirrorVerification,
    VerifiedRelease, verify::note_documents,
};
use crate::trust::{
    RevokedSigners,
    mirror::{MirrorClock, TrustedRoot},
};

/// Verifies a registry or an image layout: its index with the documents that sign it, where it has one, and every image of
/// the `product` and of all binaries that the index names. Nothing is written. `known` is the newest root that is known of
/// it; without one, the first root that it has is trusted.
///
/// # Errors
/// Where something cannot be read for another reason than that it is missing or damaged, and [`MirrorTaskError::NoIndex`]
/// where a root is known and there is no index.
pub async fn verify_images(
    files: MirrorFiles<'_>,
    verifier: &ImageVerifier,
    (authority, binary): (&Authority, &Name),
    known: Option<&TrustedRoot>,
    (clock, revoked): (MirrorClock, &RevokedSigners),
    observer: &(dyn MirrorObserver + Sync),
) -> Result<MirrorVerification, MirrorTaskError> {
    let mut verification = MirrorVerification::default();
    let mut entries = Vec::new();
    match files.read(Index::PATH, SignedKind::Index.max_bytes()).await? {
        Some(bytes) => {
            note_documents(&mut verification, files, known, &bytes, clock, revoked).await?;
            let index = files.index().await?;
            let payload = index.map(|index| index.payload);
            verification.serial = payload.as_ref().map(|payload| payload.serial);
            entries = payload.map(|payload| payload.releases).unwrap_or_default();
        }
        None if known.is_some() => {
            return Err(MirrorTaskError::NoIndex { mirror: files.name() });
        }
        None => {}
    }
    let mut binaries: BTreeSet<&Name> = entries.iter().map(|entry| &entry.binary).collect();
    binaries.insert(binary);
    for binary in binaries {
        let progress = |done, total| observer.progressed(done, total);
        let images = verifier.verify(binary, &progress).await?;
        if images.images.is_empty() && images.findings.is_empty() && entries.is_empty() {
            let (path, what) = (verifier.location(binary), "it has no version".to_owned());
            verification.findings.push(MirrorFinding {
                path,
                release: None,
                what,
                is_missing: true,
            });
        }
        let compared = BinaryImages { verifier, authority, binary, images, entries: &entries };
        compared.add_to(&mut verification);
    }
    Ok(verification)
}

/// The images of a binary, and the index.
struct BinaryImages<'a> {
    verifier: &'a ImageVerifier,
    /// The authority of images that do not say it.
    authority: &'a Authority,
    binary: &'a Name,
    images: ImageVerification,
    entries: &'a [IndexEntry],
}

impl BinaryImages<'_> {
    fn add_to(self, verification: &mut MirrorVerification) {
        verification.files += self.images.files;
        verification.bytes += self.images.bytes;
        let of_index = self.entries.iter().filter(|entry| entry.binary == *self.binary);
        let differing = of_index.clone().filter_map(|entry| self.compare(entry));
        let mut findings: Vec<MirrorFinding> = differing.collect();
        findings.extend(self.images.findings.iter().map(|finding| self.finding(finding)));
        let mut releases: Vec<VerifiedRelease> =
            of_index.map(|entry| VerifiedRelease::of(entry, true)).collect();
        for image in &self.images.images {
            let release = self.release(image);
            if !releases.iter().any(|one| one.release == release) {
                releases.push(VerifiedRelease { release, is_yanked: false, is_complete: true });
            }
        }
        for one in &mut releases {
            let is_of = |finding: &MirrorFinding| finding.release.as_ref() == Some(&one.release);
            // What all images of a version need.
            let concerns = |finding: &ImageFinding| {
                finding.platform.is_none() && one.release.slot.version() == Some(&finding.version)
            };
            one.is_complete =
                !findings.iter().any(is_of) && !self.images.findings.iter().any(concerns);
        }
        verification.releases.extend(releases);
        verification.findings.extend(findings);
    }

    /// In what a release of the index differs from its image.
    fn compare(&self, entry: &IndexEntry) -> Option<MirrorFinding> {
        let is_own = |image: &&VerifiedImage| {
            (&image.version, image.platform) == (&entry.version, entry.platform)
        };
        let image = self.images.images.iter().find(is_own);
        let statement = image.and_then(|image| image.statement.as_ref());
        let (what, is_missing) = match (image, statement) {
            (None, _) => ("it has no image, which the index names".to_owned(), true),
            (Some(_), None) => {
                ("its image has no statement, which the index names".to_owned(), true)
            }
            (Some(_), Some((_, got))) if *got != entry.statement => {
                let expected = entry.statement;
                let what =
                    format!("expected the statement {expected}, which the index names, got {got}");
                (what, false)
            }
            _ => return None,
        };
        let path =
            format!("{} {} {}", self.verifier.location(self.binary), entry.version, entry.platform);
        Some(MirrorFinding { path, release: Some(entry.release()), what, is_missing })
    }

    fn finding(&self, found: &ImageFinding) -> MirrorFinding {
        let ImageFinding { at, version, platform, what, is_missing } = found;
        let release = platform.map(|platform| self.release_of(version, platform));
        let (path, what) = (at.clone(), what.clone());
        MirrorFinding { path, release, what, is_missing: *is_missing }
    }

    fn release(&self, image: &VerifiedImage) -> Release {
        match &image.statement {
            Some((statement, _)) => statement.release(),
            None => self.release_of(&image.version, image.platform),
        }
    }

    /// The release of an image that does not say its authority.
    fn release_of(&self, version: &Version, platform: Platform) -> Release {
        let (authority, binary) = (self.authority.clone(), self.binary.clone());
        Product { authority, binary, platform }.at_version(version.clone())
    }
}
