//! The storage: signed URLs, ranges, entity tags. A request with `Authorization` besides the signature is refused.

use loom_base::LockExt as _;
use loom_source::Digest;

use super::{
    fault::GithubFault,
    http::{RawRequest, RawResponse},
    repository::GithubAsset,
    state::ServerState,
};

const SIGNATURE: &str = "X-Amz-Signature=s1gnature";

/// The signed URL of an asset's bytes.
pub(super) fn signed_url(state: &ServerState, asset: &GithubAsset) -> String {
    format!("{}/objects/{}?{SIGNATURE}", state.storage, asset.id)
}

pub(super) fn respond(
    state: &ServerState,
    request: &RawRequest,
    fault: Option<&GithubFault>,
) -> RawResponse {
    let refused = |status, message: &str| {
        RawResponse::new(
            status,
            "application/xml",
            format!("<Error><Message>{message}</Message></Error>"),
        )
    };
    if request.headers.contains_key("authorization") {
        return refused(400, "Only one auth mechanism allowed");
    }
    if !request.target.ends_with(SIGNATURE) {
        return refused(403, "AccessDenied");
    }
    let id = request.parts().last().and_then(|part| part.parse().ok());
    let repository = state.repository.locked();
    let Some(asset) = id.and_then(|id| repository.asset(id)) else {
        return refused(404, "NoSuchKey");
    };
    let (bytes, total) = (&asset.bytes, asset.bytes.len());
    let etag = format!("\"{}\"", Digest::of(bytes).short());
    let unchanged = request.header("if-range").is_none_or(|known| known == etag);
    let from = request
        .header("range")
        .filter(|_| unchanged && !matches!(fault, Some(GithubFault::IgnoreRange)));
    let from = from.and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok());
    let response = |status, body: &[u8]| {
        let response = RawResponse::new(status, "application/octet-stream", body);
        response.with("ETag", etag.clone()).with("Accept-Ranges", "bytes")
    };
    match from {
        None => response(200, bytes),
        Some(from) if from >= total || matches!(fault, Some(GithubFault::NoRange)) => {
            refused(416, "InvalidRange").with("Content-Range", format!("bytes */{total}"))
        }
        Some(from) => response(206, &bytes[from..])
            .with("Content-Range", format!("bytes {from}-{}/{total}", total - 1)),
    }
}
