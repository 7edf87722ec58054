//! The body of a file of this machine.

use std::{
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
};

use bytes::Bytes;
use futures::{StreamExt as _, stream};
use loom_source::{Body, SourceError, SourceErrorKind};

/// The size of the pieces, in bytes. `object_store` itself streams files in pieces of 8 KiB, with a change of threads
/// for each, which is several times slower.
const PIECE: u64 = 256 * 1024;

/// The bytes of `file` from offset `start` to `end`, read on the threads for blocking operations. `location` is the path
/// in errors.
pub(crate) fn body(file: File, location: String, start: u64, end: u64) -> Body {
    let reader = FileReader { file, location, seeked: false, start, next: start, end };
    stream::try_unfold(reader, |mut reader| async move {
        if reader.next >= reader.end {
            return Ok(None);
        }
        let location = reader.location.clone();
        let read = tokio::task::spawn_blocking(move || (reader.piece(), reader)).await;
        let (piece, reader) = read.map_err(|e| SourceError::read(location, e))?;
        Ok(Some((piece?, reader)))
    })
    .boxed()
}

/// A file that is being read from `start` to `end`.
struct FileReader {
    file: File,
    location: String,
    seeked: bool,
    start: u64,
    /// The offset of the next piece.
    next: u64,
    end: u64,
}

impl FileReader {
    fn piece(&mut self) -> Result<Bytes, SourceError> {
        let length = PIECE.min(self.end - self.next);
        let piece = self.read(length);
        let piece = piece.map_err(|source| SourceError::read(self.location.clone(), source))?;
        self.next += piece.len() as u64;
        if (piece.len() as u64) < length {
            let kind = SourceErrorKind::Interrupted { received: self.next - self.start };
            return Err(SourceError::new(self.location.clone(), kind));
        }
        Ok(piece.into())
    }

    fn read(&mut self, length: u64) -> io::Result<Vec<u8>> {
        if !self.seeked && self.start > 0 {
            self.file.seek(SeekFrom::Start(self.start))?;
        }
        self.seeked = true;
        let mut piece = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
        (&mut self.file).take(length).read_to_end(&mut piece)?;
        Ok(piece)
    }
}
