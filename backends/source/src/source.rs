//! [`Source`]: the trait of everything that releases are fetched from.

use std::{
    fmt::{Debug, Display},
    path::PathBuf,
    time::SystemTime,
};

use async_trait::async_trait;
use futures::future::join_all;
use loom_base::time::parse_rfc3339;

use crate::{
    AssetRef, Digest, Download, Evidence, KnownFile, Name, Offer, Platform, Product, RangeRequest,
    Release, SourceError, Version,
};

/// How much of a listing the caller needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListingScope {
    /// Every version.
    All,
    /// The newest version, where that is cheaper to list. All versions are a right answer, too.
    Newest,
}

/// A version of a listing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ListedVersion {
    /// The version.
    pub version: Version,
    /// The time of publication, where the source gives one. It is not verified.
    pub published: Option<SystemTime>,
    /// Whether the source did not read for which platforms it has the version: it may have none for the product.
    pub is_presumed: bool,
}

impl ListedVersion {
    /// A version with its time of publication in RFC 3339, UTC (`2026-11-22T16:03:00Z`). A text in another form counts
    /// as no time.
    pub fn new(version: Version, published: Option<&str>) -> Self {
        Self { published: published.and_then(parse_rfc3339), ..Self::from(version) }
    }
}

impl From<Version> for ListedVersion {
    /// A version without a time of publication.
    fn from(version: Version) -> Self {
        Self { version, published: None, is_presumed: false }
    }
}

/// The versions that a source has of a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VersionListing {
    /// The versions, in no particular order; empty where the source does not have the product.
    Versions(Vec<ListedVersion>),
    /// The source cannot list versions, for the reason given: a web server without an index and without a page of the
    /// folder, say.
    Unlistable(&'static str),
}

impl VersionListing {
    /// A listing of these versions.
    pub fn of(versions: impl IntoIterator<Item = impl Into<ListedVersion>>) -> Self {
        Self::Versions(versions.into_iter().map(Into::into).collect())
    }
}

/// What a source can do. The contract suite expects accordingly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Capabilities {
    /// The source has releases with versions.
    pub releases: bool,
    /// The source has a development build.
    pub dev: bool,
    /// The source can list its versions.
    pub list: bool,
    /// The source can resume a transfer from an offset.
    pub resume: bool,
    /// The source claims digests for its artifacts.
    pub claims: bool,
}

/// A place that releases are fetched from: a folder, a server, a release page, a build.
///
/// A source fetches; it never verifies, caches or chooses versions. `Display` names the source by its URL or path, on
/// one line and without secrets. Absence is a value (`Ok(None)`, an empty listing); an error means that the source
/// could not answer, and its [kind](crate::SourceErrorKind) says what the caller can do.
///
/// # Examples
/// The [crate documentation](crate#a-complete-source) has a complete source.
#[async_trait]
pub trait Source: Display + Debug + Send + Sync {
    /// What this source can do.
    fn capabilities(&self) -> Capabilities;

    /// The source's offer of a release; `None` where the source does not have it.
    ///
    /// # Errors
    /// Where the source cannot answer: a server that cannot be reached, refused access, a malformed document.
    async fn find(&self, release: &Release) -> Result<Option<Offer>, SourceError>;

    /// The offers of several releases, in their order: as many [finds](Self::find) at the same time. A source that has the
    /// platforms of a version in one document reads it once.
    async fn find_all(&self, releases: &[Release]) -> Vec<Result<Option<Offer>, SourceError>> {
        join_all(releases.iter().map(|release| self.find(release))).await
    }

    /// The offer of a release of which these files are known by their digests, for a source that serves files by digests: it
    /// is made without a request and claims nothing. [Opening](Self::open) a file that the source does not have is
    /// [`Gone`](crate::SourceErrorKind::Gone). `None` where the source has to be [asked](Self::find).
    fn offer_by_digest(&self, _release: &Release, _files: &[KnownFile]) -> Option<Offer> {
        None
    }

    /// The signatures of an asset of a release that is known [by its digest](Self::offer_by_digest), among those that refer to the
    /// image with this digest; without a digest, to the image that the source has under the version. None where the source has
    /// to be [asked](Self::find) for them.
    ///
    /// # Errors
    /// Where the source cannot answer.
    async fn evidence_by_digest(
        &self,
        _release: &Release,
        _asset: &AssetRef,
        _image: Option<&Digest>,
    ) -> Result<Vec<Evidence>, SourceError> {
        Ok(Vec::new())
    }

    /// The versions of a product, or the reason why the source cannot list them.
    ///
    /// # Errors
    /// Where the source cannot answer.
    async fn list(
        &self,
        product: &Product,
        scope: ListingScope,
    ) -> Result<VersionListing, SourceError>;

    /// The bytes of an asset exactly as published: from the requested offset if the validator still matches, else from 0.
    /// [`Download::start`] says which.
    ///
    /// # Errors
    /// Where the asset does not exist, does not belong to this source, or cannot be read.
    async fn open(&self, asset: &AssetRef, range: &RangeRequest) -> Result<Download, SourceError>;

    /// The path of an asset that is a file of this machine, for callers that copy the file instead of reading a stream.
    /// The bytes are as unverified as those of [`open`](Self::open).
    fn local_file(&self, _asset: &AssetRef) -> Option<PathBuf> {
        None
    }

    /// The platforms for which the source has a binary at a version, where that is cheap to find out. Used for the hint
    /// after [`find`](Self::find) returned `None`.
    async fn platforms(&self, _binary: &Name, _version: &Version) -> Vec<Platform> {
        Vec::new()
    }

    /// The versions of a product that the source still has, and has withdrawn: no range selects them, and
    /// [`list`](Self::list) leaves them out. None where the source cannot tell.
    async fn withdrawn(&self, _product: &Product) -> Vec<Version> {
        Vec::new()
    }

    /// What the source left out of its listings since the last call, in one sentence, for callers that show it: see
    /// [`SkippedEntries`](crate::SkippedEntries). An entry that cannot be read is never a reason to fail.
    fn skipped(&self) -> Option<String> {
        None
    }

    /// What the source has instead of a version that it does not have, or instead of any version: files, folders or tags
    /// whose names are almost right. Asked for the hint only, once no source has the release.
    async fn near_misses(&self, _product: &Product, _version: Option<&Version>) -> Vec<String> {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn a_time_in_another_form_counts_as_none() {
        let published = |text| ListedVersion::new("0.2.0".parse().unwrap(), text).published;
        let expected = UNIX_EPOCH + Duration::from_secs(951_782_400);
        assert_eq!(published(Some("2000-02-29T00:00:00Z")), Some(expected));
        for text in [None, Some(""), Some("yesterday"), Some("2000-02-30T00:00:00Z")] {
            assert_eq!(published(text), None, "{text:?}");
        }
    }
}
