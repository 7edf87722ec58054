//! What `-v` shows while sources are queried: each query and request with its outcome and time; `-vv` adds the parts
//! of these times, proxies and logins.

use std::{
    fmt::{self, Display},
    path::PathBuf,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use loom_http::{Exchange, Journal};
use loom_source::{
    AssetRef, Capabilities, Digest, Download, Evidence, KnownFile, ListingScope, Name, Offer,
    Platform, Product, RangeRequest, Release, Source, SourceError, Version, VersionListing,
};

use super::printer::Printer;
use loom_runtime::sources::Candidate;

/// The journal of requests, reported as they are made; `None` without `-v`.
pub(crate) fn journal(printer: &Printer) -> Option<Journal> {
    let reporter = printer.clone();
    printer.is_verbose().then(|| {
        Journal::with_observer(move |exchange| {
            reporter.detail(described(exchange, reporter.is_very_verbose()));
        })
    })
}

/// `https://mirror.example/loom/index.json: 200, 34 ms`
fn described(exchange: &Exchange, timings: bool) -> String {
    let Exchange { url, via, redirected, authorized, status, dns, connect, answer, .. } = exchange;
    let status = status.map_or("no response".to_owned(), |status| status.to_string());
    let total = [*connect, *answer].into_iter().flatten().sum();
    let mut text = format!("  {url}: {status}, {}", shown(total));
    if !timings {
        return text;
    }
    let times = [("name", dns), ("connection", connect), ("response", answer)];
    let times =
        times.iter().filter_map(|(name, time)| Some(format!("{name} {}", shown((**time)?))));
    let mut parts: Vec<String> = times.collect();
    parts.extend(via.iter().map(|proxy| format!("through {proxy}")));
    parts.extend(redirected.then(|| "redirected".to_owned()));
    parts.extend(authorized.then(|| "with a login".to_owned()));
    if !parts.is_empty() {
        text.push_str(&format!(" ({})", parts.join(", ")));
    }
    text
}

/// `34 ms`, or `1.2 s` from one second on.
fn shown(time: Duration) -> String {
    match time.as_millis() {
        milliseconds @ 0..1000 => format!("{milliseconds} ms"),
        _ => format!("{:.1} s", time.as_secs_f64()),
    }
}

/// Reports what a registry left out, such as a login that cannot be used; does nothing without `-v`.
pub(crate) fn report_skipped(printer: &Printer, registry: impl Display, skipped: Option<String>) {
    if let Some(skipped) = skipped {
        printer.detail(format!("{registry}: {skipped}"));
    }
}

/// Makes the sources report each query; does nothing without `-v`.
pub(crate) fn report_queries(printer: &Printer, candidates: &mut Vec<Candidate>) {
    if !printer.is_verbose() {
        return;
    }
    let reporting = std::mem::take(candidates).into_iter().map(|candidate| {
        let source = Box::new(ReportingSource {
            name: candidate.name.clone(),
            source: candidate.source,
            printer: printer.clone(),
        });
        Candidate { source, ..candidate }
    });
    *candidates = reporting.collect();
}

/// A source that reports each query and its outcome.
#[derive(Debug)]
struct ReportingSource {
    source: Box<dyn Source>,
    name: String,
    printer: Printer,
}

impl ReportingSource {
    fn report<T>(
        &self,
        query: &str,
        begun: Instant,
        result: &Result<T, SourceError>,
        outcome: impl FnOnce(&T) -> String,
    ) {
        let outcome = match result {
            Ok(found) => outcome(found),
            Err(error) => error.to_string(),
        };
        let Self { name, printer, .. } = self;
        printer.detail(format!("{name}: {query}: {outcome} ({})", shown(begun.elapsed())));
        if let Some(skipped) = self.source.skipped() {
            printer.detail(format!("{name}: {skipped}"));
        }
    }
}

fn found(offer: Option<&Offer>) -> String {
    match offer.map(|offer| offer.artifacts.len()) {
        None => "not available".to_owned(),
        Some(1) => "available as 1 artifact".to_owned(),
        Some(count) => format!("available as {count} artifacts"),
    }
}

fn signed(evidence: &[Evidence]) -> String {
    match evidence.len() {
        0 => "none".to_owned(),
        1 => "1 signature".to_owned(),
        count => format!("{count} signatures"),
    }
}

fn listed(listing: &VersionListing) -> String {
    match listing {
        VersionListing::Unlistable(why) => (*why).to_owned(),
        VersionListing::Versions(versions) => {
            match versions.iter().map(|listed| &listed.version).max() {
                None => "no versions".to_owned(),
                Some(newest) => format!("{} versions, the newest is {newest}", versions.len()),
            }
        }
    }
}

fn opened(download: &Download) -> String {
    let size = download.total.map(|total| format!("{total} bytes")).unwrap_or_default();
    match (download.start, size.as_str()) {
        (0, "") => "opened".to_owned(),
        (0, size) => format!("opened, {size}"),
        (start, size) => format!("opened at byte {start} of {size}"),
    }
}

#[async_trait]
impl Source for ReportingSource {
    fn capabilities(&self) -> Capabilities {
        self.source.capabilities()
    }

    async fn find(&self, release: &Release) -> Result<Option<Offer>, SourceError> {
        let begun = Instant::now();
        let result = self.source.find(release).await;
        self.report(&format!("find {release}"), begun, &result, |offer| found(offer.as_ref()));
        result
    }

    async fn find_all(&self, releases: &[Release]) -> Vec<Result<Option<Offer>, SourceError>> {
        let begun = Instant::now();
        let found = self.source.find_all(releases).await;
        for (release, result) in releases.iter().zip(&found) {
            self.report(&format!("find {release}"), begun, result, |offer| {
                self::found(offer.as_ref())
            });
        }
        found
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
        let begun = Instant::now();
        let result = self.source.evidence_by_digest(release, asset, image).await;
        self.report(&format!("find signatures of {release}"), begun, &result, |found| {
            signed(found)
        });
        result
    }

    async fn list(
        &self,
        product: &Product,
        scope: ListingScope,
    ) -> Result<VersionListing, SourceError> {
        let begun = Instant::now();
        let result = self.source.list(product, scope).await;
        self.report(&format!("list {}", product.binary), begun, &result, listed);
        result
    }

    async fn open(&self, asset: &AssetRef, range: &RangeRequest) -> Result<Download, SourceError> {
        let begun = Instant::now();
        let result = self.source.open(asset, range).await;
        let file = asset.as_str().rsplit('/').next().unwrap_or_default();
        self.report(&format!("open {file}"), begun, &result, opened);
        result
    }

    fn local_file(&self, asset: &AssetRef) -> Option<PathBuf> {
        self.source.local_file(asset)
    }

    async fn platforms(&self, binary: &Name, version: &Version) -> Vec<Platform> {
        self.source.platforms(binary, version).await
    }

    async fn withdrawn(&self, product: &Product) -> Vec<Version> {
        self.source.withdrawn(product).await
    }

    fn skipped(&self) -> Option<String> {
        self.source.skipped()
    }

    async fn near_misses(&self, product: &Product, version: Option<&Version>) -> Vec<String> {
        self.source.near_misses(product, version).await
    }
}

/// The name of the wrapped source: listings are cached under it.
impl fmt::Display for ReportingSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchange() -> Exchange {
        Exchange {
            url: "https://mirror.example/loom/index.json".to_owned(),
            origin: "https://mirror.example".to_owned(),
            via: Some("http://proxy.example:3128".to_owned()),
            redirected: true,
            authorized: true,
            status: Some(200),
            dns: Some(Duration::from_millis(2)),
            connect: Some(Duration::from_millis(10)),
            answer: Some(Duration::from_millis(1_234)),
            clocks: None,
        }
    }

    #[test]
    fn a_request_is_described_with_status_and_time() {
        let exchange = exchange();
        assert_eq!(
            described(&exchange, false),
            "  https://mirror.example/loom/index.json: 200, 1.2 s"
        );
        let expected = "  https://mirror.example/loom/index.json: 200, 1.2 s (name 2 ms, connection 10 ms, \
                        response 1.2 s, through http://proxy.example:3128, redirected, with a login)";
        assert_eq!(described(&exchange, true), expected);
    }

    #[test]
    fn a_request_without_a_response_is_described_too() {
        let exchange = Exchange { status: None, answer: None, connect: None, ..exchange() };
        let text = described(&exchange, false);
        assert_eq!(text, "  https://mirror.example/loom/index.json: no response, 0 ms");
    }
}
