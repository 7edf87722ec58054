//! `loom release publish`: to a repository on GitHub, or to a mirror.

use loom_runtime::{
    config::{Flags, SourceKind},
    release::ReleaseFolder,
};

use super::{destination, publish_args::ReleasePublishArgs, publish_github, publish_mirror};
use crate::cli::{CommandError, Exit, Outcome, context::Context};

pub(super) fn run(args: &ReleasePublishArgs, context: &Context) -> Outcome {
    let resolved = context.resolve(Flags::default())?;
    let spec = destination::source(context, &resolved, &args.to)?;
    let folder = context.cwd()?.join(&args.dir);
    let folder = ReleaseFolder::read(&folder, &resolved.binary.value)?;
    match &spec.kind {
        SourceKind::Github(_) if args.writer.is_given() => {
            let message = "--key, --expires and --timestamp-expires are for the index of a mirror";
            Err(CommandError::new(Exit::Usage, message).hint("omit them"))
        }
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
        SourceKind::Mirror(_) => {
            publish_mirror::run(context, &resolved, &spec, &folder, &args.writer)
        }
        SourceKind::Oci(_) | SourceKind::Target(_) | SourceKind::Plugin(_) => {
            let message = format!("nothing can be published to {spec}");
            Err(CommandError::new(Exit::Usage, message)
                .hint("publish to github:OWNER/REPO, a folder or a bucket"))
        }
    }
}
