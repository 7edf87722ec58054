//! Reads the small bodies of responses to calls.

use bytes::{Bytes, BytesMut};
use futures::StreamExt as _;
use loom_http::{CallResponse, SmallResponse};
use loom_source::SourceError;

/// The largest body that is read, in bytes.
const MAX_BODY: usize = 256 * 1024;

/// The body of a response.
///
/// # Errors
/// Where it cannot be read, or is larger than a small one.
pub(super) async fn read(at: &str, response: CallResponse) -> Result<Bytes, SourceError> {
    let mut body = response.body;
    let mut all = BytesMut::new();
    while let Some(piece) = body.next().await {
        let piece = piece?;
        if all.len() + piece.len() > MAX_BODY {
            let why = format!("it has more than {MAX_BODY} bytes");
            return Err(SourceError::malformed(at, why));
        }
        all.extend_from_slice(&piece);
    }
    Ok(all.freeze())
}

/// The response with its body.
pub(super) async fn small(at: &str, response: CallResponse) -> Result<SmallResponse, SourceError> {
    let (status, headers) = (response.status.as_u16(), response.headers.clone());
    let body = read(at, response).await?;
    Ok(SmallResponse { status, headers, body, location: None })
}
