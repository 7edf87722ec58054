//! Finds assets where folders can be listed: every asset in the listing is offered.

use loom_source::{
    AssetRef, ClaimedDigest, Evidence, Offer, Release, SourceError, Version,
    asset::{self, AssetName},
};

use super::checksums::{ChecksumFile, artifact, sidecar};
use crate::{
    folder_errors::FolderErrors,
    transport::{Entries, Transport, join_key},
};

/// The offer from the first folder that has assets of the release.
pub(super) async fn find(
    transport: &dyn Transport,
    release: &Release,
    version: &Version,
) -> Result<Option<Offer>, SourceError> {
    let mut folders = FolderErrors::default();
    for folder in asset::folders(version) {
        let entries = folders.listed(transport, &folder, transport.list(&folder).await)?;
        let offer = offer(transport, release, &folder, &entries).await?;
        if !offer.artifacts.is_empty() {
            return Ok(Some(offer));
        }
        if !transport.can_list() {
            break;
        }
    }
    folders.unless(false)?;
    Ok(None)
}

async fn offer(
    transport: &dyn Transport,
    release: &Release,
    folder: &str,
    entries: &Entries,
) -> Result<Offer, SourceError> {
    let mut offer = Offer::default();
    for asset in asset::names(release) {
        let Some(size) = entries.size(&asset.name) else { continue };
        let claims = claims(transport, folder, entries, &asset).await?;
        offer.evidence.extend(evidence(folder, entries, &asset));
        offer.artifacts.push(artifact(folder, &asset, Some(size), claims));
    }
    // Artifacts that can be verified come first.
    offer.artifacts.sort_by_key(|artifact| artifact.claims.is_empty());
    Ok(offer)
}

async fn claims(
    transport: &dyn Transport,
    folder: &str,
    entries: &Entries,
    asset: &AssetName,
) -> Result<Vec<ClaimedDigest>, SourceError> {
    let mut claims = Vec::new();
    if entries.size(&format!("{}.sha256", asset.name)).is_some() {
        claims.extend(sidecar(transport, folder, asset).await?);
    }
    if entries.size(ChecksumFile::NAME).is_some()
        && let Some(sums) = ChecksumFile::read(transport, folder).await?
    {
        claims.extend(sums.claim(transport, asset)?);
    }
    Ok(claims)
}

fn evidence<'a>(
    folder: &'a str,
    entries: &'a Entries,
    asset: &'a AssetName,
) -> impl Iterator<Item = Evidence> + 'a {
    entries.files.iter().filter_map(move |(name, _)| {
        let kind = asset::evidence(&asset.name, name)?;
        Some(Evidence { kind, asset: AssetRef::new(join_key(folder, name)) })
    })
}
