//! The index, the roots and the timestamp of a mirror, which travel in a bundle as they are.

use loom_mirror::bundle::{BundleContent, BundleWriter};
use loom_source::{
    Index,
    record::{IndexTimestamp, MirrorRoot, SignedKind},
};

use super::BundleTaskError;
use crate::{mirror::MirrorFiles, trust::mirror::MAX_ROOT_STEPS};

/// Adds the signed documents of a mirror to a bundle. Returns the index, where there is one.
pub(super) async fn add(
    mirror: MirrorFiles<'_>,
    writer: &mut BundleWriter,
) -> Result<Option<Index>, BundleTaskError> {
    let timestamp = mirror.read(IndexTimestamp::PATH, SignedKind::Timestamp.max_bytes()).await?;
    if let Some(bytes) = timestamp {
        writer.add(IndexTimestamp::PATH, BundleContent::Bytes(bytes.into()));
    }
    let Some(bytes) = mirror.read(Index::PATH, SignedKind::Index.max_bytes()).await? else {
        return Ok(None);
    };
    let malformed = |source| BundleTaskError::Document { at: mirror.location(Index::PATH), source };
    let index = Index::parse(&bytes).map_err(malformed)?;
    writer.add(Index::PATH, BundleContent::Bytes(bytes.into()));
    if let Some(number) = index.payload.root {
        // A reader may start from any root: all that the mirror still has travel.
        let mut lower = number;
        while lower > 0
            && number - lower < MAX_ROOT_STEPS
            && add_root(mirror, writer, lower).await?
        {
            lower -= 1;
        }
        let mut higher = number + 1;
        while higher - number < MAX_ROOT_STEPS && add_root(mirror, writer, higher).await? {
            higher += 1;
        }
    }
    Ok(Some(index))
}

/// Adds a root; returns whether the mirror has it.
async fn add_root(
    mirror: MirrorFiles<'_>,
    writer: &mut BundleWriter,
    number: u64,
) -> Result<bool, BundleTaskError> {
    let path = MirrorRoot::path(number);
    let Some(bytes) = mirror.read(&path, SignedKind::Root.max_bytes()).await? else {
        return Ok(false);
    };
    writer.add(path, BundleContent::Bytes(bytes.into()));
    Ok(true)
}
