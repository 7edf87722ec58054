//! `loom release publish --to MIRROR`

use indicatif::HumanBytes;
use loom_runtime::{
    acquire::SourceRuntime,
    config::{Resolved, SourceSpec},
    release::{MirroredRelease, ReleaseFolder, publish_to_mirror},
};
use serde_json::{Value, json};

use super::publish_store;
use crate::cli::{Exit, Outcome, context::Context, verbose, writer_args::WriterArgs};

pub(super) fn run(
    context: &Context,
    resolved: &Resolved,
    spec: &SourceSpec,
    folder: &ReleaseFolder,
    writer: &WriterArgs,
) -> Outcome {
    let journal = verbose::journal(&context.printer).unwrap_or_default();
    let mirror = context.opener(resolved)?.open_destination(spec, journal)?;
    let runtime = SourceRuntime::default();
    if runtime.block_on(mirror.stat("format"))??.is_some() {
        return publish_store::run(context, resolved, spec, folder, mirror.as_ref(), writer);
    }
    let printer = &context.printer;
    let published = publish_to_mirror(folder, mirror.as_ref(), |file| {
        printer.message(format!("writing {} ({})", file.name, HumanBytes(file.size)));
    });
    let published = runtime.block_on(published)??;
    let MirroredRelease { folder: below, uploaded, kept } = published;
    let url = format!("{}/{below}", spec.kind.to_string().trim_end_matches('/'));
    let document = json!({
        "schema": 1, "version": folder.version, "tag": Value::Null, "to": spec.kind.to_string(), "url": url,
        "published": !uploaded.is_empty(), "uploaded": uploaded, "kept": kept, "other": [],
    });
    context.printer.answer(&document, || {
        let verb = if uploaded.is_empty() { "was published already:" } else { "published" };
        format!(
            "{} {verb} {url} ({} uploaded, {} unchanged)",
            folder.version,
            uploaded.len(),
            kept.len()
        )
    })?;
    Ok(Exit::Success)
}
