//! What `list` promises.

use std::collections::BTreeSet;

use crate::{
    ListingScope, Platform, Product, Version, VersionListing,
    contract::{
        Failure, PublishedRelease, SourceFixture, expect::ensure, expect::wrong, subject::product,
    },
};

fn shelf() -> Vec<PublishedRelease> {
    let mut shelf: Vec<PublishedRelease> = ["0.1.0", "0.2.0", "0.10.0", "0.11.0-rc.1"]
        .into_iter()
        .map(|version| PublishedRelease::archive(version, version))
        .collect();
    let mut elsewhere = PublishedRelease::archive("0.12.0", "for another platform");
    elsewhere.release.platform = Platform::MacosAarch64;
    shelf.push(elsewhere);
    shelf
}

pub(super) async fn versions_are_listed(subject: &dyn SourceFixture) -> Result<(), Failure> {
    let stand = subject.start(&shelf()).await?;
    let expected: BTreeSet<Version> = ["0.1.0", "0.2.0", "0.10.0", "0.11.0-rc.1"]
        .iter()
        .map(|v| v.parse())
        .collect::<Result<_, _>>()?;
    let VersionListing::Versions(all) = stand.source().list(&product(), ListingScope::All).await?
    else {
        return Err(wrong("it says that it cannot list"));
    };
    ensure(all.len() == expected.len(), || format!("a version stands twice in {all:?}"))?;
    let all: BTreeSet<Version> = all.into_iter().map(|dated| dated.version).collect();
    ensure(all == expected, || format!("listed {all:?}"))?;
    let VersionListing::Versions(newest) =
        stand.source().list(&product(), ListingScope::Newest).await?
    else {
        return Err(wrong("it says that it cannot list the newest"));
    };
    let release: Version = "0.10.0".parse()?;
    ensure(newest.iter().any(|dated| dated.version == release), || {
        format!("the newest release is not in {newest:?}")
    })
}

pub(super) async fn an_unknown_line_lists_nothing(
    subject: &dyn SourceFixture,
) -> Result<(), Failure> {
    let stand = subject.start(&shelf()).await?;
    for unknown in [
        Product { binary: "loom-bridge".parse()?, ..product() },
        Product { platform: Platform::WindowsX86_64, ..product() },
    ] {
        let listing = stand.source().list(&unknown, ListingScope::All).await?;
        ensure(listing == VersionListing::Versions(vec![]), || format!("{unknown}: {listing:?}"))?;
    }
    Ok(())
}

pub(super) async fn what_cannot_be_listed_says_so(
    subject: &dyn SourceFixture,
) -> Result<(), Failure> {
    let stand = subject.start(&shelf()).await?;
    let listing = stand.source().list(&product(), ListingScope::All).await?;
    ensure(matches!(listing, VersionListing::Unlistable(why) if !why.is_empty()), || {
        format!("it answered {listing:?}")
    })
}

pub(super) async fn a_development_build_is_never_listed(
    subject: &dyn SourceFixture,
) -> Result<(), Failure> {
    let published = PublishedRelease::dev("x");
    let stand = subject.start(std::slice::from_ref(&published)).await?;
    let listing = stand.source().list(&published.release.product(), ListingScope::All).await?;
    ensure(!matches!(&listing, VersionListing::Versions(v) if !v.is_empty()), || {
        format!("{listing:?}")
    })
}
