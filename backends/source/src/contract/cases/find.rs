//! The cases of [`Source::find`](crate::Source::find).

use crate::{
    ClaimedDigest, Digest, Offer, Packaging, Platform, Product, Slot,
    contract::{
        check::{asset_of, noise, offer_of, read_whole, sample},
        failure::{Failure, ensure},
        fixture::SourceFixture,
        published::{PublishedAsset, PublishedChecksum, PublishedRelease, product},
    },
};

pub(super) async fn a_published_release_is_found(
    fixture: &dyn SourceFixture,
) -> Result<(), Failure> {
    let published = sample(fixture, 1, 5_000);
    let running = fixture.start(std::slice::from_ref(&published)).await?;
    let offer = offer_of(running.source(), &published).await?;
    let size = published.bytes.len() as u64;
    for artifact in
        offer.artifacts.iter().filter(|a| !matches!(a.packaging, Packaging::Loose { .. }))
    {
        ensure(artifact.size.is_none_or(|offered| offered == size), || {
            format!("{}: expected {size} bytes, offered {:?}", artifact.asset, artifact.size)
        })?;
    }
    if let PublishedAsset::Archive(expected) = published.asset {
        let is_expected = |packaging: &Packaging| matches!(packaging, Packaging::Archive { format, .. } if *format == expected);
        ensure(offer.artifacts.iter().any(|a| is_expected(&a.packaging)), || {
            format!("no artifact is a {expected}: {:?}", offer.artifacts)
        })?;
    }
    Ok(())
}

pub(super) async fn another_version_platform_or_binary_is_absent(
    fixture: &dyn SourceFixture,
) -> Result<(), Failure> {
    let published = sample(fixture, 2, 100);
    let running = fixture.start(std::slice::from_ref(&published)).await?;
    let release = published.release;
    let product = release.product();
    let other_platform = if release.platform == Platform::WindowsX86_64 {
        Platform::LinuxX86_64
    } else {
        Platform::WindowsX86_64
    };
    let absent = [
        product.at_version("0.2.1".parse()?),
        product.at_version("0.2.0-rc.1".parse()?),
        Product { platform: other_platform, ..product.clone() }.in_slot(release.slot.clone()),
        Product { binary: "loom-bridge".parse()?, ..product.clone() }.in_slot(release.slot.clone()),
        Product { binary: "server".parse()?, ..product.clone() }.in_slot(release.slot.clone()),
    ];
    for other in absent {
        let offer = running.source().find(&other).await?;
        ensure(offer.is_none(), || format!("{other} was found; only {release} is published"))?;
    }
    Ok(())
}

pub(super) async fn an_empty_source_is_absence_not_an_error(
    fixture: &dyn SourceFixture,
) -> Result<(), Failure> {
    let running = fixture.start(&[]).await?;
    let offer = running.source().find(&sample(fixture, 3, 1).release).await?;
    ensure(offer.is_none(), || "a release was found in an empty source".to_owned())
}

pub(super) async fn a_development_build_has_no_version(
    fixture: &dyn SourceFixture,
) -> Result<(), Failure> {
    let published = PublishedRelease::dev(noise(4, 100));
    let running = fixture.start(std::slice::from_ref(&published)).await?;
    let offer = offer_of(running.source(), &published).await?;
    ensure(offer.build.is_some(), || "the offer has no build information".to_owned())?;
    for version in ["0.2.0", "0.0.0", "0.0.0-dev"] {
        let release = published.release.product().at_version(version.parse()?);
        let offer = running.source().find(&release).await?;
        ensure(offer.is_none(), || format!("a development build was offered as {version}"))?;
    }
    Ok(())
}

pub(super) async fn a_source_of_releases_has_no_development_build(
    fixture: &dyn SourceFixture,
) -> Result<(), Failure> {
    let running = fixture.start(&[PublishedRelease::archive("0.2.0", "x")]).await?;
    let offer = running.source().find(&product().in_slot(Slot::Dev)).await?;
    ensure(offer.is_none(), || "a development build was offered".to_owned())
}

pub(super) async fn published_digests_are_claimed(
    fixture: &dyn SourceFixture,
) -> Result<(), Failure> {
    let published = PublishedRelease::archive("0.2.0", noise(5, 700));
    let running = fixture.start(std::slice::from_ref(&published)).await?;
    check_claims(&offer_of(running.source(), &published).await?, Digest::of(&published.bytes))
}

pub(super) async fn wrong_digests_are_passed_on(
    fixture: &dyn SourceFixture,
) -> Result<(), Failure> {
    let other = Digest::of(b"something else");
    let mut published = PublishedRelease::archive("0.2.0", noise(6, 700));
    published.checksum = PublishedChecksum::Wrong(other);
    let running = fixture.start(std::slice::from_ref(&published)).await?;
    check_claims(&offer_of(running.source(), &published).await?, other)
}

fn check_claims(offer: &Offer, digest: Digest) -> Result<(), Failure> {
    let archive = offer.artifacts.iter().find(|a| matches!(a.packaging, Packaging::Archive { .. }));
    let claims: &[ClaimedDigest] = archive.map(|a| a.claims.as_slice()).unwrap_or_default();
    ensure(!claims.is_empty(), || "no digest is claimed for the archive".to_owned())?;
    ensure(claims.iter().all(|claim| claim.digest == digest), || {
        format!("published {digest}, claimed {claims:?}")
    })
}

pub(super) async fn a_release_without_checksum_has_no_wrong_digest(
    fixture: &dyn SourceFixture,
) -> Result<(), Failure> {
    let mut published = PublishedRelease::archive("0.2.0", noise(7, 700));
    published.checksum = PublishedChecksum::Missing;
    let neighbour = PublishedRelease::archive("0.3.0", noise(8, 700));
    let running = fixture.start(&[published.clone(), neighbour]).await?;
    let offer = offer_of(running.source(), &published).await?;
    let right = Digest::of(&published.bytes);
    let wrong = offer.artifacts.iter().find(|a| {
        matches!(a.packaging, Packaging::Archive { .. })
            && a.claims.iter().any(|claim| claim.digest != right)
    });
    ensure(wrong.is_none(), || format!("a wrong digest is claimed: {wrong:?}"))
}

pub(super) async fn a_bare_executable_is_found(fixture: &dyn SourceFixture) -> Result<(), Failure> {
    for platform in [Platform::LinuxX86_64, Platform::WindowsX86_64] {
        let mut published = PublishedRelease::archive("0.2.0", noise(9, 900));
        published.asset = PublishedAsset::Bare;
        published.release.platform = platform;
        let running = fixture.start(std::slice::from_ref(&published)).await?;
        let asset = asset_of(running.source(), &published).await?;
        let bytes = read_whole(running.source(), &asset).await?;
        ensure(bytes == published.bytes, || format!("{platform}: {asset} has other bytes"))?;
    }
    Ok(())
}

pub(super) async fn platforms_are_not_confused(fixture: &dyn SourceFixture) -> Result<(), Failure> {
    let all: Vec<PublishedRelease> = (Platform::ALL.into_iter().zip(10..))
        .map(|(platform, seed)| {
            let mut published = PublishedRelease::archive("0.2.0", noise(seed, 300));
            published.release.platform = platform;
            published
        })
        .collect();
    let running = fixture.start(&all).await?;
    for published in &all {
        let asset = asset_of(running.source(), published).await?;
        let bytes = read_whole(running.source(), &asset).await?;
        ensure(bytes == published.bytes, || {
            format!("{}: {asset} has the bytes of another platform", published.release)
        })?;
    }
    Ok(())
}
