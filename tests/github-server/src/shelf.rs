//! What is published, and the rules that hold.

use loom_source::Digest;

/// The one repository of a server.
#[derive(Debug, Clone)]
pub struct Shelf {
    /// `owner/repository`
    pub repo: String,
    /// What it was called before: asked for so, the server redirects.
    pub renamed_from: Option<String>,
    /// Its releases, in the order of their commits.
    pub releases: Vec<Release>,
    /// The tag that was marked as the latest; the newest commit's release where `None`.
    pub latest: Option<String>,
    /// The token that is right.
    pub token: String,
    /// Whether only the token may see the repository.
    pub private: bool,
    /// Whether the pages want a login: an Enterprise server in private mode.
    pub login: bool,
    /// Whether the API sends an asset's bytes itself instead of redirecting: clients have to expect both.
    pub streams: bool,
    /// Requests left this hour, without and with the token; `None` where nobody counts.
    pub left: [Option<u64>; 2],
    /// In how many seconds the server counts anew.
    pub reset: u64,
    /// The last number given.
    pub ids: u64,
}

/// A release.
#[derive(Debug, Clone)]
pub struct Release {
    /// Its tag.
    pub tag: String,
    /// Whether it is a draft, which only those who may push see.
    pub draft: bool,
    /// Whether it is marked as a pre-release.
    pub prerelease: bool,
    /// Its files.
    pub assets: Vec<Asset>,
    /// Its number, given when it is published.
    pub id: u64,
}

/// A file of a release.
#[derive(Debug, Clone)]
pub struct Asset {
    /// Its name.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Whether it has been uploaded to its end.
    pub uploaded: bool,
    /// The digest that the API shows.
    pub shown: Shown,
    /// Its number, given when it is published.
    pub id: u64,
}

/// The digest that the API shows for an asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// The right one.
    Right,
    /// None: it was uploaded before there were any.
    Null,
    /// Another one.
    Other(Digest),
}

impl Default for Shelf {
    /// `o/r` without releases, public, with the limits of github.com.
    fn default() -> Self {
        Self {
            repo: "o/r".to_owned(),
            renamed_from: None,
            releases: Vec::new(),
            latest: None,
            token: "right-t0ken".to_owned(),
            private: false,
            login: false,
            streams: false,
            left: [Some(60), Some(5000)],
            reset: 1800,
            ids: 1,
        }
    }
}

impl Shelf {
    /// Publishes a release, in place of one with the same tag. Replaced assets get new numbers, as real ones do.
    pub fn publish(&mut self, mut release: Release) {
        release.id = self.id();
        for asset in &mut release.assets {
            asset.id = self.id();
        }
        match self.releases.iter_mut().find(|there| there.tag == release.tag) {
            Some(there) => *there = release,
            None => self.releases.push(release),
        }
    }

    fn id(&mut self) -> u64 {
        self.ids += 1;
        self.ids
    }

    /// What others than those who may push see.
    pub(crate) fn public(&self) -> impl DoubleEndedIterator<Item = &Release> {
        self.releases.iter().filter(|release| !release.draft)
    }

    pub(crate) fn tagged(&self, tag: &str) -> Option<&Release> {
        self.public().find(|release| release.tag == tag)
    }

    /// What the server calls the latest: neither draft nor pre-release.
    pub(crate) fn latest(&self) -> Option<&Release> {
        let mut released = self.public().rev().filter(|release| !release.prerelease);
        match &self.latest {
            Some(tag) => released.find(|release| release.tag == *tag),
            None => released.next(),
        }
    }

    pub(crate) fn asset(&self, id: u64) -> Option<&Asset> {
        self.public().flat_map(|release| &release.assets).find(|asset| asset.id == id)
    }
}

impl Release {
    /// A release without files.
    pub fn new(tag: &str) -> Self {
        Self { tag: tag.to_owned(), draft: false, prerelease: false, assets: Vec::new(), id: 0 }
    }

    /// With a file.
    #[must_use]
    pub fn with(mut self, asset: Asset) -> Self {
        self.assets.push(asset);
        self
    }

    /// With a file and its `.sha256`.
    #[must_use]
    pub fn with_sidecar(self, asset: Asset) -> Self {
        let line = format!("{}  {}\n", Digest::of(&asset.bytes), asset.name);
        let sidecar = Asset::new(&format!("{}.sha256", asset.name), line);
        self.with(asset).with(sidecar)
    }
}

impl Asset {
    /// An uploaded file whose digest the API shows.
    pub fn new(name: &str, bytes: impl Into<Vec<u8>>) -> Self {
        let (name, bytes) = (name.to_owned(), bytes.into());
        Self { name, bytes, uploaded: true, shown: Shown::Right, id: 0 }
    }
}
