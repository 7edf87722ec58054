//! `loom release publish`: to a repository on GitHub, to a mirror, or to a registry.

use loom_runtime::{
    config::{Flags, SourceKind, SourceSpec},
    release::ReleaseFolder,
};

use super::{
    destination, publish_args::ReleasePublishArgs, publish_github, publish_images, publish_mirror,
};
use crate::cli::{CommandError, Exit, Outcome, context::Context, verbose};

pub(super) fn run(args: &ReleasePublishArgs, context: &Context) -> Outcome {
    let resolved = context.resolve(Flags::default())?;
    let spec = destination::source(context, &resolved, &args.to)?;
    check(args, &spec)?;
    let folder = context.cwd()?.join(&args.dir);
    let folder = ReleaseFolder::read(&folder, &resolved.binary.value)?;
    match &spec.kind {
        SourceKind::Github(github) => {
            publish_github::run(args, context, &resolved, &spec, github, &folder)
        }
        SourceKind::Mirror(_) => {
            publish_mirror::run(context, &resolved, &spec, &folder, &args.writer)
        }
        SourceKind::Oci(_) | SourceKind::Target(_) | SourceKind::Plugin(_) => {
            let journal = verbose::journal(&context.printer).unwrap_or_default();
            let publisher = context.opener(&resolved)?.open_images(&spec, journal)?;
            let publisher = publisher.ok_or_else(|| nowhere(&spec))?;
            publish_images::run(args, context, &resolved, &spec, &folder, &publisher)
        }
    }
}

/// Fails where an option has no meaning for the destination.
fn check(args: &ReleasePublishArgs, spec: &SourceSpec) -> Result<(), CommandError> {
    let useless = |message: String| Err(CommandError::new(Exit::Usage, message).hint("omit them"));
    let is_mirror = matches!(spec.kind, SourceKind::Mirror(_));
    let is_github = matches!(spec.kind, SourceKind::Github(_));
    let is_oci = matches!(spec.kind, SourceKind::Oci(_));
    if !is_mirror && !is_oci && args.writer.is_given() {
        let message = "--key, --expires and --timestamp-expires are for the index of a mirror";
        return useless(message.to_owned());
    }
    let (of_github, of_commit) =
        (args.tag.is_some() || args.notes.is_some(), args.commit.is_some());
    if is_oci && of_github {
        return useless(format!("--tag and --notes have no meaning for {spec}"));
    }
    if !is_github && !is_oci && (of_github || of_commit) {
        let what = if is_mirror { "the mirror " } else { "" };
        return useless(format!("--tag, --commit and --notes have no meaning for {what}{spec}"));
    }
    if is_github || is_mirror {
        args.images.check_unused()?;
    }
    Ok(())
}

fn nowhere(spec: &SourceSpec) -> CommandError {
    CommandError::new(Exit::Usage, format!("nothing can be published to {spec}"))
        .hint("publish to github:OWNER/REPO, oci://HOST/REPOSITORY, a folder or a bucket")
}
