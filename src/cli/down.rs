//! `loom down [--all]`

use std::time::Duration;

use serde_json::json;

use super::{
    Done, Outcome,
    context::Context,
    place::{ProjectScope, launch_failed},
};
use loom_runtime::launch::{self, Downed};

/// Arguments of `loom down`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// All runtimes of this user, not only this project's
    #[arg(long)]
    all: bool,
}

/// How long a server without its supervisor may take to end before it is killed.
const GRACE: Duration = Duration::from_secs(10);

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let place = ProjectScope::of(context)?;
    let downed = launch::down(&place.state, place.whose(args.all), GRACE)
        .map_err(|error| launch_failed(&error))?;
    if downed.is_empty() {
        context.printer.message("nothing runs");
    }
    let stopped: Vec<_> = downed.iter().map(document).collect();
    let lines = || downed.iter().map(line).collect::<Vec<_>>().join("\n");
    context.printer.answer(&json!({"schema": 1, "stopped": stopped}), lines)?;
    Ok(Done::Well)
}

fn document(downed: &Downed) -> serde_json::Value {
    let runtime = &downed.instance.document;
    json!({
        "id": downed.instance.id, "project": downed.instance.project,
        "binary": runtime.binary, "version": runtime.version, "pid": runtime.pid,
        "exit": downed.ended.map(|ended| ended.exit_code()),
        "killed": downed.ended.is_some_and(|ended| ended.killed),
    })
}

fn line(downed: &Downed) -> String {
    let runtime = &downed.instance.document;
    let how = match downed.ended {
        Some(ended) if ended.killed => ", which had to be killed",
        _ => "",
    };
    format!("stopped {} {} of {}{how}", runtime.binary, runtime.version, downed.instance.project)
}
