//! What `open` promises.

use futures::{StreamExt as _, future};

use super::one;
use crate::{
    Advice, AssetRef, RangeRequest, Source,
    contract::{
        Failure, PublishedRelease, RunningFixture, SourceFixture, collect,
        expect::{ensure, noise, pointer, rest, whole, wrong},
    },
};

/// One release of `length` bytes, published, and the pointer to its bytes.
async fn put(
    subject: &dyn SourceFixture,
    seed: u64,
    length: usize,
) -> Result<(PublishedRelease, Box<dyn RunningFixture>, AssetRef), Failure> {
    let published = one(subject, seed, length);
    let stand = subject.start(std::slice::from_ref(&published)).await?;
    let at = pointer(stand.source(), &published).await?;
    Ok((published, stand, at))
}

pub(super) async fn the_whole_arrives_as_published(
    subject: &dyn SourceFixture,
) -> Result<(), Failure> {
    let (published, stand, at) = put(subject, 20, 100_001).await?;
    let opened = stand.source().open(&at, &RangeRequest::whole()).await?;
    rest(opened, 0, &published.bytes).await.map(|_| ())
}

pub(super) async fn an_empty_file_arrives(subject: &dyn SourceFixture) -> Result<(), Failure> {
    let (published, stand, at) = put(subject, 21, 0).await?;
    let opened = stand.source().open(&at, &RangeRequest::whole()).await?;
    rest(opened, 0, &published.bytes).await.map(|_| ())
}

pub(super) async fn a_big_body_arrives_in_pieces(
    subject: &dyn SourceFixture,
) -> Result<(), Failure> {
    const BIG: usize = 8 * 1024 * 1024 + 3;
    let (published, stand, at) = put(subject, 22, BIG).await?;
    let opened = stand.source().open(&at, &RangeRequest::whole()).await?;
    let (bytes, pieces) = collect(opened.body).await?;
    ensure(bytes == published.bytes, || format!("{} bytes, not the ones published", bytes.len()))?;
    ensure(pieces > 1, || "8 MiB came as one piece: memory grows with the file".to_owned())
}

pub(super) async fn a_transfer_continues_where_it_broke_off(
    subject: &dyn SourceFixture,
) -> Result<(), Failure> {
    let (published, stand, at) = put(subject, 23, 100_003).await?;
    let validator = stand.source().open(&at, &RangeRequest::whole()).await?.validator;
    for from in [1, 4_096, 100_002] {
        let resume = RangeRequest { from, validator: validator.clone() };
        let opened = stand.source().open(&at, &resume).await?;
        let start = rest(opened, from, &published.bytes).await?;
        ensure(start == from, || format!("asked from {from}, began at {start} again"))?;
    }
    Ok(())
}

pub(super) async fn any_offset_gets_the_right_bytes(
    subject: &dyn SourceFixture,
) -> Result<(), Failure> {
    let (published, stand, at) = put(subject, 24, 10_000).await?;
    for from in [0, 1, 9_999] {
        let opened = stand.source().open(&at, &RangeRequest { from, validator: None }).await?;
        rest(opened, from, &published.bytes).await?;
    }
    Ok(())
}

pub(super) async fn replaced_bytes_start_again_from_zero(
    subject: &dyn SourceFixture,
) -> Result<(), Failure> {
    let (_, mut stand, at) = put(subject, 25, 10_000).await?;
    let validator = stand.source().open(&at, &RangeRequest::whole()).await?.validator;
    ensure(validator.is_some(), || "no validator is given".to_owned())?;
    let other = one(subject, 26, 10_000);
    stand.replace(std::slice::from_ref(&other)).await?;
    let at = pointer(stand.source(), &other).await?;
    let opened = stand.source().open(&at, &RangeRequest { from: 5_000, validator }).await?;
    let start = rest(opened, 5_000, &other.bytes).await?;
    ensure(start == 0, || "the rest of other bytes was offered as the rest of these".to_owned())
}

pub(super) async fn nothing_is_left_at_the_end(subject: &dyn SourceFixture) -> Result<(), Failure> {
    let (published, stand, at) = put(subject, 27, 5_000).await?;
    let validator = stand.source().open(&at, &RangeRequest::whole()).await?.validator;
    let opened = stand.source().open(&at, &RangeRequest { from: 5_000, validator }).await?;
    rest(opened, 5_000, &published.bytes).await.map(|_| ())
}

pub(super) async fn an_offset_beyond_the_end_starts_again(
    subject: &dyn SourceFixture,
) -> Result<(), Failure> {
    let (published, stand, at) = put(subject, 28, 5_000).await?;
    let opened = stand.source().open(&at, &RangeRequest { from: 6_000, validator: None }).await?;
    let start = rest(opened, 6_000, &published.bytes).await?;
    ensure(start == 0, || "it continues beyond the end".to_owned())
}

async fn refused(source: &dyn Source, at: &str) -> Result<(), Failure> {
    match source.open(&AssetRef::new(at), &RangeRequest::whole()).await {
        Ok(_) => Err(wrong(format!("{at:?} was opened"))),
        Err(e) => ensure(e.kind.advice() != Advice::Stop, || {
            format!("{at:?}: no other source may be asked: {e}")
        }),
    }
}

pub(super) async fn a_missing_pointer_is_an_error(
    subject: &dyn SourceFixture,
) -> Result<(), Failure> {
    let (_, stand, at) = put(subject, 29, 100).await?;
    refused(stand.source(), &format!("{at}.missing")).await
}

pub(super) async fn a_pointer_cannot_leave_the_source(
    subject: &dyn SourceFixture,
) -> Result<(), Failure> {
    let (_, stand, at) = put(subject, 30, 100).await?;
    for outside in [
        "../../../../../../../../../../etc/passwd".to_owned(),
        format!("{at}/../../../../../../../../../../../../../../etc/passwd"),
        "//etc/passwd".to_owned(),
    ] {
        refused(stand.source(), &outside).await?;
    }
    Ok(())
}

pub(super) async fn names_differ_by_case(subject: &dyn SourceFixture) -> Result<(), Failure> {
    let (_, stand, at) = put(subject, 31, 100).await?;
    refused(stand.source(), &at.as_str().to_ascii_uppercase()).await
}

pub(super) async fn many_read_at_once(subject: &dyn SourceFixture) -> Result<(), Failure> {
    let (published, stand, at) = put(subject, 32, 300_000).await?;
    let reads = (0..8).map(|_| whole(stand.source(), &at));
    for bytes in future::try_join_all(reads).await? {
        ensure(bytes == published.bytes, || "one of eight readers got other bytes".to_owned())?;
    }
    Ok(())
}

pub(super) async fn a_dropped_body_harms_nobody(
    subject: &dyn SourceFixture,
) -> Result<(), Failure> {
    let published = one(subject, 33, 3_000_000);
    let stand = subject.start(std::slice::from_ref(&published)).await?;
    let at = pointer(stand.source(), &published).await?;
    for _ in 0..3 {
        let mut opened = stand.source().open(&at, &RangeRequest::whole()).await?;
        let first = opened.body.next().await.ok_or_else(|| wrong("no bytes"))??;
        ensure(published.bytes.starts_with(&first), || "the first piece is wrong".to_owned())?;
    }
    let bytes = whole(stand.source(), &at).await?;
    ensure(bytes == noise(33, 3_000_000), || "after dropped bodies other bytes came".to_owned())
}
