//! [`push_images`]: puts releases of the store on this machine into a registry or an image layout.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use loom_base::bounded_file;
use loom_oci::{
    ImagePublisher,
    publish::{
        ImageEvidence, ImageEvidenceSubject, ImageSbom, ImageVersion, OriginalImage,
        PublishedImages, ReleaseImage, RuntimeLayerFile, SourceRevision,
    },
};
use loom_source::{
    ArchiveFormat, Digest, EvidenceKind, Name, Platform, Release, Version,
    record::{RecordEvidence, RecordEvidenceKind, StatementArchive},
};

use super::{
    CopiedRelease, MirrorObserver, MirrorTaskError, StoreRelease, object_transfer::MAX_DOCUMENT,
};
use crate::store::Store;

/// The formats of archives, that first which all engines can run an image from.
const FORMATS: [ArchiveFormat; 3] =
    [ArchiveFormat::TarGz, ArchiveFormat::TarZst, ArchiveFormat::Zip];

/// What images are made of besides their releases.
#[derive(Debug, Default)]
pub struct ImageParts {
    /// The files with the additional layer of an image.
    pub layers: HashMap<Release, RuntimeLayerFile>,
    /// The lists of the components of the programs for each platform.
    pub sboms: BTreeMap<Platform, Vec<ImageSbom>>,
    /// The commit that the programs were built from, where that is known.
    pub revision: Option<SourceRevision>,
    /// The images that the registry has which the releases are from.
    pub originals: HashMap<Release, OriginalImage>,
}

impl ImageParts {
    /// The images of releases as the registry `from` has them; their files are written into `folder`.
    ///
    /// # Errors
    /// Where the registry cannot be read, or the folder cannot be written.
    pub async fn of(
        from: &ImagePublisher,
        releases: &[StoreRelease],
        folder: &Path,
    ) -> Result<Self, MirrorTaskError> {
        let mut originals = HashMap::new();
        for StoreRelease { release, .. } in releases {
            let Some(version) = release.slot.version() else { continue };
            let original = from.original(&release.binary, version, release.platform, folder);
            originals.extend(original.await?.map(|original| (release.clone(), original)));
        }
        Ok(Self { originals, ..Self::default() })
    }
}

/// A version that was put into a registry.
#[derive(Debug)]
pub struct PushedVersion {
    /// Its images.
    pub images: PublishedImages,
    /// The releases that were put, or that got evidence.
    pub copied: Vec<CopiedRelease>,
}

/// Puts releases of the store into a registry or an image layout, version by version. What is there is not sent again.
///
/// # Errors
/// Where the registry has another image under a version's tag, and where something cannot be read or written.
pub async fn push_images(
    publisher: &ImagePublisher,
    store: &Store,
    releases: &[StoreRelease],
    parts: &ImageParts,
    observer: &dyn MirrorObserver,
) -> Result<Vec<PushedVersion>, MirrorTaskError> {
    let mut versions: BTreeMap<(Name, Version), Vec<&StoreRelease>> = BTreeMap::new();
    for one in releases {
        if let Some(version) = one.release.slot.version() {
            versions.entry((one.release.binary.clone(), version.clone())).or_default().push(one);
        }
    }
    let mut pushed = Vec::new();
    for ((binary, version), releases) in versions {
        let images = releases.iter().map(|one| image(one, store, parts));
        let images = images.collect::<Result<_, _>>()?;
        let images = ImageVersion { binary, version, releases: images };
        let images = publisher.publish(&images).await?;
        let copied = images.platforms.iter().filter_map(|image| {
            let one = releases.iter().find(|one| one.release.platform == image.platform)?;
            let copied = CopiedRelease {
                release: one.release.clone(),
                statement: one.statement(),
                record: image.manifest,
                merged: one.record(),
                bytes: image.bytes,
                evidence: image.evidence,
                is_addition: !image.is_new,
            };
            copied.has_news().then_some(copied)
        });
        let copied: Vec<CopiedRelease> = copied.collect();
        copied.iter().for_each(|one| observer.copied(one));
        pushed.push(PushedVersion { images, copied });
    }
    Ok(pushed)
}

/// The size of the image of a release, as it is transferred: its archive and its additional layer, in bytes. Documents and the
/// layer that all images have are a few thousand bytes more.
///
/// # Errors
/// Where a file cannot be read.
pub fn image_size(
    one: &StoreRelease,
    store: &Store,
    parts: &ImageParts,
) -> Result<u64, MirrorTaskError> {
    let (_, archive) = asset(one, store)?;
    let layer = parts.layers.get(&one.release).map(|layer| layer.path.clone());
    let size = |path: PathBuf| match fs::metadata(&path) {
        Ok(metadata) => Ok(metadata.len()),
        Err(source) => Err(MirrorTaskError::Staging { folder: path, source }),
    };
    [archive].into_iter().chain(layer).map(size).sum()
}

/// Whether a release of the store becomes an image for Linux that engines run: its archive was kept, and can be a layer. Others
/// become artifacts.
pub fn is_image(one: &StoreRelease, store: &Store) -> bool {
    kept_archive(one, store).is_some_and(|archive| archive.format != ArchiveFormat::Zip)
}

/// The archive of a release that the store has kept.
fn kept_archive<'a>(one: &'a StoreRelease, store: &Store) -> Option<&'a StatementArchive> {
    let archives = &one.statement_document().archives;
    let kept = |format: &ArchiveFormat| {
        let mut archives = archives.iter().filter(|archive| archive.format == *format);
        archives.find(|archive| store.object(&archive.digest).is_file())
    };
    FORMATS.iter().find_map(kept)
}

/// A release as it is published: its archive, or its program where it has no archive.
fn image(
    one: &StoreRelease,
    store: &Store,
    parts: &ImageParts,
) -> Result<ReleaseImage, MirrorTaskError> {
    let (digest, file) = asset(one, store)?;
    let evidence = one.evidence().iter().filter_map(|found| {
        let kind = found.kind.offered()?;
        evidence(one, store, found, kind, digest).transpose()
    });
    Ok(ReleaseImage {
        statement: object(store, &one.statement())?,
        digest,
        file,
        evidence: evidence.collect::<Result<_, _>>()?,
        sboms: parts.sboms.get(&one.release.platform).cloned().unwrap_or_default(),
        revision: parts.revision.clone(),
        runtime_layer: parts.layers.get(&one.release).cloned(),
        original: parts.originals.get(&one.release).cloned(),
    })
}

/// The file that is the layer of a release, with its digest.
fn asset(one: &StoreRelease, store: &Store) -> Result<(Digest, PathBuf), MirrorTaskError> {
    let statement = one.statement_document();
    if let Some(archive) = kept_archive(one, store) {
        return Ok((archive.digest, store.object(&archive.digest)));
    }
    let listing = store.check_tree(&statement.tree)?;
    match listing.entries() {
        [program] if program.path.as_str() == statement.entry => {
            Ok((program.digest, store.tree(&statement.tree).join(&statement.entry)))
        }
        _ => Err(MirrorTaskError::NoArchive { release: Box::new(one.release.clone()) }),
    }
}

/// Evidence of a release; `None` for what is about another archive of it.
fn evidence(
    one: &StoreRelease,
    store: &Store,
    found: &RecordEvidence,
    kind: EvidenceKind,
    asset: Digest,
) -> Result<Option<ImageEvidence>, MirrorTaskError> {
    let is_sums =
        |other: &RecordEvidence| other.kind == RecordEvidenceKind::Sums && other.digest == found.of;
    let of = if found.of == one.statement() {
        ImageEvidenceSubject::Statement
    } else if found.of == asset {
        ImageEvidenceSubject::Asset(asset)
    } else if one.evidence().iter().any(is_sums) {
        ImageEvidenceSubject::Sums(object(store, &found.of)?)
    } else {
        return Ok(None);
    };
    Ok(Some(ImageEvidence { kind, bytes: object(store, &found.digest)?, of }))
}

/// The bytes of a small object of the store, which have its digest.
fn object(store: &Store, digest: &Digest) -> Result<Bytes, MirrorTaskError> {
    let path = store.object(digest);
    let bytes = bounded_file::read(&path, MAX_DOCUMENT as u64)
        .map_err(|source| MirrorTaskError::Staging { folder: path.clone(), source })?;
    match Digest::of(&bytes) {
        got if got == *digest => Ok(bytes.into()),
        got => {
            let at = path.display().to_string();
            Err(MirrorTaskError::Mismatch { at, expected: *digest, got })
        }
    }
}
