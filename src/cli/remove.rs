//! `loom remove`

use loom_source::{Release, Slot};
use serde_json::json;

use super::{Done, Exit, Failure, Outcome, context::Context};
use crate::{
    acquire::{chosen, forget_first_seen},
    config::Flags,
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
    let release: Release = line.at(args.version.clone());
    let store = context.store(&resolved)?;
    let removed = store.remove(&release)?;
    context.notices(&store);
    let forgotten = args.forget && forget_first_seen(state, &release)?;
    if !removed && !forgotten {
        return Err(Failure::new(Exit::Absent, format!("{release} is not here"))
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
