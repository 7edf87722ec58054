//! [`ReleasePublishArgs`]: the arguments of `loom release publish`.

use std::path::PathBuf;

use crate::cli::{image_layers::ImageArgs, writer_args::WriterArgs};

/// Arguments of `loom release publish`.
#[derive(Debug, clap::Args)]
pub(super) struct ReleasePublishArgs {
    /// Folder with the files of the release
    pub(super) dir: PathBuf,
    /// Where to publish: github:OWNER/REPO, a registry (oci://HOST/REPOSITORY), a mirror (a folder, s3://, gs://, az://), or
    /// the name of a configured source
    #[arg(long, value_name = "DESTINATION")]
    pub(super) to: String,
    /// Tag of the release on GitHub [default: the prefix of the source's tags and the version, such as v0.2.0]
    #[arg(long)]
    pub(super) tag: Option<String>,
    /// Commit of the release: GitHub tags it where the tag does not exist yet, and images name it as their revision
    #[arg(long, value_name = "SHA")]
    pub(super) commit: Option<String>,
    /// File with the text of the release, in Markdown
    #[arg(long, value_name = "FILE")]
    pub(super) notes: Option<PathBuf>,
    #[command(flatten)]
    pub(super) images: ImageArgs,
    #[command(flatten)]
    pub(super) writer: WriterArgs,
}
