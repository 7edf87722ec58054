//! [`SyncArgs`]: the arguments of `loom mirror sync`.

use loom_source::{Name, Platform, Selector};

use super::mirror_location::MirrorLocation;
use crate::cli::{context::Context, writer_args::WriterArgs};
use loom_runtime::mirror::SyncSelection;

/// How many releases without statements are unpacked before the index is written.
pub(super) const BATCH: usize = 16;

/// Arguments of `loom mirror sync`.
#[derive(Debug, clap::Args)]
pub(super) struct SyncArgs {
    /// Where the releases come from: the name of a configured source, or a source such as github:owner/repository
    #[arg(long, value_name = "SOURCE")]
    pub(super) from: MirrorLocation,
    /// The mirror: the name of a configured source, a folder, s3://…, gs://…, az://…, a registry (oci://HOST/REPOSITORY) or
    /// an image layout (oci-layout:FOLDER)
    #[arg(long, value_name = "URL")]
    pub(super) to: MirrorLocation,
    /// Copy this version or range only; may be repeated
    #[arg(long = "version", value_name = "RANGE")]
    pub(super) versions: Vec<Selector>,
    /// Copy this platform only; may be repeated [default: all]
    #[arg(long = "platform", value_name = "PLATFORM")]
    pub(super) platforms: Vec<Platform>,
    /// Keep only the newest N versions of each binary and platform: others are not copied, and leave the index
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) keep: Option<u64>,
    /// Compare the evidence of all releases, also where the source's index does not tell whether there is more: records are
    /// read, and releases without statements are fetched again
    #[arg(long)]
    pub(super) evidence: bool,
    #[command(flatten)]
    pub(super) writer: WriterArgs,
}

impl SyncArgs {
    /// Everything that `from` has, to `to`.
    pub(super) fn of(from: MirrorLocation, to: MirrorLocation, writer: WriterArgs) -> Self {
        let (versions, platforms, keep) = (Vec::new(), Vec::new(), None);
        Self { from, to, versions, platforms, keep, evidence: false, writer }
    }

    /// Which releases are copied.
    pub(super) fn selection(&self, context: &Context) -> SyncSelection {
        let binary: Option<Name> = context.global.binary.clone();
        SyncSelection {
            binaries: binary.into_iter().collect(),
            versions: self.versions.clone(),
            platforms: self.platforms.clone(),
            keep: self.keep.and_then(|keep| usize::try_from(keep).ok()),
            evidence: self.evidence,
        }
    }
}
