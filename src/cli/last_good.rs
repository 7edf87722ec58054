//! The last version that was ready here, for where a newer one does not become ready.

use loom_source::{Product, Selector, Slot, Version};

use super::{
    CommandError,
    context::Context,
    default_version,
    locked::RequestedVersion,
    ready::{self, is_locked_one},
    which,
};
use loom_runtime::{
    config::Resolved,
    state::StateDir,
    store::{Installed, Lease, Store},
    trust::Policy,
};

/// The lease of the last generation that is not `failed`, that the request allows, that is installed, and that the policy
/// accepts. A range may allow none; then that of the newest installed version below `failed` that it allows. A version that was
/// rolled back or withdrawn does not count.
pub(super) fn find(
    context: &Context,
    resolved: &Resolved,
    store: &Store,
    product: &Product,
    choice: &RequestedVersion,
    failed: &Version,
) -> Result<Option<Lease>, CommandError> {
    let selector = &choice.selector;
    let policy = ready::policy(resolved)?;
    let skipped = ready::skipped(resolved, product)?;
    let withdrawn = which::withdrawn(context, resolved, product)?;
    let is_meant = |version: &Version| {
        version != failed
            && selector.matches_counting(version, true)
            && !skipped.contains(version)
            && !withdrawn.contains_key(version)
    };
    let lease = |installed: &Installed| leased(resolved, store, choice, installed);
    default_version::settle(context, &resolved.state_dir.value, store, product);
    let generations = store.generations(product)?;
    for generation in generations.chain() {
        let Slot::Version(version) = &generation.slot else { continue };
        if is_meant(version)
            && let Some(installed) = accepted(store, product, version, &policy)?
            && installed.tree == generation.tree
            && let Some(lease) = lease(&installed)?
        {
            return Ok(Some(lease));
        }
    }
    if !matches!(selector, Selector::Range(_)) {
        return Ok(None);
    }
    let is_lower = |version: &Version| version < failed && is_meant(version);
    match store.newest(product, &policy, is_lower)?.accepted() {
        Some(installed) => lease(&installed),
        None => Ok(None),
    }
}

fn accepted(
    store: &Store,
    product: &Product,
    version: &Version,
    policy: &Policy,
) -> Result<Option<Installed>, CommandError> {
    Ok(store.presence(&product.at_version(version.clone()), policy)?.accepted())
}

/// The lease of a release; `None` where it is not the locked one, is damaged, or cannot be leased: then another one serves.
fn leased(
    resolved: &Resolved,
    store: &Store,
    choice: &RequestedVersion,
    installed: &Installed,
) -> Result<Option<Lease>, CommandError> {
    if !is_locked_one(store, installed, choice.lock.as_ref())? {
        return Ok(None);
    }
    Ok(startable(store, installed, &resolved.state_dir.value))
}

/// The lease of a release; `None` where it cannot be leased, or is damaged.
pub(super) fn startable(store: &Store, installed: &Installed, state: &StateDir) -> Option<Lease> {
    let lease = store.lease(installed, state.path()).ok()?;
    store.check_before_launch(lease.installed()).is_ok().then_some(lease)
}
