//! `loom mirror sync --from SOURCE --to URL`

use loom_mirror::Destination;
use loom_source::Release;
use serde_json::json;

use super::{
    sync_args::{BATCH, SyncArgs},
    sync_images,
    transfer_folder::TransferFolder,
    unpacked_batch::UnpackedBatch,
};
use crate::cli::transfer_report::{TransferReport, copied_json, report_failed};
use crate::cli::writer_args::index_line;
use crate::cli::{CommandError, Exit, Outcome, context::Context, verbose};
use loom_runtime::{
    acquire::SourceRuntime,
    config::{Flags, Resolved, SourceKind, SourceSpec},
    mirror::{
        self, CurrentIndex, DestinationDocuments, IndexWriter, MirrorFiles, MirrorTaskError,
        OfferedIndex, SourceReleases, SyncReport, SyncSelection, SyncedIndex,
    },
};

pub(super) fn run(args: &SyncArgs, context: &Context) -> Outcome {
    let resolved = context.resolve(Flags::default())?;
    let spec = args.from.spec(context, &resolved)?;
    if let Some(publisher) = args.to.images(context, &resolved)? {
        return sync_images::run(args, context, &resolved, &spec, &publisher);
    }
    let destination = args.to.destination(context, &resolved)?;
    let keys = args.writer.keys()?;
    let to = destination.as_ref();
    let documents = DestinationDocuments(to);
    let writer = args.writer.writer(&documents, &keys);
    let sync = SyncRun { args, context, resolved: &resolved, spec: &spec, writer: &writer, to };
    let report = sync.run()?;
    let SyncReport { index, copied, failed, .. } = report;
    let count = failed.len();
    let (failed, code) = report_failed(&context.printer, failed);
    let document = json!({
        "schema": 1, "serial": index.serial, "changed": index.changed, "releases": index.releases,
        "copied": copied.iter().map(copied_json).collect::<Vec<_>>(), "failed": failed,
    });
    context.printer.answer(&document, || {
        let failed = if count > 0 { format!("{count} releases failed\n") } else { String::new() };
        format!("{failed}{}", index_line(&index))
    })?;
    // The document is the answer; an error would print a second one.
    Ok(code.map_or(Exit::Success, Exit::of_code))
}

struct SyncRun<'a> {
    args: &'a SyncArgs,
    context: &'a Context,
    resolved: &'a Resolved,
    spec: &'a SourceSpec,
    writer: &'a IndexWriter<'a>,
    to: &'a dyn Destination,
}

impl SyncRun<'_> {
    fn run(&self) -> Result<SyncReport, CommandError> {
        let journal = verbose::journal(&self.context.printer).unwrap_or_default();
        let candidate = self.context.opener(self.resolved)?.open(self.spec, journal)?;
        self.context.report_first_sight(&candidate);
        let runtime = SourceRuntime::default();
        let reporter = TransferReport::new(&self.context.printer);
        let is_mirror = matches!(self.spec.kind, SourceKind::Mirror(_));
        let selection = self.args.selection(self.context);
        let product = (&self.resolved.authority.value, &self.resolved.binary.value);
        let work = TransferFolder::of(self.resolved);
        let mut all = SourceReleases::default();
        let report = runtime.block_on(async {
            let index = OfferedIndex::of(&self.spec.kind);
            let offered = mirror::offered(&candidate, index, product, &selection).await?;
            if index != OfferedIndex::Decides {
                all.clone_from(&offered);
            }
            if !is_mirror {
                return self.unstated(offered, &selection).await;
            }
            let from = MirrorFiles::of(candidate.source.as_ref());
            let staging = || work.staging(self.to);
            let (writer, to) = (self.writer, self.to);
            mirror::sync(writer, to, from, offered, &selection, &staging, &reporter).await
        });
        reporter.end();
        let mut report = report??;
        let unstated = std::mem::take(&mut report.unstated);
        for batch in unstated.chunks(BATCH) {
            self.unpack(&runtime, &work, (batch, &all), &reporter, &mut report)?;
        }
        if !is_mirror && (selection.keep.is_some() || all.withdrawn().next().is_some()) {
            let mut change = SyncedIndex { offered: &all, selection: &selection };
            let index = runtime.block_on(self.writer.write(&mut change))??;
            let changed = report.index.changed || index.changed;
            report.index = mirror::WrittenIndex { changed, ..index };
        }
        Ok(report)
    }

    /// What a source without statements has and the mirror has not.
    async fn unstated(
        &self,
        offered: mirror::SourceReleases,
        selection: &SyncSelection,
    ) -> Result<SyncReport, MirrorTaskError> {
        let current = CurrentIndex::read(self.writer.documents).await?;
        let oldest = offered.oldest(selection, &current.payload.releases);
        let releases = offered.releases.into_iter().map(|one| one.release);
        let missing = releases
            .filter(|release| selection.evidence || current.payload.entry(release).is_none());
        let unstated: Vec<Release> = missing.filter(|release| oldest.keeps(release)).collect();
        if !unstated.is_empty() {
            self.writer.check(&current.payload).await?;
        }
        Ok(SyncReport { index: current.unchanged(), copied: vec![], unstated, failed: vec![] })
    }

    /// Acquires releases without statements into a store of their own, and puts them into the mirror.
    fn unpack(
        &self,
        runtime: &SourceRuntime,
        work: &TransferFolder,
        (releases, all): (&[Release], &SourceReleases),
        reporter: &TransferReport,
        report: &mut SyncReport,
    ) -> Result<(), CommandError> {
        let batch = UnpackedBatch::new(self.context, self.resolved, self.spec, work, releases)?;
        let batch = batch.with_withdrawn(&all.withdrawn().collect());
        let pushing = mirror::push(self.writer, self.to, &batch.store, &batch.releases, reporter);
        let (index, copied) = runtime.block_on(pushing)??;
        report.failed.extend(batch.end(releases)?);
        let changed = report.index.changed || index.changed;
        report.index = mirror::WrittenIndex { changed, ..index };
        report.copied.extend(copied);
        Ok(())
    }
}
