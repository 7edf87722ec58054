//! Downloads of assets and of small files.

use futures::StreamExt as _;
use loom_source::{AssetRef, RangeRequest, Source, SourceError, SourceErrorKind};

use super::CheckProblem;
use crate::store::{Partial, Received, Store};

/// The largest asset, in bytes: that of an unpacked tree.
const LARGEST: u64 = 8 << 30;

/// The whole asset, as a file of the temporary store.
pub(super) async fn asset(
    source: &dyn Source,
    store: &Store,
    asset: &AssetRef,
) -> Result<Received, CheckProblem> {
    let mut download = source.open(asset, &RangeRequest::whole()).await?;
    let mut partial = Partial::spooled(store)?;
    partial.begin(&download);
    while let Some(piece) = download.body.next().await {
        partial.push(&piece?)?;
        if partial.size() > LARGEST {
            return Err(CheckProblem::TooLarge { limit: LARGEST });
        }
    }
    Ok(partial.finish())
}

/// The bytes of a small file; `None` where it does not exist.
pub(super) async fn small(
    source: &dyn Source,
    asset: &AssetRef,
    limit: usize,
) -> Result<Option<Vec<u8>>, CheckProblem> {
    let mut download = match source.open(asset, &RangeRequest::whole()).await {
        Ok(download) => download,
        Err(SourceError { kind: SourceErrorKind::Gone, .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let mut bytes = Vec::new();
    while let Some(piece) = download.body.next().await {
        bytes.extend_from_slice(&piece?);
        if bytes.len() > limit {
            return Err(CheckProblem::TooLarge { limit: limit as u64 });
        }
    }
    Ok(Some(bytes))
}
