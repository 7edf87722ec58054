//! What every source offers, for people who look around; nothing is chosen and nothing fetched.

use std::time::{Duration, Instant, SystemTime};

use loom_source::{
    ListedVersion, ListingScope, Product, Slot, Source, SourceError, VersionListing,
};

use super::{AcquireError, Acquirer, describe::describe, versions::ListingCache};
use crate::sources::{Candidate, Reach};
use crate::trust::SourceClass;

/// What one source offers.
#[derive(Debug)]
pub struct SourceListing {
    /// The source as it is named to people.
    pub source: String,
    /// What it said of each line, in their order.
    pub lines: Vec<(Product, RemoteListing)>,
    /// How long that took.
    pub took: Duration,
}

/// What a source said of one line.
#[derive(Debug)]
pub enum RemoteListing {
    /// It carries these.
    Carries {
        /// The versions, the newest first.
        versions: Vec<ListedVersion>,
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
    pub fn offered(&self, lines: &[Product]) -> Result<Vec<SourceListing>, AcquireError> {
        let shelf = |candidate: &Candidate| {
            let begun = Instant::now();
            let mut said = Vec::new();
            for line in lines {
                let answer = match said.last() {
                    // One that is out of reach for one platform is so for all; each costs its budget once.
                    Some((_, RemoteListing::Failed(why))) => {
                        RemoteListing::Failed(String::clone(why))
                    }
                    _ => self.said(candidate, line)?,
                };
                said.push((line.clone(), answer));
            }
            Ok(SourceListing { source: candidate.name.clone(), lines: said, took: begun.elapsed() })
        };
        self.candidates.iter().map(shelf).collect()
    }

    fn said(&self, candidate: &Candidate, line: &Product) -> Result<RemoteListing, AcquireError> {
        let memory = ListingCache::of(self.state, &candidate.key(), line);
        if self.offline && candidate.reach == Reach::Network {
            return Ok(match memory.get()? {
                Some(heard) => {
                    let age = heard.age(SystemTime::now());
                    carries(heard.versions(), false, Some(age))
                }
                None => RemoteListing::Silent("not asked: loom is offline".to_owned()),
            });
        }
        let source = candidate.source.as_ref();
        if candidate.origin == SourceClass::PlainHttp {
            let why = "its list would come over plain http and prove nothing";
            return Ok(RemoteListing::Silent(why.to_owned()));
        }
        let answer = self.network.block_on(ask(source, line))?;
        if let (Ok((VersionListing::Versions(versions), _)), true) =
            (&answer, candidate.reach != Reach::Disk)
        {
            self.memory(memory.keep(
                &candidate.name,
                versions,
                ListingScope::All,
                SystemTime::now(),
            ));
        }
        Ok(match answer {
            Ok((VersionListing::Versions(versions), build)) => carries(versions, build, None),
            Ok((VersionListing::Unlistable(why), _)) => RemoteListing::Silent(why.to_owned()),
            Err(error) => RemoteListing::Failed(describe(self.observer, &error)),
        })
    }
}

async fn ask(source: &dyn Source, line: &Product) -> Result<(VersionListing, bool), SourceError> {
    let can = source.capabilities();
    let build = can.dev && source.find(&line.in_slot(Slot::Dev)).await?.is_some();
    let listing = match can.releases {
        true => source.list(line, ListingScope::All).await?,
        false => VersionListing::Versions(Vec::new()),
    };
    Ok((listing, build))
}

fn carries(
    mut versions: Vec<ListedVersion>,
    build: bool,
    heard: Option<Duration>,
) -> RemoteListing {
    versions.sort_by(|one, other| other.version.cmp(&one.version));
    RemoteListing::Carries { versions, build, heard }
}
