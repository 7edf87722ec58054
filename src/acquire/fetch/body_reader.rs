//! Reads the body of a download from blocking code.

use std::{io::Read, time::Duration};

use bytes::Bytes;
use futures::StreamExt as _;
use loom_source::{Body, Download, SourceError, SourceErrorKind, TransferPhase, process_clock};
use tokio::time::Instant;

use super::super::SourceRuntime;

/// A download as a blocking reader.
pub(super) struct BodyReader<'a> {
    runtime: &'a SourceRuntime,
    body: Body,
    current: Bytes,
    /// Why the body ended early. An [`std::io::Error`] would lose the type.
    pub(super) failed: Option<SourceError>,
    limit: Option<ReadLimit>,
}

/// The time for a small document.
struct ReadLimit {
    /// The document in errors.
    at: String,
    ends: Instant,
    timeout: Duration,
}

impl<'a> BodyReader<'a> {
    pub(super) fn new(runtime: &'a SourceRuntime, download: Download) -> Self {
        Self { runtime, body: download.body, current: Bytes::new(), failed: None, limit: None }
    }

    /// The same reader of a small document, which has to be whole within `timeout`; zero means that there is no limit.
    pub(super) fn within(mut self, timeout: Duration, at: String) -> Self {
        let ends = process_clock::now() + timeout;
        self.limit = (!timeout.is_zero()).then_some(ReadLimit { at, ends, timeout });
        self
    }

    fn next(&mut self) -> std::io::Result<Option<Result<Bytes, SourceError>>> {
        let Some(ReadLimit { at, ends, timeout }) = &self.limit else {
            return self.runtime.block_on(self.body.next()).map_err(std::io::Error::other);
        };
        let next = self.runtime.block_on(process_clock::before(*ends, self.body.next()));
        let timed_out = || {
            let (phase, timeout) = (TransferPhase::Document, *timeout);
            Some(Err(SourceError::new(at.clone(), SourceErrorKind::Stalled { phase, timeout })))
        };
        Ok(next.map_err(std::io::Error::other)?.unwrap_or_else(timed_out))
    }
}

impl Read for BodyReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        while self.current.is_empty() {
            match self.next()? {
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
