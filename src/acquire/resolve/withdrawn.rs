//! The versions that sources have withdrawn: neither `latest` nor a range selects one, also where it is installed.

use std::collections::BTreeMap;

use loom_source::{ListedVersion, Product, Selector, Version};

use super::{choose::matches, listing_cache::ListingCache};
use crate::{
    acquire::{AcquireError, SourceRuntime},
    sources::{Candidate, Reach},
    state::{StateDir, StateError},
};

/// The versions of a product that are withdrawn, each with the name of the source that says so: by the last list of each
/// source, or by the source itself where it is on a disk.
///
/// # Errors
/// [`AcquireError`] where a file of the state folder cannot be read.
pub fn withdrawn_versions(
    candidates: &[Candidate],
    state: &StateDir,
    product: &Product,
) -> Result<BTreeMap<Version, String>, AcquireError> {
    let runtime = SourceRuntime::default();
    let mut withdrawn = BTreeMap::new();
    for candidate in candidates {
        let versions = match candidate.reach {
            Reach::Disk => runtime.block_on(candidate.source.withdrawn(product))?,
            Reach::Loopback | Reach::Network => last_withdrawn(candidate, state, product)?,
        };
        for version in versions {
            withdrawn.entry(version).or_insert_with(|| candidate.name.clone());
        }
    }
    Ok(withdrawn)
}

fn last_withdrawn(
    candidate: &Candidate,
    state: &StateDir,
    product: &Product,
) -> Result<Vec<Version>, StateError> {
    let last = ListingCache::of(state, &candidate.key(), product).get()?;
    Ok(last.map(|listing| listing.withdrawn).unwrap_or_default())
}

/// What a source that has just listed these versions withdraws. One that has to be asked for it is asked only where nothing
/// matches: then an installed version might be taken.
pub(super) fn withdrawn_at(
    candidate: &Candidate,
    product: &Product,
    selector: &Selector,
    listed: &[ListedVersion],
    runtime: &SourceRuntime,
) -> Result<Vec<Version>, AcquireError> {
    if let Some(known) =
        candidate.signed.as_ref().and_then(|signed| signed.known_withdrawn(product))
    {
        return Ok(known);
    }
    if listed.iter().any(|listed| matches(selector, candidate, &listed.version)) {
        return Ok(vec![]);
    }
    runtime.block_on(candidate.source.withdrawn(product))
}
