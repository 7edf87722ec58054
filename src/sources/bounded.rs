//! Limits how long a folder is waited for. It may be a network mount whose server is gone: a system call on it then never
//! returns, so each call runs on a thread of its own, which is abandoned when the source's timeout has passed.

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use async_trait::async_trait;
use futures::{StreamExt as _, future::BoxFuture, stream};
use loom_source::{
    AssetRef, Body, Capabilities, Digest, Download, Evidence, KnownFile, ListingScope, Name, Offer,
    Platform, Product, RangeRequest, Release, Source, SourceError, SourceErrorKind, TransferPhase,
    Version, VersionListing, process_clock,
};
use tokio::runtime::Handle;

/// A source that reports a stall where an answer, or the next piece of a body, takes longer than a time limit.
#[derive(Debug)]
pub struct Bounded {
    source: Arc<dyn Source>,
    within: Duration,
}

impl Bounded {
    /// Limits each wait for `source` to `within`.
    pub fn new(source: impl Source + 'static, within: Duration) -> Self {
        Self { source: Arc::new(source), within }
    }

    /// The result of `operation`, which runs on a thread that may be abandoned.
    async fn run<T: Send + 'static>(
        &self,
        operation: impl FnOnce(Arc<dyn Source>) -> BoxFuture<'static, Result<T, SourceError>>
        + Send
        + 'static,
    ) -> Result<T, SourceError> {
        let source = Arc::clone(&self.source);
        let handle = Handle::current();
        let running = tokio::task::spawn_blocking(move || handle.block_on(operation(source)));
        match process_clock::within(self.within, running).await {
            Some(Ok(result)) => result,
            Some(Err(e)) => Err(SourceError::read(self.to_string(), e)),
            None => Err(stalled(self.to_string(), TransferPhase::Response, self.within)),
        }
    }
}

fn stalled(at: String, phase: TransferPhase, timeout: Duration) -> SourceError {
    SourceError::new(at, SourceErrorKind::Stalled { phase, timeout })
}

/// The same body; a piece that takes longer than `within` is a stall.
fn bounded(body: Body, at: String, within: Duration) -> Body {
    stream::unfold(Some(body), move |body| {
        let at = at.clone();
        async move {
            let mut body = body?;
            match process_clock::within(within, body.next()).await {
                Some(piece) => Some((piece?, Some(body))),
                None => Some((Err(stalled(at, TransferPhase::Body, within)), None)),
            }
        }
    })
    .fuse()
    .boxed()
}

#[async_trait]
impl Source for Bounded {
    fn capabilities(&self) -> Capabilities {
        self.source.capabilities()
    }

    async fn find(&self, release: &Release) -> Result<Option<Offer>, SourceError> {
        let release = release.clone();
        self.run(move |source| Box::pin(async move { source.find(&release).await })).await
    }

    async fn find_all(&self, releases: &[Release]) -> Vec<Result<Option<Offer>, SourceError>> {
        let all = releases.to_vec();
        let finding =
            self.run(move |source| Box::pin(async move { Ok(source.find_all(&all).await) }));
        match finding.await {
            Ok(found) => found,
            Err(error) => releases.iter().map(|_| Err(error.copy())).collect(),
        }
    }

    fn offer_by_digest(&self, release: &Release, files: &[KnownFile]) -> Option<Offer> {
        self.source.offer_by_digest(release, files)
    }

    async fn evidence_by_digest(
        &self,
        release: &Release,
        asset: &AssetRef,
        image: Option<&Digest>,
    ) -> Result<Vec<Evidence>, SourceError> {
        let (release, asset, image) = (release.clone(), asset.clone(), image.copied());
        self.run(move |source| {
            Box::pin(
                async move { source.evidence_by_digest(&release, &asset, image.as_ref()).await },
            )
        })
        .await
    }

    async fn list(
        &self,
        product: &Product,
        scope: ListingScope,
    ) -> Result<VersionListing, SourceError> {
        let product = product.clone();
        self.run(move |source| Box::pin(async move { source.list(&product, scope).await })).await
    }

    async fn open(&self, asset: &AssetRef, range: &RangeRequest) -> Result<Download, SourceError> {
        let at = format!("{self}: {asset}");
        let asset = asset.clone();
        let range = range.clone();
        let download = self
            .run(move |source| Box::pin(async move { source.open(&asset, &range).await }))
            .await?;
        Ok(Download { body: bounded(download.body, at, self.within), ..download })
    }

    fn local_file(&self, asset: &AssetRef) -> Option<PathBuf> {
        self.source.local_file(asset)
    }

    async fn platforms(&self, binary: &Name, version: &Version) -> Vec<Platform> {
        let binary = binary.clone();
        let version = version.clone();
        let platforms = self.run(move |source| {
            Box::pin(async move { Ok(source.platforms(&binary, &version).await) })
        });
        platforms.await.unwrap_or_default()
    }

    async fn withdrawn(&self, product: &Product) -> Vec<Version> {
        let product = product.clone();
        let withdrawn =
            self.run(move |source| Box::pin(async move { Ok(source.withdrawn(&product).await) }));
        withdrawn.await.unwrap_or_default()
    }

    fn skipped(&self) -> Option<String> {
        self.source.skipped()
    }

    async fn near_misses(&self, product: &Product, version: Option<&Version>) -> Vec<String> {
        let (product, version) = (product.clone(), version.cloned());
        let names = self.run(move |source| {
            Box::pin(async move { Ok(source.near_misses(&product, version.as_ref()).await) })
        });
        names.await.unwrap_or_default()
    }
}

impl fmt::Display for Bounded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.source, f)
    }
}
