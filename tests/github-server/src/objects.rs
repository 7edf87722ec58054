//! The storage: signed addresses, ranges, entity tags; `Authorization` beside the signature is refused.

use loom_source::Digest;

use crate::{
    Fault,
    server::{Shared, lock},
    shelf::Asset,
    wire::{Answer, Request},
};

const SIGNATURE: &str = "X-Amz-Signature=s1gnature";

/// Where an asset's bytes are, for some minutes.
pub(crate) fn signed(shared: &Shared, asset: &Asset) -> String {
    format!("{}/objects/{}?{SIGNATURE}", shared.storage, asset.id)
}

pub(crate) fn answer(shared: &Shared, request: &Request, fault: Option<&Fault>) -> Answer {
    let refused = |status, why: &str| {
        Answer::new(status, "application/xml", format!("<Error><Message>{why}</Message></Error>"))
    };
    if request.headers.contains_key("authorization") {
        return refused(400, "Only one auth mechanism allowed");
    }
    if !request.target.ends_with(SIGNATURE) {
        return refused(403, "AccessDenied");
    }
    let id = request.parts().last().and_then(|part| part.parse().ok());
    let shelf = lock(&shared.shelf);
    let Some(asset) = id.and_then(|id| shelf.asset(id)) else { return refused(404, "NoSuchKey") };
    let (bytes, total) = (&asset.bytes, asset.bytes.len());
    let etag = format!("\"{}\"", Digest::of(bytes).short());
    let holds = request.header("if-range").is_none_or(|held| held == etag);
    let from =
        request.header("range").filter(|_| holds && !matches!(fault, Some(Fault::IgnoreRange)));
    let from = from.and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok());
    let answer = |status, body: &[u8]| {
        let answer = Answer::new(status, "application/octet-stream", body);
        answer.with("ETag", etag.clone()).with("Accept-Ranges", "bytes")
    };
    match from {
        None => answer(200, bytes),
        Some(from) if from >= total || matches!(fault, Some(Fault::NoRange)) => {
            refused(416, "InvalidRange").with("Content-Range", format!("bytes */{total}"))
        }
        Some(from) => answer(206, &bytes[from..])
            .with("Content-Range", format!("bytes {from}-{}/{total}", total - 1)),
    }
}
