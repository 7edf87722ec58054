//! From «latest» or a range to one version, or to the cargo build that stands before all of them.

use std::time::{Instant, SystemTime};

use loom_source::{
    Class, Dated, Line, Listing, Need, Selector, Slot, Source, SourceError, Version,
};

use super::{
    AcquireError, Acquirer, Backend, Candidate, Reach, accepted,
    choose::{Choice, fits},
    describe::whole,
    observer::Progress,
    outcome::tried,
    plan::Reason,
    versions::{Heard, Memory, ago},
};
use crate::{store::Attempt, trust::Origin};

/// What a selector came to.
pub(super) struct Resolution {
    pub(super) slot: Slot,
    pub(super) asked: Asked,
    /// The memory that it was read from, where nobody was asked.
    pub(super) remembered: Option<Memory>,
}

/// What one source said.
enum Answer {
    /// It has a cargo build.
    Build,
    /// These versions; with the memory they were read from, where it was not asked.
    Versions(Vec<Dated>, Option<Memory>),
    /// It has nothing of the kind.
    Nothing,
    /// It cannot tell.
    Silent(&'static str),
    /// It did not answer.
    Failed(Reason, String),
}

/// What has come of asking so far.
#[derive(Default)]
pub(super) struct Asked {
    pub(super) attempts: Vec<Attempt>,
    /// The places of those that did not answer in time.
    pub(super) silent: Vec<usize>,
    /// The worst that kept a source from answering.
    worst: Option<Reason>,
    /// Whether some source cannot list.
    unlistable: bool,
    /// Whether some source has what is wanted, but not old enough.
    young: bool,
    /// Whether some source was not asked because we are offline.
    offline: bool,
    /// What this build of loom cannot ask.
    missing: Option<String>,
}

impl Asked {
    fn note(&mut self, candidate: &Candidate, outcome: String, begun: Instant) {
        self.attempts.push(tried(candidate, outcome, begun.elapsed()));
    }
}

impl Acquirer<'_> {
    /// The first source in order that has something for the selector decides; not the maximum over all.
    pub(super) fn resolve(
        &self,
        line: &Line,
        selector: &Selector,
    ) -> Result<Resolution, AcquireError> {
        let mut asked = Asked::default();
        for (place, candidate) in self.candidates.iter().enumerate() {
            let begun = Instant::now();
            let Candidate { stop_on_absent, stop_on_error, .. } = *candidate;
            let (outcome, stop) = match self.answer(candidate, line, selector, &mut asked)? {
                Answer::Build => {
                    asked.note(candidate, "has a cargo build".to_owned(), begun);
                    return Ok(Resolution { slot: Slot::Dev, asked, remembered: None });
                }
                Answer::Versions(versions, remembered) => {
                    match self.choose(candidate, line, selector, &versions)? {
                        Choice::Version { version, newest } => {
                            self.not_back(line, selector, candidate, &newest)?;
                            let from = if remembered.is_some() { "said lately" } else { "says" };
                            let outcome = format!("{from} that {selector} is {version}");
                            asked.note(candidate, outcome, begun);
                            return Ok(Resolution {
                                slot: Slot::Version(version),
                                asked,
                                remembered,
                            });
                        }
                        Choice::Young(why) => {
                            asked.young = true;
                            (why, stop_on_absent)
                        }
                        Choice::Nothing => {
                            (format!("carries nothing that is {selector}"), stop_on_absent)
                        }
                    }
                }
                Answer::Nothing => (format!("carries no {line}"), stop_on_absent),
                Answer::Silent(why) => {
                    asked.unlistable = true;
                    (why.to_owned(), false)
                }
                Answer::Failed(reason, why) => {
                    asked.worst = asked.worst.max(Some(reason));
                    asked.silent.extend((reason == Reason::Unreachable).then_some(place));
                    (why, stop_on_absent || stop_on_error)
                }
            };
            asked.note(candidate, outcome, begun);
            if stop {
                break;
            }
        }
        match self.newest_here(line, selector, asked)? {
            Ok(resolution) => Ok(resolution),
            Err(asked) => Err(self.unresolved(line, selector, asked)),
        }
    }

    fn unresolved(&self, line: &Line, selector: &Selector, asked: Asked) -> AcquireError {
        let release = format!("{} {selector} {}", line.binary, line.platform);
        let Asked { mut attempts, worst, unlistable, young, offline, missing, .. } = asked;
        match (worst.unwrap_or(Reason::Absent), missing) {
            _ if self.candidates.is_empty() => AcquireError::NoSource(release),
            _ if young => AcquireError::Young {
                selector: selector.clone(),
                minimum: self.policy.minimum_age(),
                attempts,
            },
            (reason, _) if offline && reason <= Reason::Unreachable => {
                AcquireError::Offline { what: release, attempts }
            }
            (Reason::Missing, Some(what)) => {
                // Alone it would only say the same again.
                attempts.retain(|_| self.candidates.len() > 1);
                AcquireError::Missing { what, attempts }
            }
            (Reason::Absent, _) if unlistable => {
                AcquireError::Unlistable { selector: selector.clone(), attempts }
            }
            (reason, _) => AcquireError::unserved(release, reason, attempts),
        }
    }

    fn answer(
        &self,
        candidate: &Candidate,
        line: &Line,
        selector: &Selector,
        asked: &mut Asked,
    ) -> Result<Answer, AcquireError> {
        if self.offline && candidate.reach == Reach::Network {
            asked.offline = true;
            return self.recalled(candidate, line);
        }
        let source = match &candidate.backend {
            Backend::Missing(what) => {
                asked.missing.get_or_insert_with(|| what.clone());
                let why = "cannot be asked by this version of loom".to_owned();
                return Ok(Answer::Failed(Reason::Missing, why));
            }
            Backend::Ready(source) => source.as_ref(),
        };
        let can = source.capabilities();
        let answer = if can.dev && selector.allows_dev() {
            let found = self.network.block_on(source.find(&line.at(Slot::Dev)))?;
            found.map(|offer| if offer.is_some() { Answer::Build } else { Answer::Nothing })
        } else if !can.releases {
            Ok(Answer::Nothing)
        } else if candidate.origin == Origin::PlainHttp {
            Ok(Answer::Silent("its list would come over plain http and prove nothing"))
        } else if candidate.reach == Reach::Disk {
            self.network
                .block_on(source.list(line, self.need(candidate, selector)))?
                .map(Answer::from)
        } else {
            self.listed(candidate, source, line, selector)?
        };
        Ok(answer.unwrap_or_else(|error| self.unanswered(candidate, &error, asked)))
    }

    /// How much of a listing is wanted. The answer is remembered and serves other selectors too.
    fn need(&self, candidate: &Candidate, selector: &Selector) -> Need {
        let any = candidate.prerelease || self.policy.judges_age();
        if *selector == Selector::Latest && !any { Need::Newest } else { Need::All }
    }

    fn unanswered(&self, candidate: &Candidate, error: &SourceError, asked: &mut Asked) -> Answer {
        let why = match error.hint() {
            Some(hint) => format!("{}; {hint}", whole(error)),
            None => whole(error),
        };
        self.observer.tell(Progress::Failed { source: &candidate.name, why: &why });
        asked.offline |= error.class() == Class::Offline;
        let reason = match error.class() {
            Class::Credentials => Reason::Credentials,
            Class::Unreachable | Class::Offline => Reason::Unreachable,
        };
        Answer::Failed(reason, why)
    }

    /// A listing over the network: a fresh answer that has what is wanted is taken as it is, and one process asks
    /// for all that wait.
    fn listed(
        &self,
        candidate: &Candidate,
        source: &dyn Source,
        line: &Line,
        selector: &Selector,
    ) -> Result<Result<Answer, SourceError>, AcquireError> {
        let memory = Memory::of(self.state, &candidate.key(), line);
        let (begun, need) = (SystemTime::now(), self.need(candidate, selector));
        // The newest alone is a right answer for whatever selects it, unless an older one may be wanted all the same.
        let serves = |heard: &Heard| {
            let plain = !candidate.prerelease && !self.policy.judges_age();
            let fits = |dated: &Dated| fits(selector, candidate, &dated.version);
            (heard.is_whole() || plain) && heard.versions().iter().any(fits)
        };
        let heard = memory.recall()?.filter(|heard| {
            // What is newer than the answer is not in it.
            serves(heard) && !self.force && heard.is_fresh(begun, self.freshness)
        });
        if let Some(heard) = heard {
            return Ok(Ok(Answer::Versions(heard.versions(), Some(memory))));
        }
        let what = format!("the versions of {}", candidate.name);
        let lock = memory.lock(&mut || self.observer.tell(Progress::Waiting { what: &what }));
        // Without a lock somebody else may ask the same at the same time, and no more.
        let waited = lock.as_ref().is_ok_and(|(_, waited)| *waited);
        let told = |heard: &Heard| heard.is_from(begun) && (heard.is_whole() || serves(heard));
        if waited && let Some(heard) = memory.recall()?.filter(told) {
            return Ok(Ok(Answer::Versions(heard.versions(), None)));
        }
        let listing = self.network.block_on(source.list(line, need))?;
        if let Ok(Listing::Versions(versions)) = &listing {
            self.memory(memory.keep(&candidate.name, versions, need, SystemTime::now()));
        }
        Ok(listing.map(Answer::from))
    }

    /// What a source that may not be asked said last, as far as it is here: nothing else can be had of it now.
    fn recalled(&self, candidate: &Candidate, line: &Line) -> Result<Answer, AcquireError> {
        const SILENT: Answer = Answer::Silent("not asked: loom is offline");
        let Some(heard) = Memory::of(self.state, &candidate.key(), line).recall()? else {
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
        self.observer.tell(Progress::Notice { text: &text });
        Ok(Answer::Versions(versions, None))
    }

    /// Where nobody can say, the newest one here will do.
    fn newest_here(
        &self,
        line: &Line,
        selector: &Selector,
        asked: Asked,
    ) -> Result<Result<Resolution, Asked>, AcquireError> {
        let here = self.accepted_here(line)?;
        let prereleases = self.candidates.iter().any(|candidate| candidate.prerelease);
        let fitting = here.iter().filter(|v| selector.matches_counting(v, prereleases));
        let Some(version) = fitting.max() else { return Ok(Err(asked)) };
        let why = match asked.young {
            true => format!("no source has {selector} in a release that is old enough"),
            false => format!("no source could say what {selector} is{}", self.last_heard(line)),
        };
        let text = format!("{why}; taking {version}, the newest one here");
        self.observer.tell(Progress::Notice { text: &text });
        Ok(Ok(Resolution { slot: Slot::Version(version.clone()), asked, remembered: None }))
    }

    /// How old the youngest answer of any source is, in parentheses; nothing where there is none.
    fn last_heard(&self, line: &Line) -> String {
        let now = SystemTime::now();
        let heard = self.candidates.iter().filter_map(|candidate| {
            Memory::of(self.state, &candidate.key(), line).recall().ok().flatten()
        });
        let age = heard.map(|heard| heard.age(now)).min();
        age.map_or(String::new(), |age| format!(" (last heard {})", ago(age)))
    }

    /// The versions of a line that are here and that today's policy accepts.
    fn accepted_here(&self, line: &Line) -> Result<Vec<Version>, AcquireError> {
        let mut versions = Vec::new();
        for listed in self.store.list()? {
            let (Some(version), Some(installed)) =
                (listed.release.slot.version(), &listed.installed)
            else {
                continue;
            };
            if listed.release.line() == *line
                && accepted(self.store, &listed.release, &self.policy)? == Some(installed.tree)
            {
                versions.push(version.clone());
            }
        }
        Ok(versions)
    }
}

impl From<Listing> for Answer {
    fn from(listing: Listing) -> Self {
        match listing {
            Listing::Versions(versions) if versions.is_empty() => Self::Nothing,
            Listing::Versions(versions) => Self::Versions(versions, None),
            Listing::Unlistable(why) => Self::Silent(why),
        }
    }
}
