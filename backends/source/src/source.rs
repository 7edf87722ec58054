//! Where releases come from.

use std::{
    fmt::{Debug, Display},
    time::SystemTime,
};

use async_trait::async_trait;
use loom_base::time::parse_rfc3339;

use crate::{
    AssetRef, Download, Name, Offer, Product, RangeRequest, Release, SourceError, Version,
};

/// How much of a listing is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListingScope {
    /// Every version.
    All,
    /// The newest is enough, where that is cheaper; all of them are a right answer too.
    Newest,
}

/// A version, and how old it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ListedVersion {
    /// The version.
    pub version: Version,
    /// When it was published, where the source says so: its word, and no more.
    pub published: Option<SystemTime>,
}

impl ListedVersion {
    /// A version with the time that a source gives in RFC 3339, UTC (`2026-11-22T16:03:00Z`); one that cannot be
    /// read counts as none.
    pub fn new(version: Version, published: Option<&str>) -> Self {
        Self { version, published: published.and_then(parse_rfc3339) }
    }
}

impl From<Version> for ListedVersion {
    /// A version of which nobody says how old it is.
    fn from(version: Version) -> Self {
        Self { version, published: None }
    }
}

/// The versions that a source carries of one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VersionListing {
    /// These, in no particular order; none where the source does not know the line.
    Versions(Vec<ListedVersion>),
    /// The source cannot tell what it carries, for the reason given (a plain HTTP folder without an index).
    Unlistable(&'static str),
}

impl VersionListing {
    /// These versions, with the times that are known of them.
    pub fn of(versions: impl IntoIterator<Item = impl Into<ListedVersion>>) -> Self {
        Self::Versions(versions.into_iter().map(Into::into).collect())
    }
}

/// What a source can do; the contract suite expects accordingly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Capabilities {
    /// It carries releases under their versions (a workspace carries only its development build).
    pub releases: bool,
    /// It carries a development build.
    pub dev: bool,
    /// It can list its versions.
    pub list: bool,
    /// It can continue from an offset.
    pub resume: bool,
    /// It names digests for what it carries.
    pub claims: bool,
}

/// Where releases come from. A source fetches; it never verifies, caches or places.
///
/// Its `Display` names it for people: its URL or path without secrets. Absence is a value
/// (`Ok(None)`, an empty listing); an error means that the source could not answer.
#[async_trait]
pub trait Source: Display + Debug + Send + Sync {
    /// What this source can do.
    fn capabilities(&self) -> Capabilities;

    /// What this source carries of one release, or `None`. We choose versions, sources don't.
    async fn find(&self, release: &Release) -> Result<Option<Offer>, SourceError>;

    /// The versions of one line (all, or only the newest where that is cheaper), or that it cannot list.
    async fn list(&self, line: &Product, need: ListingScope)
    -> Result<VersionListing, SourceError>;

    /// Bytes exactly as published, from an offset if the validator still holds, else from 0; the answer says which.
    async fn open(&self, what: &AssetRef, from: &RangeRequest) -> Result<Download, SourceError>;

    /// The file of this machine behind a pointer, where there is one: for those who can copy it better than
    /// by reading a stream. Its bytes are as unchecked as any.
    fn local_file(&self, _what: &AssetRef) -> Option<std::path::PathBuf> {
        None
    }

    /// Platforms for which the source carries `release`'s program at its version, where that is cheap to say:
    /// for the hint when `find` answered `None`.
    async fn platforms(&self, _binary: &Name, _version: &Version) -> Vec<crate::Platform> {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn a_time_that_cannot_be_read_is_none() {
        let published = |text| ListedVersion::new("0.2.0".parse().unwrap(), text).published;
        let at = UNIX_EPOCH + Duration::from_secs(951_782_400);
        assert_eq!(published(Some("2000-02-29T00:00:00Z")), Some(at));
        for text in [None, Some(""), Some("yesterday"), Some("2000-02-30T00:00:00Z")] {
            assert_eq!(published(text), None, "{text:?}");
        }
    }
}
