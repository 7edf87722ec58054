//! `loom mirror gc URL [--dry-run]`

use std::time::SystemTime;

use indicatif::HumanBytes;
use serde_json::json;

use super::mirror_location::MirrorLocation;
use crate::cli::writer_args::counted;
use crate::cli::{Exit, Outcome, context::Context};
use loom_runtime::{
    acquire::SourceRuntime,
    config::Flags,
    mirror::{self, MirrorGarbage},
};

/// Arguments of `loom mirror gc`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The mirror: the name of a configured source, a folder, s3://…, gs://… or az://…
    mirror: MirrorLocation,
    /// Print what would be removed, and remove nothing
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(args: &Args, context: &Context) -> Outcome {
    let resolved = context.resolve(Flags::default())?;
    let destination = args.mirror.destination(context, &resolved)?;
    let collected = mirror::collect(destination.as_ref(), args.dry_run, SystemTime::now());
    let MirrorGarbage { files, bytes, young } = SourceRuntime::default().block_on(collected)??;
    let document = json!({
        "schema": 1, "dry_run": args.dry_run, "files": files, "bytes": bytes, "young": young,
    });
    context.printer.answer(&document, || {
        let list: String = if args.dry_run {
            files.iter().map(|file| format!("{file}\n")).collect()
        } else {
            String::new()
        };
        let did = if args.dry_run { "would remove" } else { "removed" };
        format!("{list}{did} {} ({})", counted(files.len(), "file"), HumanBytes(bytes))
    })?;
    if young > 0 {
        context.printer.message(format!(
            "{young} files that no index names stay: they were written less than 7 days ago"
        ));
    }
    Ok(Exit::Success)
}
