//! The releases, and the settings of the repository.

use loom_source::Digest;

/// The one repository of a server.
#[derive(Debug, Clone)]
pub struct Repository {
    /// `owner/repository`
    pub repo: String,
    /// The earlier name of the repository, from which the server redirects.
    pub renamed_from: Option<String>,
    /// The releases, in the order of their commits.
    pub releases: Vec<GithubRelease>,
    /// The tag that is marked as the latest; the release of the newest commit where `None`.
    pub latest: Option<String>,
    /// The token that the server accepts.
    pub token: String,
    /// Whether only requests with the token see the repository.
    pub private: bool,
    /// Whether the web pages require a login, as those of an Enterprise server in private mode do.
    pub requires_login: bool,
    /// Whether the API sends the bytes of an asset itself instead of redirecting; GitHub's documentation allows both.
    pub sends_bytes: bool,
    /// The requests left in this hour, without and with the token; `None` where they are not limited.
    pub remaining: [Option<u64>; 2],
    /// The time until the limits are reset, in seconds.
    pub reset_seconds: u64,
    /// The git tags besides those of the releases.
    pub git_tags: Vec<String>,
    /// Whether the server computes digests of uploads, as github.com does and old Enterprise servers do not.
    pub computes_digests: bool,
    /// Whether published releases cannot be changed.
    pub immutable_releases: bool,
    /// The attestations of files, by their digests.
    pub attestations: Vec<(Digest, serde_json::Value)>,
    /// The base URL for uploads that releases name; the one of this server where `None`.
    pub uploads: Option<String>,
    /// The last number given to a release or an asset.
    pub last_id: u64,
}

/// A release.
#[derive(Debug, Clone)]
pub struct GithubRelease {
    /// The tag.
    pub tag: String,
    /// Whether it is a draft, which only requests with the token see.
    pub draft: bool,
    /// Whether it is marked as a pre-release.
    pub prerelease: bool,
    /// The text of the release.
    pub body: String,
    /// The files of the release.
    pub assets: Vec<GithubAsset>,
    /// The number, given when the release is published.
    pub id: u64,
}

/// A file of a release.
#[derive(Debug, Clone)]
pub struct GithubAsset {
    /// The file name.
    pub name: String,
    /// The content.
    pub bytes: Vec<u8>,
    /// Whether the upload is complete.
    pub uploaded: bool,
    /// The digest that the API shows.
    pub shown: ShownDigest,
    /// The number, given when the release is published.
    pub id: u64,
}

/// The digest that the API shows for an asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShownDigest {
    /// The digest of the bytes.
    Right,
    /// No digest, as for assets uploaded before June 2025.
    Null,
    /// Another digest.
    Other(Digest),
}

impl Default for Repository {
    /// The public repository `o/r` without releases, with the limits of github.com.
    fn default() -> Self {
        Self {
            repo: "o/r".to_owned(),
            renamed_from: None,
            releases: Vec::new(),
            latest: None,
            token: "right-t0ken".to_owned(),
            private: false,
            requires_login: false,
            sends_bytes: false,
            remaining: [Some(60), Some(5000)],
            reset_seconds: 1800,
            git_tags: Vec::new(),
            computes_digests: true,
            immutable_releases: false,
            attestations: Vec::new(),
            uploads: None,
            last_id: 1,
        }
    }
}

impl Repository {
    /// Publishes a release, in place of one with the same tag. Replaced assets get new numbers, as on GitHub.
    pub fn publish(&mut self, mut release: GithubRelease) {
        release.id = self.next_id();
        for asset in &mut release.assets {
            asset.id = self.next_id();
        }
        match self.releases.iter_mut().find(|published| published.tag == release.tag) {
            Some(published) => *published = release,
            None => self.releases.push(release),
        }
    }

    pub(super) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// The releases that are no drafts.
    pub(super) fn published(&self) -> impl DoubleEndedIterator<Item = &GithubRelease> {
        self.releases.iter().filter(|release| !release.draft)
    }

    pub(super) fn tagged(&self, tag: &str) -> Option<&GithubRelease> {
        self.published().find(|release| release.tag == tag)
    }

    /// The latest release: neither a draft nor a pre-release.
    pub(super) fn latest(&self) -> Option<&GithubRelease> {
        let mut released = self.published().rev().filter(|release| !release.prerelease);
        match &self.latest {
            Some(tag) => released.find(|release| release.tag == *tag),
            None => released.next(),
        }
    }

    pub(super) fn asset(&self, id: u64) -> Option<&GithubAsset> {
        self.published().flat_map(|release| &release.assets).find(|asset| asset.id == id)
    }
}

impl GithubRelease {
    /// A release without files.
    pub fn new(tag: &str) -> Self {
        Self {
            tag: tag.to_owned(),
            draft: false,
            prerelease: false,
            body: String::new(),
            assets: Vec::new(),
            id: 0,
        }
    }

    /// The same release with a file.
    #[must_use]
    pub fn with(mut self, asset: GithubAsset) -> Self {
        self.assets.push(asset);
        self
    }

    /// The same release with a file and its `.sha256`.
    #[must_use]
    pub fn with_sidecar(self, asset: GithubAsset) -> Self {
        let line = format!("{}  {}\n", Digest::of(&asset.bytes), asset.name);
        let sidecar = GithubAsset::new(&format!("{}.sha256", asset.name), line);
        self.with(asset).with(sidecar)
    }
}

impl GithubAsset {
    /// An uploaded file; the API shows its digest.
    pub fn new(name: &str, bytes: impl Into<Vec<u8>>) -> Self {
        let (name, bytes) = (name.to_owned(), bytes.into());
        Self { name, bytes, uploaded: true, shown: ShownDigest::Right, id: 0 }
    }
}
