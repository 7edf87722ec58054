//! `loom mirror gc URL [--dry-run]`

use std::time::SystemTime;

use indicatif::HumanBytes;
use serde_json::json;

use super::mirror_location::MirrorLocation;
use crate::cli::writer_args::counted;
use crate::cli::{CommandError, Exit, Outcome, context::Context, verbose};
use loom_runtime::{
    acquire::SourceRuntime,
    config::{Flags, Resolved},
    mirror::{self, MirrorGarbage},
};

/// Arguments of `loom mirror gc`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The mirror: the name of a configured source, a folder, s3://…, gs://…, az://…, a registry (oci://HOST/REPOSITORY) or an image
    /// layout (oci-layout:FOLDER)
    mirror: MirrorLocation,
    /// Print what would be removed, and remove nothing
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(args: &Args, context: &Context) -> Outcome {
    let resolved = context.resolve(Flags::default())?;
    let (garbage, has_tags) = collected(args, context, &resolved)?;
    let MirrorGarbage { files, blobs, bytes, young } = garbage;
    let mut document = json!({
        "schema": 1, "dry_run": args.dry_run, "files": files, "bytes": bytes, "young": young,
    });
    if let Some(blobs) = &blobs {
        document["blobs"] = json!(blobs);
    }
    let what = if has_tags { "version" } else { "file" };
    context.printer.answer(&document, || {
        let list: String = if args.dry_run {
            files.iter().chain(blobs.iter().flatten()).map(|file| format!("{file}\n")).collect()
        } else {
            String::new()
        };
        let did = if args.dry_run { "would remove" } else { "removed" };
        let mut count = counted(files.len(), what);
        if let Some(blobs) = &blobs {
            count = format!("{count} and {}", counted(blobs.len(), "blob"));
        }
        format!("{list}{did} {count} ({})", HumanBytes(bytes))
    })?;
    if young > 0 {
        context.printer.message(match has_tags {
            true => format!(
                "{} that the index does not name: what it does not name in 7 days either is removed then",
                counted(young, what)
            ),
            false => format!(
                "{young} files that no index names stay: they were written less than 7 days ago"
            ),
        });
    }
    if has_tags && blobs.is_none() && !files.is_empty() && !args.dry_run {
        context.printer.message("the registry frees the space when it collects its own garbage");
    }
    Ok(Exit::Success)
}

/// What was removed, and whether the mirror has tags: whether it is a registry or a layout.
fn collected(
    args: &Args,
    context: &Context,
    resolved: &Resolved,
) -> Result<(MirrorGarbage, bool), CommandError> {
    let (runtime, now) = (SourceRuntime::default(), SystemTime::now());
    if let Some(publisher) = args.mirror.images(context, resolved)? {
        let binary = &resolved.binary.value;
        let collected = mirror::collect_images(&publisher, binary, args.dry_run, now);
        let collected = runtime.block_on(collected);
        verbose::report_skipped(&context.printer, &publisher, publisher.skipped());
        return Ok((collected??, true));
    }
    let destination = args.mirror.destination(context, resolved)?;
    let collected = mirror::collect(destination.as_ref(), args.dry_run, now);
    Ok((runtime.block_on(collected)??, false))
}
