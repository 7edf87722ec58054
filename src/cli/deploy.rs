//! `loom deploy`: renders what runs the project elsewhere, and compares it.
//!
//! | file | holds |
//! |---|---|
//! | `project` | [`DeployedProject`](project::DeployedProject): the project's file and its lock |
//! | `render` | `render` |
//! | `diff` | `diff` |

mod diff;
mod project;
mod render;

use super::{Outcome, context::Context};

/// Arguments of `loom deploy`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: DeployCommand,
}

#[derive(Debug, clap::Subcommand)]
enum DeployCommand {
    /// Write the files by which Kubernetes, Helm, compose or systemd run the project
    Render(render::RenderArgs),
    /// Show in what a folder differs from what would be rendered; exit 1 if it does
    Diff(diff::DiffArgs),
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    match &args.command {
        DeployCommand::Render(args) => render::run(args, context),
        DeployCommand::Diff(args) => diff::run(args, context),
    }
}
