//! From «latest» or a range to one version, or to the cargo build that stands before all of them.

use std::time::{Instant, SystemTime};

use loom_source::{
    Class, Dated, Line, Listing, Need, Selector, Slot, Source, SourceError, Version,
};
use serde::{Deserialize, Serialize};

use super::{
    AcquireError, Acquirer, Backend, Candidate, Reach, accepted,
    describe::whole,
    observer::Progress,
    plan::Reason,
    state,
    versions::{Heard, Memory, age_in_words},
};
use crate::{store::Attempt, trust::Origin};

/// How much of a listing is wanted. The answer is remembered and serves other selectors too: the newest alone is a right
/// answer for each that selects it, and for no other.
fn need(selector: &Selector) -> Need {
    if *selector == Selector::Latest { Need::Newest } else { Need::All }
}

/// What a selector came to.
pub(super) struct Resolution {
    pub(super) slot: Slot,
    pub(super) attempts: Vec<Attempt>,
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
struct Asked {
    attempts: Vec<Attempt>,
    /// The worst that kept a source from answering.
    worst: Option<Reason>,
    /// Whether some source cannot list.
    silent: bool,
    /// Whether some source was not asked because we are offline.
    offline: bool,
    /// What this build of loom cannot ask.
    missing: Option<String>,
}

/// The newest version that `latest` ever came to, so that going back is noticed.
#[derive(Serialize, Deserialize)]
struct Highest {
    version: Version,
}

impl Acquirer<'_> {
    /// The first source in order that has something for the selector decides; not the maximum over all.
    pub(super) fn resolve(
        &self,
        line: &Line,
        selector: &Selector,
    ) -> Result<Resolution, AcquireError> {
        let mut asked = Asked::default();
        for candidate in self.candidates {
            let begun = Instant::now();
            let Candidate { stop_on_absent, stop_on_error, .. } = *candidate;
            let (outcome, stop) = match self.answer(candidate, line, selector, &mut asked)? {
                Answer::Build => {
                    let (slot, attempts) = (Slot::Dev, asked.attempts);
                    return Ok(Resolution { slot, attempts, remembered: None });
                }
                Answer::Versions(versions, remembered) => {
                    match selector.newest(versions.iter().map(|dated| &dated.version)) {
                        Some(version) => {
                            self.not_back(line, selector, candidate, version)?;
                            let (slot, attempts) = (Slot::Version(version.clone()), asked.attempts);
                            return Ok(Resolution { slot, attempts, remembered });
                        }
                        None => (format!("carries nothing that is {selector}"), stop_on_absent),
                    }
                }
                Answer::Nothing => (format!("carries no {line}"), stop_on_absent),
                Answer::Silent(why) => {
                    asked.silent = true;
                    (why.to_owned(), false)
                }
                Answer::Failed(reason, why) => {
                    asked.worst = asked.worst.max(Some(reason));
                    (why, stop_on_absent || stop_on_error)
                }
            };
            let ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
            asked.attempts.push(Attempt { source: candidate.name.clone(), outcome, ms });
            if stop {
                break;
            }
        }
        match self.newest_here(line, selector, &asked)? {
            Some(resolution) => Ok(resolution),
            None => Err(self.unresolved(line, selector, asked)),
        }
    }

    fn unresolved(&self, line: &Line, selector: &Selector, asked: Asked) -> AcquireError {
        let release = format!("{} {selector} {}", line.binary, line.platform);
        let Asked { mut attempts, worst, silent, offline, missing } = asked;
        match (worst.unwrap_or(Reason::Absent), missing) {
            _ if self.candidates.is_empty() => AcquireError::NoSource(release),
            (reason, _) if offline && reason <= Reason::Unreachable => {
                AcquireError::Offline { what: release, attempts }
            }
            (Reason::Missing, Some(what)) => {
                // Alone it would only say the same again.
                attempts.retain(|_| self.candidates.len() > 1);
                AcquireError::Missing { what, attempts }
            }
            (Reason::Absent, _) if silent => {
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
        let source = match &candidate.backend {
            Backend::Missing(what) => {
                asked.missing.get_or_insert_with(|| what.clone());
                let why = "cannot be asked by this version of loom".to_owned();
                return Ok(Answer::Failed(Reason::Missing, why));
            }
            Backend::Ready(source) => source.as_ref(),
        };
        if self.offline && candidate.reach == Reach::Network {
            asked.offline = true;
            return self.recalled(candidate, line);
        }
        let can = source.capabilities();
        let answer = if can.dev && selector.allows_dev() {
            let found = self.network.block_on(source.find(&line.at(Slot::Dev)))?;
            found.map(|offer| if offer.is_some() { Answer::Build } else { Answer::Nothing })
        } else if !can.releases {
            Ok(Answer::Nothing)
        } else if candidate.origin == Origin::PlainHttp {
            Ok(Answer::Silent("its list would come over plain http and prove nothing"))
        } else if candidate.reach == Reach::Disk {
            self.network.block_on(source.list(line, need(selector)))?.map(Answer::from)
        } else {
            self.listed(candidate, source, line, selector)?
        };
        Ok(answer.unwrap_or_else(|error| self.unanswered(candidate, &error, asked)))
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
        let begun = SystemTime::now();
        let heard = memory.recall()?.filter(|heard| {
            // What is newer than the answer is not in it.
            heard.serves(selector) && !self.force && heard.is_fresh(begun, self.freshness)
        });
        if let Some(heard) = heard {
            return Ok(Ok(Answer::Versions(heard.versions(), Some(memory))));
        }
        let need = need(selector);
        let what = format!("the versions of {}", candidate.name);
        let lock = memory.lock(&mut || self.observer.tell(Progress::Waiting { what: &what }));
        // Without a lock somebody else may ask the same at the same time, and no more.
        let waited = lock.as_ref().is_ok_and(|(_, waited)| *waited);
        let told =
            |heard: &Heard| heard.is_from(begun) && (heard.is_whole() || heard.serves(selector));
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
        let age = age_in_words(heard.age(SystemTime::now()));
        let mut versions = heard.versions();
        versions.retain(|dated| here.contains(&dated.version));
        if versions.is_empty() {
            return Ok(SILENT);
        }
        let text = format!("offline: {} listed its versions {age} ago", candidate.name);
        self.observer.tell(Progress::Notice { text: &text });
        Ok(Answer::Versions(versions, None))
    }

    /// `latest` must not go back unless that is wanted: a stale or hostile mirror would hide what is newer.
    fn not_back(
        &self,
        line: &Line,
        selector: &Selector,
        candidate: &Candidate,
        version: &Version,
    ) -> Result<(), AcquireError> {
        // Offline nobody could hide anything from us: what is here is all there is.
        if *selector != Selector::Latest || self.offline && candidate.reach == Reach::Network {
            return Ok(());
        }
        let Line { authority, binary, platform } = line;
        let path = self.state.join("latest").join(format!("{authority}@{binary}@{platform}.json"));
        let before = state::read::<Highest>(&path)?.map(|highest| highest.version);
        match before {
            Some(before) if before > *version && !self.allow_downgrade => {
                Err(AcquireError::Downgrade {
                    source_name: candidate.name.clone(),
                    offered: version.clone(),
                    before,
                })
            }
            Some(before) if before == *version => Ok(()),
            _ => {
                self.memory(state::write(&path, &Highest { version: version.clone() }));
                Ok(())
            }
        }
    }

    /// Where nobody can say, the newest one here will do.
    fn newest_here(
        &self,
        line: &Line,
        selector: &Selector,
        asked: &Asked,
    ) -> Result<Option<Resolution>, AcquireError> {
        let here = self.accepted_here(line)?;
        let Some(version) = selector.newest(&here) else { return Ok(None) };
        let heard = self.candidates.iter().filter_map(|candidate| {
            Memory::of(self.state, &candidate.key(), line).recall().ok().flatten()
        });
        let now = SystemTime::now();
        let ago = heard.map(|heard| heard.age(now)).min();
        let ago =
            ago.map_or(String::new(), |age| format!(" (last heard {} ago)", age_in_words(age)));
        let text = format!(
            "no source could say what {selector} is{ago}; taking {version}, the newest one here"
        );
        self.observer.tell(Progress::Notice { text: &text });
        let (slot, attempts) = (Slot::Version(version.clone()), asked.attempts.clone());
        Ok(Some(Resolution { slot, attempts, remembered: None }))
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
