//! What a source last said it carries, so that a fresh answer needs no network.
//!
//! Kept in `versions/` of the state folder, one file per source and line, under a lock per source and line:
//! fifty processes make one listing.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use loom_source::{Digest, ListedVersion, ListingScope, Product, Version};
use serde::{Deserialize, Serialize};

use crate::state::{StateDir, StateError, StateFile, StateLock};

/// An answer, and when it was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct CachedListing {
    /// The source's name, for people who open the file.
    source: String,
    /// The versions it listed.
    listed: Vec<CachedVersion>,
    /// Whether it was asked for its newest version alone.
    #[serde(default)]
    newest: bool,
    /// Seconds since 1970.
    at: u64,
}

/// A version as it was listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct CachedVersion {
    version: Version,
    /// When it was published, in seconds since 1970, where the source said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    published: Option<u64>,
}

/// The memory of one source's listings of one line.
pub(super) struct ListingCache {
    file: StateFile,
}

impl ListingCache {
    /// `source` is what it is kept under, of which only the digest shows in a file's name.
    pub(super) fn of(state: &StateDir, source: &str, line: &Product) -> Self {
        let Product { authority, binary, platform } = line;
        let key =
            Digest::of(format!("{source}\n{authority}\n{binary}\n{platform}").as_bytes()).short();
        Self { file: state.file(format!("versions/{key}.json")) }
    }

    /// What was last heard, however old.
    pub(super) fn get(&self) -> Result<Option<CachedListing>, StateError> {
        self.file.read_json()
    }

    /// Keeps others from asking the same; whether somebody else had to be waited for.
    pub(super) fn lock(&self, on_wait: &mut dyn FnMut()) -> Result<(StateLock, bool), StateError> {
        let mut waited = false;
        let lock = self.file.lock(&mut || {
            waited = true;
            on_wait();
        })?;
        Ok((lock, waited))
    }

    /// Forgets it: it turned out to be wrong.
    pub(super) fn forget(&self) -> Result<bool, StateError> {
        self.file.remove()
    }

    pub(super) fn keep(
        &self,
        source: &str,
        versions: &[ListedVersion],
        need: ListingScope,
        now: SystemTime,
    ) -> Result<(), StateError> {
        let listed = |dated: &ListedVersion| CachedVersion {
            version: dated.version.clone(),
            published: dated.published.map(seconds),
        };
        let listed = versions.iter().map(listed).collect();
        let newest = need == ListingScope::Newest;
        let heard = CachedListing { source: source.to_owned(), listed, newest, at: seconds(now) };
        self.file.write_json(&heard)
    }
}

impl CachedListing {
    /// The versions it listed.
    pub(super) fn versions(&self) -> Vec<ListedVersion> {
        let dated = |listed: &CachedVersion| ListedVersion {
            version: listed.version.clone(),
            published: listed.published.map(|at| UNIX_EPOCH + Duration::from_secs(at)),
        };
        self.listed.iter().map(dated).collect()
    }

    /// Whether it says all that there is to say.
    pub(super) fn is_whole(&self) -> bool {
        !self.newest
    }

    /// Whether the answer was given at `since` or later.
    pub(super) fn is_from(&self, since: SystemTime) -> bool {
        self.at >= seconds(since)
    }

    /// Whether the answer is younger than `freshness`; one from the future was given under another clock.
    pub(super) fn is_fresh(&self, now: SystemTime, freshness: Duration) -> bool {
        self.at <= seconds(now) && self.age(now) < freshness
    }

    /// How old the answer is.
    pub(super) fn age(&self, now: SystemTime) -> Duration {
        Duration::from_secs(seconds(now).saturating_sub(self.at))
    }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// An age in words: `3 days`, `2 hours`, `5 minutes`, `just now`.
pub fn age_in_words(age: Duration) -> String {
    let seconds = age.as_secs();
    let (count, unit) = match seconds {
        0..60 => return "just now".to_owned(),
        60..3600 => (seconds / 60, "minute"),
        3600..86_400 => (seconds / 3600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// How long ago something was, in words: `3 days ago`, `just now`.
pub(super) fn ago(age: Duration) -> String {
    match age.as_secs() {
        0..60 => age_in_words(age),
        _ => format!("{} ago", age_in_words(age)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_fresh_for_a_while_and_never_before_it_was_given() {
        let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
        let heard = CachedListing { source: "a".into(), listed: vec![], newest: false, at: 100 };
        for (now, fresh) in [(99, false), (100, true), (159, true), (160, false)] {
            assert_eq!(heard.is_fresh(at(now), Duration::from_secs(60)), fresh, "{now}");
        }
        assert!(!heard.is_fresh(at(100), Duration::ZERO));
        assert!(heard.is_from(at(100)) && !heard.is_from(at(101)));
    }

    #[test]
    fn ages_are_told_in_one_unit() {
        for (seconds, words) in [
            (0, "just now"),
            (60, "1 minute"),
            (7200, "2 hours"),
            (86_400, "1 day"),
            (300_000, "3 days"),
        ] {
            assert_eq!(age_in_words(Duration::from_secs(seconds)), words);
        }
    }
}
