//! [`MirrorFiles`]: reads the files of a mirror by their paths.

use bytes::{Bytes, BytesMut};
use futures::StreamExt as _;
use loom_source::{
    AssetRef, Download, Index, RangeRequest, Source, SourceError, SourceErrorKind,
    record::DocumentError,
};

use super::MirrorTaskError;

/// The largest index that is read, in bytes: as for sources.
const MAX_INDEX: usize = 32 * 1024 * 1024;

/// The files of a mirror, read by their paths below its root. Nothing is verified.
#[derive(Debug, Clone, Copy)]
pub struct MirrorFiles<'a> {
    source: &'a dyn Source,
}

impl<'a> MirrorFiles<'a> {
    /// The files of `source`, which is a mirror.
    pub fn of(source: &'a dyn Source) -> Self {
        Self { source }
    }

    /// The mirror in messages.
    pub fn name(&self) -> String {
        self.source.to_string()
    }

    /// A file, from its first byte; `None` where it does not exist.
    ///
    /// # Errors
    /// Where the mirror cannot answer.
    pub async fn open(&self, path: &str) -> Result<Option<Download>, SourceError> {
        match self.source.open(&AssetRef::new(path), &RangeRequest::whole()).await {
            Ok(download) => Ok(Some(download)),
            Err(error) if error.kind == SourceErrorKind::Gone => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The bytes of a file of at most `max_bytes` bytes; `None` where it does not exist.
    ///
    /// # Errors
    /// Where the mirror cannot answer, and where the file is larger.
    pub async fn read(&self, path: &str, max_bytes: usize) -> Result<Option<Bytes>, SourceError> {
        let Some(mut download) = self.open(path).await? else { return Ok(None) };
        let mut bytes = BytesMut::new();
        while let Some(piece) = download.body.next().await {
            let piece = piece?;
            if bytes.len() + piece.len() > max_bytes {
                let why = format!("it has more than {max_bytes} bytes");
                return Err(SourceError::malformed(self.location(path), why));
            }
            bytes.extend_from_slice(&piece);
        }
        Ok(Some(bytes.freeze()))
    }

    /// The index; `None` where the mirror has none.
    ///
    /// # Errors
    /// Where the index cannot be read.
    pub async fn index(&self) -> Result<Option<Index>, MirrorTaskError> {
        let Some(bytes) = self.read(Index::PATH, MAX_INDEX).await? else { return Ok(None) };
        let document = |source: DocumentError| MirrorTaskError::Document {
            at: self.location(Index::PATH),
            source,
        };
        Index::parse(&bytes).map(Some).map_err(document)
    }

    /// A file of the mirror in messages.
    pub fn location(&self, path: &str) -> String {
        format!("{}/{path}", self.name().trim_end_matches('/'))
    }
}
