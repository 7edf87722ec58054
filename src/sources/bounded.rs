//! A folder that may be a mount of somebody else's disk: whoever waits for one that hangs waits on a thread of its own,
//! and is left there when the source's time is up.

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use async_trait::async_trait;
use futures::{StreamExt as _, future::BoxFuture, stream};
use loom_source::{
    AssetRef, Body, Capabilities, Download, ListingScope, Name, Offer, Platform, Product,
    RangeRequest, Release, Source, SourceError, SourceErrorKind, TransferPhase, Version,
    VersionListing,
};
use tokio::{runtime::Handle, time::timeout};

/// A source each of whose answers, and each piece of whose bytes, comes within a time or counts as a stall.
#[derive(Debug)]
pub struct Bounded {
    source: Arc<dyn Source>,
    within: Duration,
}

impl Bounded {
    /// The same source, waited for no longer than this at a time.
    pub fn new(source: impl Source + 'static, within: Duration) -> Self {
        Self { source: Arc::new(source), within }
    }

    /// What `ask` says, asked on a thread that may hang.
    async fn ask<T: Send + 'static>(
        &self,
        ask: impl FnOnce(Arc<dyn Source>) -> BoxFuture<'static, Result<T, SourceError>> + Send + 'static,
    ) -> Result<T, SourceError> {
        let (source, handle) = (Arc::clone(&self.source), Handle::current());
        let asked = tokio::task::spawn_blocking(move || handle.block_on(ask(source)));
        match timeout(self.within, asked).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(e)) => Err(SourceError::read(self.to_string(), e)),
            Err(_) => Err(stalled(self.to_string(), TransferPhase::Response, self.within)),
        }
    }
}

fn stalled(at: String, phase: TransferPhase, timeout: Duration) -> SourceError {
    SourceError::new(at, SourceErrorKind::Stalled { phase, timeout })
}

/// The same bytes, each piece within the time.
fn bounded(body: Body, at: String, within: Duration) -> Body {
    stream::unfold(Some(body), move |body| {
        let at = at.clone();
        async move {
            let mut body = body?;
            match timeout(within, body.next()).await {
                Ok(piece) => Some((piece?, Some(body))),
                Err(_) => Some((Err(stalled(at, TransferPhase::Body, within)), None)),
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
        self.ask(move |source| Box::pin(async move { source.find(&release).await })).await
    }

    async fn list(
        &self,
        line: &Product,
        need: ListingScope,
    ) -> Result<VersionListing, SourceError> {
        let line = line.clone();
        self.ask(move |source| Box::pin(async move { source.list(&line, need).await })).await
    }

    async fn open(&self, what: &AssetRef, from: &RangeRequest) -> Result<Download, SourceError> {
        let (pointer, resume) = (what.clone(), from.clone());
        let opened = self
            .ask(move |source| Box::pin(async move { source.open(&pointer, &resume).await }))
            .await?;
        let body = bounded(opened.body, format!("{self}: {what}"), self.within);
        Ok(Download { body, ..opened })
    }

    fn local_file(&self, what: &AssetRef) -> Option<PathBuf> {
        self.source.local_file(what)
    }

    async fn platforms(&self, binary: &Name, version: &Version) -> Vec<Platform> {
        let (binary, version) = (binary.clone(), version.clone());
        let platforms = self.ask(move |source| {
            Box::pin(async move { Ok(source.platforms(&binary, &version).await) })
        });
        platforms.await.unwrap_or_default()
    }
}

impl fmt::Display for Bounded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.source, f)
    }
}
