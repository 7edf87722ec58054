//! `loom store …`: the store itself.
//!
//! | file | holds |
//! |---|---|
//! | `verify` | `store verify`: hashes everything, and follows all records and links |
//! | `repair` | `store repair`: mends what is damaged or missing |
//! | `du` | `store du`: disk usage |
//! | `gc`, `gc_reasons` | `store gc`: removes versions that are given up, and what nothing needs |
//! | `keep` | `store keep`: versions that are not collected |
//! | `dedup` | `store dedup`: lets identical files share their blocks |
//! | `path` | `store path`: the folder of the store, or of a tree |
//! | `add` | `store add`: adds an archive or a program as a release |
//!
//! A command has a file with its `Args` and its function `run`, and a line in [`StoreCommand`].

mod add;
mod dedup;
mod du;
mod gc;
mod gc_reasons;
mod keep;
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
    /// Remove versions that are given up, damaged and abandoned trees, and files that no release names
    Gc(gc::Args),
    /// Keep versions: they are not collected, whatever the rules say
    Keep(keep::Args),
    /// Print the store's folder, or the folder of a release's tree
    Path(path::Args),
    /// Add an archive or a program as a release
    Add(add::Args),
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let allow_unverified = matches!(&args.command, StoreCommand::Add(add) if add.allow_unverified);
    let resolved = context.resolve(Flags { allow_unverified, ..Flags::default() })?;
    let store = match &args.command {
        StoreCommand::Verify(_) | StoreCommand::Repair(_) => context.damaged_store(&resolved)?,
        _ => context.store(&resolved)?,
    };
    match &args.command {
        StoreCommand::Verify(args) => verify::run(args, context, &resolved, &store),
        StoreCommand::Repair(args) => repair::run(args, context, &resolved, &store),
        StoreCommand::Du => du::run(context, &store),
        StoreCommand::Dedup => dedup::run(context, &store),
        StoreCommand::Gc(args) => gc::run(args, context, &resolved, &store),
        StoreCommand::Keep(args) => keep::run(args, context, &resolved, &store),
        StoreCommand::Path(args) => path::run(args, context, &resolved, &store),
        StoreCommand::Add(args) => add::run(args, context, &resolved, &store),
    }
}
