//! The cases of [`Source::list`](crate::Source::list).

use std::collections::BTreeSet;

use crate::{
    ListingScope, Platform, Product, Version, VersionListing,
    contract::{
        failure::{Failure, ensure, failure},
        fixture::SourceFixture,
        published::{PublishedRelease, product},
    },
};

/// The versions of [`releases`] for the platform of [`product`].
const VERSIONS: [&str; 4] = ["0.1.0", "0.2.0", "0.10.0", "0.11.0-rc.1"];

fn releases() -> Vec<PublishedRelease> {
    let mut releases: Vec<PublishedRelease> =
        VERSIONS.map(|version| PublishedRelease::archive(version, version)).into();
    let mut other_platform = PublishedRelease::archive("0.12.0", "for another platform");
    other_platform.release.platform = Platform::MacosAarch64;
    releases.push(other_platform);
    releases
}

pub(super) async fn versions_are_listed(fixture: &dyn SourceFixture) -> Result<(), Failure> {
    let running = fixture.start(&releases()).await?;
    let source = running.source();
    let expected: BTreeSet<Version> =
        VERSIONS.iter().map(|version| version.parse()).collect::<Result<_, _>>()?;
    let VersionListing::Versions(all) = source.list(&product(), ListingScope::All).await? else {
        return Err(failure("the source does not list its versions"));
    };
    ensure(all.len() == expected.len(), || format!("a version is listed twice: {all:?}"))?;
    let all: BTreeSet<Version> = all.into_iter().map(|listed| listed.version).collect();
    ensure(all == expected, || format!("expected {expected:?}, got {all:?}"))?;
    let VersionListing::Versions(newest) = source.list(&product(), ListingScope::Newest).await?
    else {
        return Err(failure("the source does not list its newest version"));
    };
    let release: Version = "0.10.0".parse()?;
    ensure(newest.iter().any(|listed| listed.version == release), || {
        format!("the newest release {release} is not in {newest:?}")
    })
}

pub(super) async fn an_unknown_product_has_no_versions(
    fixture: &dyn SourceFixture,
) -> Result<(), Failure> {
    let running = fixture.start(&releases()).await?;
    for unknown in [
        Product { binary: "loom-bridge".parse()?, ..product() },
        Product { platform: Platform::WindowsX86_64, ..product() },
    ] {
        let listing = running.source().list(&unknown, ListingScope::All).await?;
        ensure(listing == VersionListing::Versions(vec![]), || format!("{unknown}: {listing:?}"))?;
    }
    Ok(())
}

pub(super) async fn a_source_that_cannot_list_gives_the_reason(
    fixture: &dyn SourceFixture,
) -> Result<(), Failure> {
    let running = fixture.start(&releases()).await?;
    let listing = running.source().list(&product(), ListingScope::All).await?;
    ensure(matches!(listing, VersionListing::Unlistable(reason) if !reason.is_empty()), || {
        format!("expected an unlistable source with a reason, got {listing:?}")
    })
}

pub(super) async fn a_development_build_is_never_listed(
    fixture: &dyn SourceFixture,
) -> Result<(), Failure> {
    let published = PublishedRelease::dev("x");
    let running = fixture.start(std::slice::from_ref(&published)).await?;
    let listing = running.source().list(&published.release.product(), ListingScope::All).await?;
    ensure(!matches!(&listing, VersionListing::Versions(v) if !v.is_empty()), || {
        format!("expected no version, got {listing:?}")
    })
}
