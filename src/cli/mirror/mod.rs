//! `loom mirror …`: keeps mirrors.
//!
//! | file | holds |
//! |---|---|
//! | `bundle`, `bundle_key` | `mirror bundle`: writes releases into one file, signed with a key |
//! | `diff` | `mirror diff`: in what two mirrors differ |
//! | `serve` | `mirror serve`: a static server of the folder of a mirror |
//! | `verify` | `mirror verify`: compares every byte of a bundle, and follows its records |
//! | `mirror_location` | [`MirrorLocation`](mirror_location::MirrorLocation): the mirror that an argument names |
//!
//! A command has a file with its `Args` and its function `run`, and a line in [`MirrorCommand`].

mod bundle;
mod bundle_key;
mod diff;
mod mirror_location;
mod serve;
mod verify;

use super::{Outcome, context::Context};

/// Arguments of `loom mirror`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: MirrorCommand,
}

/// The table of commands, in the order of the help text.
#[derive(Debug, clap::Subcommand)]
enum MirrorCommand {
    /// Print in which releases two mirrors differ; exit 1 if they do
    Diff(diff::Args),
    /// Write releases of a mirror, with their evidence, into one file that needs no network
    Bundle(bundle::Args),
    /// Check every byte of a bundle, its signature and its records; exit 6 if one is wrong
    Verify(verify::Args),
    /// Serve the folder of a mirror over HTTP
    Serve(serve::Args),
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    match &args.command {
        MirrorCommand::Diff(args) => diff::run(args, context),
        MirrorCommand::Bundle(args) => bundle::run(args, context),
        MirrorCommand::Verify(args) => verify::run(args, context),
        MirrorCommand::Serve(args) => serve::run(args, context),
    }
}
