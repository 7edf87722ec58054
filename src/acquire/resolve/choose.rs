//! Chooses among the versions that a source lists: the newest that matches and is old enough.

use std::time::SystemTime;

use loom_base::time::parse_rfc3339;
use loom_source::{ListedVersion, Product, Selector, Statement, Version};

use crate::{
    sources::{Candidate, Reach},
    trust::{Policy, TooYoung},
};

/// What a list of versions holds for a selector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum VersionChoice {
    /// The version to take, and the newest that matches, which may be too young.
    Version { version: Version, newest: Version },
    /// All versions that match are too young; the newest of them.
    TooYoung { version: Version, why: TooYoung },
    /// No version matches.
    NoMatch,
}

/// Whether a version of this source is among those that are requested.
pub(super) fn matches(selector: &Selector, candidate: &Candidate, version: &Version) -> bool {
    selector.matches_counting(version, candidate.prerelease)
}

/// Chooses among `versions`. Asks the source when a version was published, where the list does not say it and the
/// policy needs it.
pub(super) async fn choose(
    candidate: &Candidate,
    product: &Product,
    selector: &Selector,
    versions: &[ListedVersion],
    policy: &Policy,
    offline: bool,
) -> VersionChoice {
    let mut matching: Vec<&ListedVersion> =
        versions.iter().filter(|listed| matches(selector, candidate, &listed.version)).collect();
    matching.retain(|listed| !policy.skipped.contains(&listed.version));
    matching.sort_by(|one, other| other.version.cmp(&one.version));
    let Some(newest) = matching.first().map(|listed| listed.version.clone()) else {
        return VersionChoice::NoMatch;
    };
    let now = SystemTime::now();
    let mut young = None;
    let mut asks = policy.judges_age();
    for ListedVersion { version, published, .. } in matching {
        let mut published = *published;
        if published.is_none() && asks {
            published = publication_time(candidate, product, version, offline).await;
            // A source that does not state it for one release states it for none.
            asks = published.is_some();
        }
        match policy.judge_age(published, now) {
            Ok(()) => return VersionChoice::Version { version: version.clone(), newest },
            Err(why) => young.get_or_insert((version.clone(), why)),
        };
    }
    young.map_or(VersionChoice::NoMatch, |(version, why)| VersionChoice::TooYoung { version, why })
}

/// When a version was published, by its statement; `None` where the source does not state it or cannot be asked.
async fn publication_time(
    candidate: &Candidate,
    product: &Product,
    version: &Version,
    offline: bool,
) -> Option<SystemTime> {
    if offline && candidate.reach == Reach::Network {
        return None;
    }
    let release = product.at_version(version.clone());
    // A failure is reported when the source is asked for the release itself.
    let offer = candidate.source.find(&release).await.ok()??;
    let statement = Statement::parse(&offer.statement?).ok()?;
    parse_rfc3339(&statement.published?)
}
