//! What one source says of the versions that it carries: asked, remembered, or not to be had.

use std::time::{Duration, SystemTime};

use loom_source::{
    ErrorClass, ListedVersion, ListingScope, Product, Selector, Slot, Source, SourceError,
    VersionListing,
};

use super::{
    AcquireError, Acquirer,
    choose::fits,
    describe::describe,
    observer::Progress,
    plan::FailureReason,
    resolve::ResolutionState,
    versions::{CachedListing, ListingCache, ago},
};
use crate::sources::{Candidate, Reach};
use crate::trust::SourceClass;

/// What one source said.
pub(super) enum ListOutcome {
    /// It has a cargo build.
    Build,
    /// These versions; with the memory they were read from, where it was not asked.
    Versions(Vec<ListedVersion>, Option<ListingCache>),
    /// It has nothing of the kind.
    Nothing,
    /// It cannot tell.
    Silent(&'static str),
    /// It has not answered for as long as the next one has patience.
    Late,
    /// It did not answer.
    Failed(FailureReason, String),
}

impl Acquirer<'_> {
    pub(super) fn answer(
        &self,
        candidate: &Candidate,
        line: &Product,
        selector: &Selector,
        patience: Option<Duration>,
        asked: &mut ResolutionState,
    ) -> Result<ListOutcome, AcquireError> {
        if self.offline && candidate.reach == Reach::Network {
            asked.offline = true;
            return self.recalled(candidate, line);
        }
        let source = candidate.source.as_ref();
        let can = source.capabilities();
        let answer = if can.dev && selector.allows_dev() {
            let found = self.network.block_on(source.find(&line.in_slot(Slot::Dev)))?;
            found.map(
                |offer| if offer.is_some() { ListOutcome::Build } else { ListOutcome::Nothing },
            )
        } else if !can.releases {
            Ok(ListOutcome::Nothing)
        } else if candidate.origin == SourceClass::PlainHttp {
            Ok(ListOutcome::Silent("its list would come over plain http and prove nothing"))
        } else if candidate.reach == Reach::Disk {
            self.network
                .block_on(source.list(line, self.need(candidate, selector)))?
                .map(ListOutcome::from)
        } else {
            self.listed(candidate, source, line, selector, patience)?
        };
        Ok(answer.unwrap_or_else(|error| self.unanswered(candidate, &error, asked)))
    }

    /// How much of a listing is wanted. The answer is remembered and serves other selectors too.
    fn need(&self, candidate: &Candidate, selector: &Selector) -> ListingScope {
        let any = candidate.prerelease || self.policy.judges_age();
        if *selector == Selector::Latest && !any { ListingScope::Newest } else { ListingScope::All }
    }

    fn unanswered(
        &self,
        candidate: &Candidate,
        error: &SourceError,
        asked: &mut ResolutionState,
    ) -> ListOutcome {
        let why = describe(self.observer, error);
        self.observer.on_event(Progress::Failed { source: &candidate.name, why: &why });
        asked.offline |= error.kind.class() == ErrorClass::Offline;
        let reason = match error.kind.class() {
            ErrorClass::Credentials => FailureReason::Credentials,
            ErrorClass::Unreachable | ErrorClass::Offline => FailureReason::Unreachable,
        };
        ListOutcome::Failed(reason, why)
    }

    /// A listing over the network: a fresh answer that has what is wanted is taken as it is, and one process asks
    /// for all that wait.
    fn listed(
        &self,
        candidate: &Candidate,
        source: &dyn Source,
        line: &Product,
        selector: &Selector,
        patience: Option<Duration>,
    ) -> Result<Result<ListOutcome, SourceError>, AcquireError> {
        let memory = ListingCache::of(self.state, &candidate.key(), line);
        let (begun, need) = (SystemTime::now(), self.need(candidate, selector));
        // The newest alone is a right answer for whatever selects it, unless an older one may be wanted all the same.
        let serves = |heard: &CachedListing| {
            let plain = !candidate.prerelease && !self.policy.judges_age();
            let fits = |dated: &ListedVersion| fits(selector, candidate, &dated.version);
            (heard.is_whole() || plain) && heard.versions().iter().any(fits)
        };
        let heard = memory.get()?.filter(|heard| {
            // What is newer than the answer is not in it.
            serves(heard) && !self.force && heard.is_fresh(begun, self.freshness)
        });
        if let Some(heard) = heard {
            return Ok(Ok(ListOutcome::Versions(heard.versions(), Some(memory))));
        }
        let what = format!("the versions of {}", candidate.name);
        let lock = memory.lock(&mut || self.observer.on_event(Progress::Waiting { what: &what }));
        // Without a lock somebody else may ask the same at the same time, and no more.
        let waited = lock.as_ref().is_ok_and(|(_, waited)| *waited);
        let told =
            |heard: &CachedListing| heard.is_from(begun) && (heard.is_whole() || serves(heard));
        if waited && let Some(heard) = memory.get()?.filter(told) {
            return Ok(Ok(ListOutcome::Versions(heard.versions(), None)));
        }
        let list = source.list(line, need);
        let Some(listing) = self.network.block_on(within(patience, list))? else {
            let text = format!("{} has sent nothing yet; asking the next source", candidate.name);
            self.observer.on_event(Progress::Notice { text: &text });
            return Ok(Ok(ListOutcome::Late));
        };
        if let Ok(VersionListing::Versions(versions)) = &listing {
            self.memory(memory.keep(&candidate.name, versions, need, SystemTime::now()));
        }
        Ok(listing.map(ListOutcome::from))
    }

    /// What a source that may not be asked said last, as far as it is here: nothing else can be had of it now.
    fn recalled(&self, candidate: &Candidate, line: &Product) -> Result<ListOutcome, AcquireError> {
        const SILENT: ListOutcome = ListOutcome::Silent("not asked: loom is offline");
        let Some(heard) = ListingCache::of(self.state, &candidate.key(), line).get()? else {
            return Ok(SILENT);
        };
        let here = self.accepted_here(line)?;
        let age = heard.age(SystemTime::now());
        let mut versions = heard.versions();
        versions.retain(|dated| here.contains(&dated.version));
        if versions.is_empty() {
            return Ok(SILENT);
        }
        let text = format!("offline: {} listed its versions {}", candidate.name, ago(age));
        self.observer.on_event(Progress::Notice { text: &text });
        Ok(ListOutcome::Versions(versions, None))
    }
}

/// What comes of it in this time, if there is a limit.
async fn within<T>(limit: Option<Duration>, answer: impl Future<Output = T>) -> Option<T> {
    match limit {
        Some(limit) => tokio::time::timeout(limit, answer).await.ok(),
        None => Some(answer.await),
    }
}

impl From<VersionListing> for ListOutcome {
    fn from(listing: VersionListing) -> Self {
        match listing {
            VersionListing::Versions(versions) if versions.is_empty() => Self::Nothing,
            VersionListing::Versions(versions) => Self::Versions(versions, None),
            VersionListing::Unlistable(why) => Self::Silent(why),
        }
    }
}
