//! [`ImageTransport`]: the operations that the source needs of its location.

use std::fmt::Debug;

use async_trait::async_trait;
use loom_source::{Digest, Download, Name, PinnedImage, RangeRequest, SkippedEntries, SourceError};

use crate::manifest::{Descriptor, ImageDocument};

/// The largest number of tags of a repository.
pub(crate) const MAX_TAGS: usize = 100_000;

/// Access to the documents and blobs of repositories.
#[async_trait]
pub(crate) trait ImageTransport: Debug + Send + Sync {
    /// The name of the repository of a binary.
    fn repository(&self, binary: &Name) -> String;

    /// The repository that the location itself names: that of the documents of a signed mirror. `None` where the location is
    /// a registry as a whole.
    fn own_repository(&self) -> Option<String>;

    /// The image with a digest by the name that programs pull; `None` where the location is no registry.
    fn image(&self, _repository: &str, _digest: &Digest) -> Option<PinnedImage> {
        None
    }

    /// Whether a repository belongs to this location.
    fn contains(&self, repository: &str) -> bool;

    /// The document that a tag names; `None` where there is no such tag or repository.
    async fn tagged(
        &self,
        repository: &str,
        tag: &str,
    ) -> Result<Option<ImageDocument>, SourceError>;

    /// The document with a digest, which it has; `None` where it does not exist.
    async fn manifest(
        &self,
        repository: &str,
        digest: &Digest,
    ) -> Result<Option<ImageDocument>, SourceError>;

    /// The bytes of a blob; `None` where it does not exist.
    async fn blob(
        &self,
        repository: &str,
        digest: &Digest,
        range: &RangeRequest,
    ) -> Result<Option<Download>, SourceError>;

    /// The tags of a repository, at most [`MAX_TAGS`]; empty where it does not exist.
    async fn tags(&self, repository: &str) -> Result<Vec<String>, SourceError>;

    /// The manifests that refer to the one with this digest.
    async fn referrers(
        &self,
        repository: &str,
        digest: &Digest,
    ) -> Result<Vec<Descriptor>, SourceError>;

    /// The name of a document or blob in errors: `of` is a tag or a digest, or empty for the repository itself.
    fn location(&self, repository: &str, of: &str) -> String;

    /// What was left out because it cannot be read.
    fn skipped(&self) -> &SkippedEntries;
}

/// The tag under which registries without a list of referrers keep the ones of a manifest.
pub(crate) fn referrers_tag(digest: &Digest) -> String {
    format!("sha256-{digest}")
}
