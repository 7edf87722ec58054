//! [`newest_root`]: the newest root of a mirror that is written.

use loom_source::record::{MirrorRoot, SignedKind};

use super::{MirrorDocuments, MirrorTaskError};
use crate::trust::mirror::{MAX_ROOT_STEPS, MirrorRejection, TrustedRoot};

/// The newest root of a mirror, found from root `from` on; `None` where there is no such root, so that the mirror is not
/// signed.
///
/// Each root follows from the one before. Whether the first one is trusted is not judged: who writes a mirror signs only
/// with keys that its root names.
///
/// # Errors
/// Where a root cannot be read, or does not follow.
pub async fn newest_root(
    documents: &dyn MirrorDocuments,
    from: u64,
) -> Result<Option<TrustedRoot>, MirrorTaskError> {
    let Some(first) = read_root(documents, from).await? else { return Ok(None) };
    let at = |number: u64| format!("{documents}/{}", MirrorRoot::path(number));
    let rejected = |number: u64, source: MirrorRejection| MirrorTaskError::Rejected {
        at: at(number),
        source: Box::new(source),
    };
    let mut newest = TrustedRoot::first_seen(&first).map_err(|e| rejected(from, e))?;
    for _ in 0..MAX_ROOT_STEPS {
        let number = newest.root().number + 1;
        let Some(next) = read_root(documents, number).await? else { return Ok(Some(newest)) };
        newest = newest.successor(&next).map_err(|e| rejected(number, e))?;
    }
    Err(rejected(newest.root().number, MirrorRejection::EndlessRoots(MAX_ROOT_STEPS)))
}

async fn read_root(
    documents: &dyn MirrorDocuments,
    number: u64,
) -> Result<Option<bytes::Bytes>, MirrorTaskError> {
    let read = documents.read(&MirrorRoot::path(number), SignedKind::Root.max_bytes()).await?;
    Ok(read.map(|(bytes, _)| bytes))
}
