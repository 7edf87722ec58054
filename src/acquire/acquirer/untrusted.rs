//! Releases that a project selects which is not trusted.

use loom_source::{Product, Selector, Slot, Version};

use super::Acquirer;
use crate::{
    acquire::{AcquireError, Acquired, How, SourceAttempt, refuse_older},
    store::AttemptKind,
};

impl Acquirer<'_> {
    /// Installs a version that an untrusted project names. The sources that list their versions judge it like one that a
    /// range selects, so that no release is taken that is withdrawn or too young; the others are asked for it where its
    /// age does not matter.
    pub(super) fn acquire_named(
        &self,
        product: &Product,
        selector: &Selector,
        version: &Version,
        slot: &mut Option<Slot>,
    ) -> Result<Acquired, AcquireError> {
        self.refuse_older(product, &Slot::Version(version.clone()))?;
        let release = product.at_version(version.clone());
        if let Some(installed) = self.find_accepted(&release)? {
            return Ok(Acquired { installed, how: How::Here });
        }
        match self.acquire_selected(product, selector, slot) {
            Err(error) if slot.is_none() && self.may_be_unlisted(&error) => {
                self.acquire_release(release, error.into_attempts(), &[])
            }
            result => result,
        }
    }

    /// Whether a version was not selected only because no source lists its versions, and none has to.
    fn may_be_unlisted(&self, error: &AcquireError) -> bool {
        let releases = |name: &str| {
            let named = self.candidates.iter().filter(|candidate| candidate.name == name);
            named.into_iter().any(|candidate| candidate.source.capabilities().releases)
        };
        let refuses = |attempt: &SourceAttempt| {
            attempt.record.kind == AttemptKind::Absent && releases(&attempt.record.source)
        };
        !self.policy.judges_age() && error.is_verdict() && !error.attempts().iter().any(refuses)
    }

    pub(in crate::acquire) fn refuse_older(
        &self,
        product: &Product,
        slot: &Slot,
    ) -> Result<(), AcquireError> {
        match slot {
            Slot::Version(version) if self.options.untrusted_version => {
                refuse_older(self.store, product, &self.policy, version)
            }
            _ => Ok(()),
        }
    }
}
