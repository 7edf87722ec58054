//! `loom mirror …`: keeps mirrors.
//!
//! | file | holds |
//! |---|---|
//! | `init` | `mirror init`: keys, the first root, an empty index |
//! | `root` | `mirror root`: the next root, by several holders |
//! | `sync` | `mirror sync`: copies the releases of a source |
//! | `sync_args`, `sync_images` | its arguments; the same to a registry |
//! | `unpacked_batch` | releases of a source in a store of their own |
//! | `push` | `mirror push`: puts releases of the store |
//! | `push_images` | what was put into a registry |
//! | `index`, `index_images` | `mirror index`: writes and signs the index of what is there; of a registry |
//! | `diff` | `mirror diff`: in what two mirrors differ |
//! | `verify` | `mirror verify`: whether everything is there and right |
//! | `yank` | `mirror yank`: withdraws a version |
//! | `gc` | `mirror gc`: removes what no index names any more |
//! | `bundle`, `bundle_key` | `mirror bundle`: writes releases into one file, signed with a key |
//! | `bundle_format`, `bundle_images` | the format of a bundle; releases as images in one file |
//! | `original_images` | the images that a registry has of releases |
//! | `bundle_verify` | the part of `mirror verify` that is about bundles |
//! | `import` | `mirror import`: puts the releases of a bundle into the store or a mirror |
//! | `serve` | `mirror serve`: a static server of the folder of a mirror |
//! | `mirror_location` | [`MirrorLocation`](mirror_location::MirrorLocation): the mirror that an argument names |
//! | `transfer_folder` | the folder for what is on its way |
//!
//! A command has a file with its `Args` and its function `run`, and a line in [`MirrorCommand`].

mod bundle;
mod bundle_format;
mod bundle_images;
mod bundle_key;
mod bundle_verify;
mod diff;
mod gc;
mod import;
mod index;
mod index_images;
mod init;
mod mirror_location;
mod original_images;
mod push;
mod push_images;
mod root;
mod serve;
mod sync;
mod sync_args;
mod sync_images;
mod transfer_folder;
mod unpacked_batch;
mod verify;
mod yank;

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
    /// Make keys, the first root and an empty index, so that the mirror is signed
    Init(init::Args),
    /// Copy the releases of a source that the mirror does not have
    Sync(sync_args::SyncArgs),
    /// Put releases of the store into the mirror
    Push(push::Args),
    /// Write and sign the index of an existing folder, bucket or registry
    Index(index::Args),
    /// Print in which releases two mirrors differ; exit 1 if they do
    Diff(diff::Args),
    /// Read every file of a mirror, and print what is missing or damaged; of a bundle, every byte
    Verify(verify::Args),
    /// Withdraw a version: it is served by its number, and never selected
    Yank(yank::Args),
    /// Remove what no index has named for 7 days
    Gc(gc::Args),
    /// Change keys, thresholds and authorities of a signed mirror
    Root(root::Args),
    /// Write releases of a mirror, with their evidence, into one file that needs no network
    Bundle(bundle::Args),
    /// Install the releases of a bundle, or put them into a mirror; needs no network
    Import(import::Args),
    /// Serve the folder of a mirror over HTTP
    Serve(serve::Args),
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    match &args.command {
        MirrorCommand::Init(args) => init::run(args, context),
        MirrorCommand::Sync(args) => sync::run(args, context),
        MirrorCommand::Push(args) => push::run(args, context),
        MirrorCommand::Index(args) => index::run(args, context),
        MirrorCommand::Diff(args) => diff::run(args, context),
        MirrorCommand::Verify(args) => verify::run(args, context),
        MirrorCommand::Yank(args) => yank::run(args, context),
        MirrorCommand::Gc(args) => gc::run(args, context),
        MirrorCommand::Root(args) => root::run(args, context),
        MirrorCommand::Bundle(args) => bundle::run(args, context),
        MirrorCommand::Import(args) => import::run(args, context),
        MirrorCommand::Serve(args) => serve::run(args, context),
    }
}
