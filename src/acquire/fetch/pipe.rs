//! Bounded pipes between the threads of a transfer.
//!
//! The reader of a pipe can distinguish the end from an abort: only a closed pipe reads as complete.

use std::{
    io::{self, BufRead, Read},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
};

use bytes::Bytes;

enum PipePiece {
    Bytes(Bytes),
    End,
}

/// The writing end of a pipe.
pub(super) struct PipeWriter(SyncSender<PipePiece>);

/// The reading end of a pipe.
pub(super) struct PipeReader {
    pieces: Receiver<PipePiece>,
    current: Bytes,
    ended: bool,
    consumed: Arc<AtomicU64>,
}

/// Makes a pipe that holds up to `depth` pieces.
pub(super) fn pipe(depth: usize) -> (PipeWriter, PipeReader) {
    let (sender, pieces) = sync_channel(depth);
    let consumed = Arc::default();
    (PipeWriter(sender), PipeReader { pieces, current: Bytes::new(), ended: false, consumed })
}

impl PipeWriter {
    /// Hands on a piece; returns `false` where the reader was dropped.
    pub(super) fn send(&self, bytes: Bytes) -> bool {
        self.0.send(PipePiece::Bytes(bytes)).is_ok()
    }

    /// Ends the stream. A writer that is dropped without this makes the reader fail.
    pub(super) fn close(self) {
        // A reader that was dropped reports its own error.
        let _ = self.0.send(PipePiece::End);
    }
}

impl PipeReader {
    /// The number of bytes that were read, which another thread can follow.
    pub(super) fn consumed(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.consumed)
    }
}

impl BufRead for PipeReader {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.current.is_empty() && !self.ended {
            match self.pieces.recv() {
                Ok(PipePiece::Bytes(bytes)) => self.current = bytes,
                Ok(PipePiece::End) => self.ended = true,
                Err(_) => {
                    return Err(io::Error::new(
                        io::ErrorKind::ConnectionAborted,
                        "the transfer was aborted",
                    ));
                }
            }
        }
        Ok(&self.current)
    }

    fn consume(&mut self, amount: usize) {
        let _ = self.current.split_to(amount);
        self.consumed.fetch_add(amount as u64, Ordering::Relaxed);
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
