//! `loom mirror yank URL VERSION [--undo]`

use loom_source::{Authority, Version};
use serde_json::json;

use super::mirror_location::MirrorLocation;
use crate::cli::writer_args::{WriterArgs, index_line};
use crate::cli::{Exit, Outcome, context::Context, version_arg};
use loom_runtime::{acquire::SourceRuntime, config::Flags, mirror::Yank};

/// Arguments of `loom mirror yank`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The mirror: the name of a configured source, a folder, s3://…, gs://…, az://…, a registry (oci://HOST/REPOSITORY) or
    /// an image layout (oci-layout:FOLDER)
    mirror: MirrorLocation,
    /// The version
    #[arg(value_parser = version_arg::version)]
    version: Version,
    /// Take the withdrawal back
    #[arg(long)]
    undo: bool,
    /// The authority of the releases [default: loom-os]
    #[arg(long, value_name = "NAME")]
    authority: Option<Authority>,
    #[command(flatten)]
    writer: WriterArgs,
}

pub(super) fn run(args: &Args, context: &Context) -> Outcome {
    let resolved = context.resolve(Flags::default())?;
    let documents = args.mirror.documents(context, &resolved)?;
    let keys = args.writer.keys()?;
    let writer = args.writer.writer(documents.as_ref(), &keys);
    let authority = args.authority.clone().unwrap_or_else(|| resolved.authority.value.clone());
    let mut yank = Yank {
        authority,
        binary: resolved.binary.value.clone(),
        version: args.version.clone(),
        yanked: !args.undo,
        releases: 0,
    };
    let index = SourceRuntime::default().block_on(writer.write(&mut yank))??;
    let document = json!({
        "schema": 1, "binary": yank.binary, "version": yank.version, "yanked": yank.yanked,
        "releases": yank.releases, "serial": index.serial, "changed": index.changed,
    });
    context.printer.answer(&document, || {
        let state = if yank.yanked { "is withdrawn" } else { "is not withdrawn" };
        format!("{} {} {state}\n{}", yank.binary, yank.version, index_line(&index))
    })?;
    Ok(Exit::Success)
}
