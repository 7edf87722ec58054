//! What `find` promises.

use super::one;
use crate::{
    Claim, Digest, Form, Line, Offer, Platform, Slot,
    contract::{
        Asset, Checksum, Published, Subject, Wrong,
        expect::{ensure, noise, offered, pointer, whole},
        subject::line,
    },
};

pub(super) async fn what_is_published_is_found(subject: &dyn Subject) -> Result<(), Wrong> {
    let published = one(subject, 1, 5_000);
    let stand = subject.stand(std::slice::from_ref(&published)).await?;
    let offer = offered(stand.source(), &published).await?;
    let size = published.bytes.len() as u64;
    for carrier in offer.carriers.iter().filter(|c| !matches!(c.form, Form::Loose { .. })) {
        ensure(carrier.size.is_none_or(|s| s == size), || {
            format!("{} is said to have {:?} bytes, not {size}", carrier.at, carrier.size)
        })?;
    }
    if let Asset::Archive(published) = published.asset {
        let format = |form: &Form| match form {
            Form::Archive { format, .. } => Some(*format),
            _ => None,
        };
        ensure(offer.carriers.iter().any(|c| format(&c.form) == Some(published)), || {
            format!("no carrier is a {published}: {:?}", offer.carriers)
        })?;
    }
    Ok(())
}

pub(super) async fn another_version_platform_or_program_is_absent(
    subject: &dyn Subject,
) -> Result<(), Wrong> {
    let published = one(subject, 2, 100);
    let stand = subject.stand(std::slice::from_ref(&published)).await?;
    let there = published.release;
    let other_platform = if there.platform == Platform::WindowsX86_64 {
        Platform::LinuxX86_64
    } else {
        Platform::WindowsX86_64
    };
    let absent = [
        there.line().version("0.2.1".parse()?),
        there.line().version("0.2.0-rc.1".parse()?),
        Line { platform: other_platform, ..there.line() }.at(there.slot.clone()),
        Line { binary: "loom-bridge".parse()?, ..there.line() }.at(there.slot.clone()),
        Line { binary: "server".parse()?, ..there.line() }.at(there.slot.clone()),
    ];
    for release in absent {
        let found = stand.source().find(&release).await?;
        ensure(found.is_none(), || format!("{release} was found, where only {there} is"))?;
    }
    Ok(())
}

pub(super) async fn nothing_published_is_absence_not_an_error(
    subject: &dyn Subject,
) -> Result<(), Wrong> {
    let stand = subject.stand(&[]).await?;
    let found = stand.source().find(&one(subject, 3, 1).release).await?;
    ensure(found.is_none(), || "something was found where nothing is".to_owned())
}

pub(super) async fn a_development_build_is_no_release(subject: &dyn Subject) -> Result<(), Wrong> {
    let published = Published::dev(noise(4, 100));
    let stand = subject.stand(std::slice::from_ref(&published)).await?;
    let offer = offered(stand.source(), &published).await?;
    ensure(offer.build.is_some(), || "nothing is said of the build".to_owned())?;
    for version in ["0.2.0", "0.0.0", "0.0.0-dev"] {
        let release = published.release.line().version(version.parse()?);
        let found = stand.source().find(&release).await?;
        ensure(found.is_none(), || format!("a development build was offered as {version}"))?;
    }
    Ok(())
}

pub(super) async fn a_mirror_has_no_development_build(subject: &dyn Subject) -> Result<(), Wrong> {
    let stand = subject.stand(&[Published::archive("0.2.0", "x")]).await?;
    let found = stand.source().find(&line().at(Slot::Dev)).await?;
    ensure(found.is_none(), || "a development build was offered".to_owned())
}

pub(super) async fn published_digests_are_claimed(subject: &dyn Subject) -> Result<(), Wrong> {
    let published = Published::archive("0.2.0", noise(5, 700));
    let stand = subject.stand(std::slice::from_ref(&published)).await?;
    claims(&offered(stand.source(), &published).await?, Digest::of(&published.bytes))
}

pub(super) async fn wrong_digests_are_handed_on(subject: &dyn Subject) -> Result<(), Wrong> {
    let other = Digest::of(b"something else");
    let mut published = Published::archive("0.2.0", noise(6, 700));
    published.checksum = Checksum::Wrong(other);
    let stand = subject.stand(std::slice::from_ref(&published)).await?;
    claims(&offered(stand.source(), &published).await?, other)
}

fn claims(offer: &Offer, digest: Digest) -> Result<(), Wrong> {
    let archive = offer.carriers.iter().find(|c| matches!(c.form, Form::Archive { .. }));
    let claims: &[Claim] = archive.map(|c| c.claims.as_slice()).unwrap_or_default();
    ensure(!claims.is_empty(), || "no digest is claimed for the archive".to_owned())?;
    ensure(claims.iter().all(|c| c.digest == digest), || {
        format!("{digest} was published, claimed is {claims:?}")
    })
}

pub(super) async fn without_a_checksum_nothing_false_is_claimed(
    subject: &dyn Subject,
) -> Result<(), Wrong> {
    let mut published = Published::archive("0.2.0", noise(7, 700));
    published.checksum = Checksum::Missing;
    let neighbour = Published::archive("0.3.0", noise(8, 700));
    let stand = subject.stand(&[published.clone(), neighbour]).await?;
    let offer = offered(stand.source(), &published).await?;
    let right = Digest::of(&published.bytes);
    let false_claim = offer.carriers.iter().find(|c| {
        matches!(c.form, Form::Archive { .. }) && c.claims.iter().any(|c| c.digest != right)
    });
    ensure(false_claim.is_none(), || format!("claimed without a checksum: {false_claim:?}"))
}

pub(super) async fn a_bare_program_is_found(subject: &dyn Subject) -> Result<(), Wrong> {
    for platform in [Platform::LinuxX86_64, Platform::WindowsX86_64] {
        let mut published = Published::archive("0.2.0", noise(9, 900));
        published.asset = Asset::Bare;
        published.release.platform = platform;
        let stand = subject.stand(std::slice::from_ref(&published)).await?;
        let at = pointer(stand.source(), &published).await?;
        let bytes = whole(stand.source(), &at).await?;
        ensure(bytes == published.bytes, || format!("{platform}: {at} holds other bytes"))?;
    }
    Ok(())
}

pub(super) async fn one_platform_is_not_taken_for_another(
    subject: &dyn Subject,
) -> Result<(), Wrong> {
    let all: Vec<Published> = (Platform::ALL.into_iter().zip(10..))
        .map(|(platform, seed)| {
            let mut published = Published::archive("0.2.0", noise(seed, 300));
            published.release.platform = platform;
            published
        })
        .collect();
    let stand = subject.stand(&all).await?;
    for published in &all {
        let at = pointer(stand.source(), published).await?;
        let bytes = whole(stand.source(), &at).await?;
        ensure(bytes == published.bytes, || format!("{}: {at} is another's", published.release))?;
    }
    Ok(())
}
