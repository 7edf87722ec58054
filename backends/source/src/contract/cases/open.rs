//! The cases of [`Source::open`](crate::Source::open).

use futures::{StreamExt as _, future};

use crate::{
    Advice, AssetRef, RangeRequest, Source, Validator,
    contract::{
        check::{asset_of, check_download, collect, noise, read_whole, sample},
        failure::{Failure, ensure, failure},
        fixture::{RunningFixture, SourceFixture},
        published::PublishedRelease,
    },
};

/// A published release, the source over it, and the asset with its bytes.
struct OneAsset {
    published: PublishedRelease,
    running: Box<dyn RunningFixture>,
    asset: AssetRef,
}

impl OneAsset {
    async fn publish(
        fixture: &dyn SourceFixture,
        seed: u64,
        length: usize,
    ) -> Result<Self, Failure> {
        let published = sample(fixture, seed, length);
        let running = fixture.start(std::slice::from_ref(&published)).await?;
        let asset = asset_of(running.source(), &published).await?;
        Ok(Self { published, running, asset })
    }

    /// Opens the asset and checks the bytes; returns the offset of the first one.
    async fn check(&self, from: u64, validator: Option<Validator>) -> Result<u64, Failure> {
        let range = RangeRequest { from, validator };
        let download = self.running.source().open(&self.asset, &range).await?;
        check_download(download, from, &self.published.bytes).await
    }

    async fn validator(&self) -> Result<Option<Validator>, Failure> {
        let download = self.running.source().open(&self.asset, &RangeRequest::whole()).await?;
        Ok(download.validator)
    }
}

pub(super) async fn a_file_arrives_as_published(
    fixture: &dyn SourceFixture,
) -> Result<(), Failure> {
    OneAsset::publish(fixture, 20, 100_001).await?.check(0, None).await.map(|_| ())
}

pub(super) async fn an_empty_file_arrives(fixture: &dyn SourceFixture) -> Result<(), Failure> {
    OneAsset::publish(fixture, 21, 0).await?.check(0, None).await.map(|_| ())
}

pub(super) async fn a_large_file_arrives_in_pieces(
    fixture: &dyn SourceFixture,
) -> Result<(), Failure> {
    const LARGE: usize = 8 * 1024 * 1024 + 3;
    let one = OneAsset::publish(fixture, 22, LARGE).await?;
    let download = one.running.source().open(&one.asset, &RangeRequest::whole()).await?;
    let (bytes, pieces) = collect(download.body).await?;
    ensure(bytes == one.published.bytes, || {
        format!("expected {LARGE} bytes as published, got {} others", bytes.len())
    })?;
    ensure(pieces > 1, || "8 MiB arrived as one piece: memory grows with the file".to_owned())
}

pub(super) async fn an_interrupted_transfer_is_resumed(
    fixture: &dyn SourceFixture,
) -> Result<(), Failure> {
    let one = OneAsset::publish(fixture, 23, 100_003).await?;
    let validator = one.validator().await?;
    for from in [1, 4_096, 100_002] {
        let start = one.check(from, validator.clone()).await?;
        ensure(start == from, || format!("requested from {from}, got from {start}"))?;
    }
    Ok(())
}

pub(super) async fn any_offset_has_the_right_bytes(
    fixture: &dyn SourceFixture,
) -> Result<(), Failure> {
    let one = OneAsset::publish(fixture, 24, 10_000).await?;
    for from in [0, 1, 9_999] {
        one.check(from, None).await?;
    }
    Ok(())
}

pub(super) async fn replaced_bytes_start_from_zero(
    fixture: &dyn SourceFixture,
) -> Result<(), Failure> {
    let mut one = OneAsset::publish(fixture, 25, 10_000).await?;
    let validator = one.validator().await?;
    ensure(validator.is_some(), || "the download has no validator".to_owned())?;
    one.published = sample(fixture, 26, 10_000);
    one.running.replace(std::slice::from_ref(&one.published)).await?;
    one.asset = asset_of(one.running.source(), &one.published).await?;
    let start = one.check(5_000, validator).await?;
    ensure(start == 0, || "a transfer of other bytes was resumed".to_owned())
}

pub(super) async fn an_offset_at_the_end_has_no_bytes(
    fixture: &dyn SourceFixture,
) -> Result<(), Failure> {
    let one = OneAsset::publish(fixture, 27, 5_000).await?;
    let validator = one.validator().await?;
    one.check(5_000, validator).await.map(|_| ())
}

pub(super) async fn an_offset_beyond_the_end_starts_from_zero(
    fixture: &dyn SourceFixture,
) -> Result<(), Failure> {
    let one = OneAsset::publish(fixture, 28, 5_000).await?;
    let start = one.check(6_000, None).await?;
    ensure(start == 0, || "the transfer was resumed beyond the end".to_owned())
}

async fn check_refused(source: &dyn Source, asset: &str) -> Result<(), Failure> {
    match source.open(&AssetRef::new(asset), &RangeRequest::whole()).await {
        Ok(_) => Err(failure(format!("{asset:?} was opened"))),
        Err(error) => ensure(error.kind.advice() != Advice::Stop, || {
            format!("{asset:?}: the error stops the search in other sources: {error}")
        }),
    }
}

pub(super) async fn a_missing_asset_is_an_error(
    fixture: &dyn SourceFixture,
) -> Result<(), Failure> {
    let one = OneAsset::publish(fixture, 29, 100).await?;
    check_refused(one.running.source(), &format!("{}.missing", one.asset)).await
}

pub(super) async fn an_asset_outside_the_source_is_an_error(
    fixture: &dyn SourceFixture,
) -> Result<(), Failure> {
    let one = OneAsset::publish(fixture, 30, 100).await?;
    for outside in [
        "../../../../../../../../../../etc/passwd".to_owned(),
        format!("{}/../../../../../../../../../../../../../../etc/passwd", one.asset),
        "//etc/passwd".to_owned(),
    ] {
        check_refused(one.running.source(), &outside).await?;
    }
    Ok(())
}

pub(super) async fn asset_names_are_case_sensitive(
    fixture: &dyn SourceFixture,
) -> Result<(), Failure> {
    let one = OneAsset::publish(fixture, 31, 100).await?;
    check_refused(one.running.source(), &one.asset.as_str().to_ascii_uppercase()).await
}

pub(super) async fn concurrent_reads_are_independent(
    fixture: &dyn SourceFixture,
) -> Result<(), Failure> {
    let one = OneAsset::publish(fixture, 32, 300_000).await?;
    let reads = (0..8).map(|_| read_whole(one.running.source(), &one.asset));
    for bytes in future::try_join_all(reads).await? {
        ensure(bytes == one.published.bytes, || {
            "one of eight concurrent reads got other bytes".to_owned()
        })?;
    }
    Ok(())
}

pub(super) async fn a_dropped_body_has_no_effect(
    fixture: &dyn SourceFixture,
) -> Result<(), Failure> {
    let one = OneAsset::publish(fixture, 33, 3_000_000).await?;
    let source = one.running.source();
    for _ in 0..3 {
        let mut download = source.open(&one.asset, &RangeRequest::whole()).await?;
        let first = download.body.next().await.ok_or_else(|| failure("no bytes arrived"))??;
        ensure(one.published.bytes.starts_with(&first), || "the first piece is wrong".to_owned())?;
    }
    let bytes = read_whole(source, &one.asset).await?;
    ensure(bytes == noise(33, 3_000_000), || "after dropped bodies other bytes arrived".to_owned())
}
