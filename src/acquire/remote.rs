//! What every source offers, for people who look around; nothing is chosen and nothing fetched.

use std::time::{Duration, Instant, SystemTime};

use loom_source::{Dated, Line, Listing, Need, Slot, Source, SourceError};

use super::{AcquireError, Acquirer, Candidate, Reach, describe::whole, versions::Memory};
use crate::trust::Origin;

/// What one source offers.
#[derive(Debug)]
pub struct Shelf {
    /// The source as it is named to people.
    pub source: String,
    /// What it said of each line, in their order.
    pub lines: Vec<(Line, Said)>,
    /// How long that took.
    pub took: Duration,
}

/// What a source said of one line.
#[derive(Debug)]
pub enum Said {
    /// It carries these.
    Carries {
        /// The versions, the newest first.
        versions: Vec<Dated>,
        /// Whether it has a cargo build.
        build: bool,
        /// How old the answer is, where it was not asked.
        heard: Option<Duration>,
    },
    /// It cannot tell, for this reason.
    Silent(String),
    /// It did not answer, for this reason.
    Failed(String),
}

impl Acquirer<'_> {
    /// Asks every source, in order, what it carries of each of these lines. Offline, those beyond this machine are
    /// not asked; what they said last counts.
    pub fn offered(&self, lines: &[Line]) -> Result<Vec<Shelf>, AcquireError> {
        let shelf = |candidate: &Candidate| {
            let begun = Instant::now();
            let mut said = Vec::new();
            for line in lines {
                let answer = match said.last() {
                    // One that is out of reach for one platform is so for all; each costs its budget once.
                    Some((_, Said::Failed(why))) => Said::Failed(String::clone(why)),
                    _ => self.said(candidate, line)?,
                };
                said.push((line.clone(), answer));
            }
            Ok(Shelf { source: candidate.name.clone(), lines: said, took: begun.elapsed() })
        };
        self.candidates.iter().map(shelf).collect()
    }

    fn said(&self, candidate: &Candidate, line: &Line) -> Result<Said, AcquireError> {
        let memory = Memory::of(self.state, &candidate.key(), line);
        if self.offline && candidate.reach == Reach::Network {
            return Ok(match memory.recall()? {
                Some(heard) => {
                    let age = heard.age(SystemTime::now());
                    carries(heard.versions(), false, Some(age))
                }
                None => Said::Silent("not asked: loom is offline".to_owned()),
            });
        }
        let source = candidate.source.as_ref();
        if candidate.origin == Origin::PlainHttp {
            let why = "its list would come over plain http and prove nothing";
            return Ok(Said::Silent(why.to_owned()));
        }
        let answer = self.network.block_on(ask(source, line))?;
        if let (Ok((Listing::Versions(versions), _)), true) =
            (&answer, candidate.reach != Reach::Disk)
        {
            self.memory(memory.keep(&candidate.name, versions, Need::All, SystemTime::now()));
        }
        Ok(match answer {
            Ok((Listing::Versions(versions), build)) => carries(versions, build, None),
            Ok((Listing::Unlistable(why), _)) => Said::Silent(why.to_owned()),
            Err(error) => Said::Failed(match error.hint() {
                Some(hint) => format!("{}; {hint}", whole(&error)),
                None => whole(&error),
            }),
        })
    }
}

async fn ask(source: &dyn Source, line: &Line) -> Result<(Listing, bool), SourceError> {
    let can = source.capabilities();
    let build = can.dev && source.find(&line.at(Slot::Dev)).await?.is_some();
    let listing = match can.releases {
        true => source.list(line, Need::All).await?,
        false => Listing::Versions(Vec::new()),
    };
    Ok((listing, build))
}

fn carries(mut versions: Vec<Dated>, build: bool, heard: Option<Duration>) -> Said {
    versions.sort_by(|one, other| other.version.cmp(&one.version));
    Said::Carries { versions, build, heard }
}
