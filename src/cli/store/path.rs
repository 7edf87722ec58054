//! `loom store path`

use std::path::PathBuf;

use loom_source::{Release, Selector, Slot};
use serde_json::json;

use loom_runtime::{config::Resolved, store::Store};

use crate::cli::{CommandError, Exit, Outcome, context::Context, path_text::shown};

/// Arguments of `loom store path`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The tree of this version, or of the cargo build (dev)
    #[arg(long)]
    version: Option<Selector>,
    /// Print the path of the version's link (with --version latest that of `latest`), whether it is here or not
    #[arg(long, requires = "version")]
    expected: bool,
}

pub(super) fn run(args: &Args, context: &Context, resolved: &Resolved, store: &Store) -> Outcome {
    let product = context.line(resolved)?;
    let root = store.root().to_owned();
    let path = match &args.version {
        None => root.clone(),
        Some(Selector::Latest) if args.expected => store.latest_path(&product.in_slot(Slot::Dev)),
        Some(Selector::Exact(version)) => {
            slot_path(args.expected, store, product.in_slot(Slot::Version(version.clone())))?
        }
        Some(Selector::Dev) => slot_path(args.expected, store, product.in_slot(Slot::Dev))?,
        Some(several) => {
            return Err(CommandError::new(
                Exit::Usage,
                format!("{several} matches several versions"),
            )
            .hint("give one version, such as 0.2.0; `loom which` prints the one that is used"));
        }
    };
    let document = json!({
        "schema": 1, "path": shown(&path), "root": shown(&root), "platform": product.platform,
    });
    context.printer.answer_path(&document, &path)?;
    Ok(Exit::Success)
}

/// The link of a release, or the tree behind it.
fn slot_path(expected: bool, store: &Store, release: Release) -> Result<PathBuf, CommandError> {
    if expected {
        return Ok(store.link_path(&release));
    }
    let installed = store.find(&release)?.ok_or_else(|| {
        CommandError::new(Exit::Absent, format!("{release} is not here"))
            .hint(format!("`loom get {}` fetches it", release.slot))
    })?;
    Ok(store.tree(&installed.tree))
}
