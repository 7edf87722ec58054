//! `loom release publish --to oci://HOST/REPOSITORY`, or to an image layout.

use std::collections::BTreeMap;

use loom_oci::{
    ImagePublisher,
    publish::{ImageSbom, PublishedImages, SourceRevision},
};
use loom_runtime::{
    acquire::SourceRuntime,
    config::{Resolved, SourceSpec},
    mirror::{self, ImageParts, PushedVersion},
    release::{ReleaseFolder, SbomFile},
};
use loom_source::Platform;
use serde_json::json;

use super::{publish_args::ReleasePublishArgs, unpacked_folder::UnpackedFolder};
use crate::cli::{
    CommandError, Exit, Outcome, context::Context, image_layers::ImageLayers,
    transfer_report::TransferReport, verbose,
};

/// Unpacks the assets as `loom get` would, and publishes them as the images of the version.
pub(super) fn run(
    args: &ReleasePublishArgs,
    context: &Context,
    resolved: &Resolved,
    spec: &SourceSpec,
    folder: &ReleaseFolder,
    publisher: &ImagePublisher,
) -> Outcome {
    let keys = args.writer.keys()?;
    let writer = args.writer.writer(publisher, &keys);
    let unpacked = UnpackedFolder::new(context, resolved, folder)?;
    let (store, releases) = (&unpacked.store, unpacked.releases.as_slice());
    let parts = ImageParts {
        revision: revision(args)?,
        sboms: sboms(context, folder)?,
        ..ImageParts::default()
    };
    let layers = ImageLayers::new(&args.images, context, (store, releases), parts)?;
    let reporter = TransferReport::new(&context.printer);
    let pushed =
        mirror::push_indexed_images(&writer, publisher, store, releases, &layers.parts, &reporter);
    let pushed = SourceRuntime::default().block_on(pushed);
    verbose::report_skipped(&context.printer, publisher, publisher.skipped());
    let (_, pushed) = pushed??;
    // The folder has one version.
    let images: Vec<&PublishedImages> = pushed.iter().map(|one| &one.images).collect();
    let is_copied = |release: &loom_source::Release| {
        pushed
            .iter()
            .flat_map(|PushedVersion { copied, .. }| copied)
            .any(|one| one.release == *release)
    };
    let [uploaded, kept] = unpacked.split(is_copied);
    let url = images.first().map_or_else(|| spec.kind.to_string(), |one| one.location.clone());
    let digest = images.first().map(|one| format!("sha256:{}", one.index));
    let document = json!({
        "schema": 1, "version": folder.version, "tag": folder.version, "to": spec.kind.to_string(), "url": url,
        "digest": digest, "published": !uploaded.is_empty(), "uploaded": uploaded, "kept": kept, "other": [],
    });
    context.printer.answer(&document, || {
        let verb = if uploaded.is_empty() { "was published already:" } else { "published" };
        let (new, same) = (uploaded.len(), kept.len());
        let digest = digest.unwrap_or_default();
        format!("{} {verb} {url} ({new} uploaded, {same} unchanged)\n{digest}", folder.version)
    })?;
    Ok(Exit::Success)
}

/// The commit that the programs were built from, where it is given.
fn revision(args: &ReleasePublishArgs) -> Result<Option<SourceRevision>, CommandError> {
    let parse = |text: &String| {
        text.parse().map_err(|error| {
            CommandError::new(Exit::Usage, format!("--commit {text:?} is not a commit: {error}"))
                .hint("`git rev-parse TAG^{commit}` prints that of a tag")
        })
    };
    args.commit.as_ref().map(parse).transpose()
}

/// The lists of components in the folder, for each platform.
fn sboms(
    context: &Context,
    folder: &ReleaseFolder,
) -> Result<BTreeMap<Platform, Vec<ImageSbom>>, CommandError> {
    let files = SbomFile::all(folder)?;
    for SbomFile { sbom, .. } in &files {
        context.printer.detail(format!("attaching {}", sbom.name));
    }
    let of = |platform: Platform| {
        let files = files.iter().filter(|file| file.is_for(platform));
        (platform, files.map(|file| file.sbom.clone()).collect())
    };
    Ok(Platform::ALL.map(of).into())
}
