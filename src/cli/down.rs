//! `loom down [--all]`

use serde_json::{Value, json};

use super::{Exit, Outcome, context::Context, launching::GRACE, project_scope::ProjectScope};
use loom_runtime::launch::{self, StoppedInstance};

/// Arguments of `loom down`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Stop all runtimes of this user, not only those of this project
    #[arg(long)]
    all: bool,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let project = ProjectScope::of(context)?;
    let stopped = launch::down(&project.state, project.scope(args.all), GRACE)?;
    if stopped.is_empty() {
        context.printer.message("no runtime is running");
    }
    let documents: Vec<Value> = stopped.iter().map(document).collect();
    let lines = || stopped.iter().map(line).collect::<Vec<_>>().join("\n");
    context.printer.answer(&json!({"schema": 1, "stopped": documents}), lines)?;
    Ok(Exit::Success)
}

fn document(stopped: &StoppedInstance) -> Value {
    let runtime = &stopped.instance.document;
    json!({
        "id": stopped.instance.id, "project": stopped.instance.project,
        "binary": runtime.binary, "version": runtime.version, "pid": runtime.pid,
        "exit": stopped.ended.map(|ended| ended.shell_status()),
        "killed": stopped.ended.is_some_and(|ended| ended.killed),
    })
}

fn line(stopped: &StoppedInstance) -> String {
    let runtime = &stopped.instance.document;
    let killed = stopped.ended.is_some_and(|ended| ended.killed);
    let how = if killed { " (killed: it did not stop in time)" } else { "" };
    format!("stopped {} {} of {}{how}", runtime.binary, runtime.version, stopped.instance.project)
}
