//! The bytes of a file, in pieces.

use std::{
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
    ops::Range,
};

use futures::{TryStreamExt as _, stream};
use http_body_util::{BodyExt as _, Empty, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::{Bytes, Frame};

/// The size of the pieces, in bytes.
const PIECE: u64 = 256 * 1024;

/// The body of a response.
pub(super) type ResponseBody = UnsyncBoxBody<Bytes, io::Error>;

/// No bytes.
pub(super) fn empty() -> ResponseBody {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}

/// These bytes.
pub(super) fn bytes(bytes: impl Into<Bytes>) -> ResponseBody {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

/// The bytes of `part` of a file, read on the threads for blocking operations. A file that has become shorter ends the
/// connection: the client sees that bytes are missing.
pub(super) fn part_of(file: File, part: Range<u64>) -> ResponseBody {
    let pieces = stream::try_unfold((file, part), |(mut file, part)| async move {
        if part.is_empty() {
            return Ok::<_, io::Error>(None);
        }
        let end = part.end.min(part.start + PIECE);
        let read = move || read_part(&mut file, part.start..end).map(|piece| (piece, file));
        let (piece, file) = tokio::task::spawn_blocking(read).await.map_err(io::Error::other)??;
        Ok(Some((piece, (file, end..part.end))))
    });
    StreamBody::new(pieces.map_ok(|piece: Bytes| Frame::data(piece))).boxed_unsync()
}

fn read_part(file: &mut File, part: Range<u64>) -> io::Result<Bytes> {
    file.seek(SeekFrom::Start(part.start))?;
    let length = part.end - part.start;
    let mut piece = Vec::with_capacity(usize::try_from(length).map_err(io::Error::other)?);
    file.take(length).read_to_end(&mut piece)?;
    if piece.len() as u64 == length {
        Ok(piece.into())
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}
