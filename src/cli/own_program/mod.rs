//! `loom self …`: the program `loom` itself.
//!
//! | file | holds |
//! |---|---|
//! | `program_file` | the file and the version of this program |
//! | `update` | `self update`: replaces the program by a newer one |
//! | `rollback` | `self rollback`: puts the previous program back |

mod program_file;
mod rollback;
mod update;

use super::{Outcome, context::Context};

/// Arguments of `loom self`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: SelfCommand,
}

#[derive(Debug, clap::Subcommand)]
enum SelfCommand {
    /// Replace this program by a newer one, verified like every release; the previous one is kept
    Update(update::Args),
    /// Put the previous program back
    Rollback,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    match &args.command {
        SelfCommand::Update(args) => update::run(args, context),
        SelfCommand::Rollback => rollback::run(context),
    }
}
