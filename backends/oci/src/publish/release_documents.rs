//! The documents and blobs that a release is written as.

use std::io;

use loom_source::{ArchiveFormat, Digest, Platform, Statement, asset, record::StatementArchive};

use super::{
    archive_layer::ArchiveLayer,
    image_config::{ConfiguredLayer, ImageConfig},
    image_evidence::ImageEvidence,
    image_file::{ManifestFile, empty, json},
    image_sbom::SbomBlob,
    release_image::ReleaseImage,
    runtime_layer::{self, ImageLayer, TAR_GZ, TAR_ZST},
};
use crate::{
    image_store::{BlobContent, ImageBlob, WrittenDocument},
    image_write_error::ImageWriteError,
    mapping::{BARE, CARRIER, RELEASE_ARTIFACT, REVISION, STATEMENT, TITLE},
    written_descriptor::WrittenDescriptor,
};

/// The media type of the configuration of an image.
const IMAGE_CONFIG: &str = "application/vnd.oci.image.config.v1+json";

/// What a release is written as.
#[derive(Debug, Clone)]
pub(super) struct ReleaseDocuments {
    pub(super) platform: Platform,
    /// The bytes of the statement.
    pub(super) statement_text: String,
    /// Whether an image with another layer to run in is as good as this one.
    pub(super) takes_any_runtime: bool,
    /// The digest of the release asset.
    pub(super) asset: Digest,
    pub(super) manifest: WrittenDocument,
    /// The blobs that the manifest refers to.
    pub(super) blobs: Vec<ImageBlob>,
    /// What is attached to the manifest and to the index.
    pub(super) evidence: Vec<ImageEvidence>,
    pub(super) sboms: Vec<SbomBlob>,
}

impl ReleaseDocuments {
    /// Whether something is attached to the manifest.
    pub(super) fn has_attachments(&self) -> bool {
        !(self.evidence.is_empty() && self.sboms.is_empty())
    }

    /// The documents of a release.
    ///
    /// # Errors
    /// Where the statement cannot be used, or the file is not the one that it names.
    pub(super) fn of(release: &ReleaseImage) -> Result<Self, ImageWriteError> {
        let more = match &release.runtime_layer {
            Some(layer) => Some(runtime_layer::of_file(&layer.path).map_err(|source| {
                ImageWriteError::Read { path: layer.path.display().to_string(), source }
            })?),
            None => None,
        };
        let unusable = |why: String| ImageWriteError::Statement(why);
        let statement =
            Statement::parse(&release.statement).map_err(|error| unusable(error.to_string()))?;
        let text = std::str::from_utf8(&release.statement);
        let statement_text = text.map_err(|error| unusable(error.to_string()))?.to_owned();
        let unread = |source| {
            let path = release.file.display().to_string();
            ImageWriteError::Read { path, source }
        };
        let (got, size) = Digest::of_file(&release.file).map_err(unread)?;
        if got != release.digest {
            let (path, expected) = (release.file.display().to_string(), release.digest);
            return Err(ImageWriteError::Mismatch { path, expected, got });
        }
        let content = BlobContent::File(release.file.clone());
        let blob = ImageBlob { digest: release.digest, size, content };
        if let Some(original) = &release.original
            && original.is_of(&statement_text, release.digest)
        {
            let (manifest, blobs) = original.parts();
            let there = original.sboms().iter().cloned();
            let sboms = release.sboms.iter().map(SbomBlob::from).chain(there).collect();
            return Ok(Self {
                platform: statement.platform,
                statement_text,
                takes_any_runtime: true,
                asset: release.digest,
                manifest,
                blobs: blobs.into_iter().chain([blob]).collect(),
                evidence: release.evidence.clone(),
                sboms,
            });
        }
        let archive = statement.archives.iter().find(|archive| archive.digest == blob.digest);
        let carrier = WrittenDescriptor::of_blob(media_type(archive), &blob)
            .annotated(CARRIER, archive.map_or(BARE, |archive| archive.format.extension()))
            .annotated(TITLE, title(&statement, archive));
        let (mut manifest, blobs) = match archive {
            Some(archive) if is_layer(archive) && ImageConfig::can_be_of(statement.platform) => {
                image(&statement, archive, release, carrier, more.as_ref()).map_err(unread)?
            }
            _ => (ManifestFile::artifact(RELEASE_ARTIFACT, vec![carrier]), vec![empty()]),
        };
        manifest.annotations.insert(STATEMENT.to_owned(), statement_text.clone());
        let revision = release.revision.as_ref().map(ToString::to_string);
        manifest.annotations.extend(revision.map(|revision| (REVISION.to_owned(), revision)));
        Ok(Self {
            platform: statement.platform,
            statement_text,
            takes_any_runtime: release.runtime_layer.as_ref().is_none_or(|layer| layer.yields),
            asset: release.digest,
            manifest: manifest.document(),
            blobs: blobs.into_iter().chain([blob]).collect(),
            evidence: release.evidence.clone(),
            sboms: release.sboms.iter().map(SbomBlob::from).collect(),
        })
    }
}

/// The manifest of an image, and the blobs that it has besides the archive.
fn image(
    statement: &Statement,
    archive: &StatementArchive,
    release: &ReleaseImage,
    carrier: WrittenDescriptor,
    more: Option<&ImageLayer>,
) -> io::Result<(ManifestFile, Vec<ImageBlob>)> {
    let ArchiveLayer { diff_id, top_folder } = ArchiveLayer::read(&release.file, archive.format)?;
    let runtime = runtime_layer::frozen()?;
    let below: Vec<&ImageLayer> = [Some(&runtime), more].into_iter().flatten().collect();
    let contents = ["user, name resolution and /tmp", "libraries"];
    let layer =
        |diff_id: Digest, content: &str| ConfiguredLayer { diff_id, content: content.to_owned() };
    let mut configured: Vec<ConfiguredLayer> =
        below.iter().zip(contents).map(|(below, content)| layer(below.diff_id, content)).collect();
    configured.push(layer(diff_id, &title(statement, Some(archive))));
    let folder = top_folder.filter(|_| archive.strip);
    let entrypoint = match folder {
        Some(folder) => format!("/{folder}/{}", statement.entry),
        None => format!("/{}", statement.entry),
    };
    let revision = release.revision.as_ref();
    let config = ImageConfig::new(statement, entrypoint, &configured, revision);
    let config = ImageBlob::of(json(&config));
    let descriptor =
        |layer: &&ImageLayer| WrittenDescriptor::of_blob(layer.media_type, &layer.blob);
    let mut layers: Vec<WrittenDescriptor> = below.iter().map(descriptor).collect();
    layers.push(carrier);
    let manifest = ManifestFile::image(WrittenDescriptor::of_blob(IMAGE_CONFIG, &config), layers);
    let blobs = below.into_iter().map(|layer| layer.blob.clone()).chain([config]).collect();
    Ok((manifest, blobs))
}

/// Whether an archive can be a layer of an image.
fn is_layer(archive: &StatementArchive) -> bool {
    matches!(archive.format, ArchiveFormat::TarGz | ArchiveFormat::TarZst)
}

fn media_type(archive: Option<&StatementArchive>) -> &'static str {
    match archive.map(|archive| archive.format) {
        Some(ArchiveFormat::TarGz) => TAR_GZ,
        Some(ArchiveFormat::TarZst) => TAR_ZST,
        Some(ArchiveFormat::Zip) => "application/zip",
        None => "application/octet-stream",
    }
}

/// The file name of the release asset.
fn title(statement: &Statement, archive: Option<&StatementArchive>) -> String {
    let format = archive.map(|archive| archive.format);
    let is_format = |name: &asset::AssetName| match (&name.packaging, format) {
        (loom_source::Packaging::Archive { format, .. }, Some(wanted)) => *format == wanted,
        (loom_source::Packaging::Bare, None) => true,
        _ => false,
    };
    let names = asset::names(&statement.release());
    names.into_iter().find(is_format).map_or_else(|| statement.entry.clone(), |name| name.name)
}
