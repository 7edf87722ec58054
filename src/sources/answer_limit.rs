//! Limits how long all requests for one answer may take together. Each small document has a limit of its own, but a
//! listing may have hundreds of pages, and each may take almost that long.

use std::{fmt, path::PathBuf, time::Duration};

use async_trait::async_trait;
use loom_source::{
    AssetRef, Capabilities, Digest, Download, Evidence, KnownFile, ListingScope, Name, Offer,
    Platform, Product, RangeRequest, Release, Source, SourceError, SourceErrorKind, TransferPhase,
    Version, VersionListing, process_clock,
};

/// How often the `timeout` of a source all requests for an offer or a listing may take together.
const TIMEOUTS: u32 = 12;

/// A source whose offers and listings are there within twelve times its `timeout`, or fail.
#[derive(Debug)]
pub(super) struct AnswerLimit<S> {
    source: S,
    timeout: Duration,
}

impl<S: Source> AnswerLimit<S> {
    /// Limits the answers of `source`, whose `timeout` is this one.
    pub(super) fn new(source: S, timeout: Duration) -> Self {
        Self { source, timeout }
    }

    async fn within<T>(
        &self,
        answer: impl Future<Output = Result<T, SourceError>>,
    ) -> Result<T, SourceError> {
        let timeout = TIMEOUTS * self.timeout;
        process_clock::within(timeout, answer).await.unwrap_or_else(|| {
            let phase = TransferPhase::Pages;
            Err(SourceError::new(self.to_string(), SourceErrorKind::Stalled { phase, timeout }))
        })
    }

    /// What only improves a message is waited for as long as a single document.
    async fn soon<T: Default>(&self, answer: impl Future<Output = T>) -> T {
        process_clock::within(self.timeout, answer).await.unwrap_or_default()
    }
}

#[async_trait]
impl<S: Source> Source for AnswerLimit<S> {
    fn capabilities(&self) -> Capabilities {
        self.source.capabilities()
    }

    async fn find(&self, release: &Release) -> Result<Option<Offer>, SourceError> {
        self.within(self.source.find(release)).await
    }

    async fn find_all(&self, releases: &[Release]) -> Vec<Result<Option<Offer>, SourceError>> {
        match self.within(async { Ok(self.source.find_all(releases).await) }).await {
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
        self.within(self.source.evidence_by_digest(release, asset, image)).await
    }

    async fn list(
        &self,
        product: &Product,
        scope: ListingScope,
    ) -> Result<VersionListing, SourceError> {
        self.within(self.source.list(product, scope)).await
    }

    async fn open(&self, asset: &AssetRef, range: &RangeRequest) -> Result<Download, SourceError> {
        self.source.open(asset, range).await
    }

    fn local_file(&self, asset: &AssetRef) -> Option<PathBuf> {
        self.source.local_file(asset)
    }

    async fn platforms(&self, binary: &Name, version: &Version) -> Vec<Platform> {
        self.soon(self.source.platforms(binary, version)).await
    }

    async fn withdrawn(&self, product: &Product) -> Vec<Version> {
        self.soon(self.source.withdrawn(product)).await
    }

    fn skipped(&self) -> Option<String> {
        self.source.skipped()
    }

    async fn near_misses(&self, product: &Product, version: Option<&Version>) -> Vec<String> {
        self.soon(self.source.near_misses(product, version)).await
    }
}

impl<S: fmt::Display> fmt::Display for AnswerLimit<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    /// A source that never answers.
    #[derive(Debug)]
    struct Silent;

    impl fmt::Display for Silent {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("silent")
        }
    }

    #[async_trait]
    impl Source for Silent {
        fn capabilities(&self) -> Capabilities {
            Capabilities::default()
        }

        async fn find(&self, _: &Release) -> Result<Option<Offer>, SourceError> {
            std::future::pending().await
        }

        async fn list(&self, _: &Product, _: ListingScope) -> Result<VersionListing, SourceError> {
            std::future::pending().await
        }

        async fn open(&self, _: &AssetRef, _: &RangeRequest) -> Result<Download, SourceError> {
            std::future::pending().await
        }

        async fn near_misses(&self, _: &Product, _: Option<&Version>) -> Vec<String> {
            std::future::pending().await
        }
    }

    #[test]
    fn an_answer_that_never_comes_is_an_error_and_a_hint_is_left_out() {
        let source = AnswerLimit::new(Silent, Duration::from_millis(10));
        let product = Product {
            authority: "loom-os".parse().unwrap(),
            binary: "loom-bridge-server".parse().unwrap(),
            platform: Platform::LinuxX86_64,
        };
        let begun = Instant::now();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let error = runtime.block_on(source.list(&product, ListingScope::All)).unwrap_err();
        let text = "all requests to silent together did not end within 120ms";
        assert_eq!(error.to_string(), text);
        assert!(begun.elapsed() >= Duration::from_millis(120));
        assert!(runtime.block_on(source.near_misses(&product, None)).is_empty());
    }
}
