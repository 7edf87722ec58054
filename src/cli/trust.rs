//! `loom trust [PATH]`, `--revoke [PATH]` and `--list`

use std::path::{Path, PathBuf};

use loom_source::Digest;
use serde_json::{Value, json};

use super::{CommandError, Exit, Outcome, context::Context};
use loom_runtime::{
    config::{self, ConfigError, Disk, Files as _, Flags, Inputs, Trusted, Untrusted},
    state::StateDir,
};

/// Arguments of `loom trust`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Folder or loom.toml of the project [default: the nearest loom.toml in this folder or above it]
    #[arg(conflicts_with = "list")]
    path: Option<PathBuf>,
    /// Stop trusting the project
    #[arg(long)]
    revoke: bool,
    /// List the trusted projects
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
    if args.list {
        list(&inputs, context)
    } else if args.revoke {
        revoke(&inputs, &state, context)
    } else {
        trust(&inputs, &state, context)
    }
}

/// The settings of the project's file that need trust.
fn settings(inputs: &Inputs) -> Result<Untrusted, CommandError> {
    config::project_settings(inputs, &Disk)?.ok_or_else(|| {
        let folder = inputs.cwd.clone();
        CommandError::from(ConfigError::NoProject { folder })
            .hint("name the folder of the project, or write a loom.toml with `loom init`")
    })
}

fn trust(inputs: &Inputs, state: &StateDir, context: &Context) -> Outcome {
    let Untrusted { file, digest, withheld } = settings(inputs)?;
    Trusted::update(state, |trusted| trusted.trust(file.clone(), digest))?;
    let what: Vec<Value> =
        withheld.iter().map(|item| json!({"key": item.key, "value": item.value})).collect();
    let document = json!({"schema": 1, "file": file, "sha256": digest, "what": what});
    context.printer.answer(&document, || {
        let head = match withheld.len() {
            0 => format!("{} sets nothing that needs trust\n", file.display()),
            _ => format!("{} is trusted to set\n", file.display()),
        };
        let items = withheld.iter().map(|item| format!("  {} = {}\n", item.key, item.value));
        std::iter::once(head).chain(items).collect()
    })?;
    Ok(Exit::Success)
}

fn revoke(inputs: &Inputs, state: &StateDir, context: &Context) -> Outcome {
    // A project whose file is gone or broken can be removed from the list as well.
    let file = match &inputs.flags.config {
        Some(named) => Disk.canonical(named),
        None => settings(inputs)?.file,
    };
    let known = Trusted::update(state, |trusted| trusted.revoke(&file))?;
    context.printer.answer(&json!({"schema": 1, "file": file, "revoked": known}), || {
        let state = if known { "is no longer trusted" } else { "was not trusted" };
        format!("{} {state}", file.display())
    })?;
    Ok(Exit::Success)
}

fn list(inputs: &Inputs, context: &Context) -> Outcome {
    if inputs.trusted.iter().next().is_none() {
        context.printer.message("no project is trusted");
    }
    let projects: Vec<(&Path, &Digest, &str)> = inputs
        .trusted
        .iter()
        .map(|(file, digest)| (file, digest, project_state(inputs, file, digest)))
        .collect();
    let documents: Vec<Value> = projects
        .iter()
        .map(|(file, digest, state)| json!({"file": file, "sha256": digest, "state": state}))
        .collect();
    context.printer.answer(&json!({"schema": 1, "projects": documents}), || {
        projects.iter().map(|(file, _, state)| format!("{state:<8} {}\n", file.display())).collect()
    })?;
    Ok(Exit::Success)
}

/// `trusted`, `changed` if a setting that needs trust has changed since, or `gone` if there is no such file.
fn project_state(inputs: &Inputs, file: &Path, digest: &Digest) -> &'static str {
    let flags = Flags { config: Some(file.to_owned()), ..Flags::default() };
    match config::project_settings(&Inputs { flags, ..inputs.clone() }, &Disk) {
        Ok(Some(settings)) if settings.digest == *digest => "trusted",
        Err(ConfigError::Missing { .. }) => "gone",
        _ => "changed",
    }
}
