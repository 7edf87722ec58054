//! [`GuardedSource`]: a source whose lists and offers count only with a signed index.

use std::{fmt, path::PathBuf, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use loom_source::{
    AssetRef, Capabilities, ClaimedDigest, Digest, DigestSource, Download, Evidence, Index,
    KnownFile, ListingScope, Name, Offer, Platform, Product, RangeRequest, Release, Source,
    SourceError, Statement, Version, VersionListing,
    record::{SignedKind, object_path},
};

use super::{
    mirror_state::{SignedMirror, untrusted},
    read_document::{location, read_signed_document},
};

/// A source whose lists and offers count only with a signed index, where a root is known for it. Otherwise it answers as
/// it would without this guard, and no request is added.
///
/// The guard only leaves out what the index does not name. That an offer has the statement that the index names is judged
/// with all other digests, by [`Policy::judge`](crate::trust::Policy::judge).
#[derive(Debug)]
pub struct GuardedSource {
    source: Box<dyn Source>,
    mirror: Arc<SignedMirror>,
}

impl GuardedSource {
    /// Guards `source` by the signed index of `mirror`.
    pub fn new(source: Box<dyn Source>, mirror: Arc<SignedMirror>) -> Self {
        Self { source, mirror }
    }

    /// The offer with the statement that the index names, where the source does not serve it itself: a mirror in the plain
    /// release layout.
    async fn with_statement(&self, offer: Offer, digest: Digest) -> Result<Offer, SourceError> {
        if offer.statement.is_some() {
            return Ok(offer);
        }
        let (source, path) = (self.source.as_ref(), object_path(&digest));
        // A statement is as small as the other small documents.
        let bytes =
            read_signed_document(source, SignedKind::Root, &path, self.mirror.timeout()).await?;
        let Some(bytes) = bytes else { return Ok(offer) };
        let statement = Statement::parse(&bytes)
            .map_err(|error| SourceError::malformed(location(source, &path), error.to_string()))?;
        let at = location(source, &path);
        let tree = ClaimedDigest { digest: statement.tree, by: DigestSource::Statement, at };
        Ok(Offer { statement: Some(Bytes::from(bytes)), tree: Some(tree), ..offer })
    }
}

impl fmt::Display for GuardedSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.source, f)
    }
}

#[async_trait]
impl Source for GuardedSource {
    fn capabilities(&self) -> Capabilities {
        self.source.capabilities()
    }

    async fn find(&self, release: &Release) -> Result<Option<Offer>, SourceError> {
        if release.slot.version().is_none() {
            return self.source.find(release).await;
        }
        let Some(index) = self.mirror.index(self.source.as_ref()).await? else {
            return self.source.find(release).await;
        };
        let Some(entry) = index.entry(release) else { return Ok(None) };
        match self.source.find(release).await? {
            Some(offer) => self.with_statement(offer, entry.statement).await.map(Some),
            None => Ok(None),
        }
    }

    async fn find_all(&self, releases: &[Release]) -> Vec<Result<Option<Offer>, SourceError>> {
        let index = match self.mirror.index(self.source.as_ref()).await {
            Ok(Some(index)) => index,
            Ok(None) => return self.source.find_all(releases).await,
            Err(error) => return releases.iter().map(|_| Err(error.copy())).collect(),
        };
        let is_named =
            |release: &&Release| release.slot.version().is_none() || index.entry(release).is_some();
        let named: Vec<Release> = releases.iter().filter(is_named).cloned().collect();
        let mut found = self.source.find_all(&named).await.into_iter();
        let mut offers = Vec::new();
        for release in releases {
            let offer = if is_named(&release) { found.next() } else { None };
            offers.push(match (offer, index.entry(release)) {
                (Some(Ok(Some(offer))), Some(entry)) => {
                    self.with_statement(offer, entry.statement).await.map(Some)
                }
                (offer, _) => offer.unwrap_or(Ok(None)),
            });
        }
        offers
    }

    fn offer_by_digest(&self, release: &Release, files: &[KnownFile]) -> Option<Offer> {
        // Where a root is known, an offer counts only if the index names the release.
        self.mirror.needs_no_index().then(|| self.source.offer_by_digest(release, files))?
    }

    async fn evidence_by_digest(
        &self,
        release: &Release,
        asset: &AssetRef,
        image: Option<&Digest>,
    ) -> Result<Vec<Evidence>, SourceError> {
        self.source.evidence_by_digest(release, asset, image).await
    }

    async fn list(
        &self,
        product: &Product,
        scope: ListingScope,
    ) -> Result<VersionListing, SourceError> {
        let Some(index) = self.mirror.index(self.source.as_ref()).await? else {
            return self.source.list(product, scope).await;
        };
        match index.expired() {
            Some(rejection) => Err(untrusted(self.source.as_ref(), Index::PATH, rejection)),
            None => Ok(VersionListing::of(index.versions(product))),
        }
    }

    async fn open(&self, asset: &AssetRef, range: &RangeRequest) -> Result<Download, SourceError> {
        self.source.open(asset, range).await
    }

    fn local_file(&self, asset: &AssetRef) -> Option<PathBuf> {
        self.source.local_file(asset)
    }

    async fn platforms(&self, binary: &Name, version: &Version) -> Vec<Platform> {
        self.source.platforms(binary, version).await
    }

    async fn withdrawn(&self, product: &Product) -> Vec<Version> {
        match self.mirror.index(self.source.as_ref()).await {
            Ok(Some(index)) if index.expired().is_none() => index.withdrawn(product),
            Ok(None) => self.source.withdrawn(product).await,
            // What does not count withdraws nothing.
            Ok(Some(_)) | Err(_) => Vec::new(),
        }
    }

    fn skipped(&self) -> Option<String> {
        self.mirror.skipped().or_else(|| self.source.skipped())
    }

    async fn near_misses(&self, product: &Product, version: Option<&Version>) -> Vec<String> {
        match self.mirror.index(self.source.as_ref()).await {
            Ok(None) => self.source.near_misses(product, version).await,
            // Where an index decides, no listing is asked.
            Ok(Some(_)) | Err(_) => Vec::new(),
        }
    }
}
