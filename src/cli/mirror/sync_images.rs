//! `loom mirror sync --to oci://HOST/REPOSITORY`, or to an image layout.

use std::collections::{BTreeMap, HashSet, btree_map::Entry};

use loom_oci::ImagePublisher;
use loom_source::{Name, Platform, Release, Version};

use super::{
    original_images, push_images,
    sync_args::{BATCH, SyncArgs},
    transfer_folder::TransferFolder,
    unpacked_batch::UnpackedBatch,
};
use crate::cli::{
    CommandError, Exit, Outcome,
    context::Context,
    image_layers::unstaged,
    transfer_report::{TransferReport, report_failed},
    verbose,
};
use loom_runtime::{
    acquire::SourceRuntime,
    config::{Resolved, SourceSpec},
    mirror::{
        self, CurrentIndex, MirrorTaskError, OfferedIndex, SourceReleases, SyncedIndex,
        WrittenIndex,
    },
};

/// Copies what the registry does not have. Every release is acquired as for `loom get`, and published from a store of its own.
pub(super) fn run(
    args: &SyncArgs,
    context: &Context,
    resolved: &Resolved,
    spec: &SourceSpec,
    publisher: &ImagePublisher,
) -> Outcome {
    let runtime = SourceRuntime::default();
    let keys = args.writer.keys()?;
    let writer = args.writer.writer(publisher, &keys);
    let current = runtime.block_on(mirror::image_index(&writer));
    verbose::report_skipped(&context.printer, publisher, publisher.skipped());
    let current = current??;
    let there = (publisher, current.as_ref());
    let (missing, offered) = missing(args, context, resolved, spec, there, &runtime)?;
    let withdrawn: HashSet<Release> = offered.withdrawn().collect();
    if let Some(current) = current.as_ref().filter(|_| !missing.is_empty()) {
        // Before anything is transferred.
        runtime.block_on(writer.check(&current.payload))??;
    }
    let mut index = current.map(|current| current.unchanged());
    let (work, reporter) = (TransferFolder::of(resolved), TransferReport::new(&context.printer));
    let (mut pushed, mut failed) = (Vec::new(), Vec::new());
    for releases in missing.chunks(BATCH) {
        let batch = UnpackedBatch::new(context, resolved, spec, &work, releases)?;
        let batch = batch.with_withdrawn(&withdrawn);
        let UnpackedBatch { store, releases: unpacked, .. } = &batch;
        let files = tempfile::tempdir().map_err(|error| unstaged(&error))?;
        let parts = original_images::of(context, resolved, spec, unpacked, files.path(), &runtime)?;
        let pushing =
            mirror::push_indexed_images(&writer, publisher, store, unpacked, &parts, &reporter);
        let (written, images) = runtime.block_on(pushing)??;
        let changed = |index: &WrittenIndex| index.changed;
        let changed = [&index, &written].into_iter().flatten().any(changed);
        index = written.map(|written| WrittenIndex { changed, ..written });
        pushed.extend(images);
        failed.extend(batch.end(releases)?);
    }
    reporter.end();
    let is_to_change = args.keep.is_some() || !withdrawn.is_empty();
    if let Some(before) = index.as_ref().filter(|_| is_to_change).map(|index| index.changed) {
        let selection = args.selection(context);
        let mut change = SyncedIndex { offered: &offered, selection: &selection };
        let written = runtime.block_on(writer.write(&mut change))??;
        let changed = before || written.changed;
        index = Some(WrittenIndex { changed, ..written });
    }
    let count = failed.len();
    let (failed, code) = report_failed(&context.printer, failed);
    let mut document = push_images::document(index.as_ref(), &pushed);
    document["failed"] = failed;
    context.printer.answer(&document, || {
        let failed = if count > 0 { format!("{count} releases failed\n") } else { String::new() };
        format!("{failed}{}", push_images::text(index.as_ref(), &pushed))
    })?;
    // The document is the answer; an error would print a second one.
    Ok(code.map_or(Exit::Success, Exit::of_code))
}

/// The releases of the source that are selected, and that the registry does not have, those of a version together; and those
/// that the source has withdrawn. The
/// registry is asked by one runtime: connections that stay open belong to the runtime that made them.
fn missing(
    args: &SyncArgs,
    context: &Context,
    resolved: &Resolved,
    spec: &SourceSpec,
    (publisher, index): (&ImagePublisher, Option<&CurrentIndex>),
    runtime: &SourceRuntime,
) -> Result<(Vec<Release>, SourceReleases), CommandError> {
    let journal = verbose::journal(&context.printer).unwrap_or_default();
    let candidate = context.opener(resolved)?.open(spec, journal)?;
    context.report_first_sight(&candidate);
    let selection = args.selection(context);
    let product = (&resolved.authority.value, &resolved.binary.value);
    let reading = async {
        let of = OfferedIndex::of(&spec.kind);
        let offered = mirror::offered(&candidate, of, product, &selection).await?;
        let there = index.map(|index| index.payload.releases.as_slice()).unwrap_or_default();
        let oldest = offered.oldest(&selection, there);
        // Tags alone cannot say what is withdrawn.
        let kept = offered.releases.iter().filter(|one| index.is_some() || !one.yanked);
        let mut releases: Vec<Release> =
            kept.map(|one| one.release.clone()).filter(|release| oldest.keeps(release)).collect();
        releases.sort_by_key(|release| (release.binary.clone(), release.slot.clone()));
        if !args.evidence {
            match index {
                Some(index) => releases.retain(|release| index.payload.entry(release).is_none()),
                None => {
                    let there = platforms(publisher, &releases).await?;
                    releases.retain(|release| !has(&there, release));
                }
            }
        }
        Ok::<_, MirrorTaskError>((releases, offered))
    };
    let (releases, offered) = runtime.block_on(reading)??;
    let mut names: Vec<String> = offered.withdrawn().map(|release| release.to_string()).collect();
    names.sort_unstable();
    if index.is_none() && !names.is_empty() {
        context.printer.warning(format!(
            "{publisher} has no index that could say what is withdrawn, and does not get {}; `loom mirror init` makes one",
            names.join(", ")
        ));
    }
    Ok((releases, offered))
}

/// The platforms that the registry has of each version.
type PresentPlatforms = BTreeMap<(Name, Version), Vec<Platform>>;

async fn platforms(
    publisher: &ImagePublisher,
    releases: &[Release],
) -> Result<PresentPlatforms, MirrorTaskError> {
    let mut there = PresentPlatforms::new();
    for release in releases {
        let Some(version) = release.slot.version() else { continue };
        let key = (release.binary.clone(), version.clone());
        if let Entry::Vacant(entry) = there.entry(key) {
            entry.insert(publisher.platforms(&release.binary, version).await?);
        }
    }
    Ok(there)
}

fn has(there: &PresentPlatforms, release: &Release) -> bool {
    let Some(version) = release.slot.version() else { return true };
    let platforms = there.get(&(release.binary.clone(), version.clone()));
    platforms.is_some_and(|platforms| platforms.contains(&release.platform))
}
