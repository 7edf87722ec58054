//! Versions that a source lists and does not have: what is only said is not believed.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use loom_source::{
    AssetRef, Capabilities, Download, ListedVersion, ListingScope, Offer, RangeRequest, Source,
    SourceError, Version, VersionListing,
};

use super::*;
use crate::acquire::{FailureReason, newest_version, state::highest};

/// A mirror that lists more versions than it has.
#[derive(Debug)]
struct Boastful {
    mirror: Box<dyn Source>,
    also: Vec<Version>,
    /// How often the source was asked for anything.
    asked: Arc<AtomicUsize>,
}

impl fmt::Display for Boastful {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.mirror.fmt(f)
    }
}

#[async_trait]
impl Source for Boastful {
    fn capabilities(&self) -> Capabilities {
        self.mirror.capabilities()
    }

    async fn find(&self, release: &Release) -> Result<Option<Offer>, SourceError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.mirror.find(release).await
    }

    async fn list(
        &self,
        product: &Product,
        scope: ListingScope,
    ) -> Result<VersionListing, SourceError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let listing = self.mirror.list(product, scope).await?;
        let VersionListing::Versions(mut versions) = listing else { return Ok(listing) };
        versions.extend(self.also.iter().cloned().map(ListedVersion::from));
        Ok(VersionListing::Versions(versions))
    }

    async fn open(&self, asset: &AssetRef, range: &RangeRequest) -> Result<Download, SourceError> {
        self.mirror.open(asset, range).await
    }
}

fn boastful(candidate: Candidate, also: &[&str]) -> Candidate {
    counted(candidate, also, &Arc::default())
}

fn counted(candidate: Candidate, also: &[&str], asked: &Arc<AtomicUsize>) -> Candidate {
    let also = also.iter().map(|version| version.parse().unwrap()).collect();
    let source = Boastful { mirror: candidate.source, also, asked: asked.clone() };
    Candidate { source: Box::new(source), ..candidate }
}

fn highest_version(home: &Home) -> Option<String> {
    highest::load(&home.state, &product()).unwrap().map(|version| version.to_string())
}

#[test]
fn the_next_lower_version_of_the_same_source_is_taken_and_said() {
    for reach in [Reach::Disk, Reach::Network] {
        let home = home();
        home.release_in("m", "0.2.0", b"two", true);
        home.release_in("n", "0.3.0", b"three", true);
        let first = Candidate { reach, ..home.mirror("m") };
        let sources = [boastful(first, &["0.9.0", "0.8.0", "0.7.0"]), home.mirror("n")];
        assert_eq!(version(home.get(&sources, "latest")), "0.2.0", "{reach:?}");
        let events = home.events.text();
        for listed in ["0.9.0", "0.8.0", "0.7.0"] {
            let said = format!("m lists {listed}, but has nothing for linux-x86_64");
            assert!(events.contains(&said), "{events}");
        }
        assert_eq!(highest_version(&home).as_deref(), Some("0.2.0"));
    }
}

#[test]
fn the_next_run_asks_for_nothing() {
    let home = home();
    home.release_in("m", "0.2.0", b"two", true);
    let asked = Arc::default();
    let sources = [counted(home.distant("m"), &["0.9.0"], &asked)];
    assert_eq!(version(home.get(&sources, "latest")), "0.2.0");
    let first = asked.swap(0, Ordering::Relaxed);
    assert!(first > 0);
    assert_eq!(version(home.get(&sources, "latest")), "0.2.0");
    assert_eq!(asked.load(Ordering::Relaxed), 0);
}

#[test]
fn after_three_lower_versions_the_next_source_is_asked() {
    let home = home();
    home.release_in("m", "0.2.0", b"two", true);
    home.release_in("n", "0.1.0", b"one", true);
    let listed = ["0.9.0", "0.8.0", "0.7.0", "0.6.0"];
    let sources = [boastful(home.mirror("m"), &listed), home.mirror("n")];
    assert_eq!(version(home.get(&sources, "latest")), "0.1.0");
    let final_answer = [
        Candidate { stop_on_absent: true, ..boastful(home.mirror("m"), &listed) },
        home.mirror("n"),
    ];
    assert!(matches!(
        home.get(&final_answer, ">=0.3"),
        Err(AcquireError::Unserved { reason: FailureReason::Absent, .. })
    ));
}

#[test]
fn a_version_that_is_only_listed_blocks_no_other_source() {
    let home = home();
    home.release_in("m", "0.2.0", b"two", true);
    fs::create_dir_all(home.path("empty")).unwrap();
    let liar = [boastful(home.mirror("empty"), &["99.0.0"])];
    let error = home.get(&liar, "latest").unwrap_err();
    let outcomes: Vec<&str> = error.attempts().iter().map(|a| a.record.outcome.as_str()).collect();
    assert_eq!(outcomes.last(), Some(&"lists 99.0.0, but has nothing for linux-x86_64"));
    assert_eq!(highest_version(&home), None);
    assert_eq!(version(home.get(&[home.mirror("m")], "latest")), "0.2.0");
    assert_eq!(highest_version(&home).as_deref(), Some("0.2.0"));
    // With nothing to download, what is installed is the latest.
    assert_eq!(version(home.get(&liar, "latest")), "0.2.0");
}

#[test]
fn a_lower_version_is_no_way_around_the_protection_against_downgrades() {
    let home = home();
    home.release_in("n", "0.3.0", b"three", true);
    home.release_in("m", "0.2.0", b"two", true);
    assert_eq!(version(home.get(&[home.mirror("n")], "latest")), "0.3.0");
    let old = [boastful(home.mirror("m"), &["0.9.0"])];
    assert!(matches!(home.get(&old, "latest"), Err(AcquireError::Downgrade { .. })));
    let allowed = Settings {
        options: AcquireOptions { allow_downgrade: true, ..AcquireOptions::default() },
        ..default()
    };
    assert_eq!(version(home.get_with(&old, "latest", &allowed)), "0.2.0");
    assert_eq!(highest_version(&home).as_deref(), Some("0.2.0"));
}

#[test]
fn a_version_that_was_not_verified_does_not_count_as_the_highest() {
    let home = home();
    home.release_in("m", "0.9.0", b"#!/bin/sh\necho nine\n", false);
    home.release_in("n", "0.2.0", b"two", true);
    assert_eq!(version(home.get_with(&[home.mirror("m")], "latest", &lax())), "0.9.0");
    assert_eq!(highest_version(&home), None);
    assert_eq!(version(home.get(&[home.mirror("n")], "latest")), "0.2.0");
}

#[test]
fn wrong_bytes_are_not_absence() {
    let home = home();
    home.release_in("m", "0.2.0", b"two", true);
    let asset = home.release_in("m", "0.3.0", b"three", true);
    fs::write(asset, b"other").unwrap();
    let refused = home.get(&[home.mirror("m")], "latest");
    let integrity = |error: &AcquireError| {
        matches!(error, AcquireError::Unserved { reason: FailureReason::Integrity, .. })
    };
    assert!(refused.as_ref().is_err_and(integrity), "{refused:?}");
}

#[test]
fn versions_that_are_listed_only_can_be_left_out() {
    let home = home();
    home.release_in("m", "0.2.0", b"two", true);
    let source = boastful(home.mirror("m"), &["0.9.0"]);
    let runtime = crate::acquire::SourceRuntime::default();
    let newest = |without: &[Version]| {
        let selector = Selector::Latest;
        let (product, policy) = (product(), Policy::default());
        let asked = newest_version(&source, &product, &selector, &policy, without);
        match runtime.block_on(asked).unwrap().unwrap() {
            crate::acquire::NewestVersion::Version { version, .. } => version.to_string(),
            other => format!("{other:?}"),
        }
    };
    assert_eq!(newest(&[]), "0.9.0");
    assert_eq!(newest(&["0.9.0".parse().unwrap()]), "0.2.0");
}
