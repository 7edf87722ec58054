//! The steps and comparisons that the cases share.

use bytes::Bytes;
use futures::StreamExt as _;

use super::{
    failure::{Failure, ensure, failure},
    fixture::SourceFixture,
    published::PublishedRelease,
};
use crate::{Artifact, AssetRef, Body, Download, Offer, Packaging, RangeRequest, Source};

/// A release of `length` bytes that the fixture can publish; the bytes differ by `seed`.
pub(super) fn sample(fixture: &dyn SourceFixture, seed: u64, length: usize) -> PublishedRelease {
    let bytes = noise(seed, length);
    if fixture.capabilities().releases {
        PublishedRelease::archive("0.2.0", bytes)
    } else {
        PublishedRelease::dev(bytes)
    }
}

/// The source's offer of a published release; fails where there is none.
pub(super) async fn offer_of(
    source: &dyn Source,
    published: &PublishedRelease,
) -> Result<Offer, Failure> {
    let offer = source.find(&published.release).await?;
    let offer = offer.ok_or_else(|| failure(format!("{} was not found", published.release)))?;
    ensure(!offer.artifacts.is_empty(), || format!("{} has no artifact", published.release))?;
    Ok(offer)
}

/// The asset with the published bytes: the archive or executable, or the one file of a loose tree.
pub(super) async fn asset_of(
    source: &dyn Source,
    published: &PublishedRelease,
) -> Result<AssetRef, Failure> {
    let offer = offer_of(source, published).await?;
    let Artifact { packaging, asset, .. } = &offer.artifacts[0];
    let Packaging::Loose { folder } = packaging else { return Ok(asset.clone()) };
    let listing = read_whole(source, asset).await?;
    let listing = std::str::from_utf8(&listing)?;
    let path = listing.lines().nth(1).and_then(|line| line.splitn(4, ' ').nth(3));
    Ok(folder.join(path.ok_or_else(|| failure("the listing names no file"))?))
}

/// The bytes of a whole asset.
pub(super) async fn read_whole(source: &dyn Source, asset: &AssetRef) -> Result<Vec<u8>, Failure> {
    let download = source.open(asset, &RangeRequest::whole()).await?;
    ensure(download.start == 0, || {
        format!("requested the whole file, got it from {}", download.start)
    })?;
    Ok(collect(download.body).await?.0)
}

/// All bytes of a body, and the number of pieces in which they arrived.
pub(super) async fn collect(mut body: Body) -> Result<(Vec<u8>, usize), Failure> {
    let mut bytes = Vec::new();
    let mut pieces = 0;
    while let Some(piece) = body.next().await {
        bytes.extend_from_slice(&piece?);
        pieces += 1;
    }
    Ok((bytes, pieces))
}

/// Checks that a download holds the end of `bytes` from the offset at which it starts, which is `from` or 0. Returns
/// that offset.
pub(super) async fn check_download(
    download: Download,
    from: u64,
    bytes: &Bytes,
) -> Result<u64, Failure> {
    let start = download.start;
    ensure(start == from || start == 0, || format!("requested from {from}, got from {start}"))?;
    let size = bytes.len() as u64;
    ensure(download.total.is_none_or(|total| total == size), || {
        format!("expected a total of {size} bytes, got {:?}", download.total)
    })?;
    let (got, _) = collect(download.body).await?;
    let expected = &bytes[usize::try_from(start)?.min(bytes.len())..];
    ensure(got == expected, || {
        format!(
            "from {start}: expected {} bytes as published, got {} others",
            expected.len(),
            got.len()
        )
    })?;
    Ok(start)
}

/// Pseudo-random bytes, the same for the same seed. A pattern could hide a wrong offset.
pub(super) fn noise(seed: u64, length: usize) -> Bytes {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes.into()
}
