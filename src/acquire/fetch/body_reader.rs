//! Reads the body of a download from blocking code.

use std::io::Read;

use bytes::Bytes;
use futures::StreamExt as _;
use loom_source::{Body, Download, SourceError};

use super::super::SourceRuntime;

/// A download as a blocking reader.
pub(super) struct BodyReader<'a> {
    runtime: &'a SourceRuntime,
    body: Body,
    current: Bytes,
    /// Why the body ended early. An [`std::io::Error`] would lose the type.
    pub(super) failed: Option<SourceError>,
}

impl<'a> BodyReader<'a> {
    pub(super) fn new(runtime: &'a SourceRuntime, download: Download) -> Self {
        Self { runtime, body: download.body, current: Bytes::new(), failed: None }
    }
}

impl Read for BodyReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        while self.current.is_empty() {
            match self.runtime.block_on(self.body.next()).map_err(std::io::Error::other)? {
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
