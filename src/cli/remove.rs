//! `loom remove`

use loom_source::{Release, Slot};
use serde_json::json;

use super::{CommandError, Exit, Outcome, context::Context, report, version_arg};
use loom_runtime::{
    acquire::{chosen, first_seen},
    config::Flags,
    launch::{self, Scope},
    state::StateDir,
    store::{Store, StoreError},
};

/// Arguments of `loom remove`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Version to remove (0.2.0), or dev for the cargo builds
    #[arg(value_parser = version_arg::slot)]
    version: Slot,
    /// Also forget the digest that the release had when it was first seen
    #[arg(long)]
    forget: bool,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let resolved = context.resolve(Flags::default())?;
    let state = &resolved.state_dir.value;
    let product = context.line(&resolved)?;
    let release: Release = product.in_slot(args.version.clone());
    let store = context.store(&resolved)?;
    let removed = match store.remove(&release) {
        Err(error) if error.is_busy() => return Err(in_use(state, &store, &release, error)?),
        removed => removed?,
    };
    context.notices(&store);
    let forgotten = args.forget && first_seen::forget(state, &release)?;
    if !removed && !forgotten {
        return Err(CommandError::new(Exit::Absent, format!("{release} is not installed"))
            .hint("`loom list` shows the installed releases"));
    }
    if chosen::load(state, &product.authority, &product.binary)?.as_ref() == Some(&args.version) {
        chosen::clear(state, &product.authority, &product.binary)?;
        context.printer.message(format!(
            "{} was the default version; the default is now the latest version",
            args.version
        ));
    }
    let document = json!({
        "schema": 1, "binary": product.binary, "version": args.version.to_string(), "platform": product.platform,
        "removed": removed, "forgotten": forgotten,
    });
    context.printer.answer(&document, || {
        if removed {
            format!("removed {release}")
        } else {
            format!("forgot the digest of {release}")
        }
    })?;
    Ok(Exit::Success)
}

/// The error for a release that is in use, with the runtimes of this user that use it.
fn in_use(
    state: &StateDir,
    store: &Store,
    release: &Release,
    error: StoreError,
) -> Result<CommandError, CommandError> {
    let tree = store.find(release)?.map(|installed| installed.tree.to_string());
    let mut running = launch::running(state, Scope::default())?;
    running.retain(|instance| instance.document.tree.is_some() && instance.document.tree == tree);
    if running.is_empty() {
        return Ok(error.into());
    }
    Ok(report::store::in_use(release, &running))
}
