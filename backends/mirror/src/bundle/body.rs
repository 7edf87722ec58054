//! The bytes of one file of a bundle, in pieces.

use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt as _, stream};
use loom_source::{Body, Digest, SourceError};
use sha2::{Digest as _, Sha256};

use super::opened::{BundleError, OpenBundle, check_digest};

/// The size of the pieces, in bytes.
const PIECE: u64 = 256 * 1024;

/// The bytes of the file at this place in the manifest, from `from`, read on the threads for blocking operations. A
/// body of the whole file ends with an error where its digest is not the one of the manifest; the last piece is kept
/// back until then. `location` is the path in errors.
pub(crate) fn body(bundle: Arc<OpenBundle>, at: usize, from: u64, location: String) -> Body {
    let hasher = (from == 0).then(Sha256::new);
    let reader = BundleReader { bundle, at, next: from, hasher, location };
    stream::try_unfold(reader, |mut reader| async move {
        if reader.next >= reader.size() {
            return Ok(None);
        }
        let location = reader.location.clone();
        let read = tokio::task::spawn_blocking(move || (reader.piece(), reader)).await;
        let (piece, reader) = read.map_err(|e| SourceError::read(location, e))?;
        let piece = piece.map_err(|error| error.at(reader.location.clone()))?;
        Ok(Some((piece, reader)))
    })
    .boxed()
}

/// A file that is being read.
struct BundleReader {
    bundle: Arc<OpenBundle>,
    /// The place of the file in the manifest.
    at: usize,
    /// The offset of the next piece in the file.
    next: u64,
    /// The digest so far; `None` where the file is not read from its first byte.
    hasher: Option<Sha256>,
    location: String,
}

impl BundleReader {
    fn size(&self) -> u64 {
        self.bundle.manifest().files[self.at].size
    }

    fn piece(&mut self) -> Result<Bytes, BundleError> {
        let length = PIECE.min(self.size() - self.next);
        let mut piece = vec![0; usize::try_from(length).unwrap_or_default()];
        self.bundle.read_at(&mut piece, self.bundle.start(self.at) + self.next)?;
        self.next += length;
        if let Some(hasher) = &mut self.hasher {
            hasher.update(&piece);
        }
        if self.next == self.size()
            && let Some(hasher) = self.hasher.take()
        {
            let file = &self.bundle.manifest().files[self.at];
            check_digest(file, Digest::from_hasher(hasher))?;
        }
        Ok(piece.into())
    }
}
