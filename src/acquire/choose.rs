//! Which of a source's versions a selector comes to: the newest that fits and is old enough.

use std::time::SystemTime;

use loom_base::time::parse_rfc3339;
use loom_source::{ListedVersion, Product, Selector, Statement, Version};
use serde::{Deserialize, Serialize};

use super::{AcquireError, Acquirer};
use crate::sources::{Candidate, Reach};

/// What a listing came to.
pub(super) enum VersionChoice {
    /// This version; and the newest that fits, which may be too young.
    Version { version: Version, newest: Version },
    /// What fits is too young, or may be.
    Young(String),
    /// Nothing fits.
    Nothing,
}

/// The newest version that `latest` ever was, so that going back is noticed.
#[derive(Serialize, Deserialize)]
struct Highest {
    version: Version,
}

/// Whether a version of this source is among those that are asked for.
pub(super) fn fits(selector: &Selector, candidate: &Candidate, version: &Version) -> bool {
    selector.matches_counting(version, candidate.prerelease)
}

impl Acquirer<'_> {
    pub(super) fn choose(
        &self,
        candidate: &Candidate,
        line: &Product,
        selector: &Selector,
        versions: &[ListedVersion],
    ) -> Result<VersionChoice, AcquireError> {
        let mut fitting: Vec<&ListedVersion> =
            versions.iter().filter(|dated| fits(selector, candidate, &dated.version)).collect();
        fitting.sort_by(|one, other| other.version.cmp(&one.version));
        let Some(newest) = fitting.first().map(|dated| dated.version.clone()) else {
            return Ok(VersionChoice::Nothing);
        };
        let (now, mut young, mut tells) = (SystemTime::now(), None, true);
        for ListedVersion { version, published } in fitting {
            let mut published = *published;
            if published.is_none() && tells && self.policy.judges_age() {
                published = self.published(candidate, line, version)?;
                // One that does not say it of one release says it of none.
                tells = published.is_some();
            }
            match self.policy.judge_age(published, now) {
                Ok(()) => return Ok(VersionChoice::Version { version: version.clone(), newest }),
                Err(why) => young.get_or_insert(format!("{version} {why}")),
            };
        }
        Ok(young.map_or(VersionChoice::Nothing, VersionChoice::Young))
    }

    /// When a release was published, by its statement; `None` where that cannot be had.
    fn published(
        &self,
        candidate: &Candidate,
        line: &Product,
        version: &Version,
    ) -> Result<Option<SystemTime>, AcquireError> {
        let source = candidate.source.as_ref();
        if self.offline && candidate.reach == Reach::Network {
            return Ok(None);
        }
        let release = line.at_version(version.clone());
        // Whether it answers is told when it is asked for the release itself.
        let Ok(Some(offer)) = self.network.block_on(source.find(&release))? else {
            return Ok(None);
        };
        let statement = offer.statement.and_then(|bytes| Statement::parse(&bytes).ok());
        Ok(statement.and_then(|statement| parse_rfc3339(&statement.published?)))
    }

    /// `latest` must not go back unless that is wanted: a stale or hostile mirror would hide what is newer.
    pub(super) fn not_back(
        &self,
        line: &Product,
        selector: &Selector,
        candidate: &Candidate,
        version: &Version,
    ) -> Result<(), AcquireError> {
        // Offline nobody could hide anything from us: what is here is all there is.
        if *selector != Selector::Latest || self.offline && candidate.reach == Reach::Network {
            return Ok(());
        }
        let Product { authority, binary, platform } = line;
        let file = self.state.file(format!("latest/{authority}@{binary}@{platform}.json"));
        let before = file.read_json::<Highest>()?.map(|highest| highest.version);
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
                self.memory(file.write_json(&Highest { version: version.clone() }));
                Ok(())
            }
        }
    }
}
