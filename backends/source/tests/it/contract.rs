//! The contract is kept by a source in memory, and broken by each of its faults.

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

/// What may be wrong with a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    TakesAnyVersion,
    TakesAnyPlatform,
    FailsOnAbsence,
    OffersDev,
    ClaimsNothing,
    VerifiesClaims,
    ListsTwice,
    ListsOtherPlatforms,
    StartsWhereAskedWithTheWhole,
    NeverContinues,
    IgnoresTheValidator,
    ContinuesBeyondTheEnd,
    SendsOnePiece,
    OpensAnything,
    IgnoresCase,
    LosesTheLastByte,
    ShowsItsSecret,
    SaysLessThanItCan,
    Hangs,
    Panics,
}

struct Memory {
    shelf: Arc<Mutex<Vec<PublishedRelease>>>,
    fault: Fault,
}

const SECRET: &str = "s3cret";

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("memory")?;
        if self.fault == Fault::ShowsItsSecret { write!(f, "?key={SECRET}") } else { Ok(()) }
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn key(published: &PublishedRelease) -> String {
    format!("{}.tar.gz", published.release.asset_stem().unwrap())
}

impl Memory {
    fn matches(&self, published: &PublishedRelease, release: &Release) -> bool {
        let there = &published.release;
        let dev = release.slot.version().is_none();
        let any_version =
            self.fault == Fault::TakesAnyVersion && !dev || self.fault == Fault::OffersDev && dev;
        let any_platform = self.fault == Fault::TakesAnyPlatform;
        there.binary == release.binary
            && (there.slot == release.slot || any_version)
            && (there.platform == release.platform || any_platform)
    }

    fn offer(&self, published: &PublishedRelease) -> Offer {
        let digest = published.claimed().filter(|_| self.fault != Fault::ClaimsNothing);
        let digest = digest.filter(|digest| {
            self.fault != Fault::VerifiesClaims || *digest == Digest::of(&published.bytes)
        });
        let claim =
            |digest| ClaimedDigest { digest, by: DigestSource::Sidecar, at: "memory".to_owned() };
        let form = match published.asset {
            PublishedAsset::Archive(format) => Packaging::Archive { format, strip: None },
            PublishedAsset::Bare => Packaging::Bare,
        };
        let carrier = Artifact {
            packaging: form,
            asset: AssetRef::new(key(published)),
            size: Some(published.bytes.len() as u64),
            claims: digest.map(claim).into_iter().collect(),
        };
        Offer { artifacts: vec![carrier], ..Offer::default() }
    }

    fn bytes(&self, what: &AssetRef) -> Option<Bytes> {
        let shelf = self.shelf.lock().unwrap();
        let mut found = shelf.iter().find(|published| key(published) == what.as_str());
        if self.fault == Fault::IgnoresCase {
            found = shelf.iter().find(|p| key(p).eq_ignore_ascii_case(what.as_str()));
        }
        let bytes = found.map(|published| published.bytes.clone());
        if self.fault == Fault::OpensAnything { bytes.or(Some(Bytes::new())) } else { bytes }
    }
}

#[async_trait]
impl Source for Memory {
    fn capabilities(&self) -> Capabilities {
        let resume = self.fault != Fault::SaysLessThanItCan;
        Capabilities { releases: true, dev: false, list: true, resume, claims: true }
    }

    async fn find(&self, release: &Release) -> Result<Option<Offer>, SourceError> {
        match self.fault {
            Fault::Hangs => std::future::pending().await,
            Fault::Panics => panic!("on purpose"),
            _ => {}
        }
        let shelf = self.shelf.lock().unwrap();
        let found = shelf.iter().find(|published| self.matches(published, release));
        if found.is_none() && self.fault == Fault::FailsOnAbsence {
            return Err(SourceError::new("memory", SourceErrorKind::Gone));
        }
        // Two platforms must not be confused because the first one fits by chance.
        let exact = shelf.iter().find(|published| published.release == *release);
        Ok(exact.filter(|_| self.fault != Fault::TakesAnyPlatform).or(found).map(|p| self.offer(p)))
    }

    async fn list(&self, line: &Product, _: ListingScope) -> Result<VersionListing, SourceError> {
        let shelf = self.shelf.lock().unwrap();
        let all = self.fault == Fault::ListsOtherPlatforms;
        let of_line = |p: &&PublishedRelease| p.release.product() == *line || all;
        let mut versions: Vec<_> = shelf
            .iter()
            .filter(of_line)
            .filter_map(|published| published.release.slot.version().cloned())
            .collect();
        if self.fault == Fault::ListsTwice {
            versions.extend(versions.clone());
        }
        Ok(VersionListing::of(versions))
    }

    async fn open(&self, what: &AssetRef, from: &RangeRequest) -> Result<Download, SourceError> {
        let gone = || SourceError::new(what.to_string(), SourceErrorKind::Gone);
        let mut bytes = self.bytes(what).ok_or_else(gone)?;
        let total = bytes.len() as u64;
        let validator = Some(Validator::Strong(Digest::of(&bytes).to_string()));
        let changed = from.validator.is_some() && from.validator != validator;
        let changed = changed && self.fault != Fault::IgnoresTheValidator;
        let again = changed || from.from > total || self.fault == Fault::NeverContinues;
        let again = again && self.fault != Fault::ContinuesBeyondTheEnd;
        let start = if again { 0 } else { from.from };
        if self.fault == Fault::LosesTheLastByte {
            bytes.truncate(bytes.len().saturating_sub(1));
        }
        if self.fault != Fault::StartsWhereAskedWithTheWhole {
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

struct Kind(Fault);

struct Standing(Memory);

#[async_trait]
impl SourceFixture for Kind {
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
        let shelf = Arc::new(Mutex::new(releases.to_vec()));
        Ok(Box::new(Standing(Memory { shelf, fault: self.0 })))
    }

    fn secrets(&self) -> Vec<String> {
        vec![SECRET.to_owned()]
    }
}

#[async_trait]
impl RunningFixture for Standing {
    fn source(&self) -> &dyn Source {
        &self.0
    }

    async fn replace(&mut self, releases: &[PublishedRelease]) -> Result<(), Failure> {
        *self.0.shelf.lock().unwrap() = releases.to_vec();
        Ok(())
    }
}

#[tokio::test]
async fn a_right_source_keeps_it() {
    contract::run(&Kind(Fault::None)).await.assert();
}

/// Time is paused: a source that hangs costs nothing.
#[tokio::test(start_paused = true)]
async fn every_fault_breaks_the_case_it_is_for() {
    for (fault, case) in [
        (Fault::TakesAnyVersion, "another_version_platform_or_program_is_absent"),
        (Fault::TakesAnyPlatform, "one_platform_is_not_taken_for_another"),
        (Fault::OffersDev, "a_mirror_has_no_development_build"),
        (Fault::FailsOnAbsence, "nothing_published_is_absence_not_an_error"),
        (Fault::ClaimsNothing, "published_digests_are_claimed"),
        (Fault::VerifiesClaims, "wrong_digests_are_handed_on"),
        (Fault::ListsTwice, "versions_are_listed"),
        (Fault::ListsOtherPlatforms, "an_unknown_line_lists_nothing"),
        (Fault::StartsWhereAskedWithTheWhole, "any_offset_gets_the_right_bytes"),
        (Fault::NeverContinues, "a_transfer_continues_where_it_broke_off"),
        (Fault::IgnoresTheValidator, "replaced_bytes_start_again_from_zero"),
        (Fault::ContinuesBeyondTheEnd, "an_offset_beyond_the_end_starts_again"),
        (Fault::SendsOnePiece, "a_big_body_arrives_in_pieces"),
        (Fault::OpensAnything, "a_pointer_cannot_leave_the_source"),
        (Fault::OpensAnything, "a_missing_pointer_is_an_error"),
        (Fault::IgnoresCase, "names_differ_by_case"),
        (Fault::LosesTheLastByte, "the_whole_arrives_as_published"),
        (Fault::ShowsItsSecret, "a_source_names_itself_without_secrets"),
        (Fault::SaysLessThanItCan, "a_source_says_what_it_can"),
        (Fault::Hangs, "what_is_published_is_found"),
        (Fault::Panics, "what_is_published_is_found"),
    ] {
        let report: ContractReport = contract::run(&Kind(fault)).await;
        assert!(report.failed.iter().any(|(name, _)| *name == case), "{case} held: {report}");
    }
}

#[tokio::test]
async fn all_failures_are_reported_together() {
    let report = contract::run(&Kind(Fault::LosesTheLastByte)).await;
    assert!(report.failed.len() > 3, "{report}");
    let text = report.to_string();
    assert!(report.failed.iter().all(|(name, _)| text.contains(name)), "{text}");
}
