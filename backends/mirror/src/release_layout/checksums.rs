//! The checksum files of the release layout: `.sha256` files and `SHA256SUMS`.

use bytes::Bytes;
use loom_source::{
    Artifact, AssetRef, ClaimedDigest, Digest, DigestSource, SourceError,
    asset::AssetName,
    checksum::{self, ChecksumError},
};

use crate::transport::{Transport, join_key};

/// The largest `.sha256` file that is read, in bytes. Such a file has one line.
const MAX_SIDECAR: usize = 64 * 1024;

/// The largest `SHA256SUMS` that is read, in bytes. Such a file has some hundred lines.
const MAX_SUMS: usize = 4 * 1024 * 1024;

/// The artifact of an asset that exists, with the digests claimed for it.
pub(super) fn artifact(
    folder: &str,
    name: &AssetName,
    size: Option<u64>,
    claims: Vec<ClaimedDigest>,
) -> Artifact {
    let asset = AssetRef::new(join_key(folder, &name.name));
    Artifact { packaging: name.packaging.clone(), asset, size, claims }
}

/// The digest in the `.sha256` file of an asset; `None` where there is no such file.
pub(super) async fn sidecar(
    transport: &dyn Transport,
    folder: &str,
    asset: &AssetName,
) -> Result<Option<ClaimedDigest>, SourceError> {
    let key = join_key(folder, &format!("{}.sha256", asset.name));
    let Some(bytes) = transport.get_bytes(&key, MAX_SIDECAR).await? else { return Ok(None) };
    let digest =
        checksum::sidecar(&bytes, &asset.name).map_err(|e| malformed(transport, &key, &e))?;
    Ok(Some(claim(transport, &key, DigestSource::Sidecar, digest)))
}

/// The `SHA256SUMS` of a folder, or a file of the same purpose.
pub(super) struct ChecksumFile {
    name: &'static str,
    key: String,
    bytes: Bytes,
}

impl ChecksumFile {
    /// Reads the file with this name, one of [`checksum::SUMS_NAMES`]; `None` where there is none.
    pub(super) async fn read(
        transport: &dyn Transport,
        folder: &str,
        name: &'static str,
    ) -> Result<Option<Self>, SourceError> {
        let key = join_key(folder, name);
        let bytes = transport.get_bytes(&key, MAX_SUMS).await?;
        Ok(bytes.map(|bytes| Self { name, key, bytes }))
    }

    /// The digest of an asset; `None` where the file has no line for it.
    pub(super) fn claim(
        &self,
        transport: &dyn Transport,
        asset: &AssetName,
    ) -> Result<Option<ClaimedDigest>, SourceError> {
        let digest = checksum::sums_in(self.name, &self.bytes, &asset.name)
            .map_err(|e| malformed(transport, &self.key, &e))?;
        Ok(digest.map(|digest| claim(transport, &self.key, DigestSource::Sums, digest)))
    }
}

fn claim(transport: &dyn Transport, key: &str, by: DigestSource, digest: Digest) -> ClaimedDigest {
    ClaimedDigest { digest, by, at: transport.location(key) }
}

fn malformed(transport: &dyn Transport, key: &str, why: &ChecksumError) -> SourceError {
    SourceError::malformed(transport.location(key), why.to_string())
}
