//! `loom mirror import FILE`

use std::{
    path::{Path, PathBuf},
    time::SystemTime,
};

use loom_mirror::bundle::{BundleCheck, OpenBundle};
use loom_source::{Index, Record, Selector, Version};
use serde_json::json;

use super::{mirror_location::MirrorLocation, sync, sync_args::SyncArgs};
use crate::cli::writer_args::WriterArgs;
use crate::cli::{
    CommandError, Exit, Outcome, bundle_signer, context::Context, path_text::shown, ready,
    selection::Selection,
};
use loom_runtime::{
    acquire::SourceRuntime,
    config::{Flags, Resolved},
    mirror::bundle::{BundleTaskError, ImportReport, import, verify_contents},
    trust::{RevokedSigners, mirror::MirrorClock},
};

/// Arguments of `loom mirror import`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The bundle
    file: PathBuf,
    /// Mirror to put the releases into [default: the store of this machine, for its platform]
    #[arg(long, value_name = "MIRROR")]
    to: Option<MirrorLocation>,
    #[command(flatten)]
    writer: WriterArgs,
}

pub(super) fn run(args: &Args, context: &Context) -> Outcome {
    let resolved = context.resolve(Flags::default())?;
    let path = context.cwd()?.join(&args.file);
    let bundle = verified(context, &resolved, &path)?;
    let location = MirrorLocation::folder(&path);
    let Some(to) = &args.to else { return into_store(context, &path, &bundle) };
    if !is_signed(&path, &bundle)? {
        return sync::run(&SyncArgs::of(location, to.clone(), args.writer.clone()), context);
    }
    let destination = to.destination(context, &resolved)?;
    let clock = MirrorClock::new(SystemTime::now(), 0);
    let revoked = RevokedSigners::new(resolved.trust.revoked.value.clone());
    let importing = import(&path, &bundle, destination.as_ref(), clock, &revoked);
    let report = SourceRuntime::default().block_on(importing)??;
    let ImportReport { root, serial, changed, releases } = report;
    let document = json!({
        "schema": 1, "root": root, "serial": serial, "changed": changed, "releases": releases,
    });
    context.printer.answer(&document, || {
        let state = if changed { "" } else { " is up to date" };
        format!("root {root}, index {serial}{state}: {releases} releases")
    })?;
    Ok(Exit::Success)
}

/// The bundle at `path`, every byte of which has been compared.
fn verified(
    context: &Context,
    resolved: &Resolved,
    path: &Path,
) -> Result<OpenBundle, CommandError> {
    let read = |source| BundleTaskError::Read { path: path.to_owned(), source };
    let BundleCheck { bundle, damages } = BundleCheck::run(path).map_err(read)?;
    let signer = bundle_signer::judge(context, resolved, bundle.signer(), None)?;
    let damage = damages.into_iter().next();
    let why = match damage {
        Some(damage) => Some((damage.path, loom_base::error_chain(&damage.error))),
        None => signer.finding().or_else(|| verify_contents(&bundle).findings.into_iter().next()),
    };
    match why {
        None => Ok(bundle),
        Some((file, what)) => {
            let message = format!("{} is not imported: {file}: {what}", path.display());
            Err(CommandError::new(Exit::Integrity, message)
                .hint("`loom mirror verify` prints all problems of a bundle"))
        }
    }
}

/// Whether the bundle has an index that names a root.
fn is_signed(path: &Path, bundle: &OpenBundle) -> Result<bool, CommandError> {
    let read = |source| BundleTaskError::Read { path: path.to_owned(), source };
    let Some(bytes) = bundle.read(Index::PATH).map_err(read)? else { return Ok(false) };
    let document = |source| BundleTaskError::Document {
        at: path.join(Index::PATH).display().to_string(),
        source,
    };
    Ok(Index::parse(&bytes).map_err(document)?.payload.root.is_some())
}

/// Installs the releases of the bundle for this machine, each as `loom get` does.
fn into_store(context: &Context, path: &Path, bundle: &OpenBundle) -> Outcome {
    let sources = vec![path.display().to_string()];
    let resolved = context.resolve(Flags { sources: sources.clone(), ..Flags::default() })?;
    let product = context.line(&resolved)?;
    let mut installed = Vec::new();
    for version in versions(bundle) {
        if bundle.manifest().file(&Record::path(&product.at_version(version.clone()))).is_none() {
            continue;
        }
        let selection = Selection {
            version: Some(Selector::Exact(version)),
            sources: sources.clone(),
            ..Selection::default()
        };
        let resolved = context.resolve(selection.flags())?;
        let store = context.store(&resolved)?;
        installed.push(ready::ready(context, &resolved, &store, &selection)?.installed);
    }
    if installed.is_empty() {
        let message =
            format!("{} has no {} for {}", path.display(), product.binary, product.platform);
        return Err(CommandError::new(Exit::Absent, message)
            .hint("--to FOLDER puts releases for all platforms into a mirror"));
    }
    let rows = installed
        .iter()
        .map(|one| json!({"version": one.release.slot.to_string(), "path": shown(&one.link)}));
    let document = json!({"schema": 1, "installed": rows.collect::<Vec<_>>()});
    let lines: Vec<String> = installed.iter().map(|one| one.link.display().to_string()).collect();
    context.printer.answer(&document, || lines.join("\n"))?;
    Ok(Exit::Success)
}

/// The versions that the records of a bundle have.
fn versions(bundle: &OpenBundle) -> Vec<Version> {
    let mut versions: Vec<Version> = bundle
        .manifest()
        .files
        .iter()
        .filter_map(|file| {
            let parts: Vec<&str> = file.path.split('/').collect();
            let [first, _, _, version, _] = parts[..] else { return None };
            (first == "releases").then(|| version.parse().ok()).flatten()
        })
        .collect();
    versions.sort();
    versions.dedup();
    versions
}
