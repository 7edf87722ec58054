//! `loom release publish --to github:OWNER/REPO`

use indicatif::{HumanBytes, HumanDuration};
use loom_base::{bounded_file, error_chain};
use loom_github::publish::{Publication, PublishEvent, PublishFile, PublishRequest, Publisher};
use loom_runtime::{
    acquire::SourceRuntime,
    config::{GithubSource, Resolved, SourceSpec},
    release::ReleaseFolder,
};
use serde_json::json;

use super::publish_args::ReleasePublishArgs;
use crate::cli::{CommandError, Exit, Outcome, context::Context, printer::Printer, verbose};

/// The longest text of a release, in bytes: GitHub allows 125,000 characters.
const LONGEST_NOTES: u64 = 500_000;

pub(super) fn run(
    args: &ReleasePublishArgs,
    context: &Context,
    resolved: &Resolved,
    spec: &SourceSpec,
    github: &GithubSource,
    folder: &ReleaseFolder,
) -> Outcome {
    let request = request(args, context, github, folder)?;
    let journal = verbose::journal(&context.printer).unwrap_or_default();
    let opener = context.opener(resolved)?;
    let Some(publisher) = opener.open_publisher(spec, journal)? else {
        return Err(CommandError::new(Exit::Usage, format!("nothing is published to {spec}")));
    };
    let published = publish(&publisher, &request, &context.printer)?;
    for name in &published.other {
        context.printer.warning(format!("the release also has {name}, which is not in the folder"));
    }
    let document = json!({
        "schema": 1, "version": folder.version, "tag": request.tag, "to": spec.kind.to_string(),
        "url": published.url, "published": published.published, "uploaded": published.uploaded,
        "kept": published.kept, "other": published.other,
    });
    context.printer.answer(&document, || summary(&request, &published))?;
    Ok(Exit::Success)
}

fn request(
    args: &ReleasePublishArgs,
    context: &Context,
    github: &GithubSource,
    folder: &ReleaseFolder,
) -> Result<PublishRequest, CommandError> {
    let notes = match &args.notes {
        None => None,
        Some(file) => {
            let file = context.cwd()?.join(file);
            let text = bounded_file::read_text(&file, LONGEST_NOTES).map_err(|error| {
                let message = format!("could not read the notes {}: {error}", file.display());
                CommandError::new(Exit::Usage, message)
            })?;
            Some(text)
        }
    };
    let version = &folder.version;
    let tag = args.tag.clone().unwrap_or_else(|| format!("{}{version}", github.tag_prefix));
    let files = folder.files.iter().map(|file| PublishFile {
        name: file.name.clone(),
        path: file.path.clone(),
        size: file.size,
        sha256: file.sha256,
    });
    let (files, prerelease) = (files.collect(), version.is_prerelease());
    Ok(PublishRequest { tag, commit: args.commit.clone(), notes, prerelease, files })
}

fn publish(
    publisher: &Publisher,
    request: &PublishRequest,
    printer: &Printer,
) -> Result<Publication, CommandError> {
    let runtime = SourceRuntime::default();
    let published = runtime.block_on(publisher.publish(request, &|event| report(printer, &event)));
    Ok(published??)
}

/// Prints what happens.
fn report(printer: &Printer, event: &PublishEvent<'_>) {
    match event {
        PublishEvent::Drafted { tag } => printer.message(format!("made a draft of {tag}")),
        PublishEvent::Deleting { name, why } => {
            printer.message(format!("uploading {name} again: {why}"));
        }
        PublishEvent::Uploading { name, size } => {
            printer.message(format!("uploading {name} ({})", HumanBytes(*size)));
        }
        PublishEvent::Waiting { pause } => {
            printer.message(format!("waiting {}: the server asks for it", HumanDuration(*pause)));
        }
        PublishEvent::Retrying { error, pause } => {
            let error = error_chain(*error);
            printer.message(format!("trying again in {}: {error}", HumanDuration(*pause)));
        }
        PublishEvent::Publishing { tag } => {
            printer.message(format!("all files are there; publishing {tag}"));
        }
    }
}

fn summary(request: &PublishRequest, published: &Publication) -> String {
    let Publication { url, uploaded, kept, .. } = published;
    let verb = if published.published { "published" } else { "was published already:" };
    let (uploaded, kept) = (uploaded.len(), kept.len());
    format!("{} {verb} {url} ({uploaded} uploaded, {kept} unchanged)", request.tag)
}
