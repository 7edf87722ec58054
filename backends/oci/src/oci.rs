//! [`Oci`]: the source.

use std::{collections::BTreeMap, fmt};

use async_trait::async_trait;
use bytes::Bytes;
use futures::future::join_all;
use loom_source::{
    AssetRef, Capabilities, ClaimedDigest, Digest, DigestSource, Download, Evidence, KnownFile,
    ListingScope, Name, Offer, Platform, Product, RangeRequest, Release, Source, SourceError,
    SourceErrorKind, Version, VersionListing,
};

use crate::{
    error::OciError,
    known_file,
    layout::LayoutTransport,
    manifest::{ImageContent, ImageDocument, ImageManifest, parse_digest},
    manifest_platform::platform_of,
    mapping::{BINARY, MANIFEST_TYPES},
    mirror_document,
    opened_registry::OpenedRegistry,
    options::{OciLocation, OciOptions},
    release_evidence,
    release_manifest::ReleaseManifest,
    transport::ImageTransport,
    version_list,
};

/// A source of releases in a registry or in an image layout.
#[derive(Debug)]
pub struct Oci {
    transport: Box<dyn ImageTransport>,
    name: String,
    local: bool,
    insecure: bool,
    evidence: bool,
}

/// The manifest of a release, with its digest and those of the index above it.
struct FoundManifest {
    manifest: ImageManifest,
    digest: Digest,
    index: Option<Digest>,
}

impl Oci {
    /// Opens the source. Nothing is read and no request is sent before the first call.
    ///
    /// # Errors
    /// Where the location or an option cannot be used: see [`OciError`].
    pub fn open(location: OciLocation, options: OciOptions) -> Result<Self, OciError> {
        let evidence = options.evidence;
        match location {
            OciLocation::Layout(path) => {
                let name = format!("oci-layout:{}", path.display());
                let transport = Box::new(LayoutTransport::new(path));
                Ok(Self { transport, name, local: true, insecure: false, evidence })
            }
            OciLocation::Registry(url) => {
                let OpenedRegistry { transport, name, local, insecure } =
                    OpenedRegistry::open(&url, options)?;
                Ok(Self { transport: Box::new(transport), name, local, insecure, evidence })
            }
        }
    }

    /// Whether requests are sent over plain http beyond this machine.
    pub fn is_insecure(&self) -> bool {
        self.insecure
    }

    /// Whether the source is on this machine: a layout, or a registry on loopback.
    pub fn is_local(&self) -> bool {
        self.local
    }

    /// The manifest of a release: that of its platform in the document of its version's tag.
    async fn manifest(
        &self,
        repository: &str,
        release: &Release,
        (tag, document): (&str, &ImageDocument),
    ) -> Result<Option<FoundManifest>, SourceError> {
        let at = || self.transport.location(repository, tag);
        let malformed = |why: String| SourceError::malformed(at(), why);
        let index = match document.content().map_err(malformed)? {
            ImageContent::Index(index) => index,
            ImageContent::Manifest(manifest) => {
                let digest = document.digest;
                let is_fitting =
                    version_list::states(&manifest, release.platform).map_err(malformed)?;
                let found = FoundManifest { manifest, digest, index: None };
                return Ok(is_fitting.then_some(found));
            }
        };
        let of_other = index.annotations.get(BINARY);
        if of_other.is_some_and(|binary| *binary != release.binary.to_string()) {
            return Ok(None);
        }
        let platform = release.platform;
        let mut fitting = index.manifests.iter().filter(|one| platform_of(one) == Some(platform));
        let (Some(descriptor), more) = (fitting.next(), fitting.next()) else { return Ok(None) };
        if more.is_some_and(|more| more.digest != descriptor.digest) {
            return Err(malformed(format!("the index has two manifests for {platform}")));
        }
        if !is_manifest(&descriptor.media_type) {
            let got: String = descriptor.media_type.chars().take(100).collect();
            return Err(malformed(format!("expected the media type of a manifest, got {got:?}")));
        }
        let no_digest = || malformed(format!("not a SHA-256: {:?}", descriptor.digest));
        let digest = descriptor.sha256().ok_or_else(no_digest)?;
        let of = format!("sha256:{digest}");
        let missing = || {
            let at = self.transport.location(repository, &of);
            SourceError::new(at, SourceErrorKind::Gone)
        };
        let found = self.transport.manifest(repository, &digest).await?.ok_or_else(missing)?;
        let at = self.transport.location(repository, &of);
        check_size(&found, descriptor.size, &at)?;
        match found.content().map_err(|why| SourceError::malformed(&at, why))? {
            ImageContent::Manifest(manifest) => {
                Ok(Some(FoundManifest { manifest, digest, index: Some(document.digest) }))
            }
            ImageContent::Index(_) => {
                Err(SourceError::malformed(at, "expected a manifest, got an index"))
            }
        }
    }

    /// The offer of a release, whose version's tag names this document.
    async fn offer(
        &self,
        release: &Release,
        tagged: (&str, &ImageDocument),
    ) -> Result<Option<Offer>, SourceError> {
        let repository = self.transport.repository(&release.binary);
        let found = self.manifest(&repository, release, tagged).await?;
        let Some(found) = found else { return Ok(None) };
        let at = self.transport.location(&repository, &format!("sha256:{}", found.digest));
        let read = ReleaseManifest::read(&found.manifest, release, &repository, &at)
            .map_err(|why| SourceError::malformed(&at, why))?;
        let Some(ReleaseManifest { artifacts, statement }) = read else { return Ok(None) };
        if artifacts.is_empty() {
            let why = "none of its layers is the asset of a release";
            return Err(SourceError::malformed(at, why));
        }
        let evidence = self.evidence(&repository, &found).await?;
        let tree = statement.as_ref().map(|(statement, _)| ClaimedDigest {
            digest: statement.tree,
            by: DigestSource::Statement,
            at,
        });
        let statement = statement.map(|(_, text)| Bytes::from(text));
        // The artifacts of other systems are no images.
        let is_image = found.manifest.artifact_type.is_none();
        let digest = found.index.unwrap_or(found.digest);
        let image = self.transport.image(&repository, &digest).filter(|_| is_image);
        Ok(Some(Offer { artifacts, tree, statement, evidence, build: None, image }))
    }

    /// The signatures that refer to the manifest; those of the index above it where the manifest has none.
    async fn evidence(
        &self,
        repository: &str,
        found: &FoundManifest,
    ) -> Result<Vec<Evidence>, SourceError> {
        let mut all = Vec::new();
        if !self.evidence {
            return Ok(all);
        }
        for digest in [Some(found.digest), found.index].into_iter().flatten() {
            all = release_evidence::of(self.transport.as_ref(), repository, &digest).await?;
            if !all.is_empty() {
                break;
            }
        }
        Ok(all)
    }

    /// The repository and digest of an asset.
    fn parse<'a>(&self, asset: &'a AssetRef) -> Option<(&'a str, Digest)> {
        let (repository, digest) = asset.as_str().split_once('@')?;
        let digest = parse_digest(digest)?;
        self.transport.contains(repository).then_some((repository, digest))
    }
}

/// The binary and the version of a release: its repository and its tag.
fn tag_of(release: &Release) -> Option<(&Name, &Version)> {
    Some((&release.binary, release.slot.version()?))
}

/// Whether a media type is that of a manifest.
fn is_manifest(media_type: &str) -> bool {
    MANIFEST_TYPES.contains(&media_type)
}

fn check_size(document: &ImageDocument, expected: u64, at: &str) -> Result<(), SourceError> {
    let got = document.bytes.len() as u64;
    if got == expected {
        return Ok(());
    }
    let why = format!("expected {expected} bytes, which the index states, got {got}");
    Err(SourceError::damaged(at, why))
}

impl fmt::Display for Oci {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.name)
    }
}

#[async_trait]
impl Source for Oci {
    fn capabilities(&self) -> Capabilities {
        Capabilities { releases: true, dev: false, list: true, resume: true, claims: true }
    }

    async fn find(&self, release: &Release) -> Result<Option<Offer>, SourceError> {
        let mut found = self.find_all(std::slice::from_ref(release)).await;
        found.pop().unwrap_or(Ok(None))
    }

    async fn find_all(&self, releases: &[Release]) -> Vec<Result<Option<Offer>, SourceError>> {
        let mut tags: Vec<(&Name, &Version)> = releases.iter().filter_map(tag_of).collect();
        tags.sort_unstable();
        tags.dedup();
        let reading = tags.into_iter().map(|(binary, version)| async move {
            let (repository, tag) = (self.transport.repository(binary), version.to_string());
            ((binary, version), self.transport.tagged(&repository, &tag).await)
        });
        let tagged: BTreeMap<_, _> = join_all(reading).await.into_iter().collect();
        let tagged = &tagged;
        join_all(releases.iter().map(|release| async move {
            let Some(key) = tag_of(release) else { return Ok(None) };
            match tagged.get(&key) {
                Some(Ok(Some(document))) => {
                    self.offer(release, (&key.1.to_string(), document)).await
                }
                Some(Err(error)) => Err(error.copy()),
                Some(Ok(None)) | None => Ok(None),
            }
        }))
        .await
    }

    fn offer_by_digest(&self, release: &Release, files: &[KnownFile]) -> Option<Offer> {
        let repository = self.transport.repository(&release.binary);
        let artifact = known_file::layer(release, files, &repository)?;
        Some(Offer { artifacts: vec![artifact], ..Offer::default() })
    }

    async fn evidence_by_digest(
        &self,
        release: &Release,
        asset: &AssetRef,
        image: Option<&Digest>,
    ) -> Result<Vec<Evidence>, SourceError> {
        let Some((repository, digest)) = self.parse(asset) else { return Ok(Vec::new()) };
        let image = match (image, release.slot.version()) {
            (Some(image), _) => Some(*image),
            // The index is read for its digest only: its manifest is not needed.
            (None, Some(version)) => {
                let tagged = self.transport.tagged(repository, &version.to_string()).await?;
                tagged.map(|document| document.digest)
            }
            (None, None) => None,
        };
        let Some(image) = image else { return Ok(Vec::new()) };
        release_evidence::about(self.transport.as_ref(), repository, &image, &digest).await
    }

    async fn list(
        &self,
        product: &Product,
        scope: ListingScope,
    ) -> Result<VersionListing, SourceError> {
        version_list::of(self.transport.as_ref(), product, scope)
            .await
            .map(VersionListing::Versions)
    }

    async fn open(&self, asset: &AssetRef, range: &RangeRequest) -> Result<Download, SourceError> {
        if !asset.as_str().contains('@') {
            return mirror_document::open(self.transport.as_ref(), asset, range).await;
        }
        let Some((repository, digest)) = self.parse(asset) else {
            let why = "not a repository of this source and a digest";
            return Err(SourceError::malformed(format!("{self}: {:?}", asset.as_str()), why));
        };
        let location = || self.transport.location(repository, &format!("sha256:{digest}"));
        let gone = || SourceError::new(location(), SourceErrorKind::Gone);
        self.transport.blob(repository, &digest, range).await?.ok_or_else(gone)
    }

    async fn platforms(&self, binary: &Name, version: &Version) -> Vec<Platform> {
        let repository = self.transport.repository(binary);
        // The caller has its answer already and uses the platforms for a hint only.
        match self.transport.tagged(&repository, &version.to_string()).await {
            Ok(Some(document)) => version_list::platforms(&document),
            _ => Vec::new(),
        }
    }

    fn skipped(&self) -> Option<String> {
        self.transport.skipped().take()
    }

    async fn near_misses(&self, product: &Product, version: Option<&Version>) -> Vec<String> {
        let tags = self.transport.tags(&self.transport.repository(&product.binary)).await;
        version_list::near_misses(&tags.unwrap_or_default(), version)
    }
}
