//! `loom store …`: the store itself.
//!
//! | file | holds |
//! |---|---|
//! | `verify` | `store verify`: hashes everything, and follows all records and links |
//! | `repair` | `store repair`: mends what is damaged or missing |
//! | `du` | `store du`: disk usage |
//! | `dedup` | `store dedup`: lets identical files share their blocks |
//! | `gc` | `store gc`: removes what nothing needs |
//! | `path` | `store path`: the folder of the store, or of a tree |
//! | `add` | `store add`: adds an archive or a program as a release |
//!
//! A command has a file with its `Args` and its function `run`, and a line in [`StoreCommand`].

mod add;
mod dedup;
mod du;
mod gc;
mod path;
mod repair;
mod verify;

use super::{Outcome, context::Context};
use loom_runtime::config::Flags;

/// Arguments of `loom store`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: StoreCommand,
}

/// The table of commands, in the order of the help text.
#[derive(Debug, clap::Subcommand)]
enum StoreCommand {
    /// Hash all trees and objects, and follow all records and links; exit 6 if there is damage
    Verify(verify::Args),
    /// Mend what is damaged or missing: from other copies, kept archives and sources; exit 6 if something is left
    Repair(repair::Args),
    /// Show disk usage
    Du,
    /// Let identical files of different releases share their blocks, and print what that saved
    Dedup,
    /// Remove what nothing needs: damaged and abandoned trees, and files that no release names
    Gc,
    /// Print the store's folder, or the folder of a release's tree
    Path(path::Args),
    /// Add an archive or a program as a release
    Add(add::Args),
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let allow_unverified = matches!(&args.command, StoreCommand::Add(add) if add.allow_unverified);
    let resolved = context.resolve(Flags { allow_unverified, ..Flags::default() })?;
    let store = context.store(&resolved)?;
    match &args.command {
        StoreCommand::Verify(args) => verify::run(args, context, &resolved, &store),
        StoreCommand::Repair(args) => repair::run(args, context, &resolved, &store),
        StoreCommand::Du => du::run(context, &store),
        StoreCommand::Dedup => dedup::run(context, &store),
        StoreCommand::Gc => gc::run(context, &store),
        StoreCommand::Path(args) => path::run(args, context, &resolved, &store),
        StoreCommand::Add(args) => add::run(args, context, &resolved, &store),
    }
}
