//! `loom release publish --to MIRROR` where the mirror has the layout of a store.

use loom_mirror::Destination;
use loom_runtime::{
    acquire::SourceRuntime,
    config::{Resolved, SourceSpec},
    mirror::{self, DestinationDocuments},
    release::ReleaseFolder,
};
use serde_json::{Value, json};

use super::unpacked_folder::UnpackedFolder;
use crate::cli::{
    Exit, Outcome, context::Context, transfer_report::TransferReport, writer_args::WriterArgs,
};

/// Unpacks the assets as `loom get` would, puts them into the mirror with all signatures, and writes its index.
pub(super) fn run(
    context: &Context,
    resolved: &Resolved,
    spec: &SourceSpec,
    folder: &ReleaseFolder,
    to: &dyn Destination,
    args: &WriterArgs,
) -> Outcome {
    let keys = args.keys()?;
    let documents = DestinationDocuments(to);
    let writer = args.writer(&documents, &keys);
    let unpacked = UnpackedFolder::new(context, resolved, folder)?;
    let reporter = TransferReport::new(&context.printer);
    let pushed = mirror::push(&writer, to, &unpacked.store, &unpacked.releases, &reporter);
    let (_, copied) = SourceRuntime::default().block_on(pushed)??;
    let [uploaded, kept] =
        unpacked.split(|release| copied.iter().any(|one| one.release == *release));
    let url = spec.kind.to_string();
    let document = json!({
        "schema": 1, "version": folder.version, "tag": Value::Null, "to": url, "url": url,
        "published": !uploaded.is_empty(), "uploaded": uploaded, "kept": kept, "other": [],
    });
    context.printer.answer(&document, || {
        let verb = if uploaded.is_empty() { "was published already:" } else { "published" };
        let (new, same) = (uploaded.len(), kept.len());
        format!("{} {verb} {url} ({new} uploaded, {same} unchanged)", folder.version)
    })?;
    Ok(Exit::Success)
}
