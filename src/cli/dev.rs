//! `loom dev`: the checkout of Loom whose cargo builds are used.

use std::path::{Path, PathBuf};

use indicatif::{HumanBytes, HumanDuration};
use loom_base::time::format_rfc3339;
use loom_cargo_build::{BuildArtifact, CargoBuild, CheckoutChoice, find_checkout};
use serde_json::{Value, json};

use super::{
    CommandError, Exit, Outcome,
    context::Context,
    path_text::shown,
    report::{open, source_error},
};
use loom_runtime::{
    config::{Flags, Resolved},
    state::DevLink,
};

/// Arguments of `loom dev`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: DevCommand,
}

#[derive(Debug, clap::Subcommand)]
enum DevCommand {
    /// Use the cargo builds of a checkout of Loom in every folder
    Link {
        /// Checkout, or a folder in it [default: the current folder]
        path: Option<PathBuf>,
    },
    /// Stop using the linked checkout
    Unlink,
    /// Print the checkout that is used, why, and its builds
    Find,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let resolved = context.resolve(Flags::default())?;
    match &args.command {
        DevCommand::Link { path } => link(context, &resolved, path.as_deref()),
        DevCommand::Unlink => unlink(context, &resolved),
        DevCommand::Find => find(context, &resolved),
    }
}

fn link(context: &Context, resolved: &Resolved, path: Option<&Path>) -> Outcome {
    let start = path.map_or_else(|| context.cwd(), |path| Ok(context.cwd()?.join(path)))?;
    let at = start.display();
    let start = start.canonicalize().map_err(|e| {
        CommandError::new(Exit::Usage, format!("cannot read the folder {at}: {e}"))
            .hint("give a folder that exists: a checkout of Loom, or one in it")
    })?;
    let checkout = find_checkout(&start).ok_or_else(|| {
        CommandError::new(Exit::Usage, format!("{at} is not in a checkout of Loom"))
            .hint("give the folder of a cargo workspace that has the package loom-bridge")
    })?;
    DevLink::of(&resolved.state_dir.value).write(&checkout).map_err(open::link_error)?;
    let document = json!({"schema": 1, "checkout": shown(&checkout)});
    context.printer.answer(&document, || format!("linked {}", checkout.display()))?;
    Ok(Exit::Success)
}

fn unlink(context: &Context, resolved: &Resolved) -> Outcome {
    let link = DevLink::of(&resolved.state_dir.value);
    // A link that cannot be read is removed as well.
    let checkout = link.read().unwrap_or_default();
    let removed = link.remove().map_err(open::link_error)?;
    let document =
        json!({"schema": 1, "removed": removed, "checkout": checkout.as_deref().map(shown)});
    context.printer.answer(&document, || match (&checkout, removed) {
        (Some(checkout), _) => format!("unlinked {}", checkout.display()),
        (None, true) => "unlinked".to_owned(),
        (None, false) => "no checkout was linked".to_owned(),
    })?;
    Ok(Exit::Success)
}

fn find(context: &Context, resolved: &Resolved) -> Outcome {
    let opener = context.opener(resolved)?;
    let CheckoutChoice { checkout, hint } = opener.checkout().map_err(open::link_error)?;
    let hint = hint.map(|hint| hint.to_string());
    let Some((checkout, reason)) = checkout else {
        return Err(CommandError::new(Exit::Absent, "no checkout of Loom is linked")
            .hint(hint.unwrap_or_else(|| "run `loom dev link FOLDER`".to_owned())));
    };
    let target = CargoBuild::open(opener.cargo_build_options(checkout.clone()));
    let builds =
        target.builds(&context.line(resolved)?).map_err(|e| source_error::unlisted_builds(&e))?;
    let document = json!({
        "schema": 1, "checkout": shown(&checkout), "reason": reason.to_string(), "hint": hint,
        "builds": builds.iter().map(build_json).collect::<Vec<_>>(),
    });
    context.printer.answer(&document, || {
        let lines: String = builds.iter().map(build_line).collect();
        format!("{} ({reason})\n{lines}", checkout.display())
    })?;
    if let Some(hint) = hint {
        context.printer.message(format!("hint: {hint}"));
    }
    Ok(Exit::Success)
}

fn build_json(build: &BuildArtifact) -> Value {
    json!({
        "path": shown(&build.path), "profile": build.profile, "platform": build.platform,
        "built": format_rfc3339(build.built), "bytes": build.size,
    })
}

fn build_line(build: &BuildArtifact) -> String {
    let age = HumanDuration(build.built.elapsed().unwrap_or_default());
    let size = HumanBytes(build.size);
    format!("  {:10} {age} ago, {size}  {}\n", build.profile, build.path.display())
}
