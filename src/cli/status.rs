//! `loom status [--all]`

use std::time::{Duration, SystemTime};

use serde::Serialize;
use serde_json::json;

use super::{
    Exit, Outcome,
    context::Context,
    lock_summary::{self, LockSummary},
    project_scope::ProjectScope,
    update_notice,
};
use loom_base::time::{age_in_words, duration_in_words};
use loom_runtime::{
    config::Flags,
    launch::{self, Instance},
};

/// Arguments of `loom status`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Show all runtimes of this user, not only those of this project
    #[arg(long)]
    all: bool,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let project = ProjectScope::of(context)?;
    let running = launch::running(&project.state, project.scope(args.all))?;
    if running.is_empty() {
        context.printer.message("no runtime is running");
    }
    for end in launch::unexpected_ends(&project.state, project.scope(args.all))? {
        context.printer.message(format!(
            "the last {end}\n  project    {}\n  log        {}",
            end.project, end.log
        ));
    }
    let now = SystemTime::now();
    let entries: Vec<InstanceStatus<'_>> =
        running.iter().map(|instance| InstanceStatus::of(instance, now)).collect();
    let lock = lock(context);
    if let Some(lock) = &lock {
        context.printer.message(format!("lock: {}", lock_summary::line(lock)));
    }
    let text = || entries.iter().map(InstanceStatus::human).collect::<Vec<_>>().join("\n");
    let lock = lock_summary::json(lock.as_ref());
    let document = json!({"schema": 1, "instances": entries, "lock": lock});
    context.printer.answer(&document, text)?;
    update_notice::show(context);
    Ok(Exit::Success)
}

/// The lock file of the project. A mistake in the configuration must not keep a user from seeing what runs.
fn lock(context: &Context) -> Option<Result<LockSummary, String>> {
    let resolved = context.resolve(Flags::default()).ok()?;
    lock_summary::of(context, &resolved)
}

/// An instance and how long it has been running.
#[derive(Serialize)]
struct InstanceStatus<'a> {
    #[serde(flatten)]
    instance: &'a Instance,
    /// The seconds since it was started; `None` where that time is not known.
    uptime_seconds: Option<u64>,
}

impl<'a> InstanceStatus<'a> {
    fn of(instance: &'a Instance, now: SystemTime) -> Self {
        let uptime = instance.started_at().map(|started| now.duration_since(started));
        // A clock that was set back must not show an error.
        let uptime_seconds = uptime.map(|uptime| uptime.unwrap_or_default().as_secs());
        Self { instance, uptime_seconds }
    }

    fn human(&self) -> String {
        let Instance { document, state, project, .. } = self.instance;
        let mut text = format!("{} {}  {state}", document.binary, document.version);
        let bridge = document.bridge.as_ref().map(|bridge| bridge.address.clone());
        let dashboard = document.dashboard.as_ref().map(|dashboard| dashboard.to_open().to_owned());
        let pid = document.pid.map(|pid| pid.to_string());
        let uptime = self.uptime_seconds.map(|seconds| {
            let uptime = Duration::from_secs(seconds);
            let uptime = match seconds {
                0..60 => duration_in_words(uptime),
                _ => age_in_words(uptime),
            };
            format!("{uptime} (since {})", self.instance.started)
        });
        for (name, value) in [
            ("bridge", bridge),
            ("dashboard", dashboard),
            ("uptime", uptime),
            ("process", pid),
            ("project", Some(project.clone())),
            ("log", Some(document.log.clone())),
        ] {
            if let Some(value) = value {
                text.push_str(&format!("\n  {name:<9}  {value}"));
            }
        }
        text
    }
}
