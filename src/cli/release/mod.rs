//! `loom release pack | sign | publish | check`, for maintainers: from programs to a published release.
//!
//! | file | holds |
//! |---|---|
//! | `pack` | `release pack`: programs as reproducible archives with checksum files |
//! | `sign` | `release sign`: signature files |
//! | `signers` | reads secret keys |
//! | `password` | passwords of secret keys: from a file or a prompt, never from the command line |
//! | `publish`, `publish_args` | `release publish`: the destination decides |
//! | `publish_github`, `publish_mirror` | publishes to a repository on GitHub, and to a mirror |
//! | `publish_store` | publishes to a mirror with the layout of a store: records, evidence, the index |
//! | `publish_images` | publishes to a registry or an image layout |
//! | `unpacked_folder` | [`UnpackedFolder`](unpacked_folder::UnpackedFolder): the assets of a folder, unpacked |
//! | `check` | `release check`: downloads and verifies what was published |
//! | `signer_args` | [`SignerArgs`](signer_args::SignerArgs): who has to have signed a release that is checked |
//! | `destination` | where a release is published or looked for: a configured source, or one by its address |

mod check;
mod destination;
mod pack;
mod password;
mod publish;
mod publish_args;
mod publish_github;
mod publish_images;
mod publish_mirror;
mod publish_store;
mod sign;
mod signer_args;
mod signers;
mod unpacked_folder;

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
    /// Sign the archives and SHA256SUMS of a folder
    Sign(sign::ReleaseSignArgs),
    /// Publish the files of a folder as a release; goes on where an earlier run ended
    Publish(publish_args::ReleasePublishArgs),
    /// Download what was published, and verify it as a user would
    Check(check::CheckArgs),
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    match &args.command {
        ReleaseCommand::Pack(args) => pack::run(args, context),
        ReleaseCommand::Sign(args) => sign::run(args, context),
        ReleaseCommand::Publish(args) => publish::run(args, context),
        ReleaseCommand::Check(args) => check::run(args, context),
    }
}
