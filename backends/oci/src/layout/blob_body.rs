//! The bytes of a blob, in pieces.

use std::io::{self, Read as _, Seek as _, SeekFrom};

use bytes::Bytes;
use futures::{StreamExt as _, stream};
use loom_source::{Body, SourceError, SourceErrorKind};

use super::layout_files::FileSpan;

/// The size of the pieces, in bytes.
const PIECE: u64 = 256 * 1024;

/// The bytes of a span from `start`, read on the threads for blocking operations. `location` is the path in errors.
pub(super) fn body(span: FileSpan, start: u64, location: String) -> Body {
    let reader = SpanReader { span, next: start, start, location };
    stream::try_unfold(reader, |mut reader| async move {
        if reader.next >= reader.span.length {
            return Ok(None);
        }
        let location = reader.location.clone();
        let read = tokio::task::spawn_blocking(move || (reader.piece(), reader)).await;
        let (piece, reader) = read.map_err(|error| SourceError::read(location, error))?;
        Ok(Some((piece?, reader)))
    })
    .boxed()
}

/// A span that is being read.
struct SpanReader {
    span: FileSpan,
    /// The offset of the next piece in the span.
    next: u64,
    start: u64,
    location: String,
}

impl SpanReader {
    fn piece(&mut self) -> Result<Bytes, SourceError> {
        let length = PIECE.min(self.span.length - self.next);
        let piece = self.read(length);
        let piece = piece.map_err(|error| SourceError::read(self.location.clone(), error))?;
        self.next += piece.len() as u64;
        if (piece.len() as u64) < length {
            let kind = SourceErrorKind::Interrupted { received: self.next - self.start };
            return Err(SourceError::new(self.location.clone(), kind));
        }
        Ok(piece.into())
    }

    fn read(&mut self, length: u64) -> io::Result<Vec<u8>> {
        self.span.file.seek(SeekFrom::Start(self.span.offset + self.next))?;
        let mut piece = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
        (&mut self.span.file).take(length).read_to_end(&mut piece)?;
        Ok(piece)
    }
}
