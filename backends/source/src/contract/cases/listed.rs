//! What `list` promises.

use std::collections::BTreeSet;

use crate::{
    Line, Listing, Need, Platform, Version,
    contract::{Published, Subject, Wrong, expect::ensure, expect::wrong, subject::line},
};

fn shelf() -> Vec<Published> {
    let mut shelf: Vec<Published> = ["0.1.0", "0.2.0", "0.10.0", "0.11.0-rc.1"]
        .into_iter()
        .map(|version| Published::archive(version, version))
        .collect();
    let mut elsewhere = Published::archive("0.12.0", "for another platform");
    elsewhere.release.platform = Platform::MacosAarch64;
    shelf.push(elsewhere);
    shelf
}

pub(super) async fn versions_are_listed(subject: &dyn Subject) -> Result<(), Wrong> {
    let stand = subject.stand(&shelf()).await?;
    let expected: BTreeSet<Version> = ["0.1.0", "0.2.0", "0.10.0", "0.11.0-rc.1"]
        .iter()
        .map(|v| v.parse())
        .collect::<Result<_, _>>()?;
    let Listing::Versions(all) = stand.source().list(&line(), Need::All).await? else {
        return Err(wrong("it says that it cannot list"));
    };
    ensure(all.len() == expected.len(), || format!("a version stands twice in {all:?}"))?;
    let all: BTreeSet<Version> = all.into_iter().map(|dated| dated.version).collect();
    ensure(all == expected, || format!("listed {all:?}"))?;
    let Listing::Versions(newest) = stand.source().list(&line(), Need::Newest).await? else {
        return Err(wrong("it says that it cannot list the newest"));
    };
    let release: Version = "0.10.0".parse()?;
    ensure(newest.iter().any(|dated| dated.version == release), || {
        format!("the newest release is not in {newest:?}")
    })
}

pub(super) async fn an_unknown_line_lists_nothing(subject: &dyn Subject) -> Result<(), Wrong> {
    let stand = subject.stand(&shelf()).await?;
    for unknown in [
        Line { binary: "loom-bridge".parse()?, ..line() },
        Line { platform: Platform::WindowsX86_64, ..line() },
    ] {
        let listing = stand.source().list(&unknown, Need::All).await?;
        ensure(listing == Listing::Versions(vec![]), || format!("{unknown}: {listing:?}"))?;
    }
    Ok(())
}

pub(super) async fn what_cannot_be_listed_says_so(subject: &dyn Subject) -> Result<(), Wrong> {
    let stand = subject.stand(&shelf()).await?;
    let listing = stand.source().list(&line(), Need::All).await?;
    ensure(matches!(listing, Listing::Unlistable(why) if !why.is_empty()), || {
        format!("it answered {listing:?}")
    })
}

pub(super) async fn a_development_build_is_never_listed(
    subject: &dyn Subject,
) -> Result<(), Wrong> {
    let published = Published::dev("x");
    let stand = subject.stand(std::slice::from_ref(&published)).await?;
    let listing = stand.source().list(&published.release.line(), Need::All).await?;
    ensure(!matches!(&listing, Listing::Versions(v) if !v.is_empty()), || format!("{listing:?}"))
}
