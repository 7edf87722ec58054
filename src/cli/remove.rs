//! `loom remove`

use std::path::Path;

use loom_source::{Release, Slot};
use serde_json::json;

use super::{CommandError, Done, Exit, Outcome, context::Context, place::launch_failed};
use loom_runtime::{
    acquire::{chosen, first_seen},
    config::Flags,
    launch::{self, Instance, LaunchKind, Scope},
    store::{Store, StoreError},
};

/// Arguments of `loom remove`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A version (0.2.0), or dev for the cargo builds
    version: Slot,
    /// Forget the digest it had when it was first seen, too
    #[arg(long)]
    forget: bool,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let resolved = context.resolve(Flags::default())?;
    let state = &resolved.state_dir.value;
    let line = context.line(&resolved)?;
    let release: Release = line.in_slot(args.version.clone());
    let store = context.store(&resolved)?;
    let removed = match store.remove(&release) {
        Err(error) if error.is_busy() => {
            return Err(in_use(state.path(), &store, &release, error)?);
        }
        removed => removed?,
    };
    context.notices(&store);
    let forgotten = args.forget && first_seen::forget(state, &release)?;
    if !removed && !forgotten {
        return Err(CommandError::new(Exit::Absent, format!("{release} is not here"))
            .hint("`loom list` shows what is"));
    }
    if chosen::load(state, &line.authority, &line.binary)?.as_ref() == Some(&args.version) {
        chosen::clear(state, &line.authority, &line.binary)?;
        context.printer.message(format!(
            "{} was chosen with `loom use`; the latest counts again",
            args.version
        ));
    }
    let document = json!({
        "schema": 1, "binary": line.binary, "version": args.version.to_string(), "platform": line.platform,
        "removed": removed, "forgotten": forgotten,
    });
    context.printer.answer(&document, || {
        if removed { format!("removed {release}") } else { format!("forgot {release}") }
    })?;
    Ok(Done::Well)
}

/// Who keeps `release` from being removed, where it is a runtime of this user.
fn in_use(
    state: &Path,
    store: &Store,
    release: &Release,
    error: StoreError,
) -> Result<CommandError, CommandError> {
    let tree = store.find(release)?.map(|installed| installed.tree.to_string());
    let mut running = launch::running(state, Scope::All).map_err(|error| launch_failed(&error))?;
    running.retain(|instance| instance.document.tree.is_some() && instance.document.tree == tree);
    if running.is_empty() {
        return Ok(error.into());
    }
    let mut failure = CommandError::new(Exit::Busy, format!("{release} is in use"));
    failure.chain = running.iter().map(who).collect();
    let mut hints: Vec<String> = running.iter().map(way_out).collect();
    hints.dedup();
    Ok(failure.hint(hints.join("\n")))
}

fn who(instance: &Instance) -> String {
    let pid = instance.document.pid.unwrap_or(instance.document.supervisor_pid);
    format!("process {pid} runs it for the project {}", instance.project)
}

fn way_out(instance: &Instance) -> String {
    match instance.kind {
        LaunchKind::Up => format!("end it with `loom down` in {}, and try again", instance.project),
        LaunchKind::Exec => "it ends with its `loom exec`".to_owned(),
    }
}
