//! `loom release publish`: to a repository on GitHub, or to a mirror.

use std::path::PathBuf;

use loom_runtime::{
    config::{Flags, SourceKind},
    release::ReleaseFolder,
};

use super::{destination, publish_github, publish_mirror};
use crate::cli::{CommandError, Exit, Outcome, context::Context};

/// Arguments of `loom release publish`.
#[derive(Debug, clap::Args)]
pub(super) struct PublishArgs {
    /// Folder with the files of the release
    dir: PathBuf,
    /// Where to publish: github:OWNER/REPO, a mirror (a folder, s3://, gs://, az://), or the name of a configured source
    #[arg(long, value_name = "DESTINATION")]
    to: String,
    /// Tag of the release on GitHub [default: the prefix of the source's tags and the version, such as v0.2.0]
    #[arg(long)]
    pub(super) tag: Option<String>,
    /// Commit to tag on GitHub where the tag does not exist yet
    #[arg(long, value_name = "SHA")]
    pub(super) commit: Option<String>,
    /// File with the text of the release, in Markdown
    #[arg(long, value_name = "FILE")]
    pub(super) notes: Option<PathBuf>,
}

pub(super) fn run(args: &PublishArgs, context: &Context) -> Outcome {
    let resolved = context.resolve(Flags::default())?;
    let spec = destination::source(context, &resolved, &args.to)?;
    let folder = context.cwd()?.join(&args.dir);
    let folder = ReleaseFolder::read(&folder, &resolved.binary.value)?;
    match &spec.kind {
        SourceKind::Github(github) => {
            publish_github::run(args, context, &resolved, &spec, github, &folder)
        }
        SourceKind::Mirror(_)
            if args.tag.is_some() || args.commit.is_some() || args.notes.is_some() =>
        {
            let message =
                format!("--tag, --commit and --notes have no meaning for the mirror {spec}");
            Err(CommandError::new(Exit::Usage, message).hint("omit them"))
        }
        SourceKind::Mirror(_) => publish_mirror::run(context, &resolved, &spec, &folder),
        SourceKind::Target(_) | SourceKind::Plugin(_) => {
            let message = format!("nothing can be published to {spec}");
            Err(CommandError::new(Exit::Usage, message)
                .hint("publish to github:OWNER/REPO, a folder or a bucket"))
        }
    }
}
