//! The plain release layout: `v{version}/` or the root itself holds assets as a release page has them.

mod listed;
mod probed;

use std::{collections::BTreeSet, sync::Mutex};

use bytes::Bytes;
use loom_source::{
    Artifact, AssetRef, ClaimedDigest, Digest, DigestSource, Name, Offer, Platform, Product,
    Release, SourceError, Version,
};

use crate::{
    asset::{self, AssetName},
    checksum::{self, ChecksumError},
    transport::{Transport, join},
};

/// A `.sha256` file is a line.
const SIDECAR: usize = 64 * 1024;

/// A `SHA256SUMS` is some hundred lines.
const SUMS: usize = 4 * 1024 * 1024;

/// How assets are found; remembers where the last one was.
#[derive(Debug, Default)]
pub(crate) struct Releases {
    hint: Mutex<Option<probed::Hit>>,
}

impl Releases {
    /// What the mirror carries of a release.
    pub(crate) async fn find(
        &self,
        transport: &dyn Transport,
        release: &Release,
        version: &Version,
    ) -> Result<Option<Offer>, SourceError> {
        if transport.can_list() {
            match listed::find(transport, release, version).await {
                // What may not be listed may still be read; what is listed and may not be read is refused.
                Err(e) if e.kind.may_be_absent() && !transport.can_list() => {}
                found => return found,
            }
        }
        probed::find(&self.hint, transport, release, version).await
    }

    /// The versions of a line, or `None` where the mirror cannot be listed.
    pub(crate) async fn list(
        &self,
        transport: &dyn Transport,
        line: &Product,
    ) -> Result<Option<Vec<Version>>, SourceError> {
        let Some(root) = transport.list("").await? else { return Ok(None) };
        let of_line = |(name, _): &(String, u64)| asset::version(line, name);
        let mut versions: BTreeSet<Version> = root.files.iter().filter_map(of_line).collect();
        for folder in root.folders {
            let Some(version) = folder.strip_prefix('v').and_then(|v| v.parse().ok()) else {
                continue;
            };
            let files = transport.list(&folder).await?.unwrap_or_default().files;
            if files.iter().filter_map(of_line).any(|of| of == version) {
                versions.insert(version);
            }
        }
        Ok(Some(versions.into_iter().collect()))
    }

    /// The platforms that the mirror has an asset for.
    pub(crate) async fn platforms(
        &self,
        transport: &dyn Transport,
        binary: &Name,
        version: &Version,
    ) -> Result<Vec<Platform>, SourceError> {
        let mut files = Vec::new();
        for folder in asset::folders(version) {
            files.extend(transport.list(&folder).await?.unwrap_or_default().files);
        }
        let there = |platform: &Platform| {
            let line = Product {
                authority: loom_source::Authority::default(),
                binary: binary.clone(),
                platform: *platform,
            };
            files.iter().any(|(name, _)| asset::version(&line, name).as_ref() == Some(version))
        };
        Ok(Platform::ALL.into_iter().filter(there).collect())
    }
}

/// An asset that is there, with the digests claimed for it.
fn carrier(
    folder: &str,
    asset: &AssetName,
    size: Option<u64>,
    claims: Vec<ClaimedDigest>,
) -> Artifact {
    let at = AssetRef::new(join(folder, &asset.name));
    Artifact { packaging: asset.packaging.clone(), asset: at, size, claims }
}

fn claim(transport: &dyn Transport, key: &str, by: DigestSource, digest: Digest) -> ClaimedDigest {
    ClaimedDigest { digest, by, at: transport.at(key) }
}

fn malformed(transport: &dyn Transport, key: &str, why: &ChecksumError) -> SourceError {
    SourceError::malformed(transport.at(key), why.to_string())
}

/// What the `.sha256` file beside an asset claims, if there is one.
async fn sidecar(
    transport: &dyn Transport,
    folder: &str,
    asset: &AssetName,
) -> Result<Option<ClaimedDigest>, SourceError> {
    let key = join(folder, &format!("{}.sha256", asset.name));
    let Some(bytes) = transport.small(&key, SIDECAR).await? else { return Ok(None) };
    let digest =
        checksum::sidecar(&bytes, &asset.name).map_err(|e| malformed(transport, &key, &e))?;
    Ok(Some(claim(transport, &key, DigestSource::Sidecar, digest)))
}

/// A folder's `SHA256SUMS`.
struct Sums {
    key: String,
    bytes: Bytes,
}

impl Sums {
    const NAME: &str = "SHA256SUMS";

    async fn read(transport: &dyn Transport, folder: &str) -> Result<Option<Self>, SourceError> {
        let key = join(folder, Self::NAME);
        let bytes = transport.small(&key, SUMS).await?;
        Ok(bytes.map(|bytes| Self { key, bytes }))
    }

    fn claim(
        &self,
        transport: &dyn Transport,
        asset: &AssetName,
    ) -> Result<Option<ClaimedDigest>, SourceError> {
        let digest = checksum::sums(&self.bytes, &asset.name)
            .map_err(|e| malformed(transport, &self.key, &e))?;
        Ok(digest.map(|digest| claim(transport, &self.key, DigestSource::Sums, digest)))
    }
}
