//! Reads one signed document, of limited size and in limited time.

use std::time::Duration;

use futures::StreamExt as _;
use loom_source::{
    AssetRef, RangeRequest, Source, SourceError, SourceErrorKind, TransferPhase, process_clock,
    record::SignedKind,
};

/// How many times longer an index may take than a small document.
const INDEX_FACTOR: u32 = 6;

/// The bytes of a document; `None` where the mirror does not have it. `timeout` is the source's, zero for none.
///
/// # Errors
/// Where the source cannot answer, the document is too long, or it takes too long.
pub async fn read_signed_document(
    source: &dyn Source,
    kind: SignedKind,
    path: &str,
    timeout: Duration,
) -> Result<Option<Vec<u8>>, SourceError> {
    let limit = if kind == SignedKind::Index { timeout * INDEX_FACTOR } else { timeout };
    let reading = read(source, path, kind.max_bytes());
    if limit.is_zero() {
        return reading.await;
    }
    // A document that never ends must not be waited for, however fast it arrives.
    process_clock::within(limit, reading).await.unwrap_or_else(|| {
        let kind = SourceErrorKind::Stalled { phase: TransferPhase::Document, timeout: limit };
        Err(SourceError::new(location(source, path), kind))
    })
}

async fn read(
    source: &dyn Source,
    path: &str,
    max_bytes: usize,
) -> Result<Option<Vec<u8>>, SourceError> {
    let too_long = || {
        let reason = format!("it has more than {max_bytes} bytes");
        SourceError::malformed(location(source, path), reason)
    };
    let download = match source.open(&AssetRef::new(path), &RangeRequest::whole()).await {
        Ok(download) => download,
        Err(error) if is_absence(&error.kind) => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    let mut body = download.body;
    while let Some(piece) = body.next().await {
        let piece = piece?;
        if bytes.len() + piece.len() > max_bytes {
            return Err(too_long());
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(Some(bytes))
}

/// Whether the error means that there is no such file. A bucket refuses access to files that it does not have.
fn is_absence(kind: &SourceErrorKind) -> bool {
    *kind == SourceErrorKind::Gone || kind.may_be_absent()
}

/// The document as errors name it.
pub(super) fn location(source: &dyn Source, path: &str) -> String {
    format!("{}/{path}", source.to_string().trim_end_matches('/'))
}
