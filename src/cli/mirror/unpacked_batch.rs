//! [`UnpackedBatch`]: releases of a source in a store of their own, on their way to a mirror.

use std::collections::HashSet;

use loom_source::Release;

use super::transfer_folder::TransferFolder;
use crate::cli::{CommandError, context::Context, ready, selection::Selection};
use loom_runtime::{
    config::{Resolved, SourceSpec},
    mirror::{MirrorTaskError, StoreRelease, Unpacking},
    sources::Opener,
    store::Store,
};

/// Releases of a source in a store of their own.
pub(super) struct UnpackedBatch {
    pub(super) store: Store,
    pub(super) releases: Vec<StoreRelease>,
    failed: Vec<(Release, MirrorTaskError)>,
}

impl UnpackedBatch {
    /// Acquires the releases, as for `loom get`.
    pub(super) fn new(
        context: &Context,
        resolved: &Resolved,
        spec: &SourceSpec,
        work: &TransferFolder,
        releases: &[Release],
    ) -> Result<Self, CommandError> {
        let store = Store::open(&work.store(&spec.kind.to_string()))?;
        let opener = Opener { evidence: true, ..context.opener(resolved)? };
        let open = || opener.open(spec, loom_http::Journal::default());
        let unpacking = Unpacking {
            store: &store,
            state: &resolved.state_dir.value,
            open: &open,
            policy: ready::policy(resolved)?,
            options: ready::options(resolved, &Selection::default()),
        };
        let failed = unpacking.acquire(releases);
        let of = |release: &Release| StoreRelease::of(&store, release).transpose();
        let releases = releases.iter().filter_map(of).collect::<Result<_, _>>()?;
        Ok(Self { store, releases, failed })
    }

    /// The same releases, of which those are withdrawn.
    pub(super) fn with_withdrawn(self, withdrawn: &HashSet<Release>) -> Self {
        let of = |one: StoreRelease| {
            let is_withdrawn = withdrawn.contains(&one.release);
            one.with_withdrawal(is_withdrawn)
        };
        Self { releases: self.releases.into_iter().map(of).collect(), ..self }
    }

    /// The store, the releases in it, and those that failed. They stay in the store.
    pub(super) fn into_parts(self) -> (Store, Vec<StoreRelease>, Vec<(Release, MirrorTaskError)>) {
        (self.store, self.releases, self.failed)
    }

    /// Removes the releases from the store; returns those that failed. What is left of a run that breaks off before is used
    /// by the next one.
    pub(super) fn end(
        self,
        releases: &[Release],
    ) -> Result<Vec<(Release, MirrorTaskError)>, CommandError> {
        for release in releases {
            self.store.remove(release)?;
        }
        Ok(self.failed)
    }
}
