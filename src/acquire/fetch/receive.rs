//! Receives a stream into a staged tree.
//!
//! The calling thread receives, hashes and spools. Inflating has a thread of its own, and so has unpacking: on an install
//! inflating takes the most time, and the rest overlaps with it. The threads are connected by bounded pipes, so that the
//! use of memory does not grow with the archive.

use std::{sync::atomic::Ordering, thread};

use bytes::Bytes;
use futures::StreamExt as _;
use loom_source::{ArchiveFormat, Download, Packaging};

use super::{
    FetchError, Fetcher,
    inflate::inflate,
    pipe::{PipeReader, PipeWriter, pipe},
};
use crate::{
    acquire::{AcquireError, AcquireEvent},
    store::{Partial, Received, Staged, UnpackError},
    trust::Expected,
};

/// The number of pieces on their way to the inflater; with the 8 to 64 KiB of a network's pieces about a megabyte.
const PACKED_DEPTH: usize = 16;

/// The number of inflated pieces of 128 KiB on their way to the unpacker.
const TAR_DEPTH: usize = 8;

impl Fetcher<'_> {
    /// Receives and unpacks a stream that has begun to arrive.
    pub(super) fn receive(
        &self,
        source: &str,
        expected: &Expected,
        partial: Partial,
        download: Download,
    ) -> Result<(Staged, Received), FetchError> {
        let artifact = &expected.artifact;
        self.announce(source, expected, &download);
        let staged = self.store.stage(self.options.limits)?;
        let fetched = match &artifact.packaging {
            Packaging::Archive { format: ArchiveFormat::Zip, strip } => {
                self.receive_zip(partial, download, expected, staged, *strip)
            }
            packaging => self.receive_stream(partial, download, expected, staged, packaging),
        };
        self.observer.on_event(if fetched.is_ok() {
            AcquireEvent::Fetched
        } else {
            AcquireEvent::BrokenOff
        });
        fetched
    }

    fn announce(&self, source: &str, expected: &Expected, download: &Download) {
        let artifact = &expected.artifact;
        self.observer.on_event(AcquireEvent::Fetching {
            source,
            file: &artifact.file_name(&expected.expectation.release),
            total: download.total.or(artifact.size),
            from: download.start,
        });
    }

    /// Receives all bytes first, because the directory of a zip archive is at its end.
    fn receive_zip(
        &self,
        mut partial: Partial,
        download: Download,
        expected: &Expected,
        mut staged: Staged,
        strip: Option<bool>,
    ) -> Result<(Staged, Received), FetchError> {
        if let Err(error) = self.drain(&mut partial, download, expected, |_| {}) {
            return Err(ended_early(partial, error));
        }
        let received = partial.finish();
        // An archive with a wrong digest is not unpacked.
        let digest = expected.expectation.archive.as_ref().map(|archive| archive.digest);
        if digest.is_some_and(|digest| digest != received.digest()) {
            let kind = std::io::ErrorKind::InvalidData;
            let why = std::io::Error::new(kind, "the archive has another digest");
            return Err(FetchError::Unpack(UnpackError::Read(why), Some(received)));
        }
        let file = received.open()?.ok_or_else(|| {
            AcquireError::Prepare(std::io::Error::other("a zip archive was not spooled"))
        })?;
        match staged.unpack_zip(file, strip) {
            Ok(()) => Ok((staged, received)),
            Err(error) => Err(FetchError::Unpack(error, Some(received))),
        }
    }

    /// Receives, inflates and unpacks at once.
    fn receive_stream(
        &self,
        mut partial: Partial,
        download: Download,
        expected: &Expected,
        mut staged: Staged,
        packaging: &Packaging,
    ) -> Result<(Staged, Received), FetchError> {
        let program = expected.expectation.release.executable();
        let (arrived, unpacked) = thread::scope(|scope| {
            let (to_inflater, from_network) = pipe(PACKED_DEPTH);
            let unpacker = scope.spawn(move || {
                let result = match packaging {
                    Packaging::Archive { format, strip } => {
                        untar(from_network, *format, *strip, &mut staged)
                    }
                    _ => staged.bare(from_network, &program).map(drop),
                };
                result.map(|()| staged)
            });
            let arrived = self.drain(&mut partial, download, expected, |bytes| {
                to_inflater.send(bytes);
            });
            if arrived.is_ok() {
                to_inflater.close();
            } else {
                drop::<PipeWriter>(to_inflater);
            }
            (arrived, unpacker.join())
        });
        if let Err(error) = arrived {
            return Err(ended_early(partial, error));
        }
        let received = partial.finish();
        match unpacked {
            Ok(Ok(staged)) => Ok((staged, received)),
            Ok(Err(error)) => Err(FetchError::Unpack(error, Some(received))),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }

    /// Receives all bytes after those that are here already; each piece is hashed, kept and handed on. Where the
    /// unpacker has failed, receiving goes on: only the digest of the whole says whether the source is at fault.
    fn drain(
        &self,
        partial: &mut Partial,
        download: Download,
        expected: &Expected,
        mut hand_on: impl FnMut(Bytes),
    ) -> Result<(), FetchError> {
        let Download { start, mut body, .. } = download;
        if start > 0 {
            partial.replay(|bytes| {
                hand_on(Bytes::copy_from_slice(bytes));
                Ok(())
            })?;
        }
        let most = expected.expectation.size.unwrap_or(self.options.limits.bytes);
        while let Some(piece) = self.runtime.block_on(body.next())? {
            let piece = piece.map_err(|error| FetchError::Source(error, partial.size()))?;
            if partial.size().saturating_add(piece.len() as u64) > most {
                return Err(FetchError::TooLong { expected: most, resumed: start > 0 });
            }
            partial.push(&piece)?;
            self.observer.on_event(AcquireEvent::Received { bytes: partial.size() });
            hand_on(piece);
        }
        Ok(())
    }
}

/// What arrived stays for the next attempt, unless it is known to be wrong.
fn ended_early(partial: Partial, error: FetchError) -> FetchError {
    if matches!(error, FetchError::TooLong { .. }) {
        partial.discard();
    }
    error
}

/// Inflates on a thread of its own and unpacks on this one.
fn untar(
    packed_stream: PipeReader,
    format: ArchiveFormat,
    strip: Option<bool>,
    staged: &mut Staged,
) -> Result<(), UnpackError> {
    // The bytes that wait in the pipe are not counted: nothing has been unpacked from them.
    let packed = packed_stream.consumed();
    thread::scope(|scope| {
        let (to_unpacker, tar) = pipe(TAR_DEPTH);
        let inflater = scope.spawn(move || inflate(format, packed_stream, to_unpacker));
        let unpacked = staged.unpack_tar(tar, format, strip, &|| packed.load(Ordering::Relaxed));
        match inflater.join() {
            // The unpacker saw only a broken pipe; the inflater has the reason.
            Ok(Err(error)) => Err(UnpackError::Read(error)),
            Ok(Ok(())) => unpacked,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}
