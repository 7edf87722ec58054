//! A release that is installed already: accepted, restored, or to be fetched again.

use loom_source::{Release, Slot};

use super::Acquirer;
use crate::{
    acquire::{
        AcquireError, Acquired, How,
        restore::{Restored, restore},
        reverify::Reverified,
    },
    sources::{Candidate, Reach},
    store::{Installed, Unverified},
    trust::Pins,
};

impl Acquirer<'_> {
    /// The installed release, if it is accepted and need not be fetched again. A development build may have changed and
    /// is always looked at.
    pub(super) fn find_accepted(
        &self,
        release: &Release,
    ) -> Result<Option<Installed>, AcquireError> {
        if self.options.force || release.slot == Slot::Dev {
            return Ok(None);
        }
        let accepted = self.store.presence(release, &self.policy)?.accepted();
        match &accepted {
            Some(installed) if self.store.damage(installed)?.is_some() => Ok(None),
            Some(installed) if !self.is_locked_one(installed)? => Ok(None),
            _ => Ok(accepted),
        }
    }

    /// Restores an installed release, and reports what was wrong with it. The error says why a release that is here
    /// does not count.
    pub(in crate::acquire) fn restore(
        &self,
        release: &Release,
        pins: &Pins,
    ) -> Result<Result<Acquired, Option<Unverified>>, AcquireError> {
        if self.options.force || release.slot == Slot::Dev {
            return Ok(Err(None));
        }
        let acquired = |installed, how| {
            if self.is_locked_one(&installed)? {
                return Ok(Ok(Acquired { installed, how }));
            }
            self.notice(&format!(
                "nothing shows that the installed {release} is the locked one; fetching it again"
            ));
            Ok(Err(None))
        };
        let restore = || restore(&self.fetcher(), release, pins, &self.policy);
        let mut restored = restore()?;
        let damage = match &restored {
            Restored::Damaged(damage) => Some(damage.clone()),
            Restored::Absent => Some("its tree is missing".to_owned()),
            _ => None,
        };
        let mut how = How::Here;
        if let Some(damage) = damage
            && let Some(tree) = self.tree_of(release)?
            && let Some(from) = self.rebuild(release, &tree)?
        {
            self.notice(&format!(
                "{release} was damaged ({damage}); it was made again from {from}"
            ));
            (restored, how) = (restore()?, How::Rebuilt);
        }
        match restored {
            Restored::Accepted(installed) => acquired(installed, how),
            Restored::Relinked(installed) => acquired(installed, How::Relinked),
            Restored::Reverified(Reverified { installed, from_archive }, why) => {
                let by = if from_archive { " from the kept archive" } else { "" };
                self.notice(&format!("{release}: {why}; it was verified again{by}"));
                acquired(installed, How::Reverified)
            }
            Restored::Refused(why) => {
                if why.is_mendable() && self.can_fetch() {
                    self.notice(&format!("{release} is here, but {why}; fetching it again"));
                }
                Ok(Err(Some(why)))
            }
            Restored::Damaged(damage) => {
                if self.can_fetch() {
                    self.notice(&format!("{release} is damaged ({damage}); fetching it again"));
                }
                Ok(Err(Some(Unverified::TreeDamaged(damage))))
            }
            Restored::Absent => Ok(Err(None)),
        }
    }

    /// Whether a source may be asked: offline only those on this machine are.
    fn can_fetch(&self) -> bool {
        let is_asked =
            |candidate: &Candidate| !self.options.offline || candidate.reach != Reach::Network;
        self.candidates.iter().any(is_asked)
    }

    pub(super) fn has_only_builds(&self) -> bool {
        let releases = |candidate: &Candidate| candidate.source.capabilities().releases;
        !self.candidates.is_empty() && !self.candidates.iter().any(releases)
    }
}
