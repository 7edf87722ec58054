//! From «latest» or a range to one version, or to the cargo build that stands before all of them.

use std::{
    collections::VecDeque,
    time::{Instant, SystemTime},
};

use loom_source::{Product, Selector, Slot, Version};

use super::{
    AcquireError, Acquirer, accepted,
    choose::VersionChoice,
    listing::ListOutcome,
    observer::Progress,
    outcome::tried,
    plan::FailureReason,
    versions::{ListingCache, ago},
};
use crate::sources::Candidate;
use crate::store::Attempt;

/// What a selector came to.
pub(super) struct Resolution {
    pub(super) slot: Slot,
    pub(super) asked: ResolutionState,
    /// The memory that it was read from, where nobody was asked.
    pub(super) remembered: Option<ListingCache>,
}

/// What an answer means for the search.
enum Weighed {
    /// This is it.
    Decides { slot: Slot, remembered: Option<ListingCache>, outcome: String },
    /// It did not answer; whether the next one is asked.
    Silent { outcome: String, next: bool },
    /// It is somebody else's turn; whether the next one is asked.
    Passes { outcome: String, next: bool },
}

/// What has come of asking so far.
#[derive(Default)]
pub(super) struct ResolutionState {
    pub(super) attempts: Vec<Attempt>,
    /// The places of those that did not answer in time.
    pub(super) silent: Vec<usize>,
    /// The worst that kept a source from answering.
    worst: Option<FailureReason>,
    /// Whether some source cannot list.
    unlistable: bool,
    /// Whether some source has what is wanted, but not old enough.
    young: bool,
    /// Whether some source was not asked because we are offline.
    pub(super) offline: bool,
}

impl ResolutionState {
    fn note(&mut self, candidate: &Candidate, outcome: String, begun: Instant) {
        self.attempts.push(tried(candidate, outcome, begun.elapsed()));
    }
}

impl Acquirer<'_> {
    /// The first source in order that has something for the selector decides; not the maximum over all.
    /// One that may be raced and is late lets the next ones answer, and is asked again if none does.
    pub(super) fn resolve(
        &self,
        line: &Product,
        selector: &Selector,
    ) -> Result<Resolution, AcquireError> {
        let mut asked = ResolutionState::default();
        let mut turns: VecDeque<(usize, bool)> =
            (0..self.candidates.len()).map(|place| (place, true)).collect();
        while let Some((place, first)) = turns.pop_front() {
            let (candidate, begun) = (&self.candidates[place], Instant::now());
            // With nobody behind it there is nobody to let answer.
            let patience = candidate.patience().filter(|_| first && !turns.is_empty());
            let answer = self.answer(candidate, line, selector, patience, &mut asked)?;
            let late = matches!(answer, ListOutcome::Late);
            let (outcome, next) = match self.weigh(candidate, line, selector, answer, &mut asked)? {
                Weighed::Decides { slot, remembered, outcome } => {
                    self.observer.on_event(Progress::Resolved {
                        selector: &selector.to_string(),
                        version: &slot.to_string(),
                        source: &candidate.name,
                        why: &outcome,
                    });
                    asked.note(candidate, outcome, begun);
                    return Ok(Resolution { slot, asked, remembered });
                }
                Weighed::Silent { outcome, next } => {
                    asked.silent.push(place);
                    (outcome, next)
                }
                Weighed::Passes { outcome, next } => (outcome, next),
            };
            asked.note(candidate, outcome, begun);
            if late {
                let stops = |(place, _): &(usize, bool)| self.candidates[*place].stops();
                turns.insert(turns.iter().position(stops).unwrap_or(turns.len()), (place, false));
            }
            if !next {
                break;
            }
        }
        match self.newest_here(line, selector, asked)? {
            Ok(resolution) => Ok(resolution),
            Err(asked) => Err(self.unresolved(line, selector, asked)),
        }
    }

    /// What an answer means for the search.
    fn weigh(
        &self,
        candidate: &Candidate,
        line: &Product,
        selector: &Selector,
        answer: ListOutcome,
        asked: &mut ResolutionState,
    ) -> Result<Weighed, AcquireError> {
        let Candidate { stop_on_absent, .. } = *candidate;
        let passes = |outcome, next| Weighed::Passes { outcome, next };
        Ok(match answer {
            ListOutcome::Build => {
                let outcome = "has a cargo build".to_owned();
                Weighed::Decides { slot: Slot::Dev, remembered: None, outcome }
            }
            ListOutcome::Versions(versions, remembered) => {
                match self.choose(candidate, line, selector, &versions)? {
                    VersionChoice::Version { version, newest } => {
                        self.not_back(line, selector, candidate, &newest)?;
                        let says = if remembered.is_some() { "said lately" } else { "says" };
                        let outcome = format!("{says} that {selector} is {version}");
                        Weighed::Decides { slot: Slot::Version(version), remembered, outcome }
                    }
                    VersionChoice::Young(why) => {
                        asked.young = true;
                        passes(why, !stop_on_absent)
                    }
                    VersionChoice::Nothing => {
                        passes(format!("carries nothing that is {selector}"), !stop_on_absent)
                    }
                }
            }
            ListOutcome::Nothing => passes(format!("carries no {line}"), !stop_on_absent),
            ListOutcome::Silent(why) => {
                asked.unlistable = true;
                passes(why.to_owned(), true)
            }
            ListOutcome::Late => {
                let patience = humantime::format_duration(candidate.patience().unwrap_or_default());
                let outcome = format!("has not listed its versions for {patience}");
                Weighed::Silent { outcome, next: true }
            }
            ListOutcome::Failed(reason, outcome) => {
                asked.worst = asked.worst.max(Some(reason));
                let next = !candidate.stops();
                match reason {
                    FailureReason::Unreachable => Weighed::Silent { outcome, next },
                    _ => Weighed::Passes { outcome, next },
                }
            }
        })
    }

    fn unresolved(
        &self,
        line: &Product,
        selector: &Selector,
        asked: ResolutionState,
    ) -> AcquireError {
        let release = format!("{} {selector} {}", line.binary, line.platform);
        let ResolutionState { attempts, worst, unlistable, young, offline, .. } = asked;
        match worst.unwrap_or(FailureReason::Absent) {
            _ if self.candidates.is_empty() => AcquireError::NoSource(release),
            _ if young => AcquireError::Young {
                selector: selector.clone(),
                minimum: self.policy.minimum_age(),
                attempts,
            },
            reason if offline && reason <= FailureReason::Unreachable => {
                AcquireError::Offline { what: release, attempts }
            }
            FailureReason::Absent if unlistable => {
                AcquireError::Unlistable { selector: selector.clone(), attempts }
            }
            reason => AcquireError::unserved(release, reason, attempts),
        }
    }

    /// Where nobody can say, the newest one here will do.
    fn newest_here(
        &self,
        line: &Product,
        selector: &Selector,
        asked: ResolutionState,
    ) -> Result<Result<Resolution, ResolutionState>, AcquireError> {
        let here = self.accepted_here(line)?;
        let prereleases = self.candidates.iter().any(|candidate| candidate.prerelease);
        let fitting = here.iter().filter(|v| selector.matches_counting(v, prereleases));
        let Some(version) = fitting.max() else { return Ok(Err(asked)) };
        let why = match asked.young {
            true => format!("no source has {selector} in a release that is old enough"),
            false => format!("no source could say what {selector} is{}", self.last_heard(line)),
        };
        let text = format!("{why}; taking {version}, the newest one here");
        self.observer.on_event(Progress::Notice { text: &text });
        Ok(Ok(Resolution { slot: Slot::Version(version.clone()), asked, remembered: None }))
    }

    /// How old the youngest answer of any source is, in parentheses; nothing where there is none.
    fn last_heard(&self, line: &Product) -> String {
        let now = SystemTime::now();
        let heard = self.candidates.iter().filter_map(|candidate| {
            ListingCache::of(self.state, &candidate.key(), line).get().ok().flatten()
        });
        let age = heard.map(|heard| heard.age(now)).min();
        age.map_or(String::new(), |age| format!(" (last heard {})", ago(age)))
    }

    /// The versions of a line that are here and that today's policy accepts.
    pub(super) fn accepted_here(&self, line: &Product) -> Result<Vec<Version>, AcquireError> {
        let mut versions = Vec::new();
        for listed in self.store.list()? {
            let (Some(version), Some(installed)) =
                (listed.release.slot.version(), &listed.installed)
            else {
                continue;
            };
            if listed.release.product() == *line
                && accepted(self.store, &listed.release, &self.policy)? == Some(installed.tree)
            {
                versions.push(version.clone());
            }
        }
        Ok(versions)
    }
}
