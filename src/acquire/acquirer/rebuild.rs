//! Makes the damaged or missing tree of a release again, without asking a source.

use std::fmt;

use loom_source::Release;

use super::Acquirer;
use crate::{
    acquire::{AcquireError, reverify::unpack_again},
    store::TreeRef,
    trust::{DigestSubject, Pin, PinOrigin, TrustedDigest},
};

/// What a tree was made from again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::acquire) enum RebuiltFrom {
    /// Only its listing was lost.
    OwnFiles,
    /// Every file had an undamaged copy in the store.
    Copies,
    /// The archive that is kept.
    KeptArchive,
}

impl fmt::Display for RebuiltFrom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OwnFiles => "its own files",
            Self::Copies => "identical files of the store",
            Self::KeptArchive => "the kept archive",
        })
    }
}

impl Acquirer<'_> {
    /// Makes the tree of a release again: from its own files where only the listing is lost, from copies in this store, or
    /// from a kept archive. `None` where none of them serves. The caller holds the release's lock.
    pub(in crate::acquire) fn rebuild(
        &self,
        release: &Release,
        installed: &TreeRef,
    ) -> Result<Option<RebuiltFrom>, AcquireError> {
        let TreeRef { tree, entry } = installed;
        if !matches!(self.store.listing(tree), Ok(Some(_))) && self.store.rebuild_listing(tree)? {
            return Ok(Some(RebuiltFrom::OwnFiles));
        }
        if self.store.rebuild_from_copies(release, tree, entry, self.options.limits)? {
            return Ok(Some(RebuiltFrom::Copies));
        }
        for archive in self.store.kept_archives(release) {
            // A tree is named by its content: whatever unpacks to this tree is right.
            let origin = PinOrigin::Given { by: "the kept archive".to_owned() };
            let pin = Pin { digest: archive.digest, origin };
            let digest = TrustedDigest::pinned(DigestSubject::Archive, &pin);
            if let Some(checked) =
                unpack_again(&self.fetcher(), release, installed, &archive, &digest)?
            {
                self.store.place_again(checked)?;
                return Ok(Some(RebuiltFrom::KeptArchive));
            }
        }
        Ok(None)
    }
}
