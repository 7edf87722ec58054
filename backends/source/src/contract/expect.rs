//! The comparisons that cases share.

use bytes::Bytes;

use super::{Failure, PublishedRelease, collect};
use crate::{Artifact, AssetRef, Download, Offer, Packaging, RangeRequest, Source};

/// A failure in words.
pub(super) fn wrong(why: impl Into<String>) -> Failure {
    why.into().into()
}

/// Fails with the words given unless the condition holds.
pub(super) fn ensure(holds: bool, why: impl FnOnce() -> String) -> Result<(), Failure> {
    if holds { Ok(()) } else { Err(wrong(why())) }
}

/// The offer for something that was published.
pub(super) async fn offered(source: &dyn Source, of: &PublishedRelease) -> Result<Offer, Failure> {
    let offer = source.find(&of.release).await?;
    let offer = offer.ok_or_else(|| wrong(format!("{} was not found", of.release)))?;
    ensure(!offer.artifacts.is_empty(), || format!("{} has no carrier", of.release))?;
    Ok(offer)
}

/// The pointer to the published bytes themselves: the asset, or the one loose file that is not the listing.
pub(super) async fn pointer(
    source: &dyn Source,
    of: &PublishedRelease,
) -> Result<AssetRef, Failure> {
    let offer = offered(source, of).await?;
    let Artifact { packaging: form, asset: at, .. } = &offer.artifacts[0];
    let Packaging::Loose { folder } = form else { return Ok(at.clone()) };
    let listing = whole(source, at).await?;
    let listing = std::str::from_utf8(&listing)?;
    let path = listing.lines().nth(1).and_then(|line| line.splitn(4, ' ').nth(3));
    Ok(folder.join(path.ok_or_else(|| wrong("the listing names no file"))?))
}

/// All bytes behind a pointer.
pub(super) async fn whole(source: &dyn Source, at: &AssetRef) -> Result<Vec<u8>, Failure> {
    let opened = source.open(at, &RangeRequest::whole()).await?;
    ensure(opened.start == 0, || format!("asked for the whole, begins at {}", opened.start))?;
    Ok(collect(opened.body).await?.0)
}

/// Whether an answer is the rest of `bytes` from where it says it begins, which is `from` or 0.
pub(super) async fn rest(opened: Download, from: u64, bytes: &Bytes) -> Result<u64, Failure> {
    let (start, size) = (opened.start, bytes.len() as u64);
    ensure(start == from || start == 0, || format!("asked from {from}, begins at {start}"))?;
    ensure(opened.total.is_none_or(|total| total == size), || {
        format!("total is {:?} of {size} bytes", opened.total)
    })?;
    let (got, _) = collect(opened.body).await?;
    let expected = &bytes[usize::try_from(start)?.min(bytes.len())..];
    ensure(got == expected, || {
        format!("from {start}: {} bytes that are not the {} published", got.len(), expected.len())
    })?;
    Ok(start)
}

/// Bytes without a pattern that a wrong offset could hide in, the same for the same seed.
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
