//! `loom mirror bundle --format oci-layout` and `docker-archive`: releases as images, in one file.

use std::path::Path;

use loom_base::atomic_file::sync_folder;
use loom_oci::{
    ImagePublisher, OciLocation, OciOptions,
    publish::{DockerArchive, LayoutArchive},
};
use loom_source::{Platform, Release};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    bundle_format::BundleFormat, mirror_location::MirrorLocation, original_images,
    transfer_folder::TransferFolder, unpacked_batch::UnpackedBatch,
};
use crate::cli::{
    CommandError, Exit, Outcome,
    context::Context,
    image_layers::{ImageArgs, ImageLayers},
    path_text::shown,
    transfer_report::TransferReport,
};
use loom_runtime::{
    acquire::SourceRuntime,
    config::Resolved,
    mirror::{self, ImageParts, StoreRelease, bundle::MirrorMetadata},
    store::Store,
};

/// Releases, the store that they are in, and the images that the mirror has of them.
struct BundledReleases {
    store: Store,
    releases: Vec<StoreRelease>,
    parts: ImageParts,
}

/// A bundle of images.
pub(super) struct ImageBundle<'a> {
    /// The mirror that the releases come from, else the store of this machine.
    pub(super) from: Option<&'a MirrorLocation>,
    /// The releases.
    pub(super) selected: &'a [Release],
    /// The metadata of their mirror.
    pub(super) metadata: &'a MirrorMetadata,
    /// Whether releases of the store have to be verified.
    pub(super) verified: bool,
    pub(super) format: BundleFormat,
    /// What images get besides their programs.
    pub(super) args: &'a ImageArgs,
}

impl ImageBundle<'_> {
    /// Writes the releases as images into a layout with the metadata of their mirror, and packs it as the file `to`.
    pub(super) fn write(&self, context: &Context, resolved: &Resolved, to: &Path) -> Outcome {
        let folder = to.parent().unwrap_or(Path::new("/"));
        let unwritten = |error: std::io::Error| {
            let exit = match error.kind() {
                std::io::ErrorKind::StorageFull => Exit::DiskFull,
                _ => Exit::Failure,
            };
            CommandError::new(exit, format!("could not write {}: {error}", to.display()))
                .hint("check the permissions of the folder, and its space")
        };
        let work: TempDir =
            tempfile::Builder::new().prefix(".new-").tempdir_in(folder).map_err(unwritten)?;
        let bundled = match self.from {
            Some(from) => of_mirror(context, resolved, from, self.selected, work.path())?,
            None => of_store(resolved, self.selected, self.verified)?,
        };
        let layout = work.path().join("layout");
        let publisher =
            ImagePublisher::open(OciLocation::Layout(layout.clone()), OciOptions::default());
        let publisher = publisher.map_err(|error| CommandError::of(Exit::Failure, &error))?;
        let reporter = TransferReport::new(&context.printer);
        let BundledReleases { store, releases, parts } = bundled;
        let layers = ImageLayers::new(self.args, context, (&store, &releases), parts)?;
        let writing = async {
            mirror::push_images(&publisher, &store, &releases, &layers.parts, &reporter).await?;
            self.metadata.write(&publisher).await
        };
        SourceRuntime::default().block_on(writing)??;
        let packed = work.path().join("packed");
        let archive = match self.format {
            BundleFormat::DockerArchive => self.docker_archive(&layout, &packed)?,
            _ => LayoutArchive::write(&layout, &packed).map_err(unwritten)?,
        };
        std::fs::rename(&packed, to).and_then(|()| sync_folder(folder)).map_err(unwritten)?;
        answer(context, to, &releases, &archive)
    }

    /// Packs the images of a layout for `docker load`.
    fn docker_archive(&self, layout: &Path, to: &Path) -> Result<LayoutArchive, CommandError> {
        let named = |release: &Release| {
            Some((release.binary.clone(), release.slot.version()?.clone(), release.platform))
        };
        let named: Vec<_> = self.selected.iter().filter_map(named).collect();
        let platform = named.first().map_or(Platform::LinuxX86_64, |(_, _, platform)| *platform);
        let images = named.into_iter().map(|(binary, version, _)| (binary, version));
        let images: Vec<_> = images.collect();
        let writing = DockerArchive::write(layout, &images, platform, to);
        Ok(SourceRuntime::default().block_on(writing)??)
    }
}

fn answer(
    context: &Context,
    to: &Path,
    releases: &[StoreRelease],
    archive: &LayoutArchive,
) -> Outcome {
    let LayoutArchive { digest, size, files } = archive;
    let releases: Vec<String> = releases.iter().map(|one| one.release.to_string()).collect();
    let document = json!({
        "schema": 1, "path": shown(to), "sha256": digest, "size": size, "files": files,
        "signer": Value::Null, "releases": releases,
    });
    let text = || format!("{}\n{digest}  {}", releases.join("\n"), to.display());
    context.printer.answer(&document, text)?;
    Ok(Exit::Success)
}

fn of_store(
    resolved: &Resolved,
    selected: &[Release],
    verified: bool,
) -> Result<BundledReleases, CommandError> {
    let store = Store::open(&resolved.cache_dir.value)?;
    let of = |release: &Release| StoreRelease::of(&store, release).transpose();
    let releases: Vec<StoreRelease> = selected.iter().filter_map(of).collect::<Result<_, _>>()?;
    if let Some(missing) =
        selected.iter().find(|release| !releases.iter().any(|one| one.release == **release))
    {
        return Err(CommandError::new(Exit::Absent, format!("{missing} is not in the store"))
            .hint(format!("`loom get {}` fetches it", missing.slot)));
    }
    if verified {
        releases.iter().try_for_each(|one| one.check_verified(&store))?;
    }
    Ok(BundledReleases { store, releases, parts: ImageParts::default() })
}

fn of_mirror(
    context: &Context,
    resolved: &Resolved,
    from: &MirrorLocation,
    selected: &[Release],
    folder: &Path,
) -> Result<BundledReleases, CommandError> {
    let spec = from.spec(context, resolved)?;
    let work = TransferFolder::of(resolved);
    let batch = UnpackedBatch::new(context, resolved, &spec, &work, selected)?;
    let (store, releases, mut failed) = batch.into_parts();
    if let Some((_, error)) = failed.pop() {
        return Err(error.into());
    }
    let runtime = SourceRuntime::default();
    let parts = original_images::of(context, resolved, &spec, &releases, folder, &runtime)?;
    Ok(BundledReleases { store, releases, parts })
}
