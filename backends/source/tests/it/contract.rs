//! The suite passes a correct source in memory, and fails for each of its faults.

use std::{
    fmt,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use loom_source::{
    Artifact, AssetRef, Capabilities, ClaimedDigest, Digest, DigestSource, Download, ListingScope,
    Offer, Packaging, Product, RangeRequest, Release, Source, SourceError, SourceErrorKind,
    Validator, VersionListing,
    contract::{
        self, ContractReport, Failure, PublishedAsset, PublishedRelease, RunningFixture,
        SourceFixture,
    },
};

/// A fault of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    FindsAnyVersion,
    FindsAnyPlatform,
    FailsOnAbsence,
    OffersDev,
    ClaimsNothing,
    VerifiesClaims,
    ListsTwice,
    ListsOtherPlatforms,
    SendsTheWholeForAnyOffset,
    NeverResumes,
    IgnoresTheValidator,
    ResumesBeyondTheEnd,
    SendsOnePiece,
    OpensAnything,
    IgnoresCase,
    LosesTheLastByte,
    DisplaysItsSecret,
    ReportsTooFewCapabilities,
    Hangs,
    Panics,
}

/// A source over releases in memory, with a fault.
struct MemorySource {
    releases: Arc<Mutex<Vec<PublishedRelease>>>,
    fault: Fault,
}

const SECRET: &str = "s3cret";

impl fmt::Display for MemorySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("memory")?;
        if self.fault == Fault::DisplaysItsSecret { write!(f, "?key={SECRET}") } else { Ok(()) }
    }
}

impl fmt::Debug for MemorySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn file_name(published: &PublishedRelease) -> String {
    format!("{}.tar.gz", published.release.asset_stem().unwrap())
}

impl MemorySource {
    fn matches(&self, published: &PublishedRelease, release: &Release) -> bool {
        let published = &published.release;
        let dev = release.slot.version().is_none();
        let any_version =
            self.fault == Fault::FindsAnyVersion && !dev || self.fault == Fault::OffersDev && dev;
        let any_platform = self.fault == Fault::FindsAnyPlatform;
        published.binary == release.binary
            && (published.slot == release.slot || any_version)
            && (published.platform == release.platform || any_platform)
    }

    fn offer(&self, published: &PublishedRelease) -> Offer {
        let digest = published.claimed().filter(|_| self.fault != Fault::ClaimsNothing);
        let digest = digest.filter(|digest| {
            self.fault != Fault::VerifiesClaims || *digest == Digest::of(&published.bytes)
        });
        let claim =
            |digest| ClaimedDigest { digest, by: DigestSource::Sidecar, at: "memory".to_owned() };
        let packaging = match published.asset {
            PublishedAsset::Archive(format) => Packaging::Archive { format, strip: None },
            PublishedAsset::Bare => Packaging::Bare,
        };
        let artifact = Artifact {
            packaging,
            asset: AssetRef::new(file_name(published)),
            size: Some(published.bytes.len() as u64),
            claims: digest.map(claim).into_iter().collect(),
        };
        Offer { artifacts: vec![artifact], ..Offer::default() }
    }

    fn bytes(&self, asset: &AssetRef) -> Option<Bytes> {
        let releases = self.releases.lock().unwrap();
        let mut found = releases.iter().find(|published| file_name(published) == asset.as_str());
        if self.fault == Fault::IgnoresCase {
            found = releases.iter().find(|p| file_name(p).eq_ignore_ascii_case(asset.as_str()));
        }
        let bytes = found.map(|published| published.bytes.clone());
        if self.fault == Fault::OpensAnything { bytes.or(Some(Bytes::new())) } else { bytes }
    }
}

#[async_trait]
impl Source for MemorySource {
    fn capabilities(&self) -> Capabilities {
        let resume = self.fault != Fault::ReportsTooFewCapabilities;
        Capabilities { releases: true, dev: false, list: true, resume, claims: true }
    }

    async fn find(&self, release: &Release) -> Result<Option<Offer>, SourceError> {
        match self.fault {
            Fault::Hangs => std::future::pending().await,
            Fault::Panics => panic!("on purpose"),
            _ => {}
        }
        let releases = self.releases.lock().unwrap();
        let found = releases.iter().find(|published| self.matches(published, release));
        if found.is_none() && self.fault == Fault::FailsOnAbsence {
            return Err(SourceError::new("memory", SourceErrorKind::Gone));
        }
        // With the fault, the first release in the list must not match by chance.
        let exact = releases.iter().find(|published| published.release == *release);
        Ok(exact.filter(|_| self.fault != Fault::FindsAnyPlatform).or(found).map(|p| self.offer(p)))
    }

    async fn list(
        &self,
        product: &Product,
        _: ListingScope,
    ) -> Result<VersionListing, SourceError> {
        let releases = self.releases.lock().unwrap();
        let all = self.fault == Fault::ListsOtherPlatforms;
        let listed = |p: &&PublishedRelease| all || p.release.product() == *product;
        let mut versions: Vec<_> = releases
            .iter()
            .filter(listed)
            .filter_map(|published| published.release.slot.version().cloned())
            .collect();
        if self.fault == Fault::ListsTwice {
            versions.extend(versions.clone());
        }
        Ok(VersionListing::of(versions))
    }

    async fn open(&self, asset: &AssetRef, range: &RangeRequest) -> Result<Download, SourceError> {
        let gone = || SourceError::new(asset.to_string(), SourceErrorKind::Gone);
        let mut bytes = self.bytes(asset).ok_or_else(gone)?;
        let total = bytes.len() as u64;
        let validator = Some(Validator::Strong(Digest::of(&bytes).to_string()));
        let changed = range.validator.is_some() && range.validator != validator;
        let changed = changed && self.fault != Fault::IgnoresTheValidator;
        let restart = changed || range.from > total || self.fault == Fault::NeverResumes;
        let restart = restart && self.fault != Fault::ResumesBeyondTheEnd;
        let start = if restart { 0 } else { range.from };
        if self.fault == Fault::LosesTheLastByte {
            bytes.truncate(bytes.len().saturating_sub(1));
        }
        if self.fault != Fault::SendsTheWholeForAnyOffset {
            bytes = bytes.slice(usize::try_from(start).unwrap().min(bytes.len())..);
        }
        let piece = if self.fault == Fault::SendsOnePiece { usize::MAX } else { 64 * 1024 };
        let mut pieces = Vec::new();
        while !bytes.is_empty() {
            pieces.push(Ok(bytes.split_to(piece.min(bytes.len()))));
        }
        Ok(Download { start, total: Some(total), validator, body: stream::iter(pieces).boxed() })
    }
}

struct MemoryFixture(Fault);

struct RunningMemory(MemorySource);

#[async_trait]
impl SourceFixture for MemoryFixture {
    fn name(&self) -> String {
        format!("memory with fault {:?}", self.0)
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { releases: true, dev: false, list: true, resume: true, claims: true }
    }

    async fn start(
        &self,
        releases: &[PublishedRelease],
    ) -> Result<Box<dyn RunningFixture>, Failure> {
        let releases = Arc::new(Mutex::new(releases.to_vec()));
        Ok(Box::new(RunningMemory(MemorySource { releases, fault: self.0 })))
    }

    fn secrets(&self) -> Vec<String> {
        vec![SECRET.to_owned()]
    }
}

#[async_trait]
impl RunningFixture for RunningMemory {
    fn source(&self) -> &dyn Source {
        &self.0
    }

    async fn replace(&mut self, releases: &[PublishedRelease]) -> Result<(), Failure> {
        *self.0.releases.lock().unwrap() = releases.to_vec();
        Ok(())
    }
}

#[tokio::test]
async fn a_right_source_passes() {
    contract::run(&MemoryFixture(Fault::None)).await.assert();
}

/// Time is paused, so a source that hangs takes no time.
#[tokio::test(start_paused = true)]
async fn every_fault_fails_its_case() {
    for (fault, case) in [
        (Fault::FindsAnyVersion, "another_version_platform_or_binary_is_absent"),
        (Fault::FindsAnyPlatform, "platforms_are_not_confused"),
        (Fault::OffersDev, "a_source_of_releases_has_no_development_build"),
        (Fault::FailsOnAbsence, "an_empty_source_is_absence_not_an_error"),
        (Fault::ClaimsNothing, "published_digests_are_claimed"),
        (Fault::VerifiesClaims, "wrong_digests_are_passed_on"),
        (Fault::ListsTwice, "versions_are_listed"),
        (Fault::ListsOtherPlatforms, "an_unknown_product_has_no_versions"),
        (Fault::SendsTheWholeForAnyOffset, "any_offset_has_the_right_bytes"),
        (Fault::NeverResumes, "an_interrupted_transfer_is_resumed"),
        (Fault::IgnoresTheValidator, "replaced_bytes_start_from_zero"),
        (Fault::ResumesBeyondTheEnd, "an_offset_beyond_the_end_starts_from_zero"),
        (Fault::SendsOnePiece, "a_large_file_arrives_in_pieces"),
        (Fault::OpensAnything, "an_asset_outside_the_source_is_an_error"),
        (Fault::OpensAnything, "a_missing_asset_is_an_error"),
        (Fault::IgnoresCase, "asset_names_are_case_sensitive"),
        (Fault::LosesTheLastByte, "a_file_arrives_as_published"),
        (Fault::DisplaysItsSecret, "names_and_errors_show_no_secrets"),
        (Fault::ReportsTooFewCapabilities, "capabilities_are_reported"),
        (Fault::Hangs, "a_published_release_is_found"),
        (Fault::Panics, "a_published_release_is_found"),
    ] {
        let report: ContractReport = contract::run(&MemoryFixture(fault)).await;
        assert!(report.failed.iter().any(|(name, _)| *name == case), "{case} passed: {report}");
    }
}

#[tokio::test]
async fn all_failures_are_reported_together() {
    let report = contract::run(&MemoryFixture(Fault::LosesTheLastByte)).await;
    assert!(report.failed.len() > 3, "{report}");
    let text = report.to_string();
    assert!(report.failed.iter().all(|(name, _)| text.contains(name)), "{text}");
}
