//! `loom mirror push --to URL [BINARY [VERSION…]]`

use loom_source::{Name, Platform, Release, Slot};
use serde_json::json;

use super::{mirror_location::MirrorLocation, push_images};
use crate::cli::image_layers::{ImageArgs, ImageLayers};
use crate::cli::transfer_report::{TransferReport, copied_json};
use crate::cli::writer_args::{WriterArgs, index_line};
use crate::cli::{CommandError, Exit, Outcome, context::Context, verbose, version_arg};
use loom_runtime::{
    acquire::SourceRuntime,
    config::{Flags, Resolved},
    mirror::{self, DestinationDocuments, ImageParts, StoreRelease},
    store::Store,
};

/// Arguments of `loom mirror push`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Binary to put [default: all binaries in the store]
    #[arg(value_name = "BINARY")]
    name: Option<Name>,
    /// Versions to put [default: all versions in the store]
    #[arg(value_name = "VERSION", value_parser = version_arg::slot)]
    versions: Vec<Slot>,
    /// The mirror: the name of a configured source, a folder, s3://…, gs://…, az://…, a registry (oci://HOST/REPOSITORY) or
    /// an image layout (oci-layout:FOLDER)
    #[arg(long, value_name = "URL")]
    to: MirrorLocation,
    /// Put this platform only; may be repeated
    #[arg(long = "platform", value_name = "PLATFORM")]
    platforms: Vec<Platform>,
    /// Put releases that were accepted without a checksum, too
    #[arg(long)]
    allow_unverified: bool,
    #[command(flatten)]
    images: ImageArgs,
    #[command(flatten)]
    writer: WriterArgs,
}

pub(super) fn run(args: &Args, context: &Context) -> Outcome {
    if args.versions.contains(&Slot::Dev) {
        let message = "a development build is not a version, and is never put into a mirror";
        return Err(CommandError::new(Exit::Usage, message)
            .hint("add it as a version with `loom store add FILE --version VERSION`"));
    }
    let allow_unverified = args.allow_unverified;
    let resolved = context.resolve(Flags { allow_unverified, ..Flags::default() })?;
    let store = context.store(&resolved)?;
    let images = args.to.images(context, &resolved)?;
    let releases = selected(args, &resolved, &store)?;
    if !allow_unverified {
        releases.iter().try_for_each(|one| one.check_verified(&store))?;
    }
    let keys = args.writer.keys()?;
    let reporter = TransferReport::new(&context.printer);
    if let Some(publisher) = images {
        let here = (&store, releases.as_slice());
        let layers = ImageLayers::new(&args.images, context, here, ImageParts::default())?;
        let (parts, writer) = (&layers.parts, args.writer.writer(&publisher, &keys));
        let pushed =
            mirror::push_indexed_images(&writer, &publisher, &store, &releases, parts, &reporter);
        let pushed = SourceRuntime::default().block_on(pushed);
        reporter.end();
        verbose::report_skipped(&context.printer, &publisher, publisher.skipped());
        let (index, pushed) = pushed??;
        return push_images::answer(context, index.as_ref(), &pushed);
    }
    args.images.check_unused()?;
    let destination = args.to.destination(context, &resolved)?;
    let documents = DestinationDocuments(destination.as_ref());
    let writer = args.writer.writer(&documents, &keys);
    let pushed = mirror::push(&writer, destination.as_ref(), &store, &releases, &reporter);
    let pushed = SourceRuntime::default().block_on(pushed);
    reporter.end();
    let (index, copied) = pushed??;
    let document = json!({
        "schema": 1, "serial": index.serial, "changed": index.changed, "releases": index.releases,
        "copied": copied.iter().map(copied_json).collect::<Vec<_>>(),
    });
    context.printer.answer(&document, || index_line(&index))?;
    Ok(Exit::Success)
}

/// The releases of the store that are meant. Each version that is named has to be there.
fn selected(
    args: &Args,
    resolved: &Resolved,
    store: &Store,
) -> Result<Vec<StoreRelease>, CommandError> {
    let is_meant = |release: &Release| {
        release.slot != Slot::Dev
            && args.name.as_ref().is_none_or(|name| *name == release.binary)
            && (args.versions.is_empty() || args.versions.contains(&release.slot))
            && (args.platforms.is_empty() || args.platforms.contains(&release.platform))
    };
    let mut releases = Vec::new();
    for listed in store.list()? {
        if is_meant(&listed.release) {
            releases.extend(StoreRelease::of(store, &listed.release)?);
        }
    }
    let has = |slot: &&Slot| !releases.iter().any(|one| one.release.slot == **slot);
    if let Some(missing) = args.versions.iter().find(has) {
        let name = args.name.as_ref().unwrap_or(&resolved.binary.value);
        return Err(CommandError::new(
            Exit::Absent,
            format!("{name} {missing} is not in the store"),
        )
        .hint(format!("`loom get {missing}` fetches it")));
    }
    Ok(releases)
}
