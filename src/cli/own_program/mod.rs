//! `loom self …`: the program `loom` itself.
//!
//! | file | holds |
//! |---|---|
//! | `update` | `self update`: replaces the program by a newer one |
//! | `rollback` | `self rollback`: puts the previous program back |

mod rollback;
mod update;

use super::{CommandError, Exit, Outcome, context::Context};
use loom_runtime::{config::Resolved, own_program::OwnProgram};

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

/// The version of this program.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The file of this program.
fn own_program(resolved: &Resolved) -> Result<OwnProgram, CommandError> {
    let path = std::env::current_exe().map_err(|e| {
        CommandError::new(Exit::Failure, format!("could not find the program file of loom: {e}"))
    })?;
    Ok(OwnProgram::at(&path, VERSION, &resolved.state_dir.value)?)
}
