//! `loom dev`

use std::path::{Path, PathBuf};

use indicatif::{HumanBytes, HumanDuration};
use loom_cargo_build::{
    BuildArtifact, CargoBuild, CheckoutCandidates, CheckoutChoice, choose_checkout, find_checkout,
    link,
};
use serde_json::{Value, json};

use super::{CommandError, Exit, Outcome, context::Context, report::source_error, sources};
use loom_runtime::config::{Flags, Resolved};

/// Arguments of `loom dev`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Use the cargo builds of a checkout of Loom, from any folder
    Link {
        /// The checkout, or a folder in it [default: the current one]
        path: Option<PathBuf>,
    },
    /// Forget the linked checkout
    Unlink,
    /// Print the checkout that counts, why it does, and its builds
    Find,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let resolved = context.resolve(Flags::default())?;
    match &args.command {
        Command::Link { path } => link(context, &resolved, path.as_deref()),
        Command::Unlink => unlink(context, &resolved),
        Command::Find => find(context, &resolved),
    }
}

fn link(context: &Context, resolved: &Resolved, path: Option<&Path>) -> Outcome {
    let start = path.map_or_else(|| context.cwd(), |path| Ok(context.cwd()?.join(path)))?;
    let at = start.display();
    let start = start.canonicalize().map_err(|e| {
        CommandError::new(Exit::Usage, format!("could not look into {at}: {e}"))
            .hint("give a folder that exists: a checkout of Loom, or one in it")
    })?;
    let checkout = find_checkout(&start).ok_or_else(|| {
        CommandError::new(Exit::Usage, format!("{at} is not in a checkout of Loom"))
            .hint("give the folder of a cargo workspace that has the package loom-bridge")
    })?;
    link::write(resolved.state_dir.value.path(), &checkout).map_err(broken)?;
    let document = json!({"schema": 1, "checkout": checkout});
    context.printer.answer(&document, || format!("linked {}", checkout.display()))?;
    Ok(Exit::Success)
}

fn unlink(context: &Context, resolved: &Resolved) -> Outcome {
    let state = resolved.state_dir.value.path();
    // A link that cannot be read is forgotten all the same.
    let checkout = link::read(state).unwrap_or_default();
    let removed = link::remove(state).map_err(broken)?;
    let document = json!({"schema": 1, "removed": removed, "checkout": checkout});
    context.printer.answer(&document, || match (&checkout, removed) {
        (Some(checkout), _) => format!("unlinked {}", checkout.display()),
        (None, true) => "unlinked".to_owned(),
        (None, false) => "nothing was linked".to_owned(),
    })?;
    Ok(Exit::Success)
}

fn find(context: &Context, resolved: &Resolved) -> Outcome {
    let state = resolved.state_dir.value.path();
    let sightings =
        CheckoutCandidates::look(state, sources::built_from(), &context.cwd()?).map_err(broken)?;
    let CheckoutChoice { checkout, hint } = choose_checkout(sightings);
    let hint = hint.map(|hint| hint.to_string());
    let Some((checkout, reason)) = checkout else {
        return Err(CommandError::new(Exit::Absent, "no checkout of Loom counts here")
            .hint(hint.unwrap_or_else(|| "`loom dev link FOLDER` names one".to_owned())));
    };
    let target = CargoBuild::open(sources::target_options(context, checkout.clone()));
    let builds = target
        .builds(&context.line(resolved)?)
        .map_err(|e| CommandError::of(Exit::Failure, &e).maybe_hint(source_error::hint(&e)))?;
    let document = json!({
        "schema": 1, "checkout": checkout, "reason": reason.to_string(), "hint": hint,
        "builds": builds.iter().map(build).collect::<Vec<_>>(),
    });
    context.printer.answer(&document, || {
        let lines: String = builds.iter().map(row).collect();
        format!("{} ({reason})\n{lines}", checkout.display())
    })?;
    if let Some(hint) = hint {
        context.printer.message(format!("hint: {hint}"));
    }
    Ok(Exit::Success)
}

fn build(found: &BuildArtifact) -> Value {
    json!({
        "path": found.path, "profile": found.profile, "platform": found.platform,
        "built": loom_base::time::format_rfc3339(found.built), "bytes": found.size,
    })
}

fn row(found: &BuildArtifact) -> String {
    let age = HumanDuration(found.built.elapsed().unwrap_or_default());
    let (profile, path, size) = (&found.profile, found.path.display(), HumanBytes(found.size));
    format!("  {profile:10} {age} ago, {size}  {path}\n")
}

fn broken(error: link::LinkError) -> CommandError {
    CommandError::of(Exit::Failure, &error)
        .hint("check the state folder's permissions; `loom dev unlink` forgets a broken link")
}
