//! Inflates an archive on a thread of its own.

use std::io::{self, BufRead, Read};

use bytes::{Bytes, BytesMut};
use loom_source::ArchiveFormat;

use super::pipe::PipeWriter;

/// The number of bytes handed on at once: large enough that handing on is cheap, small enough that eight pieces stay in
/// the processor's cache.
const PIECE: usize = 128 * 1024;

/// The largest zstd window that is accepted, as a power of two: 128 MiB, the limit of the `zstd` tool.
const WINDOW_LOG: u32 = 27;

/// Inflates all of `packed` into `out`. Data after the compressed stream is an error.
pub(super) fn inflate(
    format: ArchiveFormat,
    packed: impl BufRead,
    out: PipeWriter,
) -> io::Result<()> {
    match format {
        ArchiveFormat::TarGz => copy(flate2::bufread::MultiGzDecoder::new(packed), out),
        ArchiveFormat::TarZst => {
            let mut decoder = zstd::stream::read::Decoder::with_buffer(packed)?;
            decoder.window_log_max(WINDOW_LOG)?;
            copy(decoder, out)
        }
        ArchiveFormat::Zip => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "a zip archive has no single stream to inflate",
        )),
    }
}

fn copy(mut from: impl Read, out: PipeWriter) -> io::Result<()> {
    let mut buffer = BytesMut::new();
    loop {
        // Reuses the allocation once the reader has dropped the pieces cut from it.
        buffer.resize(PIECE, 0);
        let mut filled = 0;
        while filled < PIECE {
            match from.read(&mut buffer[filled..])? {
                0 => break,
                count => filled += count,
            }
        }
        if filled == 0 {
            out.close();
            return Ok(());
        }
        let piece: Bytes = buffer.split_to(filled).freeze();
        if !out.send(piece) {
            return Ok(());
        }
        buffer.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::{super::pipe::pipe, *};

    fn gz(data: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    fn run(format: ArchiveFormat, packed: &[u8]) -> io::Result<Vec<u8>> {
        let (writer, mut reader) = pipe(2);
        std::thread::scope(|scope| {
            let inflating = scope.spawn(move || inflate(format, packed, writer));
            let mut all = Vec::new();
            let read = reader.read_to_end(&mut all);
            inflating.join().unwrap()?;
            read.map(|_| all)
        })
    }

    #[test]
    fn streams_of_several_members_are_read_to_the_end() {
        let data: Vec<u8> = (0..1_000_000u32).flat_map(u32::to_le_bytes).collect();
        let zst = zstd::encode_all(&data[..], 1).unwrap();
        assert!(
            run(ArchiveFormat::TarZst, &[zst.clone(), zst].concat()).unwrap()
                == [&data[..], &data[..]].concat()
        );
        assert!(
            run(ArchiveFormat::TarGz, &[gz(&data), gz(b"x")].concat()).unwrap()
                == [&data[..], b"x"].concat()
        );
    }

    #[test]
    fn truncated_streams_and_data_after_the_end_are_errors() {
        let data = vec![7; 300_000];
        let zst = zstd::encode_all(&data[..], 1).unwrap();
        for (format, packed) in [(ArchiveFormat::TarGz, gz(&data)), (ArchiveFormat::TarZst, zst)] {
            assert!(run(format, &packed[..packed.len() - 3]).is_err(), "{format} truncated");
            assert!(
                run(format, &[&packed[..], b"trailing"].concat()).is_err(),
                "{format} with data after it"
            );
        }
    }
}
