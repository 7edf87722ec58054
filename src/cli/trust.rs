//! `loom trust [PATH]`, `--always [PATH]`, `--revoke [PATH]` and `--list`; the roots of mirrors in `mirror_roots`, releases
//! that changed in `accept`

mod accept;
mod mirror_roots;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use self::{accept::Accept, mirror_roots::AddRoot};
use super::{
    CommandError, Exit, Outcome, context::Context, path_text::shown, report::config::change_lines,
};
use loom_runtime::{
    config::{
        self, ConfigError, Disk, Files as _, Flags, Inputs, TrustChange, TrustScope, Trusted,
        TrustedProject, Withheld,
    },
    lock::{LockFile, LockedBinary},
    state::StateDir,
};

/// Arguments of `loom trust`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Option<TrustCommand>,
    /// Folder or loom.toml of the project [default: the nearest loom.toml in this folder or above it]
    #[arg(conflicts_with = "list")]
    path: Option<PathBuf>,
    /// Trust the folder whatever its loom.toml and .env set from now on
    #[arg(long, conflicts_with_all = ["list", "revoke"])]
    always: bool,
    /// Stop trusting the project
    #[arg(long)]
    revoke: bool,
    /// List the trusted projects
    #[arg(long, conflicts_with = "revoke")]
    list: bool,
}

#[derive(Debug, clap::Subcommand)]
enum TrustCommand {
    /// Accept a release that changed since it was first seen on this machine
    Accept(Accept),
    /// Add the root of a signed mirror, from which its index is verified
    AddRoot(AddRoot),
    /// Print the mirrors for which a root is known
    Roots,
    /// Remove the root of a source that was added
    RemoveRoot {
        /// Name or URL of the source
        source: String,
    },
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    match &args.command {
        Some(TrustCommand::Accept(args)) => return accept::run(args, context),
        Some(TrustCommand::AddRoot(args)) => return mirror_roots::add(args, context),
        Some(TrustCommand::Roots) => return mirror_roots::list(context),
        Some(TrustCommand::RemoveRoot { source }) => return mirror_roots::remove(source, context),
        None => {}
    }
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
        trust(&inputs, &state, args.always, context)
    }
}

fn no_project(inputs: &Inputs) -> CommandError {
    CommandError::from(ConfigError::NoProject { folder: inputs.cwd.clone() })
        .hint("name the folder of the project, or write a loom.toml with `loom init`")
}

fn trust(inputs: &Inputs, state: &StateDir, always: bool, context: &Context) -> Outcome {
    let scope = config::project_settings(inputs, &Disk)?.ok_or_else(|| no_project(inputs))?;
    let changes = inputs.trusted.changes(&scope);
    let lock = LockFile::read(&config::lock_file(&scope.file))?;
    if always {
        check_folder(&scope.file)?;
    }
    let always = Trusted::update(state, |trusted| {
        if always {
            trusted.trust_always(&scope)
        } else {
            trusted.trust(&scope)
        }
        if let Some(lock) = &lock {
            trusted.trust_lock(&lock.path, lock.digest());
        }
        trusted.is_always(&scope.file)
    })?;
    let what: Vec<Value> =
        covered(&scope).map(|item| json!({"key": item.key, "value": item.value})).collect();
    let document = json!({
        "schema": 1, "file": shown(&scope.file), "sha256": scope.digest, "always": always,
        "what": what, "changes": changes.as_ref().map(|changes| changes_json(changes)),
        "lock": lock.as_ref().map(|lock| json!({"file": shown(&lock.path), "sha256": lock.digest()})),
    });
    context.printer.answer(&document, || {
        let always = if always {
            "its folder is trusted whatever it sets; `loom trust --revoke` ends this\n"
        } else {
            ""
        };
        text(&scope, changes.as_deref()) + always + &lock_text(lock.as_ref())
    })?;
    Ok(Exit::Success)
}

/// What the trusted lock file holds.
fn lock_text(lock: Option<&LockFile>) -> String {
    let Some(lock) = lock else { return String::new() };
    let entry = |binary: &LockedBinary| {
        format!("  {} {} for \"{}\"\n", binary.name, binary.version, binary.requested)
    };
    let entries: String = lock.lock.binaries.iter().map(entry).collect();
    format!("{} is trusted, with this content ({})\n{entries}", lock.path.display(), lock.digest())
}

/// # Errors
/// If other users could use the trust in the folder of this file: they can change what is in it.
fn check_folder(file: &Path) -> Result<(), CommandError> {
    match Disk.changed_by_others(file) {
        None => Ok(()),
        Some(why) => {
            let folder = file.parent().unwrap_or(file);
            let message = format!("{} is not trusted whatever it sets: {why}", folder.display());
            Err(CommandError::new(Exit::Usage, message).hint(
                "make it writable by you alone, or run `loom trust`, which trusts what it sets now",
            ))
        }
    }
}

/// All that is trusted, for display.
fn covered(scope: &TrustScope) -> impl Iterator<Item = &Withheld> {
    scope.settings.iter().chain(&scope.dotenv)
}

fn changes_json(changes: &[TrustChange]) -> Value {
    let change = |change: &TrustChange| json!({"key": change.key, "before": change.before, "now": change.now});
    changes.iter().map(change).collect()
}

/// What is trusted: all of it the first time, then what changed.
fn text(scope: &TrustScope, changes: Option<&[TrustChange]>) -> String {
    let (head, lines) = match changes {
        None if scope.is_empty() => ("sets nothing that needs trust", Vec::new()),
        None => {
            let line = |item: &Withheld| format!("{} = {}", item.key, item.value);
            ("is trusted to set", covered(scope).map(line).collect())
        }
        Some([]) => ("is trusted; nothing has changed since it was trusted before", Vec::new()),
        Some(changes) => {
            ("is trusted; changed since it was trusted before:", change_lines(changes))
        }
    };
    let lines: String = lines.iter().map(|line| format!("  {line}\n")).collect();
    format!("{} {head}\n{lines}", scope.file.display())
}

fn revoke(inputs: &Inputs, state: &StateDir, context: &Context) -> Outcome {
    // A project whose file is gone or broken can be removed from the list as well.
    let file = config::project_file(inputs, &Disk).ok_or_else(|| no_project(inputs))?;
    let known = Trusted::update(state, |trusted| trusted.revoke(&file))?;
    let document = json!({"schema": 1, "file": shown(&file), "revoked": known});
    context.printer.answer(&document, || {
        let state = if known { "is no longer trusted" } else { "was not trusted" };
        format!("{} {state}", file.display())
    })?;
    Ok(Exit::Success)
}

fn list(inputs: &Inputs, context: &Context) -> Outcome {
    if inputs.trusted.iter().next().is_none() {
        context.printer.message("no project is trusted");
    }
    let projects: Vec<(&Path, &TrustedProject, &str)> = inputs
        .trusted
        .iter()
        .map(|(file, project)| (file, project, project_state(inputs, file, project)))
        .collect();
    let documents: Vec<Value> = projects
        .iter()
        .map(|(file, project, state)| {
            json!({"file": shown(file), "sha256": project.sha256, "state": state})
        })
        .collect();
    context.printer.answer(&json!({"schema": 1, "projects": documents}), || {
        projects.iter().map(|(file, _, state)| format!("{state:<8} {}\n", file.display())).collect()
    })?;
    Ok(Exit::Success)
}

/// `trusted`, `changed` if something that needs trust has changed since, `always` if it does not matter what changes,
/// `unsafe` if it would not matter but other users can change it, or `gone` if there is no such file.
fn project_state(inputs: &Inputs, file: &Path, project: &TrustedProject) -> &'static str {
    let flags = Flags { config: Some(file.to_owned()), ..Flags::default() };
    match config::project_settings(&Inputs { flags, ..inputs.clone() }, &Disk) {
        Err(ConfigError::Missing { .. }) => "gone",
        _ if project.always && Disk.changed_by_others(file).is_some() => "unsafe",
        _ if project.always => "always",
        Ok(Some(scope)) if scope.digest == project.sha256 => "trusted",
        _ => "changed",
    }
}
