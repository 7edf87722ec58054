//! Asks one source for its versions, or reads its last list.

use std::time::{Duration, SystemTime};

use loom_source::{ListedVersion, ListingScope, Product, Selector, SourceError, VersionListing};

use super::{
    choose::matches,
    listing_cache::{CachedListing, ListingCache},
    newest::{ListingProbe, NewestVersion, probe},
    withdrawn::withdrawn_at,
};
use crate::{
    acquire::{AcquireError, AcquireOptions, SourceRuntime},
    sources::{Candidate, Reach},
    state::{StateDir, StateError},
    trust::Policy,
};

/// What one source answered.
pub(super) enum ListOutcome {
    /// The answer needed no list.
    Known(NewestVersion),
    /// A list of versions.
    Listed(SourceList),
    /// The source was not asked, because the run is offline; its last list, where there is one.
    NotAsked(Option<(Vec<ListedVersion>, Duration)>),
    /// The source has sent nothing for as long as it is waited for alone.
    Late,
    /// The source failed.
    Failed(SourceError),
}

/// The list of versions of a source.
pub(super) struct SourceList {
    pub(super) versions: Vec<ListedVersion>,
    /// The cache that the list was read from, where the source was not asked.
    pub(super) cached: Option<ListingCache>,
    /// Whether the source was asked for all versions, and now.
    pub(super) complete: bool,
    /// Why the list could not be kept for the next run.
    pub(super) unkept: Option<StateError>,
}

impl SourceList {
    /// All versions of a source that was asked for them now.
    pub(super) fn complete(versions: Vec<ListedVersion>) -> Self {
        Self { versions, cached: None, complete: true, unkept: None }
    }
}

/// What asking a source works with.
pub(super) struct ListRequest<'a> {
    pub(super) candidate: &'a Candidate,
    pub(super) product: &'a Product,
    pub(super) selector: &'a Selector,
    pub(super) policy: &'a Policy,
    pub(super) options: &'a AcquireOptions,
    pub(super) state: &'a StateDir,
    pub(super) runtime: &'a SourceRuntime,
    /// How long the source may send nothing before it counts as late; `None` for no limit.
    pub(super) patience: Option<Duration>,
    /// Whether all versions are needed, and from the source itself: the newest one turned out to be listed only.
    pub(super) all: bool,
}

impl ListRequest<'_> {
    /// Asks the source, or reads its last list if that is fresh. `on_wait` is called before waiting for another process
    /// that asks for the same list.
    pub(super) fn ask(&self, on_wait: &mut dyn FnMut()) -> Result<ListOutcome, AcquireError> {
        let candidate = self.candidate;
        if self.options.offline && candidate.reach == Reach::Network {
            let now = SystemTime::now();
            let last = self.cache().get()?.filter(|listing| !listing.has_expired(now));
            let aged = |listing: CachedListing| (listing.versions(), listing.age(now));
            return Ok(ListOutcome::NotAsked(last.map(aged)));
        }
        let probe = probe(candidate, self.product, self.selector, self.policy);
        match self.runtime.block_on(probe)? {
            Err(error) => Ok(ListOutcome::Failed(error)),
            Ok(ListingProbe::Known(newest)) => Ok(ListOutcome::Known(newest)),
            Ok(ListingProbe::List(scope)) => {
                let scope = if self.all { ListingScope::All } else { scope };
                // A disk is asked each time: that costs less than a cached list.
                if candidate.reach == Reach::Disk {
                    let listing = candidate.source.list(self.product, scope);
                    return Ok(outcome(self.runtime.block_on(listing)?, scope, None));
                }
                self.list_or_recall(scope, on_wait)
            }
        }
    }

    fn cache(&self) -> ListingCache {
        ListingCache::of(self.state, &self.candidate.key(), self.product)
    }

    /// A fresh list that has what is requested needs no request; otherwise one process asks for all that wait.
    fn list_or_recall(
        &self,
        scope: ListingScope,
        on_wait: &mut dyn FnMut(),
    ) -> Result<ListOutcome, AcquireError> {
        let cache = self.cache();
        let before = cache.get()?;
        let fresh = before.as_ref().filter(|listing| {
            // A version that is newer than the list is not in it.
            let fresh = listing.is_fresh(SystemTime::now(), self.options.freshness);
            self.serves(listing) && !self.options.force && !self.all && fresh
        });
        if let Some(listing) = fresh {
            let versions = listing.versions();
            return Ok(ListOutcome::Listed(SourceList {
                versions,
                cached: Some(cache),
                complete: false,
                unkept: None,
            }));
        }
        // Without a lock another process may ask for the same list at the same time, which costs a request.
        let _lock = cache.lock(on_wait);
        // Another process may have kept a list since the first look, also where the lock was free.
        let after = cache.get()?.filter(|after| before.as_ref() != Some(after));
        let usable =
            |listing: &CachedListing| listing.is_complete() || !self.all && self.serves(listing);
        if let Some(listing) = after.filter(usable) {
            let versions = listing.versions();
            return Ok(ListOutcome::Listed(SourceList {
                versions,
                cached: None,
                complete: listing.is_complete(),
                unkept: None,
            }));
        }
        self.list(&cache, scope)
    }

    fn list(&self, cache: &ListingCache, scope: ListingScope) -> Result<ListOutcome, AcquireError> {
        let listing = self.candidate.source.list(self.product, scope);
        let Some(listing) = self.runtime.block_on(within(self.patience, listing))? else {
            return Ok(ListOutcome::Late);
        };
        let unkept = match &listing {
            Ok(VersionListing::Versions(versions)) => {
                let (candidate, runtime) = (self.candidate, self.runtime);
                let withdrawn =
                    withdrawn_at(candidate, self.product, self.selector, versions, runtime)?;
                cache.keep(candidate, versions, withdrawn, scope, SystemTime::now()).err()
            }
            _ => None,
        };
        Ok(outcome(listing, scope, unkept))
    }

    /// Whether a cached list has what is requested. A list of the newest version alone is right for each selector that
    /// it matches, unless an older version may be taken all the same.
    fn serves(&self, listing: &CachedListing) -> bool {
        let newest_alone = !self.candidate.prerelease && !self.policy.may_take_older();
        let fits = |listed: &ListedVersion| matches(self.selector, self.candidate, &listed.version);
        (listing.is_complete() || newest_alone) && listing.versions().iter().any(fits)
    }
}

fn outcome(
    listing: Result<VersionListing, SourceError>,
    scope: ListingScope,
    unkept: Option<StateError>,
) -> ListOutcome {
    match listing {
        Ok(VersionListing::Versions(versions)) => {
            let complete = scope == ListingScope::All;
            ListOutcome::Listed(SourceList { versions, cached: None, complete, unkept })
        }
        Ok(VersionListing::Unlistable(why)) => {
            ListOutcome::Known(NewestVersion::Unlistable(why.to_owned()))
        }
        Err(error) => ListOutcome::Failed(error),
    }
}

/// The answer, if it comes within the limit.
async fn within<T>(limit: Option<Duration>, answer: impl Future<Output = T>) -> Option<T> {
    match limit {
        Some(limit) => tokio::time::timeout(limit, answer).await.ok(),
        None => Some(answer.await),
    }
}
