//! The source.

use std::{fmt, path::PathBuf};

use async_trait::async_trait;
use loom_base::redact;
use loom_http::{
    Client, NetworkError, NetworkSettings,
    header::{self, HeaderMap, HeaderValue},
};
use loom_source::{
    AssetRef, Capabilities, Download, ListingScope, Name, Offer, Platform, Product, RangeRequest,
    Release, Scheme, Source, SourceError, SourceErrorKind, Version, VersionListing,
};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::OnceCell;
use url::Url;

use crate::{
    folder::Folder,
    layout::{self, DetectedLayout, MirrorLayout},
    objects::{
        ObjectOptions, Objects,
        place::{BucketProvider, BucketUrl},
    },
    release::Releases,
    store,
    transport::{self, Transport},
    web::Web,
};

/// Releases in a folder, on an HTTP server or in an object store.
#[derive(Debug)]
pub struct Mirror {
    transport: Box<dyn Transport>,
    local: bool,
    insecure: bool,
    layout: OnceCell<DetectedLayout>,
    releases: Releases,
}

/// How a mirror is opened.
#[derive(Debug, Clone, Default)]
pub struct MirrorOptions {
    /// Its layout, where it is known.
    pub layout: MirrorLayout,
    /// How the network may be used.
    pub network: NetworkSettings,
    /// The value of an `Authorization` header, for the mirror's own host only.
    pub authorization: Option<SecretString>,
    /// What an object store is asked with.
    pub objects: ObjectOptions,
}

/// A mirror that cannot be opened: a mistake in the settings, not a failure of the mirror.
#[derive(Debug, thiserror::Error)]
pub enum MirrorError {
    /// Not a location.
    #[error("{location:?} is not a mirror's location: {why}")]
    Location {
        /// What was given, without secrets.
        location: String,
        /// What is wrong with it.
        why: String,
    },
    /// A scheme that no mirror is read by.
    #[error(
        "a mirror cannot be opened by the scheme {0:?}: expected one of file, http, https, s3, gs, az"
    )]
    Scheme(String),
    /// Network settings that no client can be built from.
    #[error("the network settings of the mirror {location} cannot be used")]
    Network {
        /// The mirror.
        location: String,
        /// Which, and why.
        source: NetworkError,
    },
    /// An object store without an address.
    #[error("the mirror {location} cannot be asked: {why}")]
    Endpoint {
        /// The mirror.
        location: String,
        /// What is missing or wrong.
        why: String,
    },
    /// An authorization that no header can hold.
    #[error("the authorization for {location} holds characters that HTTP does not allow")]
    Authorization {
        /// The mirror.
        location: String,
    },
}

impl Mirror {
    /// Opens the mirror at `url`, whose scheme is one of those with [`Scheme::is_mirror`]. Nothing is read and no
    /// request is made before the first call.
    ///
    /// # Errors
    /// Where the URL or an option cannot be used: see [`MirrorError`].
    pub fn open(url: Url, options: MirrorOptions) -> Result<Self, MirrorError> {
        let layout = options.layout;
        let mut insecure = false;
        let (transport, local): (Box<dyn Transport>, bool) = match locate(url)? {
            Location::Folder(path) => (Box::new(Folder::new(path)), true),
            Location::Web(url) => {
                insecure = url.scheme() == "http";
                let web = web(url, options)?;
                let local = web.is_local();
                (Box::new(web), local)
            }
            Location::Objects(place) => {
                let wrong = |why| MirrorError::Endpoint { location: place.to_string(), why };
                let endpoint = place.endpoint(&options.objects).map_err(wrong)?;
                insecure = endpoint.url.scheme() == "http";
                let (local, location) = (endpoint.is_loopback(), place.to_string());
                let objects = Objects::new(place, endpoint, options.objects, options.network)
                    .map_err(|source| MirrorError::Network { location, source })?;
                (Box::new(objects), local)
            }
        };
        let layout = match layout {
            MirrorLayout::Probe => OnceCell::new(),
            MirrorLayout::Store => OnceCell::new_with(Some(DetectedLayout::Store)),
            MirrorLayout::Release => OnceCell::new_with(Some(DetectedLayout::Release)),
        };
        let insecure = insecure && !local;
        Ok(Self { transport, local, insecure, layout, releases: Releases::default() })
    }

    /// Whether it is asked over plain http beyond this machine.
    pub fn is_insecure(&self) -> bool {
        self.insecure
    }

    /// Whether this machine itself answers, so that nothing beyond it is needed.
    pub fn is_local(&self) -> bool {
        self.local
    }

    async fn layout(&self) -> Result<DetectedLayout, SourceError> {
        self.layout.get_or_try_init(|| layout::probe(self.transport.as_ref())).await.copied()
    }

    fn check(&self, what: &AssetRef) -> Result<(), SourceError> {
        transport::check(what.as_str())
            .map_err(|why| SourceError::malformed(format!("{self}: {:?}", what.as_str()), why))
    }
}

enum Location {
    Folder(PathBuf),
    Web(Url),
    Objects(BucketUrl),
}

fn locate(url: Url) -> Result<Location, MirrorError> {
    let wrong =
        |why: &str| MirrorError::Location { location: redact::url(&url), why: why.to_owned() };
    let scheme: Option<Scheme> = url.scheme().parse().ok();
    if let Some(provider) = scheme.and_then(BucketProvider::of) {
        let bucket = BucketUrl::parse(provider, &url).map_err(|why| wrong(&why))?;
        return Ok(Location::Objects(bucket));
    }
    match scheme {
        Some(Scheme::File) => {
            let folder = url.to_file_path();
            let folder =
                folder.map_err(|()| wrong("a file:// URL has an absolute path and no host"));
            folder.map(Location::Folder)
        }
        Some(Scheme::Http | Scheme::Https) => Ok(Location::Web(url)),
        _ => Err(MirrorError::Scheme(url.scheme().to_owned())),
    }
}

fn web(url: Url, options: MirrorOptions) -> Result<Web, MirrorError> {
    let location = || redact::url(&url);
    let mut headers = HeaderMap::new();
    if let Some(secret) = &options.authorization {
        let mut value = HeaderValue::from_str(secret.expose_secret())
            .map_err(|_| MirrorError::Authorization { location: location() })?;
        value.set_sensitive(true);
        headers.insert(header::AUTHORIZATION, value);
    }
    let client = Client::new(options.network)
        .map_err(|source| MirrorError::Network { location: location(), source })?;
    Ok(Web::new(url, headers, client))
}

impl fmt::Display for Mirror {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.transport.at(""))
    }
}

#[async_trait]
impl Source for Mirror {
    fn capabilities(&self) -> Capabilities {
        let list = self.transport.can_list() || self.layout.get() == Some(&DetectedLayout::Store);
        Capabilities { releases: true, dev: false, list, resume: true, claims: true }
    }

    async fn find(&self, release: &Release) -> Result<Option<Offer>, SourceError> {
        let Some(version) = release.slot.version() else { return Ok(None) };
        match self.layout().await? {
            DetectedLayout::Store => store::find(self.transport.as_ref(), release).await,
            DetectedLayout::Release => {
                self.releases.find(self.transport.as_ref(), release, version).await
            }
        }
    }

    async fn list(
        &self,
        line: &Product,
        _need: ListingScope,
    ) -> Result<VersionListing, SourceError> {
        let versions = match self.layout().await? {
            DetectedLayout::Store => store::list(self.transport.as_ref(), line).await?,
            DetectedLayout::Release => self.releases.list(self.transport.as_ref(), line).await?,
        };
        let unlistable = || VersionListing::Unlistable(self.transport.unlistable());
        Ok(versions.map_or_else(unlistable, VersionListing::of))
    }

    async fn open(&self, what: &AssetRef, from: &RangeRequest) -> Result<Download, SourceError> {
        self.check(what)?;
        let opened = self.transport.open(what.as_str(), from).await?;
        opened.ok_or_else(|| {
            SourceError::new(self.transport.at(what.as_str()), SourceErrorKind::Gone)
        })
    }

    fn local_file(&self, what: &AssetRef) -> Option<PathBuf> {
        self.check(what).ok()?;
        self.transport.file(what.as_str())
    }

    async fn platforms(&self, binary: &Name, version: &Version) -> Vec<Platform> {
        let transport = self.transport.as_ref();
        let found = match self.layout().await {
            Ok(DetectedLayout::Store) => store::platforms(transport, binary, version).await,
            Ok(DetectedLayout::Release) => {
                self.releases.platforms(transport, binary, version).await
            }
            Err(e) => Err(e),
        };
        // Only for a hint: whoever asks has an answer already.
        found.unwrap_or_default()
    }
}
