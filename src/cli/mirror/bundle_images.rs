//! `loom mirror bundle --format oci-layout`: releases as images, in one file.

use std::path::Path;

use loom_base::atomic_file::sync_folder;
use loom_oci::{ImagePublisher, OciLocation, OciOptions, publish::LayoutArchive};
use loom_source::Release;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    mirror_location::MirrorLocation, transfer_folder::TransferFolder, unpacked_batch::UnpackedBatch,
};
use crate::cli::{
    CommandError, Exit, Outcome, context::Context, path_text::shown,
    transfer_report::TransferReport,
};
use loom_runtime::{
    acquire::SourceRuntime,
    config::Resolved,
    mirror::{self, RuntimeLayers, StoreRelease},
    store::Store,
};

/// Releases, and the store that they are in.
struct BundledReleases {
    store: Store,
    releases: Vec<StoreRelease>,
}

/// Writes the releases as images into a layout, and packs it as the file `to`. They come from the mirror `from`, else from
/// the store of this machine, where they have to be `verified`.
pub(super) fn run(
    context: &Context,
    resolved: &Resolved,
    from: Option<&MirrorLocation>,
    selected: &[Release],
    to: &Path,
    verified: bool,
) -> Outcome {
    let bundled = match from {
        Some(from) => of_mirror(context, resolved, from, selected)?,
        None => of_store(resolved, selected, verified)?,
    };
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
    let layout = work.path().join("layout");
    let publisher =
        ImagePublisher::open(OciLocation::Layout(layout.clone()), OciOptions::default());
    let publisher = publisher.map_err(|error| CommandError::of(Exit::Failure, &error))?;
    let reporter = TransferReport::new(&context.printer);
    let layers = RuntimeLayers::new();
    let pushing =
        mirror::push_images(&publisher, &bundled.store, &bundled.releases, &layers, &reporter);
    SourceRuntime::default().block_on(pushing)??;
    let packed = work.path().join("packed");
    let archive = LayoutArchive::write(&layout, &packed).map_err(unwritten)?;
    std::fs::rename(&packed, to).and_then(|()| sync_folder(folder)).map_err(unwritten)?;
    let LayoutArchive { digest, size, files } = archive;
    let releases: Vec<String> =
        bundled.releases.iter().map(|one| one.release.to_string()).collect();
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
    Ok(BundledReleases { store, releases })
}

fn of_mirror(
    context: &Context,
    resolved: &Resolved,
    from: &MirrorLocation,
    selected: &[Release],
) -> Result<BundledReleases, CommandError> {
    let spec = from.spec(context, resolved)?;
    let work = TransferFolder::of(resolved);
    let batch = UnpackedBatch::new(context, resolved, &spec, &work, selected)?;
    let (store, releases, mut failed) = batch.into_parts();
    match failed.pop() {
        Some((_, error)) => Err(error.into()),
        None => Ok(BundledReleases { store, releases }),
    }
}
