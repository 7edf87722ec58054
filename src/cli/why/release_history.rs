//! [`ReleaseHistory`]: all that is known of a release.

use loom_source::{Product, Release, Selector, Slot, Version};

use super::chain::TrustChain;
use crate::cli::{
    CommandError,
    context::Context,
    locked::{self, RequestedVersion},
    ready, which,
};
use loom_runtime::{
    config::Resolved,
    lock::ActiveLock,
    store::{
        FailureRecord, Installed, InterruptedTransfer, Presence, Receipt, Store, StoreError,
        Unverified, Verification,
    },
    update::{RolledBackVersion, UpdateEntry, UpdateMemory},
};

/// All that is known of a release.
pub(super) struct ReleaseHistory {
    pub(super) product: Product,
    pub(super) selector: Selector,
    /// Which setting chose the selector.
    pub(super) by: String,
    /// The lock file that the project goes by.
    pub(super) lock: Option<ActiveLock>,
    /// Whether the installed release is the locked one: the error says why not.
    pub(super) locked: Option<Result<(), String>>,
    pub(super) installed: Option<Installed>,
    /// Why the installed release does not count.
    pub(super) unverified: Option<Unverified>,
    /// Whether the store has a record of the release.
    pub(super) recorded: bool,
    pub(super) verification: Option<Verification>,
    /// From the source to the verification.
    pub(super) chain: Option<TrustChain>,
    pub(super) receipt: Option<Receipt>,
    pub(super) failure: Option<FailureRecord>,
    /// What an interrupted download has left.
    pub(super) interrupted: Option<InterruptedTransfer>,
    /// The last steps of updates that are about it, the oldest first; all where no version was given.
    pub(super) updates: Vec<UpdateEntry>,
    /// When and why an update to it was rolled back; `None` where none was.
    pub(super) rolled_back: Option<RolledBackVersion>,
}

impl ReleaseHistory {
    /// Whether nothing is known. Receipts do not count: they may be deleted at any time.
    pub(super) fn is_empty(&self) -> bool {
        let is_here = self.installed.is_some() || self.recorded || self.interrupted.is_some();
        !is_here && self.failure.is_none() && self.rolled_back.is_none()
    }
}

/// Collects what is known.
pub(super) fn history(
    requested: Option<&Selector>,
    context: &Context,
    resolved: &Resolved,
    store: &Store,
) -> Result<ReleaseHistory, CommandError> {
    let product = context.line(resolved)?;
    let argument = requested;
    let choice = match requested {
        Some(selector) => RequestedVersion::argument(selector.clone()),
        None => locked::choose(context, resolved, &product, None)?,
    };
    // Whether the installed release is the locked one is shown, and no reason to fail.
    let mut choice = choice;
    let lock = choice.lock.take();
    let presence = which::look_up(context, resolved, store, &product, &choice)?;
    let RequestedVersion { selector, by, .. } = choice;
    let by = format!("by {by}");
    let (installed, unverified) = match presence {
        Presence::Accepted(installed) => (Some(installed), None),
        Presence::Refused(installed, why) => (Some(installed), Some(why)),
        Presence::Absent => (None, None),
    };
    let locked = match (&lock, &installed) {
        (Some(lock), Some(installed)) => Some(lock_state(store, installed, lock)),
        _ => None,
    };
    let slot = match (&installed, &selector) {
        (Some(installed), _) => Some(installed.release.slot.clone()),
        (None, Selector::Exact(version)) => Some(Slot::Version(version.clone())),
        (None, Selector::Dev) => Some(Slot::Dev),
        (None, Selector::Latest | Selector::Range(_)) => None,
    };
    let release: Option<Release> = slot.clone().map(|slot| product.in_slot(slot));
    let recorded = release.as_ref().is_some_and(|release| is_recorded(store, release));
    let verification = release.as_ref().map(|release| verification(store, release)).transpose()?;
    let receipt = release.as_ref().map(|release| store.receipt(release)).transpose()?;
    let interrupted = release.as_ref().map(|release| store.interrupted(release)).transpose()?;
    let verification = verification.flatten();
    let policy = ready::policy(resolved)?;
    let chain = release.as_ref().zip(verification.as_ref());
    let chain =
        chain.map(|(release, verification)| TrustChain::of(store, release, verification, &policy));
    let requested = selector.to_string();
    let concerns = |failure: &FailureRecord| {
        failure.requested == requested || slot.as_ref().is_some_and(|slot| failure.concerns(slot))
    };
    let failure = store.failures(&product)?.into_iter().find(concerns);
    let memory = UpdateMemory::of(&resolved.state_dir.value, &product);
    let version = slot.as_ref().and_then(Slot::version);
    let rolled_back = match version {
        Some(version) => memory.roll_back_of(version)?,
        None => None,
    };
    let updates = updates(&memory, argument.and(version))?;
    Ok(ReleaseHistory {
        product,
        selector,
        by,
        lock,
        locked,
        installed,
        unverified,
        recorded,
        verification,
        chain,
        receipt: receipt.flatten(),
        failure,
        interrupted: interrupted.flatten(),
        updates,
        rolled_back,
    })
}

/// The number of steps of updates that are shown.
const MAX_UPDATES: usize = 20;

/// The last steps of updates to or from this version, or of all.
fn updates(
    memory: &UpdateMemory,
    version: Option<&Version>,
) -> Result<Vec<UpdateEntry>, CommandError> {
    let mut entries = memory.journal()?;
    if let Some(version) = version.map(ToString::to_string) {
        entries.retain(|entry| entry.from == version || entry.to.as_ref() == Some(&version));
    }
    Ok(entries.split_off(entries.len().saturating_sub(MAX_UPDATES)))
}

/// Whether the store has a record of the release and its tree, though it has no link.
fn is_recorded(store: &Store, release: &Release) -> bool {
    store.recorded(release).ok().flatten().is_some()
}

/// Whether the installed release is the one that the lock names; the error says why not.
fn lock_state(store: &Store, installed: &Installed, lock: &ActiveLock) -> Result<(), String> {
    match ready::is_locked_one(store, installed, Some(lock)) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Unverified::NotLocked.to_string()),
        Err(error) => Err(error.message),
    }
}

/// The verification of a release. A damaged one is named as the reason why the release does not count.
fn verification(store: &Store, release: &Release) -> Result<Option<Verification>, CommandError> {
    match store.verification(release) {
        Err(StoreError::Damaged { .. }) => Ok(None),
        verification => Ok(verification?),
    }
}
