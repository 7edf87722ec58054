//! [`RepeatedWriter`]: a writer that a signal does not interrupt.

use std::io::{self, ErrorKind, Seek, SeekFrom, Write};

/// A writer that repeats what a signal has interrupted: what compresses hands such an error on, and the archive would fail.
#[derive(Debug)]
pub(super) struct RepeatedWriter<W>(pub(super) W);

impl<W: Write> Write for RepeatedWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        repeat(|| self.0.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        repeat(|| self.0.flush())
    }
}

impl<W: Seek> Seek for RepeatedWriter<W> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        repeat(|| self.0.seek(to))
    }
}

fn repeat<T>(mut run: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match run() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every second call is interrupted.
    struct Interrupted(Vec<u8>, bool);

    impl Write for Interrupted {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if self.1 { Err(ErrorKind::Interrupted.into()) } else { self.0.write(bytes) }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_signal_does_not_end_a_compressed_file() {
        let compress = |out: &mut dyn Write| {
            let mut gzip = flate2::write::GzEncoder::new(out, flate2::Compression::best());
            gzip.write_all(b"bytes")?;
            gzip.finish().map(drop)
        };
        let mut interrupted = Interrupted(Vec::new(), false);
        assert!(compress(&mut interrupted).is_err(), "the compressor does not repeat it");
        let mut repeated = RepeatedWriter(Interrupted(Vec::new(), false));
        compress(&mut repeated).unwrap();
        let mut text = String::new();
        let bytes = &repeated.0.0[..];
        io::Read::read_to_string(&mut flate2::read::GzDecoder::new(bytes), &mut text).unwrap();
        assert_eq!(text, "bytes");
    }
}
