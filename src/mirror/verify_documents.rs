//! [`verify_documents`]: verifies the roots, the timestamp and the index of a mirror.

use loom_source::{
    SkippedEntries,
    record::{Index, IndexTimestamp, MirrorRoot, SignedKind},
};

use super::{MirrorFiles, MirrorTaskError};
use crate::trust::{
    RevokedSigners,
    mirror::{
        MAX_ROOT_STEPS, MirrorClock, MirrorRejection, TrustedRoot, VerifiedIndex, VerifiedTimestamp,
    },
};

/// Why the documents of a mirror cannot be verified.
pub(super) enum VerifyFailure {
    Task(MirrorTaskError),
    /// The path of the document, and what is wrong with it.
    Rejected(String, String),
}

impl<E: Into<MirrorTaskError>> From<E> for VerifyFailure {
    fn from(error: E) -> Self {
        Self::Task(error.into())
    }
}

/// Verifies the chain of roots, the timestamp and the index, which may have expired; `None` for a mirror without a root
/// of which none is known.
pub(super) async fn verify_documents(
    files: MirrorFiles<'_>,
    known: Option<&TrustedRoot>,
    index: &[u8],
    clock: MirrorClock,
    revoked: &RevokedSigners,
) -> Result<Option<VerifiedIndex>, VerifyFailure> {
    let Some(root) = newest_root(files, known).await? else { return Ok(None) };
    let stamp = match &root.root().roles.timestamp {
        None => None,
        Some(_) => {
            let (path, max_bytes) = (IndexTimestamp::PATH, SignedKind::Timestamp.max_bytes());
            let rejected = |rejection| rejected(path, &rejection);
            let bytes = files.read(path, max_bytes).await?;
            let bytes = bytes.ok_or_else(|| rejected(MirrorRejection::Absent("timestamp")))?;
            VerifiedTimestamp::verify(&root, &bytes, None).map_err(rejected)?
        }
    };
    let skipped = SkippedEntries::default();
    let verified =
        VerifiedIndex::verify(&root, stamp.as_ref(), index, None, clock, revoked, &skipped);
    verified.map(Some).map_err(|rejection| rejected(Index::PATH, &rejection))
}

/// The newest root of the mirror. Its chain has to contain the root that is known; where none is, its first root is
/// trusted.
async fn newest_root(
    files: MirrorFiles<'_>,
    known: Option<&TrustedRoot>,
) -> Result<Option<TrustedRoot>, VerifyFailure> {
    let read = async |number: u64| {
        files.read(&MirrorRoot::path(number), SignedKind::Root.max_bytes()).await
    };
    let at = |number: u64| move |rejection| rejected(&MirrorRoot::path(number), &rejection);
    let compare = |root: &TrustedRoot| match known {
        Some(known) => known.check_follows(root).map_err(at(root.root().number)),
        None => Ok(()),
    };
    let mut root = match (read(1).await?, known) {
        (Some(first), _) => TrustedRoot::first_seen(&first).map_err(at(1))?,
        // The former roots are of use only to those who know one of them.
        (None, Some(known)) => known.clone(),
        (None, None) => return Ok(None),
    };
    compare(&root)?;
    for _ in 0..MAX_ROOT_STEPS {
        let number = root.root().number + 1;
        let Some(next) = read(number).await? else { break };
        root = root.successor(&next).map_err(at(number))?;
        compare(&root)?;
    }
    let named = root.root().number;
    match known.map(|known| known.root().number).filter(|newest| named < *newest) {
        Some(newest) => Err(at(named)(MirrorRejection::OldRoot { named, newest })),
        None => Ok(Some(root)),
    }
}

fn rejected(path: &str, rejection: &MirrorRejection) -> VerifyFailure {
    VerifyFailure::Rejected(path.to_owned(), loom_base::error_chain(rejection))
}
