//! From «latest» or a range to one version, or to the cargo build that stands before all of them.

use std::time::{Instant, SystemTime};

use loom_source::{Line, Listing, Need, Selector, Slot, SourceError, Version};
use serde::{Deserialize, Serialize};

use super::{
    AcquireError, Acquirer, Backend, Candidate, Reach,
    describe::whole,
    observer::Progress,
    plan::Reason,
    state,
    versions::{Memory, age_in_words},
};
use crate::store::Attempt;

/// All versions, whatever is asked for: the answer is remembered and has to serve other selectors too.
const EVERY: Need = Need::All;

/// What a selector came to.
pub(super) struct Resolution {
    pub(super) slot: Slot,
    pub(super) attempts: Vec<Attempt>,
}

/// What one source said.
enum Answer {
    /// It has a cargo build.
    Build,
    /// These versions.
    Versions(Vec<Version>),
    /// It cannot tell.
    Silent(&'static str),
    /// It has nothing of the kind.
    Nothing,
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
        let mut attempts = Vec::new();
        let (mut unreachable, mut silent) = (false, false);
        for candidate in self.candidates {
            let begun = Instant::now();
            let answer = match &candidate.backend {
                Backend::Missing(what) => return Err(AcquireError::Missing(what.clone())),
                Backend::Ready(_) if self.offline && candidate.reach == Reach::Network => {
                    unreachable = true;
                    self.recalled(candidate, line)?
                }
                Backend::Ready(_) => self.answer(candidate, line, selector)?,
            };
            let outcome = match answer {
                Ok(Answer::Build) => return Ok(Resolution { slot: Slot::Dev, attempts }),
                Ok(Answer::Versions(versions)) => match selector.newest(&versions) {
                    Some(version) => {
                        self.not_back(line, selector, candidate, version)?;
                        return Ok(Resolution { slot: Slot::Version(version.clone()), attempts });
                    }
                    None => format!("carries nothing that is {selector}"),
                },
                Ok(Answer::Silent(why)) => {
                    silent = true;
                    why.to_owned()
                }
                Ok(Answer::Nothing) => format!("carries no {line}"),
                Err(error) => {
                    unreachable = true;
                    let why = whole(&error);
                    self.observer.tell(Progress::Failed { source: &candidate.name, why: &why });
                    why
                }
            };
            attempts.push(Attempt { source: candidate.name.clone(), outcome, ms: millis(begun) });
        }
        if let Some(resolution) = self.newest_here(line, selector, &attempts)? {
            return Ok(resolution);
        }
        let release = format!("{} {selector} {}", line.binary, line.platform);
        Err(match (self.offline && unreachable, unreachable, silent) {
            _ if self.candidates.is_empty() => AcquireError::NoSource(release),
            (true, _, _) => AcquireError::Offline { what: release },
            (_, false, true) => AcquireError::Unlistable { selector: selector.clone(), attempts },
            (_, true, _) => AcquireError::unserved(release, Reason::Unreachable, attempts),
            _ => AcquireError::unserved(release, Reason::Absent, attempts),
        })
    }

    fn answer(
        &self,
        candidate: &Candidate,
        line: &Line,
        selector: &Selector,
    ) -> Result<Result<Answer, SourceError>, AcquireError> {
        let Some(source) = candidate.source() else { return Ok(Ok(Answer::Nothing)) };
        let can = source.capabilities();
        if can.dev && selector.allows_dev() {
            let found = self.network.block_on(source.find(&line.at(Slot::Dev)))?;
            return Ok(
                found.map(|offer| if offer.is_some() { Answer::Build } else { Answer::Nothing })
            );
        }
        if !can.releases || *selector == Selector::Dev {
            return Ok(Ok(Answer::Nothing));
        }
        if candidate.reach == Reach::Disk {
            return Ok(self.network.block_on(source.list(line, EVERY))?.map(Answer::from));
        }
        self.listed(candidate, line)
    }

    /// A listing over the network: a fresh answer is taken as it is, and one process asks for all that wait.
    fn listed(
        &self,
        candidate: &Candidate,
        line: &Line,
    ) -> Result<Result<Answer, SourceError>, AcquireError> {
        let memory = Memory::of(self.state, &candidate.name, line);
        let now = SystemTime::now();
        let fresh = || -> Result<_, AcquireError> {
            Ok(memory.recall()?.filter(|heard| !self.force && heard.age(now) < self.freshness))
        };
        if let Some(heard) = fresh()? {
            return Ok(Ok(Answer::Versions(heard.versions)));
        }
        let _lock = memory.lock()?;
        if let Some(heard) = fresh()? {
            return Ok(Ok(Answer::Versions(heard.versions)));
        }
        let Some(source) = candidate.source() else { return Ok(Ok(Answer::Nothing)) };
        let listing = self.network.block_on(source.list(line, EVERY))?;
        if let Ok(Listing::Versions(versions)) = &listing {
            memory.keep(versions, now)?;
        }
        Ok(listing.map(Answer::from))
    }

    /// What a source that may not be asked said last.
    fn recalled(
        &self,
        candidate: &Candidate,
        line: &Line,
    ) -> Result<Result<Answer, SourceError>, AcquireError> {
        let heard = Memory::of(self.state, &candidate.name, line).recall()?;
        Ok(Ok(heard.map_or(Answer::Silent("not asked: loom is offline"), |heard| {
            let text = format!(
                "offline: {} listed its versions {} ago",
                candidate.name,
                age_in_words(heard.age(SystemTime::now()))
            );
            self.observer.tell(Progress::Notice { text: &text });
            Answer::Versions(heard.versions)
        })))
    }

    /// `latest` must not go back unless that is wanted: a stale or hostile mirror would hide what is newer.
    fn not_back(
        &self,
        line: &Line,
        selector: &Selector,
        candidate: &Candidate,
        version: &Version,
    ) -> Result<(), AcquireError> {
        if *selector != Selector::Latest {
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
            _ => Ok(state::write(&path, &Highest { version: version.clone() })?),
        }
    }

    /// Where nobody can say, the newest one here will do.
    fn newest_here(
        &self,
        line: &Line,
        selector: &Selector,
        attempts: &[Attempt],
    ) -> Result<Option<Resolution>, AcquireError> {
        let here = self.accepted_here(line)?;
        Ok(selector.newest(&here).map(|version| {
            let text = format!(
                "no source could say what {selector} is; taking {version}, the newest one here"
            );
            self.observer.tell(Progress::Notice { text: &text });
            Resolution { slot: Slot::Version(version.clone()), attempts: attempts.to_vec() }
        }))
    }

    /// The versions of a line that are here and that today's policy accepts.
    fn accepted_here(&self, line: &Line) -> Result<Vec<Version>, AcquireError> {
        let mut versions = Vec::new();
        for listed in self.store.list()? {
            let Some(version) = listed.release.slot.version() else { continue };
            if listed.release.line() == *line
                && listed.installed.is_some()
                && self.accepts(&listed.release)?
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
            Listing::Versions(versions) => Self::Versions(versions),
            Listing::Unlistable(why) => Self::Silent(why),
        }
    }
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
