//! One carrier's bytes, from the source into a staged tree.
//!
//! The calling thread receives, hashes and spools; inflating has a thread of its own, and so has unpacking.
//! Everything in between is a bounded pipe, so memory stays flat whatever the archive's size.

use std::{
    io::Read,
    sync::atomic::{AtomicU64, Ordering},
    thread,
};

use bytes::Bytes;
use futures::{StreamExt as _, stream};
use loom_source::{
    ArchiveFormat, Artifact, AssetRef, Digest, Download, Packaging, RangeRequest, Source,
    SourceError, SourceErrorKind,
};

use super::{
    AcquireError, Acquirer,
    inflate::inflate,
    observer::Progress,
    pipe::{PipeReader, PipeWriter, pipe},
};
use crate::sources::{Candidate, Reach};
use crate::{
    store::{Begun, Partial, Received, Staged, UnpackError},
    trust::{Expected, SourceClass},
};

/// Pieces on their way to the inflater; with those of 8 to 64 KiB that a network gives, about a megabyte.
const PACKED_DEPTH: usize = 16;

/// Inflated pieces of 128 KiB on their way to the unpacker.
const TAR_DEPTH: usize = 8;

/// All that arrived of a carrier.
pub(super) struct Fetched {
    /// The tree in the making.
    pub(super) staged: Staged,
    /// The transfer, where the carrier came in one piece.
    pub(super) received: Option<Received>,
}

/// Why nothing usable arrived.
pub(super) enum FetchError {
    /// The source failed; whether new bytes arrived before.
    Source(SourceError, bool),
    /// The source has not even begun to answer, and whoever opened it has asked as often as that may help.
    Unopened(SourceError),
    /// The bytes are here and cannot be unpacked.
    Unpack(UnpackError, Option<Received>),
    /// More bytes than announced.
    TooLong { announced: u64, resumed: bool },
    /// A part is not what the tree's listing says, or the listing not what the tree's digest says.
    Wrong { what: String, expected: Digest, got: Digest },
    /// Nothing that another source could mend.
    Fatal(AcquireError),
}

impl<E: Into<AcquireError>> From<E> for FetchError {
    fn from(error: E) -> Self {
        Self::Fatal(error.into())
    }
}

/// A carrier whose first bytes are here.
pub(super) enum Transfer {
    /// A stream, behind what is here already.
    Stream(Partial, Download),
    /// The listing of loose files.
    Listing(Download),
    /// Nothing travels: a build of this machine.
    Build,
}

impl Acquirer<'_> {
    /// Opens the carrier where the partial transfer ends, and waits for its first bytes; `whole` discards what
    /// earlier transfers left.
    pub(super) async fn begin(
        &self,
        candidate: &Candidate,
        source: &dyn Source,
        carrier: &Artifact,
        whole: bool,
    ) -> Result<Transfer, FetchError> {
        if candidate.origin == SourceClass::Workspace {
            return Ok(Transfer::Build);
        }
        if let Packaging::Loose { .. } = &carrier.packaging {
            let opened = open(source, &carrier.asset, &RangeRequest::whole()).await?;
            return Ok(Transfer::Listing(primed(opened).await?));
        }
        let mut partial = self.partial(candidate, source, carrier)?;
        if whole {
            partial.discard();
            partial = self.partial(candidate, source, carrier)?;
        }
        let mut opened = match open(source, &carrier.asset, &partial.resume()).await {
            // A server that answers ranges wrongly may still serve the whole; asking for the same part
            // in every run would never end.
            Err(FetchError::Unopened(error))
                if matches!(error.kind, SourceErrorKind::RangeMismatch { requested: 1.., .. }) =>
            {
                open(source, &carrier.asset, &RangeRequest::whole()).await?
            }
            opened => opened?,
        };
        if partial.begin(&opened)? == Begun::Other {
            opened = open(source, &carrier.asset, &RangeRequest::whole()).await?;
            if partial.begin(&opened)? == Begun::Other {
                let got = format!("bytes from {}", opened.start);
                let kind = SourceErrorKind::RangeMismatch { requested: 0, got };
                let error = SourceError::new(carrier.asset.to_string(), kind);
                return Err(FetchError::Source(error, false));
            }
        }
        Ok(Transfer::Stream(partial, primed(opened).await?))
    }

    /// Beyond a source that can resume, only a zip archive and one that is kept have to lie in a file.
    fn partial(
        &self,
        candidate: &Candidate,
        source: &dyn Source,
        carrier: &Artifact,
    ) -> Result<Partial, FetchError> {
        let resumable = source.capabilities().resume && candidate.reach != Reach::Disk;
        Ok(match &carrier.packaging {
            _ if resumable => Partial::open(self.store, &candidate.key(), &carrier.asset)?,
            Packaging::Archive { format: ArchiveFormat::Zip, .. } => Partial::spooled(self.store)?,
            Packaging::Archive { .. } if self.keep_archives => Partial::spooled(self.store)?,
            _ => Partial::passing(),
        })
    }

    /// Receives and unpacks a stream that has begun to arrive.
    pub(super) fn receive(
        &self,
        name: &str,
        expected: &Expected,
        partial: Partial,
        opened: Download,
    ) -> Result<Fetched, FetchError> {
        let carrier = &expected.carrier;
        self.announce(name, carrier, &opened);
        let staged = self.store.stage(self.limits)?;
        let fetched = match &carrier.packaging {
            Packaging::Archive { format: ArchiveFormat::Zip, strip } => {
                self.spooled(partial, opened, expected, staged, *strip)
            }
            form => self.streamed(partial, opened, expected, staged, form),
        };
        self.observer.on_event(if fetched.is_ok() {
            Progress::Fetched
        } else {
            Progress::BrokenOff
        });
        fetched
    }

    pub(super) fn open(
        &self,
        source: &dyn Source,
        at: &AssetRef,
        from: &RangeRequest,
    ) -> Result<Download, FetchError> {
        self.network.block_on(open(source, at, from))?
    }

    fn announce(&self, name: &str, carrier: &Artifact, opened: &Download) {
        let what = carrier.asset.as_str().rsplit('/').next().unwrap_or_default();
        let total = opened.total.or(carrier.size);
        self.observer.on_event(Progress::Fetching {
            source: name,
            what,
            total,
            from: opened.start,
        });
    }

    /// Everything first, then unpacked: a zip archive's directory stands at its end.
    fn spooled(
        &self,
        mut partial: Partial,
        opened: Download,
        expected: &Expected,
        mut staged: Staged,
        strip: Option<bool>,
    ) -> Result<Fetched, FetchError> {
        if let Err(error) = self.drain(&mut partial, opened, expected, |_| {}) {
            return Err(broken(partial, error));
        }
        let received = partial.finish();
        // A wrong archive is not even looked into.
        if expected
            .expectation
            .archive
            .as_ref()
            .is_some_and(|proof| proof.digest != received.digest())
        {
            let why =
                std::io::Error::new(std::io::ErrorKind::InvalidData, "its digest is another one");
            return Err(FetchError::Unpack(UnpackError::Read(why), Some(received)));
        }
        let file = received.open()?.ok_or_else(|| {
            AcquireError::Prepare(std::io::Error::other("a zip archive was not spooled"))
        })?;
        match staged.unpack_zip(file, strip) {
            Ok(()) => Ok(Fetched { staged, received: Some(received) }),
            Err(error) => Err(FetchError::Unpack(error, Some(received))),
        }
    }

    /// Received, inflated and unpacked at once.
    fn streamed(
        &self,
        mut partial: Partial,
        opened: Download,
        expected: &Expected,
        mut staged: Staged,
        form: &Packaging,
    ) -> Result<Fetched, FetchError> {
        let packed = AtomicU64::new(0);
        let program = expected.expectation.release.executable();
        let (arrived, unpacked) = thread::scope(|scope| {
            let (to_inflater, from_network) = pipe(PACKED_DEPTH);
            let packed = &packed;
            let unpacker = scope.spawn(move || {
                let result = match form {
                    Packaging::Archive { format, strip } => {
                        untar(from_network, *format, *strip, &mut staged, packed)
                    }
                    _ => staged.bare(from_network, &program).map(drop),
                };
                result.map(|()| staged)
            });
            let arrived = self.drain(&mut partial, opened, expected, |bytes| {
                packed.fetch_add(bytes.len() as u64, Ordering::Relaxed);
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
            return Err(broken(partial, error));
        }
        let received = partial.finish();
        match unpacked {
            Ok(Ok(staged)) => Ok(Fetched { staged, received: Some(received) }),
            Ok(Err(error)) => Err(FetchError::Unpack(error, Some(received))),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }

    /// All bytes of the answer, behind those that are here already; each piece is hashed, kept and handed on.
    /// Where nobody takes the pieces any more, receiving goes on: only the whole tells who is to blame.
    fn drain(
        &self,
        partial: &mut Partial,
        opened: Download,
        expected: &Expected,
        mut hand_on: impl FnMut(Bytes),
    ) -> Result<(), FetchError> {
        let Download { start, mut body, .. } = opened;
        if start > 0 {
            partial.replay(|bytes| {
                hand_on(Bytes::copy_from_slice(bytes));
                Ok(())
            })?;
        }
        let most = expected.expectation.size.unwrap_or(self.limits.bytes);
        while let Some(piece) = self.network.block_on(body.next())? {
            let piece = piece.map_err(|error| FetchError::Source(error, partial.size() > start))?;
            partial.push(&piece)?;
            if partial.size() > most {
                return Err(FetchError::TooLong { announced: most, resumed: start > 0 });
            }
            self.observer.on_event(Progress::Received { bytes: partial.size() });
            hand_on(piece);
        }
        Ok(())
    }
}

async fn open(
    source: &dyn Source,
    at: &AssetRef,
    from: &RangeRequest,
) -> Result<Download, FetchError> {
    source.open(at, from).await.map_err(FetchError::Unopened)
}

/// The same with its first piece here.
async fn primed(opened: Download) -> Result<Download, FetchError> {
    let Download { start, total, validator, mut body } = opened;
    let first = body.next().await.transpose();
    let first = first.map_err(|error| FetchError::Source(error, false))?;
    let body = stream::iter(first.map(Ok)).chain(body).fuse().boxed();
    Ok(Download { start, total, validator, body })
}

/// What arrived stays for the next attempt, unless it is already known to be wrong.
fn broken(partial: Partial, error: FetchError) -> FetchError {
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
    packed: &AtomicU64,
) -> Result<(), UnpackError> {
    thread::scope(|scope| {
        let (to_unpacker, tar) = pipe(TAR_DEPTH);
        let inflater = scope.spawn(move || inflate(format, packed_stream, to_unpacker));
        let unpacked = staged.unpack_tar(tar, format, strip, &|| packed.load(Ordering::Relaxed));
        match inflater.join() {
            // The unpacker only saw a pipe that broke; the inflater knows why.
            Ok(Err(error)) => Err(UnpackError::Read(error)),
            Ok(Ok(())) => unpacked,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

/// Reads a small document of a source whole, at most `most` bytes of it.
pub(super) struct BodyReader<'a> {
    acquirer: &'a Acquirer<'a>,
    body: loom_source::Body,
    current: Bytes,
    /// Why the body ended early: an [`std::io::Error`] would lose what may be done about it.
    pub(super) failed: Option<SourceError>,
}

impl<'a> BodyReader<'a> {
    pub(super) fn new(acquirer: &'a Acquirer<'a>, opened: Download) -> Self {
        Self { acquirer, body: opened.body, current: Bytes::new(), failed: None }
    }
}

impl Read for BodyReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        while self.current.is_empty() {
            match self.acquirer.network.block_on(self.body.next()).map_err(std::io::Error::other)? {
                None => return Ok(0),
                Some(Ok(bytes)) => self.current = bytes,
                Some(Err(error)) => {
                    let text = error.to_string();
                    self.failed = Some(error);
                    return Err(std::io::Error::other(text));
                }
            }
        }
        let count = self.current.len().min(buffer.len());
        buffer[..count].copy_from_slice(&self.current.split_to(count));
        Ok(count)
    }
}
