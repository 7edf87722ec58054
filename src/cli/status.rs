//! `loom status [--all]`

use super::{
    Done, Outcome,
    context::Context,
    place::{ProjectScope, launch_failed},
};
use loom_runtime::launch::{self, Instance};

/// Arguments of `loom status`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// All runtimes of this user, not only this project's
    #[arg(long)]
    all: bool,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let place = ProjectScope::of(context)?;
    let running = launch::running(&place.state, place.whose(args.all))
        .map_err(|error| launch_failed(&error))?;
    if running.is_empty() {
        context.printer.message("nothing runs");
    }
    let ends =
        launch::ends(&place.state, place.whose(args.all)).map_err(|error| launch_failed(&error))?;
    for end in ends {
        context.printer.message(format!(
            "the last {end}\n  project    {}\n  log        {}",
            end.project, end.log
        ));
    }
    let text = || running.iter().map(lines).collect::<Vec<_>>().join("\n");
    context.printer.answer(&running, text)?;
    Ok(Done::Well)
}

fn lines(instance: &Instance) -> String {
    let runtime = &instance.document;
    let mut text = format!("{} {}  {}", runtime.binary, runtime.version, instance.state);
    let bridge = runtime.bridge.as_ref().map(|bridge| bridge.address.clone());
    let dashboard = runtime.dashboard.as_ref().map(|dashboard| dashboard.url.clone());
    let pid = runtime.pid.map(|pid| pid.to_string());
    for (name, value) in [
        ("bridge", bridge),
        ("dashboard", dashboard),
        ("process", pid),
        ("project", Some(instance.project.clone())),
        ("log", Some(runtime.log.clone())),
    ] {
        if let Some(value) = value {
            text.push_str(&format!("\n  {name:<9}  {value}"));
        }
    }
    text
}
