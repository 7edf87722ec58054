//! Asks source after source which version a selector means.

use std::{
    collections::VecDeque,
    time::{Duration, Instant, SystemTime},
};

use loom_base::error_chain;
use loom_source::{ListedVersion, Product, Selector, Slot, Version};

use super::{
    ask::{ListOutcome, ListRequest, SourceList},
    downgrade::check_downgrade,
    listing_cache::ListingCache,
    newest::{NewestVersion, select},
    undecided::{ago, reason, unresolved, why_installed},
};
use crate::{
    acquire::{
        AcquireError, AcquireEvent, AcquireOptions, AttemptCause, Observer, SourceAttempt,
        SourceRuntime, failover::plan::FailureReason, near_misses::name_near_misses,
        state::highest,
    },
    sources::{Candidate, Reach, SourceClass},
    state::StateDir,
    store::{AttemptKind, Store},
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

/// What a selector resolved to.
pub(in crate::acquire) struct Resolution {
    /// The version, or the development slot.
    pub(in crate::acquire) slot: Slot,
    /// The attempts, in order.
    pub(in crate::acquire) attempts: Vec<SourceAttempt>,
    /// The positions of the sources that did not answer in time.
    pub(in crate::acquire) silent: Vec<usize>,
    /// The cached list that decided, where no source was asked for one.
    pub(in crate::acquire) cached: Option<ListingCache>,
}

/// What an answer means for the search.
enum Weighed {
    /// It decides.
    Decides { slot: Slot, cached: Option<ListingCache>, attempt: SourceAttempt },
    /// It does not decide.
    Passes { attempt: SourceAttempt, next: bool, silent: bool },
}

/// What asking has led to so far.
#[derive(Default)]
struct ResolveLog {
    attempts: Vec<SourceAttempt>,
    silent: Vec<usize>,
}

impl Resolver<'_> {
    /// Resolves a selector: the first source in order that has something for it decides, not the newest version of all
    /// sources. A source that may be raced and is late lets the next ones answer, and is asked again if none does.
    ///
    /// Where no source decides, the newest installed version is taken.
    pub(in crate::acquire) fn resolve(
        &self,
        product: &Product,
        selector: &Selector,
    ) -> Result<Resolution, AcquireError> {
        let mut log = ResolveLog::default();
        let mut turns: VecDeque<(usize, bool)> =
            (0..self.candidates.len()).map(|place| (place, true)).collect();
        while let Some((place, first)) = turns.pop_front() {
            let candidate = &self.candidates[place];
            let begun = Instant::now();
            // The last source has no other to race with.
            let patience = candidate.patience().filter(|_| first && !turns.is_empty());
            let answer = self.ask(candidate, product, selector, patience)?;
            let late = matches!(answer, ListOutcome::Late);
            match self.weigh(candidate, product, selector, answer, begun)? {
                Weighed::Decides { slot, cached, attempt } => {
                    self.report(&mut log, attempt);
                    let ResolveLog { attempts, silent } = log;
                    return Ok(Resolution { slot, attempts, silent, cached });
                }
                Weighed::Passes { attempt, next, silent } => {
                    self.report(&mut log, attempt);
                    log.silent.extend(silent.then_some(place));
                    if late {
                        let stops = |(place, _): &(usize, bool)| self.candidates[*place].stops();
                        let again = turns.iter().position(stops).unwrap_or(turns.len());
                        turns.insert(again, (place, false));
                    }
                    if !next {
                        break;
                    }
                }
            }
        }
        self.newest_installed(product, selector, log)
    }

    fn report(&self, log: &mut ResolveLog, attempt: SourceAttempt) {
        self.observer.on_event(AcquireEvent::Attempted { attempt: &attempt });
        log.attempts.push(attempt);
    }

    fn notice(&self, text: &str) {
        self.observer.on_event(AcquireEvent::Notice { text });
    }

    fn ask(
        &self,
        candidate: &Candidate,
        product: &Product,
        selector: &Selector,
        patience: Option<Duration>,
    ) -> Result<ListOutcome, AcquireError> {
        let what = format!("the versions of {}", candidate.name);
        let request = ListRequest {
            candidate,
            product,
            selector,
            policy: &self.policy,
            options: self.options,
            state: self.state,
            runtime: self.runtime,
            patience,
        };
        let answer = request.ask(&mut || {
            self.observer.on_event(AcquireEvent::Waiting { what: &what });
        })?;
        match &answer {
            ListOutcome::Late => {
                let name = &candidate.name;
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
    fn weigh(
        &self,
        candidate: &Candidate,
        product: &Product,
        selector: &Selector,
        answer: ListOutcome,
        begun: Instant,
    ) -> Result<Weighed, AcquireError> {
        let attempt =
            |kind, outcome: String| SourceAttempt::new(candidate, kind, outcome, begun.elapsed());
        let (newest, cached) = match answer {
            ListOutcome::Known(newest) => (newest, None),
            ListOutcome::Listed(SourceList { versions, cached, .. }) => {
                let offline = self.options.offline;
                let policy = &self.policy;
                let select = select(candidate, product, selector, &versions, policy, offline);
                (self.runtime.block_on(select)?, cached)
            }
            ListOutcome::NotAsked(last) => match self.recall(candidate, product, selector, last)? {
                Some(newest) => (newest, None),
                None => {
                    let outcome = "not asked: loom is offline".to_owned();
                    let attempt = attempt(AttemptKind::NotAsked, outcome);
                    return Ok(Weighed::Passes { attempt, next: true, silent: false });
                }
            },
            ListOutcome::Late => {
                let patience = humantime::format_duration(candidate.patience().unwrap_or_default());
                let outcome = format!("has not listed its versions for {patience}");
                let attempt = attempt(AttemptKind::Late, outcome);
                return Ok(Weighed::Passes { attempt, next: true, silent: true });
            }
            ListOutcome::Failed(error) => {
                let cause = AttemptCause::Source(error);
                let silent = reason(cause.kind()) == Some(FailureReason::Unreachable);
                let attempt = SourceAttempt::failed(candidate, cause, begun.elapsed());
                return Ok(Weighed::Passes { attempt, next: !candidate.stops(), silent });
            }
        };
        self.weigh_newest(candidate, product, selector, newest, cached, begun)
    }

    /// What the newest version at a source means for the search.
    fn weigh_newest(
        &self,
        candidate: &Candidate,
        product: &Product,
        selector: &Selector,
        newest: NewestVersion,
        cached: Option<ListingCache>,
        begun: Instant,
    ) -> Result<Weighed, AcquireError> {
        let attempt =
            |kind, outcome: String| SourceAttempt::new(candidate, kind, outcome, begun.elapsed());
        let passes = |attempt, next| Ok(Weighed::Passes { attempt, next, silent: false });
        let goes_on = !candidate.stop_on_absent;
        match newest {
            NewestVersion::Build => {
                let attempt = attempt(AttemptKind::Selected, "has a cargo build".to_owned());
                Ok(Weighed::Decides { slot: Slot::Dev, cached: None, attempt })
            }
            NewestVersion::Version { version, newest } => {
                self.check_downgrade(product, selector, candidate, &newest)?;
                let listed = if cached.is_some() { "listed recently" } else { "listed" };
                let outcome = format!("{listed}: \"{selector}\" is {version}");
                let attempt = attempt(AttemptKind::Selected, outcome);
                Ok(Weighed::Decides { slot: Slot::Version(version), cached, attempt })
            }
            NewestVersion::TooYoung { version, why } => {
                passes(attempt(AttemptKind::TooYoung, format!("{version} {why}")), goes_on)
            }
            NewestVersion::NoMatch => {
                let outcome = format!("no version matches \"{selector}\"");
                passes(attempt(AttemptKind::Absent, outcome), goes_on)
            }
            NewestVersion::Nothing => {
                let outcome = match candidate.class {
                    SourceClass::Build => {
                        format!("no build of {} in {}", product.binary, candidate.source)
                    }
                    _ => format!("has no versions of {product}"),
                };
                passes(attempt(AttemptKind::Absent, outcome), goes_on)
            }
            NewestVersion::Unlistable(why) => passes(attempt(AttemptKind::Unlistable, why), true),
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
    fn check_downgrade(
        &self,
        product: &Product,
        selector: &Selector,
        candidate: &Candidate,
        newest: &Version,
    ) -> Result<(), AcquireError> {
        // Offline, only installed versions can be selected.
        let recalled = self.options.offline && candidate.reach == Reach::Network;
        if *selector != Selector::Latest || recalled {
            return Ok(());
        }
        let allowed = self.options.allow_downgrade;
        let before = check_downgrade(self.state, candidate, product, newest, allowed)?;
        if before.as_ref() != Some(newest)
            && let Err(error) = highest::save(self.state, product, newest)
        {
            self.notice(&error_chain(&error));
        }
        Ok(())
    }

    /// Takes the newest installed version where no source decides.
    fn newest_installed(
        &self,
        product: &Product,
        selector: &Selector,
        log: ResolveLog,
    ) -> Result<Resolution, AcquireError> {
        let prereleases = self.candidates.iter().any(|candidate| candidate.prerelease);
        let matches = |version: &Version| selector.matches_counting(version, prereleases);
        let newest = self.store.newest(product, &self.policy, matches)?.accepted();
        let Some(version) = newest.and_then(|installed| installed.release.slot.version().cloned())
        else {
            let mut attempts = log.attempts;
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
        let why = why_installed(selector, &log.attempts, self.age_of_lists(product));
        self.notice(&format!("{why}; using {version}, the newest installed"));
        let ResolveLog { attempts, silent } = log;
        let slot = Slot::Version(version.clone());
        Ok(Resolution { slot, attempts, silent, cached: None })
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
