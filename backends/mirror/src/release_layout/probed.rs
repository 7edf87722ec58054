//! Finds assets where folders cannot be listed: by requests for the names that assets may have.
//!
//! Checksum files are requested first: they are small, so that the connection can be used again after the response, and
//! an asset that has a checksum file exists. The assets themselves are requested only where there is no checksum file.

use std::sync::Mutex;

use futures::{StreamExt as _, TryStreamExt as _, future, stream};
use loom_base::sync::LockExt as _;
use loom_source::{
    Artifact, AssetNames, AssetRef, EvidenceSubject, Offer, RangeRequest, Release, SourceError,
    Version,
    asset::{self, AssetName},
    checksum::SUMS_NAMES,
};

use super::checksums::{ChecksumFile, artifact, sidecar};
use crate::transport::{Transport, join_key};

/// How many names are requested concurrently, once the likeliest have been requested one after the other.
const CONCURRENCY: usize = 4;

/// The probe that found the last asset. It is tried first for the next version.
#[derive(Debug, Default)]
pub(super) struct HintCache(Mutex<Option<AssetProbe>>);

/// A request that may find an asset. Folders and names are indices, which mean the same for all versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct AssetProbe {
    folder: usize,
    file: ProbedFile,
}

/// The file that a probe requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ProbedFile {
    /// The `.sha256` file of the name with this index.
    Sidecar(usize),
    /// `SHA256SUMS`, or the other name with this index.
    Sums(usize),
    /// The asset itself, with the name of this index.
    Asset(usize),
}

/// The offer of the first probe that finds an asset.
pub(super) async fn find(
    hint: &HintCache,
    assets: &AssetNames,
    transport: &dyn Transport,
    release: &Release,
    version: &Version,
) -> Result<Option<Offer>, SourceError> {
    let search = Search {
        transport,
        folders: asset::folders(version),
        assets: assets.of(release),
        outcomes: ProbeOutcomes::default(),
    };
    let cached = *hint.0.locked();
    if let Some(probe) = cached
        && let Some(artifacts) = search.probe(probe).await?
    {
        return Ok(Some(search.offer(probe, artifacts)));
    }
    let Some((probe, artifacts)) = search.run().await? else { return search.outcomes.absence() };
    // An asset without a checksum file says nothing about the files of the next version.
    if !matches!(probe.file, ProbedFile::Asset(_)) {
        *hint.0.locked() = Some(probe);
    }
    Ok(Some(search.offer(probe, artifacts)))
}

/// The search for the assets of one release.
struct Search<'a> {
    transport: &'a dyn Transport,
    folders: [String; 2],
    assets: Vec<AssetName>,
    outcomes: ProbeOutcomes,
}

impl Search<'_> {
    /// The offer of what a probe found. The folder cannot be listed, so it names the signatures that there may be: beside
    /// each artifact, then beside the file that the probe found or the likeliest `SHA256SUMS`.
    fn offer(&self, probe: AssetProbe, artifacts: Vec<Artifact>) -> Offer {
        let sums = match probe.file {
            ProbedFile::Sums(index) => SUMS_NAMES[index],
            _ => SUMS_NAMES[0],
        };
        let sums = AssetRef::new(join_key(&self.folders[probe.folder], sums));
        let of = artifacts.iter().map(|it| EvidenceSubject::Artifact(it.asset.clone()));
        let of = of.chain([EvidenceSubject::Sums(sums)]);
        let evidence = of.flat_map(|of| asset::possible_evidence(&of)).collect();
        Offer { artifacts, evidence, ..Offer::default() }
    }

    async fn run(&self) -> Result<Option<(AssetProbe, Vec<Artifact>)>, SourceError> {
        for folder in 0..self.folders.len() {
            let concurrency = if folder == 0 { 1 } else { CONCURRENCY };
            let sidecars = (0..self.assets.len()).map(ProbedFile::Sidecar);
            let assets = (0..self.assets.len()).map(ProbedFile::Asset);
            for (files, concurrency) in [
                (sidecars.collect::<Vec<_>>(), concurrency),
                (vec![ProbedFile::Sums(0)], 1),
                ((1..SUMS_NAMES.len()).map(ProbedFile::Sums).collect(), CONCURRENCY),
                (assets.collect(), CONCURRENCY),
            ] {
                let probes = files.into_iter().map(|file| AssetProbe { folder, file });
                if let Some(found) = self.first(probes, concurrency).await? {
                    return Ok(Some(found));
                }
            }
        }
        Ok(None)
    }

    /// The first probe, in the order given, that finds something.
    async fn first(
        &self,
        probes: impl Iterator<Item = AssetProbe> + Send,
        concurrency: usize,
    ) -> Result<Option<(AssetProbe, Vec<Artifact>)>, SourceError> {
        let results = probes.map(|probe| async move {
            let artifacts = self.probe(probe).await?;
            Ok::<_, SourceError>(artifacts.map(|artifacts| (probe, artifacts)))
        });
        let mut found =
            stream::iter(results).buffered(concurrency).try_filter_map(future::ok).boxed();
        found.try_next().await
    }

    async fn probe(&self, probe: AssetProbe) -> Result<Option<Vec<Artifact>>, SourceError> {
        let folder = &self.folders[probe.folder];
        match probe.file {
            ProbedFile::Sidecar(index) => self.by_sidecar(folder, &self.assets[index]).await,
            ProbedFile::Sums(index) => self.by_sums(folder, SUMS_NAMES[index]).await,
            ProbedFile::Asset(index) => self.by_asset(folder, &self.assets[index]).await,
        }
    }

    async fn by_sidecar(
        &self,
        folder: &str,
        asset: &AssetName,
    ) -> Result<Option<Vec<Artifact>>, SourceError> {
        let claim = self.outcomes.record(sidecar(self.transport, folder, asset).await)?;
        Ok(claim.map(|claim| vec![artifact(folder, asset, None, vec![claim])]))
    }

    async fn by_sums(
        &self,
        folder: &str,
        name: &'static str,
    ) -> Result<Option<Vec<Artifact>>, SourceError> {
        let sums = self.outcomes.record(ChecksumFile::read(self.transport, folder, name).await)?;
        let Some(sums) = sums else { return Ok(None) };
        let mut artifacts = Vec::new();
        for asset in &self.assets {
            if let Some(claim) = sums.claim(self.transport, asset)? {
                artifacts.push(artifact(folder, asset, None, vec![claim]));
            }
        }
        Ok((!artifacts.is_empty()).then_some(artifacts))
    }

    async fn by_asset(
        &self,
        folder: &str,
        asset: &AssetName,
    ) -> Result<Option<Vec<Artifact>>, SourceError> {
        let key = join_key(folder, &asset.name);
        let response = self.transport.open(&key, &RangeRequest::whole()).await;
        let download = self.outcomes.record(response)?;
        Ok(download.map(|download| vec![artifact(folder, asset, download.total, Vec::new())]))
    }
}

/// The number of probes, and of those that were refused.
///
/// A bucket without the right to list refuses files that do not exist. Where only some probes are refused, the refused
/// files count as absent; where all are, access to the mirror is refused.
#[derive(Debug, Default)]
struct ProbeOutcomes(Mutex<ProbeCounts>);

#[derive(Debug, Default)]
struct ProbeCounts {
    total: usize,
    refused: usize,
    refusal: Option<SourceError>,
}

impl ProbeOutcomes {
    /// Counts the result of a probe. A refusal that may mean absence becomes `None`.
    fn record<T>(&self, result: Result<Option<T>, SourceError>) -> Result<Option<T>, SourceError> {
        let mut counts = self.0.locked();
        counts.total += 1;
        match result {
            Err(refusal) if refusal.kind.may_be_absent() => {
                counts.refused += 1;
                counts.refusal = Some(refusal);
                Ok(None)
            }
            other => other,
        }
    }

    /// The result where no probe found anything: absence, or the refusal where all probes were refused.
    fn absence<T>(self) -> Result<Option<T>, SourceError> {
        let mut counts = self.0.locked();
        let all_refused = counts.refused == counts.total;
        match counts.refusal.take() {
            Some(refusal) if all_refused => Err(refusal),
            _ => Ok(None),
        }
    }
}
