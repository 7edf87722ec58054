//! `loom trust [PATH] | --revoke [PATH] | --list`

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{CommandError, Exit, Outcome, context::Context};
use loom_runtime::config::{self, Disk, Files as _, Flags, Inputs, Trusted, Untrusted};

/// Arguments of `loom trust`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The project's folder or its loom.toml [default: the nearest loom.toml upward]
    #[arg(conflicts_with = "list")]
    path: Option<PathBuf>,
    /// Trust it no longer
    #[arg(long)]
    revoke: bool,
    /// Print the projects that are trusted
    #[arg(long, conflicts_with = "revoke")]
    list: bool,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let mut inputs = context.inputs(Flags::default())?;
    let state = config::dirs::state_dir(&inputs)?.value;
    if let Some(path) = &args.path {
        let path = inputs.cwd.join(path);
        inputs.flags.config = Some(if path.is_dir() { path.join("loom.toml") } else { path });
    }
    match (args.list, args.revoke) {
        (true, _) => list(&inputs, context),
        (_, true) => revoke(&inputs, &state, context),
        _ => trust(&inputs, &state, context),
    }
}

/// What trust is about in the project's file.
fn project(inputs: &Inputs) -> Result<Untrusted, CommandError> {
    config::trustable(inputs, &Disk)?.ok_or_else(|| {
        let cwd = inputs.cwd.display();
        CommandError::new(Exit::Usage, format!("there is no loom.toml in {cwd} or above it"))
            .hint("name the project's folder, or write one with `loom init`")
    })
}

fn trust(inputs: &Inputs, state: &Path, context: &Context) -> Outcome {
    let Untrusted { file, digest, what } = project(inputs)?;
    Trusted::update(state, |trusted| trusted.trust(file.clone(), digest))?;
    let told: Vec<Value> = what.iter().map(|w| json!({"key": w.key, "value": w.value})).collect();
    let document = json!({"schema": 1, "file": file, "sha256": digest, "what": told});
    context.printer.answer(&document, || {
        let items = what.iter().map(|w| format!("  {} = {}\n", w.key, w.value));
        let head = match what.len() {
            0 => format!("{} says nothing that needs trust\n", file.display()),
            _ => format!("{} is trusted to set\n", file.display()),
        };
        std::iter::once(head).chain(items).collect()
    })?;
    Ok(Exit::Success)
}

fn revoke(inputs: &Inputs, state: &Path, context: &Context) -> Outcome {
    // A project that is gone, or broken, can be forgotten all the same.
    let file = match &inputs.flags.config {
        Some(named) => Disk.canonical(named),
        None => project(inputs)?.file,
    };
    let known = Trusted::update(state, |trusted| trusted.revoke(&file))?;
    context.printer.answer(&json!({"schema": 1, "file": file, "revoked": known}), || {
        let verb = if known { "is trusted no longer" } else { "was not trusted" };
        format!("{} {verb}", file.display())
    })?;
    Ok(Exit::Success)
}

fn list(inputs: &Inputs, context: &Context) -> Outcome {
    let state = |file: &Path, digest| {
        let flags = Flags { config: Some(file.to_owned()), ..Flags::default() };
        match config::trustable(&Inputs { flags, ..inputs.clone() }, &Disk) {
            Ok(Some(now)) if now.digest == digest => "trusted",
            Err(config::ConfigError::Missing { .. }) => "gone",
            _ => "changed",
        }
    };
    let projects: Vec<_> =
        inputs.trusted.iter().map(|(file, digest)| (file, *digest, state(file, *digest))).collect();
    let told: Vec<Value> = projects
        .iter()
        .map(|(file, digest, state)| json!({"file": file, "sha256": digest, "state": state}))
        .collect();
    context.printer.answer(&json!({"schema": 1, "projects": told}), || {
        projects.iter().map(|(file, _, state)| format!("{state:<8} {}\n", file.display())).collect()
    })?;
    Ok(Exit::Success)
}
