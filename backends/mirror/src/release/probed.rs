//! Finding assets where nothing can be listed: by asking for names that they may have.
//!
//! Checksum files are asked for first: they are small, their answers leave the connection usable, and an asset
//! that has one is there. Only where there is none are the assets themselves asked for.

use std::sync::{Mutex, PoisonError};

use futures::{StreamExt as _, TryStreamExt as _, future, stream};
use loom_source::{Artifact, Offer, RangeRequest, Release, SourceError, Version};

use super::{Sums, carrier, sidecar};
use crate::{
    asset::{self, AssetName},
    transport::{Transport, join},
};

/// How many names are asked for at once, once the likeliest have been tried one after the other.
const AT_ONCE: usize = 4;

/// Where an asset was found: indices into the folders and names, which are the same for all versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hit {
    folder: usize,
    way: Way,
}

/// What told of an asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// The `.sha256` file of the name with this index.
    Sidecar(usize),
    /// `SHA256SUMS`.
    Sums,
    /// The asset itself.
    Asset(usize),
}

pub(super) async fn find(
    hint: &Mutex<Option<Hit>>,
    transport: &dyn Transport,
    release: &Release,
    version: &Version,
) -> Result<Option<Offer>, SourceError> {
    let search = Search {
        transport,
        folders: asset::folders(version),
        assets: asset::names(release),
        asked: Asked::default(),
    };
    let remembered = *hint.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(hit) = remembered
        && let Some(carriers) = search.attempt(hit).await?
    {
        return Ok(Some(Offer { artifacts: carriers, ..Offer::default() }));
    }
    let Some((hit, carriers)) = search.run().await? else { return search.asked.nothing() };
    // An asset without a checksum is no reason to look for the next one's in vain.
    if !matches!(hit.way, Way::Asset(_)) {
        *hint.lock().unwrap_or_else(PoisonError::into_inner) = Some(hit);
    }
    Ok(Some(Offer { artifacts: carriers, ..Offer::default() }))
}

struct Search<'a> {
    transport: &'a dyn Transport,
    folders: [String; 2],
    assets: Vec<AssetName>,
    asked: Asked,
}

impl Search<'_> {
    async fn run(&self) -> Result<Option<(Hit, Vec<Artifact>)>, SourceError> {
        for folder in 0..self.folders.len() {
            let at_once = if folder == 0 { 1 } else { AT_ONCE };
            let sidecars = (0..self.assets.len()).map(Way::Sidecar);
            let assets = (0..self.assets.len()).map(Way::Asset);
            for (ways, at_once) in [
                (sidecars.collect::<Vec<_>>(), at_once),
                (vec![Way::Sums], 1),
                (assets.collect(), AT_ONCE),
            ] {
                let hits = ways.into_iter().map(|way| Hit { folder, way });
                if let Some(found) = self.first(hits, at_once).await? {
                    return Ok(Some(found));
                }
            }
        }
        Ok(None)
    }

    /// The first of several attempts that finds something, in their order.
    async fn first(
        &self,
        hits: impl Iterator<Item = Hit> + Send,
        at_once: usize,
    ) -> Result<Option<(Hit, Vec<Artifact>)>, SourceError> {
        let attempts = hits.map(|hit| async move {
            let carriers = self.attempt(hit).await?;
            Ok::<_, SourceError>(carriers.map(|carriers| (hit, carriers)))
        });
        let mut found = stream::iter(attempts).buffered(at_once).try_filter_map(future::ok).boxed();
        found.try_next().await
    }

    async fn attempt(&self, hit: Hit) -> Result<Option<Vec<Artifact>>, SourceError> {
        let folder = &self.folders[hit.folder];
        match hit.way {
            Way::Sidecar(index) => self.by_sidecar(folder, &self.assets[index]).await,
            Way::Sums => self.by_sums(folder).await,
            Way::Asset(index) => self.by_asset(folder, &self.assets[index]).await,
        }
    }

    async fn by_sidecar(
        &self,
        folder: &str,
        asset: &AssetName,
    ) -> Result<Option<Vec<Artifact>>, SourceError> {
        let claim = self.asked.note(sidecar(self.transport, folder, asset).await)?;
        Ok(claim.map(|claim| vec![carrier(folder, asset, None, vec![claim])]))
    }

    async fn by_sums(&self, folder: &str) -> Result<Option<Vec<Artifact>>, SourceError> {
        let sums = self.asked.note(Sums::read(self.transport, folder).await)?;
        let Some(sums) = sums else { return Ok(None) };
        let mut carriers = Vec::new();
        for asset in &self.assets {
            if let Some(claim) = sums.claim(self.transport, asset)? {
                carriers.push(carrier(folder, asset, None, vec![claim]));
            }
        }
        Ok((!carriers.is_empty()).then_some(carriers))
    }

    async fn by_asset(
        &self,
        folder: &str,
        asset: &AssetName,
    ) -> Result<Option<Vec<Artifact>>, SourceError> {
        let key = join(folder, &asset.name);
        let opened = self.asked.note(self.transport.open(&key, &RangeRequest::whole()).await)?;
        Ok(opened.map(|opened| vec![carrier(folder, asset, opened.total, Vec::new())]))
    }
}

/// Who has been asked, and who refused.
#[derive(Debug, Default)]
struct Asked(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    all: usize,
    refused: usize,
    refusal: Option<SourceError>,
}

impl Asked {
    fn note<T>(&self, answer: Result<Option<T>, SourceError>) -> Result<Option<T>, SourceError> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.all += 1;
        match answer {
            Err(refusal) if refusal.kind.may_be_absent() => {
                counts.refused += 1;
                counts.refusal = Some(refusal);
                Ok(None)
            }
            other => other,
        }
    }

    /// What it means that nothing was found.
    fn nothing<T>(self) -> Result<Option<T>, SourceError> {
        let counts = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        match counts.refusal {
            Some(refusal) if counts.refused == counts.all => Err(refusal),
            _ => Ok(None),
        }
    }
}
