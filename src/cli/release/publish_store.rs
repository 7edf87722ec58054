//! `loom release publish --to MIRROR` where the mirror has the layout of a store.

use std::{fs, path::Path};

use loom_mirror::Destination;
use loom_runtime::{
    acquire::SourceRuntime,
    config::{Layout, Resolved, SourceKind, SourceSpec},
    mirror::{self, StoreRelease, Unpacking},
    release::{ReleaseFile, ReleaseFolder},
    state::StateDir,
    store::Store,
    trust::Policy,
};
use loom_source::{Product, Release, asset};
use serde_json::{Value, json};

use crate::cli::{
    CommandError, Exit, Outcome, context::Context, ready, selection::Selection,
    transfer_report::TransferReport, writer_args::WriterArgs,
};

/// Unpacks the assets as `loom get` would, puts them into the mirror with all signatures, and writes its index.
pub(super) fn run(
    context: &Context,
    resolved: &Resolved,
    spec: &SourceSpec,
    folder: &ReleaseFolder,
    mirror: &dyn Destination,
    args: &WriterArgs,
) -> Outcome {
    let keys = args.keys()?;
    let writer = args.writer(mirror, &keys);
    let work = tempfile::tempdir().map_err(|error| unstaged(&error))?;
    let packed = work.path().join("packed");
    let source = staged(context, folder, &packed)?;
    let store = Store::open(&work.path().join("store"))?;
    let opener = context.opener(resolved)?;
    let open = || opener.open(&source, loom_http::Journal::default());
    let unpacking = Unpacking {
        store: &store,
        // What was published, the mirror says, and not what this machine has seen.
        state: &StateDir::new(work.path().join("state")),
        open: &open,
        policy: Policy::default(),
        options: ready::options(resolved, &Selection::default()),
    };
    let assets: Vec<(&ReleaseFile, Release)> =
        folder.assets().filter_map(|file| Some((file, release(resolved, folder, file)?))).collect();
    let releases: Vec<Release> = assets.iter().map(|(_, release)| release.clone()).collect();
    let reporter = TransferReport::new(&context.printer);
    if let Some((_, error)) = unpacking.acquire(&releases).pop() {
        // A release is published as a whole.
        return Err(error.into());
    }
    let of = |release: &Release| StoreRelease::of(&store, release).transpose();
    let publishing: Vec<StoreRelease> = releases.iter().filter_map(of).collect::<Result<_, _>>()?;
    let pushed = mirror::push(&writer, &store, &publishing, &reporter);
    let (_, copied) = SourceRuntime::default().block_on(pushed)??;
    let is_copied = |release: &Release| copied.iter().any(|one| one.release == *release);
    let (uploaded, kept): (Vec<_>, Vec<_>) =
        assets.iter().partition(|(_, release)| is_copied(release));
    let names = |files: Vec<&(&ReleaseFile, Release)>| -> Vec<String> {
        files.into_iter().map(|(file, _)| file.name.clone()).collect()
    };
    let (uploaded, kept) = (names(uploaded), names(kept));
    let url = spec.kind.to_string();
    let document = json!({
        "schema": 1, "version": folder.version, "tag": Value::Null, "to": url, "url": url,
        "published": !uploaded.is_empty(), "uploaded": uploaded, "kept": kept, "other": [],
    });
    context.printer.answer(&document, || {
        let verb = if uploaded.is_empty() { "was published already:" } else { "published" };
        let (new, same) = (uploaded.len(), kept.len());
        format!("{} {verb} {url} ({new} uploaded, {same} unchanged)", folder.version)
    })?;
    Ok(Exit::Success)
}

/// The folder as a mirror in the layout of release assets, which is what is unpacked.
fn staged(
    context: &Context,
    folder: &ReleaseFolder,
    to: &Path,
) -> Result<SourceSpec, CommandError> {
    let [below, _] = asset::folders(&folder.version);
    let files = to.join(below);
    let place = || -> std::io::Result<()> {
        fs::create_dir_all(&files)?;
        for file in &folder.files {
            let there = files.join(&file.name);
            if fs::hard_link(&file.path, &there).is_err() {
                fs::copy(&file.path, &there)?;
            }
        }
        Ok(())
    };
    place().map_err(|error| unstaged(&error))?;
    let mut spec = SourceSpec::shorthand(&to.display().to_string(), &context.cwd()?)?;
    if let SourceKind::Mirror(mirror) = &mut spec.kind {
        mirror.layout = Some(Layout::Release);
    }
    Ok(spec)
}

fn unstaged(error: &std::io::Error) -> CommandError {
    let exit = match error.kind() {
        std::io::ErrorKind::StorageFull => Exit::DiskFull,
        _ => Exit::Failure,
    };
    CommandError::new(exit, format!("no temporary folder could be filled: {error}"))
        .hint("set TMPDIR to a folder with space for the unpacked release")
}

fn release(resolved: &Resolved, folder: &ReleaseFolder, file: &ReleaseFile) -> Option<Release> {
    let (authority, binary) = (resolved.authority.value.clone(), folder.binary.clone());
    let product = Product { authority, binary, platform: file.platform? };
    Some(product.at_version(folder.version.clone()))
}
