//! `loom restart`

use super::{
    CommandError, Exit, Outcome, context::Context, launch_args::LaunchArgs, launching, store_limits,
};
use loom_runtime::{
    config::Flags,
    launch::{
        self, Instance, Launch, LaunchKind, OrphanedRelease, ReleaseProgram, RuntimeState, Scope,
    },
    store::Installed,
};

/// Arguments of `loom restart`. Options that are not given are as they were given to `up`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    launch: LaunchArgs,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let args = args.launch.clone().or(launching::running_args(context)?);
    let (launch, became_ready) = launching::launch(context, &args, LaunchKind::Up)?.split(context);
    let previous = previous_of_orphan(context, &launch)?;
    let document = launch::restart(launch, previous)?.detach();
    became_ready();
    context.printer.answer(&document, || launching::human(&document))?;
    store_limits::enforce(context);
    Ok(Exit::Success)
}

/// The release of the runtime that is replaced, where that has lost its supervisor, was ready, and its release is another
/// one that is still installed as it was.
fn previous_of_orphan(
    context: &Context,
    launch: &Launch,
) -> Result<Option<OrphanedRelease>, CommandError> {
    let scope = Scope { project: Some(&launch.project), binary: Some(&launch.binary) };
    let mut running = launch::running(&launch.state, scope)?.into_iter();
    let orphan = running.find(|instance| {
        let Instance { kind, state, document, .. } = instance;
        (*kind, *state) == (LaunchKind::Up, RuntimeState::Orphaned)
            && document.bridge.is_some()
            && document.tree != launch.tree
    });
    let Some(document) = orphan.map(|orphan| orphan.document) else { return Ok(None) };
    let resolved = context.resolve(Flags::default())?;
    let Ok(slot) = document.version.parse() else { return Ok(None) };
    let (product, store) = (context.line(&resolved)?, context.store(&resolved)?);
    let Some(installed) = store.find(&product.in_slot(slot))? else { return Ok(None) };
    if Some(installed.tree.to_string()) != document.tree {
        return Ok(None);
    }
    // What cannot be leased or is damaged is not started again, and the error says what runs.
    let Ok(lease) = store.lease(&installed, launch.state.path()) else { return Ok(None) };
    if store.check_before_launch(lease.installed()).is_err() {
        return Ok(None);
    }
    let Installed { tree, entry, .. } = lease.installed();
    let (tree, program) = (Some(tree.to_string()), entry.clone().into());
    let release = ReleaseProgram { version: document.version, tree, program };
    Ok(Some(OrphanedRelease { release, lease: lease.into_file() }))
}
