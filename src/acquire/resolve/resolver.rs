//! Asks source after source which version a selector means.

use std::time::{Duration, Instant, SystemTime};

use loom_base::{error_chain, time::ago};
use loom_source::{ListedVersion, Product, Selector, Slot, Version};

use super::{
    ask::{ListOutcome, ListRequest, SourceList},
    asked::Asked,
    downgrade::check_downgrade,
    listing_cache::ListingCache,
    newest::{NewestVersion, select},
    resolution::{Compared, Resolution},
    search::{MAX_LOWER_VERSIONS, VersionSearch},
    undecided::{reason, unresolved, why_installed},
    withdrawn::withdrawn_versions,
};
use crate::{
    acquire::{
        AcquireError, AcquireEvent, AcquireOptions, AttemptCause, Observer, SourceAttempt,
        SourceRuntime, failover::plan::FailureReason, near_misses::name_near_misses,
    },
    sources::{Candidate, Reach, SourceClass},
    state::StateDir,
    store::{AttemptKind, Installed, Store},
    trust::Policy,
};

/// What resolving works with.
pub(in crate::acquire) struct Resolver<'a> {
    /// Holds the installed versions that are taken where no source answers.
    pub(in crate::acquire) store: &'a Store,
    /// Holds cached lists and the newest version so far.
    pub(in crate::acquire) state: &'a StateDir,
    /// The sources, in the configured order.
    pub(in crate::acquire) candidates: &'a [Candidate],
    /// What may be selected.
    pub(in crate::acquire) policy: Policy,
    /// The settings of the acquisition.
    pub(in crate::acquire) options: &'a AcquireOptions,
    /// Runs the sources.
    pub(in crate::acquire) runtime: &'a SourceRuntime,
    /// Receives attempts and notices.
    pub(in crate::acquire) observer: &'a dyn Observer,
}

/// What an answer means for the search.
enum Weighed {
    /// It decides.
    Decides { resolution: Resolution, attempt: SourceAttempt },
    /// It does not decide.
    Passes { attempt: SourceAttempt, next: bool, silent: bool },
}

impl Resolver<'_> {
    /// A search that has not begun.
    pub(in crate::acquire) fn search(&self) -> VersionSearch {
        VersionSearch::over(self.candidates.len())
    }

    /// Resolves a selector: the first source in order that has something for it decides, not the newest version of all
    /// sources. A source that may be raced and is late lets the next ones answer, and is asked again if none does.
    ///
    /// Where no source decides, the newest installed version is taken.
    pub(in crate::acquire) fn resolve(
        &self,
        search: &mut VersionSearch,
        product: &Product,
        selector: &Selector,
    ) -> Result<Resolution, AcquireError> {
        while let Some((place, first)) = search.turns.pop_front() {
            let (candidate, begun) = (&self.candidates[place], Instant::now());
            // The last source has no other to race with.
            let patience = candidate.patience().filter(|_| first && !search.turns.is_empty());
            let known = search.listed_only.list.take();
            let listed_only = search.listed_only(place);
            let known = known.filter(|_| !listed_only.is_empty());
            let asked = Asked { place, candidate, product, selector, listed_only, begun };
            let answer = self.ask(&asked, known, patience)?;
            let late = matches!(answer, ListOutcome::Late);
            let list = match &answer {
                ListOutcome::Listed(SourceList { versions, complete: true, .. }) => {
                    Some(versions.clone())
                }
                _ => None,
            };
            let weighed = self.weigh(&asked, answer)?;
            search.listed_only.list = list;
            match weighed {
                Weighed::Decides { resolution, attempt } => {
                    self.leave_out(candidate, product, search.listed_only(place));
                    self.report(search, attempt);
                    return Ok(resolution);
                }
                Weighed::Passes { attempt, next, silent } => {
                    self.report(search, attempt);
                    search.silent.extend(silent.then_some(place));
                    if late {
                        let stops = |(place, _): &(usize, bool)| self.candidates[*place].stops();
                        let again = search.turns.iter().position(stops);
                        search.turns.insert(again.unwrap_or(search.turns.len()), (place, false));
                    }
                    if !next {
                        break;
                    }
                }
            }
        }
        self.newest_installed(product, selector, search)
    }

    fn report(&self, search: &mut VersionSearch, attempt: SourceAttempt) {
        self.observer.on_event(AcquireEvent::Attempted { attempt: &attempt });
        search.attempts.push(attempt);
    }

    /// Leaves versions that a source lists only out of its cached list.
    fn leave_out(&self, candidate: &Candidate, product: &Product, listed_only: &[Version]) {
        if listed_only.is_empty() || candidate.reach == Reach::Disk {
            return;
        }
        let cache = ListingCache::of(self.state, &candidate.key(), product);
        if let Err(error) = cache.leave_out(listed_only) {
            self.notice(&error_chain(&error));
        }
    }

    fn notice(&self, text: &str) {
        self.observer.on_event(AcquireEvent::Notice { text });
    }

    /// Asks a source for its versions, unless they are known.
    fn ask(
        &self,
        asked: &Asked<'_>,
        known: Option<Vec<ListedVersion>>,
        patience: Option<Duration>,
    ) -> Result<ListOutcome, AcquireError> {
        if let Some(versions) = known {
            return Ok(ListOutcome::Listed(SourceList::complete(versions)));
        }
        let name = &asked.candidate.name;
        let what = format!("the versions of {name}");
        let request = ListRequest {
            candidate: asked.candidate,
            product: asked.product,
            selector: asked.selector,
            policy: &self.policy,
            options: self.options,
            state: self.state,
            runtime: self.runtime,
            patience,
            all: !asked.listed_only.is_empty(),
        };
        let answer = request.ask(&mut || {
            self.observer.on_event(AcquireEvent::Waiting { what: &what });
        })?;
        match &answer {
            ListOutcome::Late => {
                self.notice(&format!("{name} has sent nothing yet; asking the next source"));
            }
            ListOutcome::Listed(SourceList { unkept: Some(error), .. }) => {
                self.notice(&error_chain(error));
            }
            _ => {}
        }
        Ok(answer)
    }

    /// What an answer means for the search.
    fn weigh(&self, asked: &Asked<'_>, answer: ListOutcome) -> Result<Weighed, AcquireError> {
        let Asked { candidate, product, selector, .. } = asked;
        let (newest, cached) = match answer {
            ListOutcome::Known(newest) => (newest, None),
            ListOutcome::Listed(SourceList { mut versions, cached, .. }) => {
                versions.retain(|listed| !asked.listed_only.contains(&listed.version));
                if asked.listed_only.len() > MAX_LOWER_VERSIONS {
                    versions.clear();
                }
                let offline = self.options.offline;
                let policy = &self.policy;
                let select = select(candidate, product, selector, &versions, policy, offline);
                (self.runtime.block_on(select)?, cached)
            }
            ListOutcome::NotAsked(last) => match self.recall(candidate, product, selector, last)? {
                Some(newest) => (newest, None),
                None => {
                    let outcome = "not asked: loom is offline".to_owned();
                    let attempt = asked.attempt(AttemptKind::NotAsked, outcome);
                    return Ok(Weighed::Passes { attempt, next: true, silent: false });
                }
            },
            ListOutcome::Late => {
                let patience = humantime::format_duration(candidate.patience().unwrap_or_default());
                let outcome = format!("has not listed its versions for {patience}");
                let attempt = asked.attempt(AttemptKind::Late, outcome);
                return Ok(Weighed::Passes { attempt, next: true, silent: true });
            }
            ListOutcome::Failed(error) => {
                let cause = AttemptCause::Source(error);
                let silent = reason(cause.kind()) == Some(FailureReason::Unreachable);
                let attempt = SourceAttempt::failed(candidate, cause, asked.begun.elapsed());
                return Ok(Weighed::Passes { attempt, next: !candidate.stops(), silent });
            }
        };
        self.weigh_newest(asked, newest, cached)
    }

    /// What the newest version at a source means for the search.
    fn weigh_newest(
        &self,
        asked: &Asked<'_>,
        newest: NewestVersion,
        cached: Option<ListingCache>,
    ) -> Result<Weighed, AcquireError> {
        let Asked { candidate, product, selector, .. } = asked;
        let passes = |kind, outcome, next| {
            let attempt = asked.attempt(kind, outcome);
            Ok(Weighed::Passes { attempt, next, silent: false })
        };
        let goes_on = !candidate.stop_on_absent;
        match newest {
            NewestVersion::Build => {
                let slot = Slot::Dev;
                let attempt = asked.attempt(AttemptKind::Selected, "has a cargo build".to_owned());
                let resolution = Resolution { slot, place: None, cached: None, compared: None };
                Ok(Weighed::Decides { resolution, attempt })
            }
            NewestVersion::Version { version, newest } => {
                let compared = self.compare(product, selector, candidate, &newest)?;
                let listed = if cached.is_some() { "listed recently" } else { "listed" };
                let outcome = format!("{listed}: \"{selector}\" is {version}");
                let attempt = asked.attempt(AttemptKind::Selected, outcome);
                let (slot, place) = (Slot::Version(version), Some(asked.place));
                let resolution = Resolution { slot, place, cached, compared };
                Ok(Weighed::Decides { resolution, attempt })
            }
            NewestVersion::TooYoung { version, why } => {
                passes(AttemptKind::TooYoung, format!("{version} {why}"), goes_on)
            }
            NewestVersion::NoMatch | NewestVersion::Nothing if asked.exhausted().is_some() => {
                passes(AttemptKind::Absent, asked.exhausted().unwrap_or_default(), goes_on)
            }
            NewestVersion::NoMatch => {
                let outcome = format!("no version matches \"{selector}\"");
                passes(AttemptKind::Absent, outcome, goes_on)
            }
            NewestVersion::Nothing => {
                let outcome = match candidate.class {
                    SourceClass::Build if matches!(selector, Selector::Range(_)) => {
                        "offers builds, which are no version".to_owned()
                    }
                    SourceClass::Build => {
                        format!("no build of {} in {}", product.binary, candidate.source)
                    }
                    _ => format!("has no versions of {product}"),
                };
                passes(AttemptKind::Absent, outcome, goes_on)
            }
            NewestVersion::Unlistable(why) => passes(AttemptKind::Unlistable, why, true),
        }
    }

    /// Selects among the installed versions in the last list of a source that may not be asked: no other version can be
    /// acquired now. `None` where there is none.
    fn recall(
        &self,
        candidate: &Candidate,
        product: &Product,
        selector: &Selector,
        last: Option<(Vec<ListedVersion>, Duration)>,
    ) -> Result<Option<NewestVersion>, AcquireError> {
        let Some((mut versions, age)) = last else { return Ok(None) };
        let installed = self.store.accepted_versions(product, &self.policy)?;
        versions.retain(|listed| installed.contains(&listed.version));
        if versions.is_empty() {
            return Ok(None);
        }
        self.notice(&format!("offline: {} listed its versions {}", candidate.name, ago(age)));
        let select = select(candidate, product, selector, &versions, &self.policy, true);
        Ok(Some(self.runtime.block_on(select)?))
    }

    /// `latest` must not go back without the user's consent: a stale or hostile mirror could hide newer versions.
    fn compare(
        &self,
        product: &Product,
        selector: &Selector,
        candidate: &Candidate,
        newest: &Version,
    ) -> Result<Option<Compared>, AcquireError> {
        // Offline, only installed versions can be selected.
        let recalled = self.options.offline && candidate.reach == Reach::Network;
        if *selector != Selector::Latest || recalled {
            return Ok(None);
        }
        let allowed = self.options.allow_downgrade;
        let skipped = &self.policy.skipped;
        let checking = check_downgrade(self.state, candidate, product, newest, skipped, allowed);
        self.runtime.block_on(checking)?.map(Some)
    }

    /// Takes the newest installed version where no source decides.
    fn newest_installed(
        &self,
        product: &Product,
        selector: &Selector,
        search: &mut VersionSearch,
    ) -> Result<Resolution, AcquireError> {
        let prereleases = self.candidates.iter().any(|candidate| candidate.prerelease);
        let matches = |version: &Version| {
            selector.matches_counting(version, prereleases)
                && !self.policy.skipped.contains(version)
        };
        let withdrawn = withdrawn_versions(self.candidates, self.state, product)?;
        let is_left = |version: &Version| matches(version) && !withdrawn.contains_key(version);
        let newest = self.store.newest(product, &self.policy, is_left)?.accepted();
        let Some(version) = newest.and_then(|installed| installed.release.slot.version().cloned())
        else {
            let mut attempts = search.take_attempts();
            let others = self.store.newest(product, &self.policy, matches)?.accepted();
            if let Some(Installed { release, .. }) = others
                && let Some(source_name) =
                    release.slot.version().and_then(|version| withdrawn.get(version))
            {
                return Err(AcquireError::Withdrawn {
                    selector: selector.clone(),
                    release: Box::new(release.clone()),
                    source_name: source_name.clone(),
                    attempts,
                });
            }
            if *selector == Selector::Latest {
                name_near_misses(self.candidates, self.runtime, product, None, &mut attempts)?;
            }
            return Err(if self.candidates.is_empty() {
                AcquireError::NoSource(format!(
                    "{} {selector} {}",
                    product.binary, product.platform
                ))
            } else {
                unresolved(product, selector, &self.policy, attempts)
            });
        };
        let why = why_installed(selector, &search.attempts, self.age_of_lists(product));
        self.notice(&format!("{why}; using {version}, the newest installed"));
        let slot = Slot::Version(version.clone());
        Ok(Resolution { slot, place: None, cached: None, compared: None })
    }

    /// The age of the youngest cached list of a product.
    fn age_of_lists(&self, product: &Product) -> Option<Duration> {
        let now = SystemTime::now();
        let cached = self.candidates.iter().filter_map(|candidate| {
            ListingCache::of(self.state, &candidate.key(), product).get().ok().flatten()
        });
        cached.map(|listing| listing.age(now)).min()
    }
}
