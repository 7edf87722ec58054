//! `loom store keep`: versions that are not collected.

use loom_source::{Slot, Version};
use serde_json::json;

use crate::cli::{CommandError, Exit, Outcome, context::Context, version_arg};
use loom_runtime::{config::Resolved, store::Store};

/// Arguments of `loom store keep`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Versions to keep; without one, print those that are kept
    #[arg(value_parser = version_arg::version)]
    versions: Vec<Version>,
    /// No longer keep these versions
    #[arg(long, requires = "versions")]
    remove: bool,
}

pub(super) fn run(args: &Args, context: &Context, resolved: &Resolved, store: &Store) -> Outcome {
    let product = context.line(resolved)?;
    for version in &args.versions {
        let release = product.at_version(version.clone());
        if args.remove {
            if !store.release_kept(&release)? {
                return Err(CommandError::new(Exit::Absent, format!("{release} is not kept"))
                    .hint("`loom store keep` prints the versions that are kept"));
            }
            continue;
        }
        let installed = store.find(&release)?.ok_or_else(|| {
            CommandError::new(Exit::Absent, format!("{release} is not installed"))
                .hint(format!("`loom get {}` downloads it", Slot::Version(version.clone())))
        })?;
        store.keep_release(&installed)?;
    }
    let kept = store.kept_releases()?;
    let list: Vec<_> = kept
        .iter()
        .map(|(release, tree)| {
            json!({
                "authority": release.authority, "binary": release.binary,
                "version": release.slot.to_string(), "platform": release.platform, "tree": tree,
            })
        })
        .collect();
    context.printer.answer(&json!({"schema": 1, "kept": list}), || {
        kept.iter().map(|(release, _)| format!("{release}\n")).collect()
    })?;
    Ok(Exit::Success)
}
