//! `loom mirror index URL [--key FILE] [--refresh]`

use loom_http::Journal;
use loom_mirror::Destination;
use loom_source::{AssetRef, Digest, Offer, Packaging, Release};
use serde_json::json;

use super::{index_images, mirror_location::MirrorLocation, transfer_folder::TransferFolder};
use crate::cli::transfer_report::{TransferReport, release_json, report_failed};
use crate::cli::writer_args::{WriterArgs, index_line};
use crate::cli::{CommandError, Exit, Outcome, context::Context, ready, selection::Selection};
use loom_runtime::{
    acquire::SourceRuntime,
    config::{Flags, Layout, Resolved, SourceKind, SourceSpec},
    mirror::{
        self, CurrentIndex, IndexWriter, MirrorTaskError, Reindex, StoreRelease, SyncSelection,
        Unpacking, WrittenIndex,
    },
    sources::{Candidate, Opener},
    store::Store,
};

/// Arguments of `loom mirror index`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The mirror: the name of a configured source, a folder, s3://…, gs://… or az://…, in the release layout, too; a
    /// registry (oci://HOST/REPOSITORY) or an image layout (oci-layout:FOLDER)
    mirror: MirrorLocation,
    /// Issue the index (or its timestamp) anew, as it is, and look at no release
    #[arg(long)]
    refresh: bool,
    #[command(flatten)]
    writer: WriterArgs,
}

pub(super) fn run(args: &Args, context: &Context) -> Outcome {
    let resolved = context.resolve(Flags::default())?;
    let documents = args.mirror.documents(context, &resolved)?;
    let keys = args.writer.keys()?;
    let writer = args.writer.writer(documents.as_ref(), &keys);
    let runtime = SourceRuntime::default();
    if args.refresh {
        let index = runtime.block_on(mirror::refresh(&writer))??;
        let document = json!({
            "schema": 1, "serial": index.serial, "changed": index.changed, "releases": index.releases,
        });
        context.printer.answer(&document, || index_line(&index))?;
        return Ok(Exit::Success);
    }
    if let Some(publisher) = args.mirror.images(context, &resolved)? {
        return index_images::run(context, &resolved, &publisher, &writer);
    }
    let destination = args.mirror.destination(context, &resolved)?;
    let spec = args.mirror.spec(context, &resolved)?;
    let (resolved, spec, to) = (&resolved, &spec, destination.as_ref());
    let adoption = Adoption { context, resolved, spec, writer: &writer, to, runtime: &runtime };
    let (failed, adopted) = adoption.run()?;
    if !adopted && failed.is_empty() {
        runtime.block_on(mirror::check_is_mirror(documents.as_ref(), destination.as_ref()))??;
    }
    let mut reindex = Reindex::of(destination.as_ref());
    let index = runtime.block_on(writer.write(&mut reindex))??;
    let index = WrittenIndex { changed: index.changed || adopted, ..index };
    let incomplete = &reindex.incomplete;
    for release in incomplete {
        context.printer.warning(format!("{release} is left out: its statement is missing"));
    }
    let (failed, code) = report_failed(&context.printer, failed);
    let document = json!({
        "schema": 1, "serial": index.serial, "changed": index.changed, "releases": index.releases,
        "incomplete": incomplete.iter().map(release_json).collect::<Vec<_>>(), "failed": failed,
    });
    context.printer.answer(&document, || index_line(&index))?;
    Ok(code.map_or(Exit::Success, Exit::of_code))
}

/// Gives releases of the release layout, which have no statements, statements and records.
struct Adoption<'a> {
    context: &'a Context,
    resolved: &'a Resolved,
    spec: &'a SourceSpec,
    writer: &'a IndexWriter<'a>,
    to: &'a dyn Destination,
    runtime: &'a SourceRuntime,
}

impl Adoption<'_> {
    /// Unpacks the releases that have no record; returns those that failed, and whether the index was changed.
    fn run(&self) -> Result<(Vec<(Release, MirrorTaskError)>, bool), CommandError> {
        let opener = Opener { evidence: true, ..self.context.opener(self.resolved)? };
        let spec = self.release_layout();
        let open = || opener.open(&spec, Journal::default());
        let candidate = open()?;
        let releases = self.runtime.block_on(self.unrecorded(&candidate))??;
        if releases.is_empty() {
            return Ok((Vec::new(), false));
        }
        let folder = TransferFolder::of(self.resolved).store(&self.spec.kind.to_string());
        let store = Store::open(&folder)?;
        let unpacking = Unpacking {
            store: &store,
            state: &self.resolved.state_dir.value,
            open: &open,
            policy: ready::policy(self.resolved)?,
            options: ready::options(self.resolved, &Selection::default()),
        };
        let failed = unpacking.acquire(&releases);
        let reporter = TransferReport::new(&self.context.printer);
        let mut adopted = Vec::new();
        for release in &releases {
            let Some(unpacked) = StoreRelease::of(&store, release)? else { continue };
            let file = self.runtime.block_on(archive_of(&candidate, release, &unpacked))??;
            adopted.push(match file {
                Some(file) => unpacked.with_file(file.as_str().to_owned()),
                None => unpacked,
            });
        }
        let pushed = mirror::push(self.writer, self.to, &store, &adopted, &reporter);
        let (index, _) = self.runtime.block_on(pushed)??;
        for release in &releases {
            store.remove(release)?;
        }
        Ok((failed, index.changed))
    }

    /// The mirror as a source in the release layout.
    fn release_layout(&self) -> SourceSpec {
        let mut spec = self.spec.clone();
        if let SourceKind::Mirror(mirror) = &mut spec.kind {
            mirror.layout = Some(Layout::Release);
        }
        spec
    }

    /// The releases in the release layout that the index does not have.
    async fn unrecorded(&self, candidate: &Candidate) -> Result<Vec<Release>, MirrorTaskError> {
        let current = CurrentIndex::read(self.writer.documents).await?;
        let product = (&self.resolved.authority.value, &self.resolved.binary.value);
        let selection = SyncSelection::default();
        let offered =
            mirror::offered(candidate, mirror::OfferedIndex::None, product, &selection).await?;
        let releases = offered.releases.into_iter().map(|one| one.release);
        let missing: Vec<Release> =
            releases.filter(|release| current.payload.entry(release).is_none()).collect();
        if !missing.is_empty() {
            self.writer.check(&current.payload).await?;
        }
        Ok(missing)
    }
}

/// The path of the archive that was unpacked; `None` for a plain program.
async fn archive_of(
    candidate: &Candidate,
    release: &Release,
    unpacked: &StoreRelease,
) -> Result<Option<AssetRef>, MirrorTaskError> {
    let Some(Offer { artifacts, .. }) = candidate.source.find(release).await? else {
        return Ok(None);
    };
    let archives = artifacts
        .into_iter()
        .filter(|artifact| matches!(artifact.packaging, Packaging::Archive { .. }));
    let has = |digest: Digest| move |claim: &loom_source::ClaimedDigest| claim.digest == digest;
    let Some(digest) = unpacked.archive() else { return Ok(None) };
    let archives: Vec<_> = archives.collect();
    let claimed = archives.iter().find(|one| one.claims.iter().any(has(digest)));
    Ok(claimed.or(archives.first()).map(|artifact| artifact.asset.clone()))
}
