//! Bounded pipes between the threads of a transfer.
//!
//! A pipe tells its reader an end from an abort: only what was closed on purpose reads as complete.

use std::{
    io::{self, BufRead, Read},
    sync::mpsc::{Receiver, SyncSender, sync_channel},
};

use bytes::Bytes;

enum Piece {
    Bytes(Bytes),
    End,
}

/// The writing end.
pub(super) struct PipeWriter(SyncSender<Piece>);

/// The reading end.
pub(super) struct PipeReader {
    pieces: Receiver<Piece>,
    current: Bytes,
    ended: bool,
}

/// A pipe that holds up to `depth` pieces.
pub(super) fn pipe(depth: usize) -> (PipeWriter, PipeReader) {
    let (sender, pieces) = sync_channel(depth);
    (PipeWriter(sender), PipeReader { pieces, current: Bytes::new(), ended: false })
}

impl PipeWriter {
    /// Hands on a piece; `false` where nobody reads any more.
    pub(super) fn send(&self, bytes: Bytes) -> bool {
        self.0.send(Piece::Bytes(bytes)).is_ok()
    }

    /// Says that all has been sent. A writer dropped without this makes the reader fail.
    pub(super) fn close(self) {
        // A reader that is gone has its own reason to tell.
        let _ = self.0.send(Piece::End);
    }
}

impl BufRead for PipeReader {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.current.is_empty() && !self.ended {
            match self.pieces.recv() {
                Ok(Piece::Bytes(bytes)) => self.current = bytes,
                Ok(Piece::End) => self.ended = true,
                Err(_) => {
                    return Err(io::Error::new(
                        io::ErrorKind::ConnectionAborted,
                        "the transfer was given up",
                    ));
                }
            }
        }
        Ok(&self.current)
    }

    fn consume(&mut self, amount: usize) {
        let _ = self.current.split_to(amount);
    }
}

impl Read for PipeReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let count = available.len().min(buffer.len());
        buffer[..count].copy_from_slice(&available[..count]);
        self.consume(count);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_closed_pipe_reads_as_complete() {
        let (writer, mut reader) = pipe(4);
        assert!(writer.send(Bytes::from_static(b"ab")) && writer.send(Bytes::from_static(b"c")));
        writer.close();
        let mut all = Vec::new();
        reader.read_to_end(&mut all).unwrap();
        assert_eq!(all, b"abc");

        let (writer, mut reader) = pipe(4);
        writer.send(Bytes::from_static(b"ab"));
        drop(writer);
        assert_eq!(
            reader.read_to_end(&mut all).unwrap_err().kind(),
            io::ErrorKind::ConnectionAborted
        );

        let (writer, reader) = pipe(4);
        drop(reader);
        assert!(!writer.send(Bytes::new()));
    }
}
