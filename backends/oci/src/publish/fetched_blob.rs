//! Blobs of a registry in files of this machine.

use std::{fs::File, io::Write as _, path::Path};

use futures::StreamExt as _;
use loom_source::{Digest, RangeRequest, SourceError, SourceErrorKind};
use sha2::{Digest as _, Sha256};

use crate::{
    image_store::{BlobContent, ImageBlob, ImageStore},
    image_write_error::ImageWriteError,
};

/// A blob in a file of the folder, whose name is its digest.
pub(super) async fn fetched(
    store: &dyn ImageStore,
    repository: &str,
    digest: Digest,
    size: u64,
    folder: &Path,
) -> Result<ImageBlob, ImageWriteError> {
    let at = || store.location(repository, &format!("sha256:{digest}"));
    let blob = store.blob(repository, &digest, &RangeRequest::whole()).await?;
    let mut body = blob.ok_or_else(|| SourceError::new(at(), SourceErrorKind::Gone))?.body;
    let path = folder.join(digest.to_string());
    let unwritten = |source| ImageWriteError::Write { path: path.display().to_string(), source };
    let mut file = File::create(&path).map_err(unwritten)?;
    let (mut hasher, mut count) = (Sha256::new(), 0_u64);
    while let Some(piece) = body.next().await {
        let piece = piece?;
        count += piece.len() as u64;
        if count > size {
            let why = format!("it has more than the {size} bytes that its manifest names");
            return Err(SourceError::damaged(at(), why).into());
        }
        hasher.update(&piece);
        file.write_all(&piece).map_err(unwritten)?;
    }
    let got = Digest::from_hasher(hasher);
    if got != digest || count != size {
        let why = format!(
            "expected {size} bytes with the digest sha256:{digest}, got {count} with sha256:{got}"
        );
        return Err(SourceError::damaged(at(), why).into());
    }
    Ok(ImageBlob { digest, size, content: BlobContent::File(path) })
}
