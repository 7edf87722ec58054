//! `loom mirror sync --from SOURCE --to URL`

use loom_source::{Name, Platform, Release, Selector};
use serde_json::json;

use super::{mirror_location::MirrorLocation, transfer_folder::TransferFolder};
use crate::cli::transfer_report::{TransferReport, copied_json, report_failed};
use crate::cli::writer_args::{WriterArgs, index_line};
use crate::cli::{
    CommandError, Exit, Outcome, context::Context, ready, selection::Selection, verbose,
};
use loom_runtime::{
    acquire::SourceRuntime,
    config::{Flags, Resolved, SourceKind, SourceSpec},
    mirror::{
        self, CurrentIndex, IndexWriter, MirrorFiles, MirrorTaskError, StoreRelease, SyncReport,
        SyncSelection, Unpacking,
    },
    sources::Opener,
    store::Store,
};

/// How many releases without statements are unpacked before the index is written.
const BATCH: usize = 16;

/// Arguments of `loom mirror sync`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where the releases come from: the name of a configured source, or a source such as github:owner/repository
    #[arg(long, value_name = "SOURCE")]
    from: MirrorLocation,
    /// The mirror: the name of a configured source, a folder, s3://…, gs://… or az://…
    #[arg(long, value_name = "URL")]
    to: MirrorLocation,
    /// Copy this version or range only; may be repeated
    #[arg(long = "version", value_name = "RANGE")]
    versions: Vec<Selector>,
    /// Copy this platform only; may be repeated [default: all]
    #[arg(long = "platform", value_name = "PLATFORM")]
    platforms: Vec<Platform>,
    /// Keep only the newest N versions of each binary and platform: others are not copied, and leave the index
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    keep: Option<u64>,
    /// Compare the evidence of all releases, also where the source's index does not tell whether there is more: records are
    /// read, and releases without statements are fetched again
    #[arg(long)]
    evidence: bool,
    #[command(flatten)]
    writer: WriterArgs,
}

impl Args {
    /// Everything that `from` has, to `to`.
    pub(super) fn of(from: MirrorLocation, to: MirrorLocation, writer: WriterArgs) -> Self {
        let (versions, platforms, keep) = (Vec::new(), Vec::new(), None);
        Self { from, to, versions, platforms, keep, evidence: false, writer }
    }
}

pub(super) fn run(args: &Args, context: &Context) -> Outcome {
    let resolved = context.resolve(Flags::default())?;
    let destination = args.to.destination(context, &resolved)?;
    let spec = args.from.spec(context, &resolved)?;
    let keys = args.writer.keys()?;
    let writer = args.writer.writer(destination.as_ref(), &keys);
    let sync = SyncRun { args, context, resolved: &resolved, spec: &spec, writer: &writer };
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
    args: &'a Args,
    context: &'a Context,
    resolved: &'a Resolved,
    spec: &'a SourceSpec,
    writer: &'a IndexWriter<'a>,
}

impl SyncRun<'_> {
    fn run(&self) -> Result<SyncReport, CommandError> {
        let journal = verbose::journal(&self.context.printer).unwrap_or_default();
        let candidate = self.context.opener(self.resolved)?.open(self.spec, journal)?;
        self.context.report_first_sight(&candidate);
        let runtime = SourceRuntime::default();
        let reporter = TransferReport::new(&self.context.printer);
        let is_mirror = matches!(self.spec.kind, SourceKind::Mirror(_));
        let selection = self.selection();
        let product = (&self.resolved.authority.value, &self.resolved.binary.value);
        let work = TransferFolder::of(self.resolved);
        let report = runtime.block_on(async {
            let offered = mirror::offered(&candidate, is_mirror, product, &selection).await?;
            if !is_mirror {
                return self.unstated(offered, &selection).await;
            }
            let from = MirrorFiles::of(candidate.source.as_ref());
            let staging = || work.staging(self.writer.destination);
            mirror::sync(self.writer, from, offered, &selection, &staging, &reporter).await
        });
        reporter.end();
        let mut report = report??;
        let unstated = std::mem::take(&mut report.unstated);
        for batch in unstated.chunks(BATCH) {
            self.unpack(&runtime, &work, batch, &reporter, &mut report)?;
        }
        Ok(report)
    }

    fn selection(&self) -> SyncSelection {
        let binary: Option<Name> = self.context.global.binary.clone();
        SyncSelection {
            binaries: binary.into_iter().collect(),
            versions: self.args.versions.clone(),
            platforms: self.args.platforms.clone(),
            keep: self.args.keep.and_then(|keep| usize::try_from(keep).ok()),
            evidence: self.args.evidence,
        }
    }

    /// What a source without statements has and the mirror has not.
    async fn unstated(
        &self,
        offered: mirror::SourceReleases,
        selection: &SyncSelection,
    ) -> Result<SyncReport, MirrorTaskError> {
        let current = CurrentIndex::read(self.writer.destination).await?;
        let oldest = selection.oldest(offered.releases.iter().map(|one| &one.release));
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
        releases: &[Release],
        reporter: &TransferReport,
        report: &mut SyncReport,
    ) -> Result<(), CommandError> {
        let folder = work.store(&self.spec.kind.to_string());
        let store = Store::open(&folder)?;
        let opener = Opener { evidence: true, ..self.context.opener(self.resolved)? };
        let open = || opener.open(self.spec, loom_http::Journal::default());
        let unpacking = Unpacking {
            store: &store,
            state: &self.resolved.state_dir.value,
            open: &open,
            policy: ready::policy(self.resolved)?,
            options: ready::options(self.resolved, &Selection::default()),
        };
        let failed = unpacking.acquire(releases);
        let of = |release: &Release| StoreRelease::of(&store, release).transpose();
        let unpacked: Vec<StoreRelease> =
            releases.iter().filter_map(of).collect::<Result<_, _>>()?;
        let (index, copied) =
            runtime.block_on(mirror::push(self.writer, &store, &unpacked, reporter))??;
        // What is left of a run that breaks off is used by the next one.
        for release in releases {
            store.remove(release)?;
        }
        let changed = report.index.changed || index.changed;
        report.index = mirror::WrittenIndex { changed, ..index };
        report.copied.extend(copied);
        report.failed.extend(failed);
        Ok(())
    }
}
