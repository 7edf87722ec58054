//! Finds assets where folders can be listed: every asset in the listing is offered.

use loom_source::{
    AssetNames, AssetRef, ClaimedDigest, Evidence, EvidenceSubject, Offer, Release, SourceError,
    Version,
    asset::{self, AssetName},
    checksum::SUMS_NAMES,
};

use super::checksums::{ChecksumFile, artifact, sidecar};
use crate::{
    folder_errors::FolderErrors,
    transport::{Entries, Transport, join_key},
};

/// The offer from the first folder that has assets of the release.
pub(super) async fn find(
    assets: &AssetNames,
    transport: &dyn Transport,
    release: &Release,
    version: &Version,
) -> Result<Option<Offer>, SourceError> {
    let mut folders = FolderErrors::default();
    for folder in asset::folders(version) {
        let entries = folders.listed(transport, &folder, transport.list(&folder).await)?;
        let offer = offer(&assets.of(release), transport, &folder, &entries).await?;
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
    assets: &[AssetName],
    transport: &dyn Transport,
    folder: &str,
    entries: &Entries,
) -> Result<Offer, SourceError> {
    let mut offer = Offer::default();
    for asset in assets {
        let Some(size) = entries.size(&asset.name) else { continue };
        let claims = claims(transport, folder, entries, asset).await?;
        let artifact = artifact(folder, asset, Some(size), claims);
        let of = EvidenceSubject::Artifact(artifact.asset.clone());
        offer.evidence.extend(evidence(entries, &asset.name, &of));
        offer.artifacts.push(artifact);
    }
    for name in SUMS_NAMES.into_iter().filter(|name| entries.size(name).is_some()) {
        let of = EvidenceSubject::Sums(AssetRef::new(join_key(folder, name)));
        offer.evidence.extend(evidence(entries, name, &of));
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
    for name in SUMS_NAMES.into_iter().filter(|name| entries.size(name).is_some()) {
        if let Some(sums) = ChecksumFile::read(transport, folder, name).await? {
            claims.extend(sums.claim(transport, asset)?);
        }
    }
    Ok(claims)
}

/// The evidence beside the file `name` that the folder has.
fn evidence(entries: &Entries, name: &str, of: &EvidenceSubject) -> Vec<Evidence> {
    let mut possible = asset::possible_evidence(of);
    possible.retain(|evidence| {
        let file = evidence.asset.as_str().rsplit('/').next().unwrap_or_default();
        file.starts_with(name) && entries.size(file).is_some()
    });
    possible
}
