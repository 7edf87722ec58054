//! [`file_body`]: the body of a file of this machine, or of a part of it.

use std::{
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
    ops::Range,
};

use bytes::Bytes;
use futures::{StreamExt as _, stream};

use crate::{Body, SourceError, SourceErrorKind};

/// The size of the pieces, in bytes. `object_store` and `tokio` stream files in pieces of a few KiB, with a change of threads
/// for each, which is several times slower.
const PIECE: u64 = 256 * 1024;

/// The bytes of a file in this range of offsets, read on the threads for blocking operations. `location` is the path in errors.
///
/// The stream fails with [`SourceErrorKind::Interrupted`] where the file ends before the range does.
///
/// # Panics
/// The stream has to be polled in a runtime of tokio.
pub fn file_body(file: File, range: Range<u64>, location: String) -> Body {
    let reader =
        FileReader { file, location, start: range.start, next: range.start, end: range.end };
    stream::try_unfold(reader, |mut reader| async move {
        if reader.next >= reader.end {
            return Ok(None);
        }
        let location = reader.location.clone();
        let read = tokio::task::spawn_blocking(move || (reader.piece(), reader)).await;
        let (piece, reader) = read.map_err(|error| SourceError::read(location, error))?;
        Ok(Some((piece?, reader)))
    })
    .boxed()
}

/// A file that is being read from `start` to `end`.
struct FileReader {
    file: File,
    location: String,
    start: u64,
    /// The offset of the next piece.
    next: u64,
    end: u64,
}

impl FileReader {
    fn piece(&mut self) -> Result<Bytes, SourceError> {
        let length = PIECE.min(self.end - self.next);
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
        self.file.seek(SeekFrom::Start(self.next))?;
        let mut piece = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
        (&mut self.file).take(length).read_to_end(&mut piece)?;
        Ok(piece)
    }
}

#[cfg(test)]
mod tests {
    use futures::TryStreamExt as _;

    use super::*;

    fn body(range: Range<u64>) -> Body {
        let folder = tempfile_with(&(0..=255).collect::<Vec<u8>>().repeat(2048));
        file_body(folder, range, "a file".to_owned())
    }

    fn tempfile_with(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        io::Write::write_all(&mut file, bytes).unwrap();
        file
    }

    #[tokio::test]
    async fn a_range_arrives_in_pieces() {
        for range in [0..524_288, 1..524_287, 300_000..300_010, 7..7] {
            let pieces: Vec<Bytes> = body(range.clone()).try_collect().await.unwrap();
            let bytes = pieces.concat();
            assert_eq!(bytes.len() as u64, range.end - range.start);
            assert!(bytes.iter().zip(range).all(|(byte, offset)| u64::from(*byte) == offset % 256));
        }
    }

    #[tokio::test]
    async fn a_file_that_is_too_short_is_an_interruption() {
        let error = body(524_000..524_300).try_collect::<Vec<_>>().await.unwrap_err();
        assert!(matches!(error.kind, SourceErrorKind::Interrupted { received: 288 }), "{error:?}");
    }
}
