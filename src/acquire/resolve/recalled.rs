//! Which installed version a selector means by the last lists of the sources. Nothing but disks is asked.

use std::time::SystemTime;

use loom_source::{
    ListedVersion, ListingScope, Product, Release, Selector, Slot, Version, VersionListing,
};

use super::{
    choose::{VersionChoice, choose},
    listing_cache::ListingCache,
};
use crate::{
    acquire::{AcquireError, SourceRuntime},
    sources::{Candidate, Reach, SourceClass},
    state::StateDir,
    store::Store,
    trust::Policy,
};

/// The installed version that `selector` means by the last lists of `candidates`, as an acquisition without a network
/// decides it: the first source that lists an installed and accepted version decides, whatever other ones are installed.
/// `None` where no list decides, and the newest installed version counts. A version that a source has withdrawn is not in
/// its list.
///
/// # Errors
/// [`AcquireError`] where a file of the state folder or of the store cannot be read.
pub fn recalled_version(
    candidates: &[Candidate],
    store: &Store,
    state: &StateDir,
    policy: &Policy,
    product: &Product,
    selector: &Selector,
) -> Result<Option<Version>, AcquireError> {
    let installed = store.accepted_versions(product, policy)?;
    if installed.len() < 2 {
        // There is nothing to choose from.
        return Ok(None);
    }
    let runtime = SourceRuntime::default();
    for candidate in candidates.iter().filter(|one| one.class != SourceClass::Build) {
        let Some(mut versions) = last_list(candidate, state, product, &runtime)? else {
            if candidate.stops() {
                break;
            }
            continue;
        };
        versions.retain(|listed| installed.contains(&listed.version));
        let choice = choose(candidate, product, selector, &versions, policy, true);
        match runtime.block_on(choice)? {
            VersionChoice::Version { version, .. } => return Ok(Some(version)),
            _ if candidate.stop_on_absent => break,
            VersionChoice::TooYoung { .. } | VersionChoice::NoMatch => {}
        }
    }
    Ok(None)
}

/// Forgets the last list of a source that has served a version which is newer than all that it lists: the list is of
/// before. A version that the source has withdrawn is not listed, and no reason.
pub(in crate::acquire) fn forget_older_list(
    candidate: &Candidate,
    state: &StateDir,
    release: &Release,
    runtime: &SourceRuntime,
) -> Result<(), AcquireError> {
    let Slot::Version(version) = &release.slot else { return Ok(()) };
    let counts = candidate.prerelease || !version.is_prerelease();
    let cache = ListingCache::of(state, &candidate.key(), &release.product());
    let Some(listing) = cache.get()?.filter(|_| counts) else { return Ok(()) };
    let is_newer = listing.versions().iter().all(|listed| listed.version < *version)
        && !listing.withdrawn.contains(version);
    if is_newer && !runtime.block_on(candidate.withdraws(release))? {
        cache.forget()?;
    }
    Ok(())
}

/// What a source has listed last, or lists now where it is on a disk; `None` where that is not known.
fn last_list(
    candidate: &Candidate,
    state: &StateDir,
    product: &Product,
    runtime: &SourceRuntime,
) -> Result<Option<Vec<ListedVersion>>, AcquireError> {
    if candidate.reach == Reach::Disk {
        let listing = candidate.source.list(product, ListingScope::All);
        return Ok(match runtime.block_on(listing)? {
            Ok(VersionListing::Versions(versions)) => Some(versions),
            Ok(VersionListing::Unlistable(_)) | Err(_) => None,
        });
    }
    let last = ListingCache::of(state, &candidate.key(), product).get()?;
    let last = last.filter(|listing| !listing.has_expired(SystemTime::now()));
    Ok(last.map(|listing| listing.versions()))
}
