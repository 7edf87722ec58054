//! What `find` promises.

use super::one;
use crate::{
    ClaimedDigest, Digest, Offer, Packaging, Platform, Product, Slot,
    contract::{
        Failure, PublishedAsset, PublishedChecksum, PublishedRelease, SourceFixture,
        expect::{ensure, noise, offered, pointer, whole},
        subject::product,
    },
};

pub(super) async fn what_is_published_is_found(subject: &dyn SourceFixture) -> Result<(), Failure> {
    let published = one(subject, 1, 5_000);
    let stand = subject.start(std::slice::from_ref(&published)).await?;
    let offer = offered(stand.source(), &published).await?;
    let size = published.bytes.len() as u64;
    for carrier in
        offer.artifacts.iter().filter(|c| !matches!(c.packaging, Packaging::Loose { .. }))
    {
        ensure(carrier.size.is_none_or(|s| s == size), || {
            format!("{} is said to have {:?} bytes, not {size}", carrier.asset, carrier.size)
        })?;
    }
    if let PublishedAsset::Archive(published) = published.asset {
        let format = |form: &Packaging| match form {
            Packaging::Archive { format, .. } => Some(*format),
            _ => None,
        };
        ensure(offer.artifacts.iter().any(|c| format(&c.packaging) == Some(published)), || {
            format!("no carrier is a {published}: {:?}", offer.artifacts)
        })?;
    }
    Ok(())
}

pub(super) async fn another_version_platform_or_program_is_absent(
    subject: &dyn SourceFixture,
) -> Result<(), Failure> {
    let published = one(subject, 2, 100);
    let stand = subject.start(std::slice::from_ref(&published)).await?;
    let there = published.release;
    let other_platform = if there.platform == Platform::WindowsX86_64 {
        Platform::LinuxX86_64
    } else {
        Platform::WindowsX86_64
    };
    let absent = [
        there.product().at_version("0.2.1".parse()?),
        there.product().at_version("0.2.0-rc.1".parse()?),
        Product { platform: other_platform, ..there.product() }.in_slot(there.slot.clone()),
        Product { binary: "loom-bridge".parse()?, ..there.product() }.in_slot(there.slot.clone()),
        Product { binary: "server".parse()?, ..there.product() }.in_slot(there.slot.clone()),
    ];
    for release in absent {
        let found = stand.source().find(&release).await?;
        ensure(found.is_none(), || format!("{release} was found, where only {there} is"))?;
    }
    Ok(())
}

pub(super) async fn nothing_published_is_absence_not_an_error(
    subject: &dyn SourceFixture,
) -> Result<(), Failure> {
    let stand = subject.start(&[]).await?;
    let found = stand.source().find(&one(subject, 3, 1).release).await?;
    ensure(found.is_none(), || "something was found where nothing is".to_owned())
}

pub(super) async fn a_development_build_is_no_release(
    subject: &dyn SourceFixture,
) -> Result<(), Failure> {
    let published = PublishedRelease::dev(noise(4, 100));
    let stand = subject.start(std::slice::from_ref(&published)).await?;
    let offer = offered(stand.source(), &published).await?;
    ensure(offer.build.is_some(), || "nothing is said of the build".to_owned())?;
    for version in ["0.2.0", "0.0.0", "0.0.0-dev"] {
        let release = published.release.product().at_version(version.parse()?);
        let found = stand.source().find(&release).await?;
        ensure(found.is_none(), || format!("a development build was offered as {version}"))?;
    }
    Ok(())
}

pub(super) async fn a_mirror_has_no_development_build(
    subject: &dyn SourceFixture,
) -> Result<(), Failure> {
    let stand = subject.start(&[PublishedRelease::archive("0.2.0", "x")]).await?;
    let found = stand.source().find(&product().in_slot(Slot::Dev)).await?;
    ensure(found.is_none(), || "a development build was offered".to_owned())
}

pub(super) async fn published_digests_are_claimed(
    subject: &dyn SourceFixture,
) -> Result<(), Failure> {
    let published = PublishedRelease::archive("0.2.0", noise(5, 700));
    let stand = subject.start(std::slice::from_ref(&published)).await?;
    claims(&offered(stand.source(), &published).await?, Digest::of(&published.bytes))
}

pub(super) async fn wrong_digests_are_handed_on(
    subject: &dyn SourceFixture,
) -> Result<(), Failure> {
    let other = Digest::of(b"something else");
    let mut published = PublishedRelease::archive("0.2.0", noise(6, 700));
    published.checksum = PublishedChecksum::Wrong(other);
    let stand = subject.start(std::slice::from_ref(&published)).await?;
    claims(&offered(stand.source(), &published).await?, other)
}

fn claims(offer: &Offer, digest: Digest) -> Result<(), Failure> {
    let archive = offer.artifacts.iter().find(|c| matches!(c.packaging, Packaging::Archive { .. }));
    let claims: &[ClaimedDigest] = archive.map(|c| c.claims.as_slice()).unwrap_or_default();
    ensure(!claims.is_empty(), || "no digest is claimed for the archive".to_owned())?;
    ensure(claims.iter().all(|c| c.digest == digest), || {
        format!("{digest} was published, claimed is {claims:?}")
    })
}

pub(super) async fn without_a_checksum_nothing_false_is_claimed(
    subject: &dyn SourceFixture,
) -> Result<(), Failure> {
    let mut published = PublishedRelease::archive("0.2.0", noise(7, 700));
    published.checksum = PublishedChecksum::Missing;
    let neighbour = PublishedRelease::archive("0.3.0", noise(8, 700));
    let stand = subject.start(&[published.clone(), neighbour]).await?;
    let offer = offered(stand.source(), &published).await?;
    let right = Digest::of(&published.bytes);
    let false_claim = offer.artifacts.iter().find(|c| {
        matches!(c.packaging, Packaging::Archive { .. })
            && c.claims.iter().any(|c| c.digest != right)
    });
    ensure(false_claim.is_none(), || format!("claimed without a checksum: {false_claim:?}"))
}

pub(super) async fn a_bare_program_is_found(subject: &dyn SourceFixture) -> Result<(), Failure> {
    for platform in [Platform::LinuxX86_64, Platform::WindowsX86_64] {
        let mut published = PublishedRelease::archive("0.2.0", noise(9, 900));
        published.asset = PublishedAsset::Bare;
        published.release.platform = platform;
        let stand = subject.start(std::slice::from_ref(&published)).await?;
        let at = pointer(stand.source(), &published).await?;
        let bytes = whole(stand.source(), &at).await?;
        ensure(bytes == published.bytes, || format!("{platform}: {at} holds other bytes"))?;
    }
    Ok(())
}

pub(super) async fn one_platform_is_not_taken_for_another(
    subject: &dyn SourceFixture,
) -> Result<(), Failure> {
    let all: Vec<PublishedRelease> = (Platform::ALL.into_iter().zip(10..))
        .map(|(platform, seed)| {
            let mut published = PublishedRelease::archive("0.2.0", noise(seed, 300));
            published.release.platform = platform;
            published
        })
        .collect();
    let stand = subject.start(&all).await?;
    for published in &all {
        let at = pointer(stand.source(), published).await?;
        let bytes = whole(stand.source(), &at).await?;
        ensure(bytes == published.bytes, || format!("{}: {at} is another's", published.release))?;
    }
    Ok(())
}
