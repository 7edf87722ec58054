//! The last list of versions of each source, so that a fresh answer needs no network.
//!
//! Kept in `versions/` of the state folder, one file per source and product, each with a lock: of many processes that need
//! a list at the same time, one asks for it.

use std::time::{Duration, SystemTime};

use loom_source::{Digest, ListedVersion, ListingScope, Product, Version};
use serde::{Deserialize, Serialize};

use crate::{
    acquire::state::timestamp::Timestamp,
    sources::Candidate,
    state::{StateDir, StateError, StateFile, StateLock},
};

/// A list of versions, and when it was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct CachedListing {
    /// The name of the source, for display.
    source: String,
    /// The versions.
    listed: Vec<CachedVersion>,
    /// The versions that the source has withdrawn, where that is known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) withdrawn: Vec<Version>,
    /// Whether the list holds the newest version only.
    #[serde(default)]
    newest: bool,
    /// When the list was made.
    at: Timestamp,
    /// Until when the signed index decides that the list was made of; `None` for a list that is not signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires: Option<Timestamp>,
}

/// A version of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct CachedVersion {
    version: Version,
    /// When the version was published, where the source states it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    published: Option<Timestamp>,
    /// Whether the source did not read for which platforms it has the version.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    presumed: bool,
}

/// The last list of one product at one source.
#[derive(Debug)]
pub(in crate::acquire) struct ListingCache {
    file: StateFile,
}

impl ListingCache {
    /// The cache for the source with this key, of which only a digest appears in the file's name.
    pub(super) fn of(state: &StateDir, source: &str, product: &Product) -> Self {
        let Product { authority, binary, platform } = product;
        let key =
            Digest::of(format!("{source}\n{authority}\n{binary}\n{platform}").as_bytes()).short();
        Self { file: state.file(format!("versions/{key}.json")) }
    }

    /// The last list, of any age.
    pub(super) fn get(&self) -> Result<Option<CachedListing>, StateError> {
        self.file.read_document()
    }

    /// Keeps other processes from asking for the same list; `on_wait` is called before a wait.
    pub(super) fn lock(&self, on_wait: &mut dyn FnMut()) -> Result<StateLock, StateError> {
        self.file.lock(on_wait)
    }

    /// Removes the list: it turned out to be wrong.
    pub(in crate::acquire) fn forget(&self) -> Result<bool, StateError> {
        self.file.remove()
    }

    /// Leaves versions out of the list: the source lists them and does not have them, so that the next run need not find
    /// that out again.
    pub(super) fn leave_out(&self, versions: &[Version]) -> Result<(), StateError> {
        let Some(mut listing) = self.get()? else { return Ok(()) };
        listing.listed.retain(|listed| !versions.contains(&listed.version));
        self.file.write_document(&listing)
    }

    /// Keeps a list of a candidate that was made at `now`, and what the candidate has withdrawn.
    pub(super) fn keep(
        &self,
        candidate: &Candidate,
        versions: &[ListedVersion],
        withdrawn: Vec<Version>,
        scope: ListingScope,
        now: SystemTime,
    ) -> Result<(), StateError> {
        let expires = candidate.signed.as_ref().and_then(|signed| signed.expires());
        self.write(&candidate.name, versions, withdrawn, scope, now, expires)
    }

    fn write(
        &self,
        source: &str,
        versions: &[ListedVersion],
        withdrawn: Vec<Version>,
        scope: ListingScope,
        now: SystemTime,
        expires: Option<SystemTime>,
    ) -> Result<(), StateError> {
        let cached = |listed: &ListedVersion| CachedVersion {
            version: listed.version.clone(),
            published: listed.published.map(Timestamp),
            presumed: listed.is_presumed,
        };
        self.file.write_document(&CachedListing {
            source: source.to_owned(),
            listed: versions.iter().map(cached).collect(),
            withdrawn,
            newest: scope == ListingScope::Newest,
            at: Timestamp(now),
            expires: expires.map(Timestamp),
        })
    }
}

impl CachedListing {
    /// The versions of the list.
    pub(super) fn versions(&self) -> Vec<ListedVersion> {
        let listed = |cached: &CachedVersion| ListedVersion {
            version: cached.version.clone(),
            published: cached.published.map(|published| published.0),
            is_presumed: cached.presumed,
        };
        self.listed.iter().map(listed).collect()
    }

    /// Whether the list holds all versions.
    pub(super) fn is_complete(&self) -> bool {
        !self.newest
    }

    /// Whether the list is younger than `freshness`, and still decides. A list from the future was made under another clock.
    pub(super) fn is_fresh(&self, now: SystemTime, freshness: Duration) -> bool {
        !self.has_expired(now) && now.duration_since(self.at.0).is_ok_and(|age| age < freshness)
    }

    /// Whether the signed index that the list was made of has expired, so that it decides nothing any more. A clock that
    /// was set back does not take that back: the list is judged at the time when it was made, at the earliest.
    pub(super) fn has_expired(&self, now: SystemTime) -> bool {
        self.expires.is_some_and(|expires| expires.0 <= now.max(self.at.0))
    }

    /// The age of the list.
    pub(super) fn age(&self, now: SystemTime) -> Duration {
        now.duration_since(self.at.0).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn a_list_is_fresh_for_a_while_and_never_before_it_was_made() {
        let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
        let listing = CachedListing {
            source: "a".into(),
            listed: vec![],
            withdrawn: vec![],
            newest: false,
            at: Timestamp(at(100)),
            expires: None,
        };
        for (now, fresh) in [(99, false), (100, true), (159, true), (160, false)] {
            assert_eq!(listing.is_fresh(at(now), Duration::from_secs(60)), fresh, "{now}");
        }
        assert!(!listing.is_fresh(at(100), Duration::ZERO));
        // A list of a signed index is of use until that expires, and not again where the clock is set back.
        let signed = CachedListing { expires: Some(Timestamp(at(130))), ..listing.clone() };
        for (now, fresh) in [(99, false), (100, true), (129, true), (130, false)] {
            assert_eq!(signed.is_fresh(at(now), Duration::from_secs(60)), fresh, "{now}");
            assert_eq!(signed.has_expired(at(now)), now >= 130, "{now}");
        }
        let late = CachedListing { expires: Some(Timestamp(at(90))), ..listing };
        assert!(late.has_expired(at(80)), "it was made after it had expired");
    }

    #[test]
    fn a_list_that_an_older_version_kept_counts_as_none() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateDir::new(folder.path());
        let product = Product {
            authority: loom_source::Authority::default(),
            binary: loom_source::Name::default(),
            platform: loom_source::Platform::LinuxX86_64,
        };
        let cache = ListingCache::of(&state, "a", &product);
        cache.file.write(br#"{"source":"a","listed":[],"at":1764300000}"#).unwrap();
        assert_eq!(cache.get().unwrap(), None);
        let now = SystemTime::now();
        cache.write("a", &[], vec![], ListingScope::All, now, None).unwrap();
        assert_eq!(cache.get().unwrap().unwrap().age(now), Duration::ZERO);
    }
}
