//! [`Mirror`]: the source.

use std::{fmt, path::PathBuf};

use async_trait::async_trait;
use loom_base::redact;
use loom_http::{
    Client,
    header::{self, HeaderMap, HeaderValue},
};
use loom_source::{
    AssetRef, Capabilities, Download, ListingScope, Name, Offer, Platform, Product, RangeRequest,
    Release, Scheme, Source, SourceError, SourceErrorKind, Version, VersionListing,
};
use secrecy::ExposeSecret as _;
use tokio::sync::OnceCell;
use url::Url;

use crate::{
    bucket::{BucketEndpoint, BucketProvider, BucketTransport, BucketUrl},
    bundle::{self, BundleTransport},
    error::MirrorError,
    folder::FolderTransport,
    layout::{self, DetectedLayout, MirrorLayout},
    listed_statements::ListedStatements,
    options::MirrorOptions,
    release_layout::ReleaseFinder,
    store_layout,
    transport::{self, Transport},
    web::WebTransport,
};

/// A source of releases in a folder or a bundle, on an HTTP server or in an object store.
///
/// # Examples
/// See the [crate documentation](crate#examples).
#[derive(Debug)]
pub struct Mirror {
    transport: Box<dyn Transport>,
    local: bool,
    insecure: bool,
    /// The endpoint of a bucket.
    endpoint: Option<String>,
    layout: OnceCell<DetectedLayout>,
    releases: ReleaseFinder,
    statements: ListedStatements,
}

impl Mirror {
    /// Opens the mirror at `url`, whose scheme is one of those with [`Scheme::is_mirror`]. Nothing is read and no
    /// request is sent before the first call.
    ///
    /// # Errors
    /// Where the URL or an option cannot be used: see [`MirrorError`].
    pub fn open(url: Url, options: MirrorOptions) -> Result<Self, MirrorError> {
        let (layout, assets) = (options.layout, options.assets.clone());
        let mut endpoint = None;
        let (transport, local, insecure): (Box<dyn Transport>, bool, bool) =
            match LocationKind::of(url)? {
                LocationKind::Folder(path) => (Box::new(FolderTransport::new(path)), true, false),
                LocationKind::Bundle(path) => (Box::new(BundleTransport::new(path)), true, false),
                LocationKind::Web(url) => {
                    let plain = url.scheme() == "http";
                    let web = open_web(url, options)?;
                    let local = web.is_local();
                    (Box::new(web), local, plain && !local)
                }
                LocationKind::Bucket(bucket) => {
                    let at = bucket_endpoint(&bucket, &options)?;
                    endpoint = Some(at.text().to_owned());
                    let (local, plain) = (at.is_loopback(), at.url.scheme() == "http");
                    let transport = open_bucket(bucket, at, options)?;
                    (Box::new(transport), local, plain && !local)
                }
            };
        let layout = match layout {
            MirrorLayout::Probe => OnceCell::new(),
            MirrorLayout::Store => OnceCell::new_with(Some(DetectedLayout::Store)),
            MirrorLayout::Release => OnceCell::new_with(Some(DetectedLayout::Release)),
        };
        let (releases, statements) = (ReleaseFinder::new(assets), ListedStatements::default());
        Ok(Self { transport, local, insecure, endpoint, layout, releases, statements })
    }

    /// Whether requests are sent over plain http beyond this machine.
    pub fn is_insecure(&self) -> bool {
        self.insecure
    }

    /// Whether the mirror is on this machine: a folder, or a server on loopback.
    pub fn is_local(&self) -> bool {
        self.local
    }

    /// The URL at which a bucket is requested; `None` for other mirrors. Buckets of the same name at other endpoints are
    /// other mirrors.
    pub fn endpoint(&self) -> Option<&str> {
        self.endpoint.as_deref()
    }

    async fn layout(&self) -> Result<DetectedLayout, SourceError> {
        self.layout.get_or_try_init(|| layout::detect(self.transport.as_ref())).await.copied()
    }

    fn check_asset(&self, asset: &AssetRef) -> Result<(), SourceError> {
        transport::check_key(asset.as_str())
            .map_err(|why| SourceError::malformed(format!("{self}: {:?}", asset.as_str()), why))
    }
}

/// The location of a mirror.
enum LocationKind {
    Folder(PathBuf),
    Bundle(PathBuf),
    Web(Url),
    Bucket(BucketUrl),
}

impl LocationKind {
    fn of(url: Url) -> Result<Self, MirrorError> {
        let invalid =
            |why: &str| MirrorError::Location { location: redact::url(&url), why: why.to_owned() };
        let scheme: Option<Scheme> = url.scheme().parse().ok();
        if let Some(provider) = scheme.and_then(BucketProvider::of) {
            return BucketUrl::parse(provider, &url).map(Self::Bucket).map_err(|why| invalid(&why));
        }
        match scheme {
            Some(Scheme::File) => url
                .to_file_path()
                .map(|path| match bundle::is_bundle(&path) {
                    true => Self::Bundle(path),
                    false => Self::Folder(path),
                })
                .map_err(|()| invalid("a file:// URL has an absolute path and no host")),
            Some(Scheme::Http | Scheme::Https) => Ok(Self::Web(url)),
            _ => Err(MirrorError::Scheme(url.scheme().to_owned())),
        }
    }
}

fn open_web(url: Url, options: MirrorOptions) -> Result<WebTransport, MirrorError> {
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
    Ok(WebTransport::new(url, headers, client))
}

pub(crate) fn bucket_endpoint(
    bucket: &BucketUrl,
    options: &MirrorOptions,
) -> Result<BucketEndpoint, MirrorError> {
    BucketEndpoint::of(bucket, &options.objects)
        .map_err(|why| MirrorError::Endpoint { location: bucket.to_string(), why })
}

pub(crate) fn open_bucket(
    bucket: BucketUrl,
    endpoint: BucketEndpoint,
    options: MirrorOptions,
) -> Result<BucketTransport, MirrorError> {
    let location = bucket.to_string();
    BucketTransport::new(bucket, endpoint, options.objects, options.network)
        .map_err(|source| MirrorError::Network { location, source })
}

impl fmt::Display for Mirror {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Another pattern is another source for those who cache listings.
        match self.releases.assets.pattern() {
            None => f.pad(&self.transport.location("")),
            Some(pattern) => write!(f, "{} (assets {pattern:?})", self.transport.location("")),
        }
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
        let transport = self.transport.as_ref();
        match self.layout().await? {
            DetectedLayout::Store => store_layout::find(transport, release, &self.statements).await,
            DetectedLayout::Release => self.releases.find(transport, release, version).await,
        }
    }

    async fn list(
        &self,
        product: &Product,
        _scope: ListingScope,
    ) -> Result<VersionListing, SourceError> {
        let transport = self.transport.as_ref();
        let versions = match self.layout().await? {
            DetectedLayout::Store => {
                store_layout::list(transport, product, &self.statements).await?
            }
            DetectedLayout::Release => self.releases.list(transport, product).await?,
        };
        let unlistable = || VersionListing::Unlistable(transport.unlistable_reason());
        Ok(versions.map_or_else(unlistable, VersionListing::of))
    }

    async fn open(&self, asset: &AssetRef, range: &RangeRequest) -> Result<Download, SourceError> {
        self.check_asset(asset)?;
        let key = asset.as_str();
        let gone = || SourceError::new(self.transport.location(key), SourceErrorKind::Gone);
        self.transport.open(key, range).await?.ok_or_else(gone)
    }

    fn local_file(&self, asset: &AssetRef) -> Option<PathBuf> {
        self.check_asset(asset).ok()?;
        self.transport.local_file(asset.as_str())
    }

    async fn platforms(&self, binary: &Name, version: &Version) -> Vec<Platform> {
        let transport = self.transport.as_ref();
        let platforms = match self.layout().await {
            Ok(DetectedLayout::Store) => store_layout::platforms(transport, binary, version).await,
            Ok(DetectedLayout::Release) => {
                self.releases.platforms(transport, binary, version).await
            }
            Err(error) => Err(error),
        };
        // The caller has its answer already and uses the platforms for a hint only.
        platforms.unwrap_or_default()
    }

    async fn withdrawn(&self, product: &Product) -> Vec<Version> {
        let withdrawn = match self.layout().await {
            Ok(DetectedLayout::Store) => {
                store_layout::withdrawn(self.transport.as_ref(), product).await
            }
            _ => return Vec::new(),
        };
        // A caller that has to know has asked for the list before, which says why the index cannot be read.
        withdrawn.unwrap_or_default()
    }

    fn skipped(&self) -> Option<String> {
        self.transport.skipped().take()
    }

    async fn near_misses(&self, product: &Product, version: Option<&Version>) -> Vec<String> {
        let transport = self.transport.as_ref();
        match self.layout().await {
            Ok(DetectedLayout::Release) => {
                self.releases.near_misses(transport, product, version).await
            }
            _ => Vec::new(),
        }
    }
}
