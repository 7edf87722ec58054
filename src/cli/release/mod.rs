//! `loom release pack`, for maintainers: from programs to a published release.
//!
//! | file | holds |
//! |---|---|
//! | `pack` | `release pack`: programs as reproducible archives with checksum files |

mod pack;

use super::{Outcome, context::Context};

/// Arguments of `loom release`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: ReleaseCommand,
}

#[derive(Debug, clap::Subcommand)]
enum ReleaseCommand {
    /// Pack programs as the archives of a release, with checksum files
    Pack(pack::PackArgs),
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    match &args.command {
        ReleaseCommand::Pack(args) => pack::run(args, context),
    }
}
