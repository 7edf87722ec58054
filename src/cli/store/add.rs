//! `loom store add`

use std::path::PathBuf;

use loom_source::{Digest, Platform, Version};
use serde_json::json;

use loom_runtime::{
    acquire::{AcquireOptions, Acquirer, ProgramRule},
    config::Resolved,
    store::Store,
};

use crate::cli::{
    Exit, Outcome, context::Context, path_text::shown, progress::ProgressReporter, ready,
    selection::Selection, version_arg,
};

/// Arguments of `loom store add`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A .tar.gz, .tar.zst or .zip archive, or the program itself
    file: PathBuf,
    /// Its version
    #[arg(long, value_parser = version_arg::version)]
    version: Version,
    /// Its platform [default: this machine's]
    #[arg(long)]
    platform: Option<Platform>,
    /// The SHA-256 of the file
    #[arg(long, value_name = "HEX")]
    sha256: Option<Digest>,
    /// Accept the file without a digest
    #[arg(long)]
    pub(super) allow_unverified: bool,
    /// Accept a program that is neither an executable of the platform nor a script
    #[arg(long)]
    force: bool,
}

pub(super) fn run(args: &Args, context: &Context, resolved: &Resolved, store: &Store) -> Outcome {
    let mut product = context.line(resolved)?;
    product.platform = args.platform.unwrap_or(product.platform);
    let release = product.at_version(args.version.clone());
    let reporter = ProgressReporter::new(context, &[]);
    let options = AcquireOptions {
        offline: true,
        force: true,
        quarantine: false,
        program: if args.force { ProgramRule::Any } else { ProgramRule::Known },
        ..ready::options(resolved, &Selection::default())
    };
    let policy = ready::policy(resolved)?;
    let acquirer = Acquirer::new(store, &resolved.state_dir.value, &[], policy, options, &reporter);
    let added = acquirer.add(&release, &context.cwd()?.join(&args.file), args.sha256);
    context.notices(store);
    let installed = added?.installed;
    let document = json!({
        "schema": 1, "binary": product.binary, "version": args.version, "platform": product.platform,
        "tree": installed.tree, "path": shown(&installed.link),
    });
    context.printer.answer_path(&document, &installed.link)?;
    Ok(Exit::Success)
}
