//! `loom restart`

use super::{
    CommandError, Exit, Outcome, context::Context, last_good, launch_args::LaunchArgs,
    launch_attempt::LaunchAttempt, launching, prepared_launch::PreparedLaunch, store_limits,
};
use loom_runtime::{
    launch::{
        self, Instance, Launch, LaunchKind, OrphanedRelease, ReleaseProgram, RuntimeDocument,
        RuntimeState, Scope,
    },
    store::{Installed, Lease},
};

/// Arguments of `loom restart`. Options that are not given are as they were given to `up`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    launch: LaunchArgs,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let args = args.launch.clone().or(launching::running_args(context)?);
    let PreparedLaunch { launch, attempt } = launching::launch(context, &args, LaunchKind::Up)?;
    let previous = previous(context, &launch, &attempt)?;
    let restarted = launch::restart(launch, previous);
    let document = restarted.map_err(|error| attempt.restart_failed(context, error))?.detach();
    attempt.became_ready(context);
    context.printer.answer(&document, || launching::human(&document))?;
    store_limits::enforce(context);
    Ok(Exit::Success)
}

/// The release to go back to where the new one fails, for a runtime that no supervisor can start again: the one that runs
/// without a supervisor, was ready, is another one than the new one, and is still installed as it was; for a runtime that is
/// not ready, the last one that was ready here.
fn previous(
    context: &Context,
    launch: &Launch,
    attempt: &LaunchAttempt,
) -> Result<Option<OrphanedRelease>, CommandError> {
    let scope = Scope { project: Some(&launch.project), binary: Some(&launch.binary) };
    let mut running = launch::running(&launch.state, scope)?.into_iter();
    let Some(Instance { state, document, .. }) =
        running.find(|instance| instance.kind == LaunchKind::Up)
    else {
        return Ok(None);
    };
    let lease = match state {
        // It tells whether settings are to blame: nothing else depends on it.
        RuntimeState::Ready => lease_of(attempt, launch, &document).unwrap_or_default(),
        RuntimeState::Orphaned if document.bridge.is_some() => {
            lease_of(attempt, launch, &document)?
        }
        _ => attempt.last_good(context)?,
    };
    Ok(lease.map(|lease| {
        let Installed { release, tree, entry, .. } = lease.installed();
        let (version, tree) = (release.slot.to_string(), Some(tree.to_string()));
        let release = ReleaseProgram { version, tree, program: entry.clone().into() };
        OrphanedRelease { release, lease: lease.into_file() }
    }))
}

/// The lease of the release of a running runtime. What cannot be leased or is damaged is not started again, and the error
/// says what runs.
fn lease_of(
    attempt: &LaunchAttempt,
    launch: &Launch,
    document: &RuntimeDocument,
) -> Result<Option<Lease>, CommandError> {
    let LaunchAttempt { product, store, .. } = attempt;
    let Ok(slot) = document.version.parse() else { return Ok(None) };
    let Some(installed) = store.find(&product.in_slot(slot))? else { return Ok(None) };
    if Some(installed.tree.to_string()) != document.tree || document.tree == launch.tree {
        return Ok(None);
    }
    Ok(last_good::startable(store, &installed, &launch.state))
}
