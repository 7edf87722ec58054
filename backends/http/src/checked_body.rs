//! The body of a response: counted, timed, and not an HTML page.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use futures::Stream;
use loom_source::{
    SourceError, SourceErrorKind, TransferPhase,
    process_clock::{self, Alarm},
};
use tokio::time::Instant;

use crate::{client_error, document_deadline::DocumentDeadline};

/// The lowest rate that counts as progress, in bytes per second, over the longest time without progress.
const MIN_BYTES_PER_SECOND: u64 = 10;

/// What is known of a body before it arrives, and its limits.
#[derive(Debug)]
pub(crate) struct ExpectedBody {
    /// The name of the URL in errors.
    pub(crate) at: String,
    /// The number of bytes, where the server announces it.
    pub(crate) length: Option<u64>,
    /// The longest time without progress.
    pub(crate) timeout: Duration,
    /// When the total timeout elapses, and that timeout.
    pub(crate) deadline: Option<(Instant, Duration)>,
    /// The deadline of a small document; `None` for a file of any size.
    pub(crate) document: Option<DocumentDeadline>,
    /// Whether an HTML page is an error.
    pub(crate) refuse_html: bool,
}

type ByteStream = Pin<Box<dyn Stream<Item = reqwest::Result<Bytes>> + Send>>;

/// A body that ends with an error where it is not as [expected](ExpectedBody).
pub(crate) struct CheckedBody {
    inner: ByteStream,
    expected: ExpectedBody,
    /// The number of bytes that arrived.
    received: u64,
    /// The timer of the timeout, which runs only while the body waits for bytes.
    stall: Alarm,
    /// Since when the body has been waiting for bytes.
    waiting_since: Option<Instant>,
    /// The time that the body has waited, and the bytes that arrived, since the last progress.
    waited: Duration,
    since_progress: u64,
    /// The alarm of the total timeout.
    deadline: Option<Alarm>,
    /// The alarm of the deadline of a small document.
    document: Option<Alarm>,
    /// The first bytes, until it is clear that they do not begin an HTML page.
    held: Option<BytesMut>,
    ended: bool,
}

impl CheckedBody {
    pub(crate) fn new(
        inner: impl Stream<Item = reqwest::Result<Bytes>> + Send + 'static,
        expected: ExpectedBody,
    ) -> Self {
        let deadline = expected.deadline.map(|(at, _)| Alarm::at(at));
        let document = expected.document.map(|document| Alarm::at(document.after(0)));
        Self {
            inner: Box::pin(inner),
            received: 0,
            stall: Alarm::at(process_clock::now() + expected.timeout),
            waiting_since: None,
            waited: Duration::ZERO,
            since_progress: 0,
            deadline,
            document,
            held: expected.refuse_html.then(BytesMut::new),
            ended: false,
            expected,
        }
    }

    fn interrupted(&self, source: Option<client_error::ErrorChain>) -> SourceError {
        let error = self.error(SourceErrorKind::Interrupted { received: self.received });
        SourceError { source: source.map(Into::into), ..error }
    }

    fn error(&self, kind: SourceErrorKind) -> SourceError {
        SourceError::new(self.expected.at.clone(), kind)
    }

    /// Waits for bytes, and fails when the timeout elapses.
    fn wait(&mut self, cx: &mut Context<'_>) -> Poll<SourceError> {
        let timeout = self.expected.timeout;
        if self.waiting_since.is_none() {
            let now = process_clock::now();
            self.waiting_since = Some(now);
            self.stall.set(now + timeout.saturating_sub(self.waited));
        }
        ready!(self.stall.poll(cx));
        let phase = TransferPhase::Body;
        Poll::Ready(self.error(SourceErrorKind::Stalled { phase, timeout }))
    }

    /// Counts bytes that arrived. The time that the reader takes does not count towards the timeout. A few bytes now and
    /// then are no progress: a server that sends one every nine seconds would keep the transfer open for ever.
    fn count(&mut self, bytes: u64) {
        self.received += bytes;
        self.since_progress += bytes;
        let now = process_clock::now();
        let waited =
            self.waiting_since.take().map_or(Duration::ZERO, |since| now.duration_since(since));
        self.waited += waited;
        if self.since_progress >= MIN_BYTES_PER_SECOND * self.expected.timeout.as_secs().max(1) {
            self.waited = Duration::ZERO;
            self.since_progress = 0;
        }
        if let (Some(alarm), Some(document)) = (&mut self.document, self.expected.document) {
            alarm.set(document.after(self.received));
        }
    }

    /// The error of the total timeout or of the deadline of a document, once one of them has passed.
    fn overdue(&mut self, cx: &mut Context<'_>) -> Option<SourceError> {
        let mut passed = |alarm: &mut Option<Alarm>| {
            alarm.as_mut().is_some_and(|alarm| alarm.poll_aside(cx).is_ready())
        };
        if let Some((_, timeout)) = self.expected.deadline.filter(|_| passed(&mut self.deadline)) {
            return Some(self.error(SourceErrorKind::TotalTimeout { timeout }));
        }
        let document = self.expected.document.filter(|_| passed(&mut self.document))?;
        Some(self.error(document.error()))
    }

    /// Passes bytes on. The first ones are held until it is clear that they do not begin an HTML page.
    fn pass(&mut self, bytes: Bytes) -> Result<Option<Bytes>, SourceError> {
        let Some(held) = &mut self.held else { return Ok(Some(bytes)) };
        let first = held.is_empty();
        if !first {
            held.extend_from_slice(&bytes);
        }
        match begins_html(if first { &bytes } else { held }) {
            Some(true) => {
                Err(SourceError::new(self.expected.at.clone(), SourceErrorKind::HtmlPage))
            }
            Some(false) => {
                let held = self.held.take().unwrap_or_default();
                Ok(Some(if first { bytes } else { held.freeze() }))
            }
            None => {
                if first {
                    held.extend_from_slice(&bytes);
                }
                Ok(None)
            }
        }
    }

    /// The end of the body: an error where bytes are missing, else the bytes that are still held.
    fn end(&mut self) -> Option<Result<Bytes, SourceError>> {
        self.ended = true;
        if self.expected.length.is_some_and(|length| self.received < length) {
            return Some(Err(self.interrupted(None)));
        }
        let held = self.held.take().filter(|held| !held.is_empty());
        held.map(|held| Ok(held.freeze()))
    }
}

impl Stream for CheckedBody {
    type Item = Result<Bytes, SourceError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if this.ended {
                return Poll::Ready(None);
            }
            // Only while the body waits: the time that the reader takes is no stop.
            if this.waiting_since.is_some() {
                this.stall.notice_stop();
            }
            if let Some(error) = this.overdue(cx) {
                this.ended = true;
                return Poll::Ready(Some(Err(error)));
            }
            let passed = match this.inner.as_mut().poll_next(cx) {
                Poll::Ready(None) => return Poll::Ready(this.end()),
                Poll::Ready(Some(Ok(bytes))) => {
                    this.count(bytes.len() as u64);
                    this.pass(bytes)
                }
                Poll::Ready(Some(Err(error))) => {
                    Err(this.interrupted(Some(client_error::causes_of(error))))
                }
                Poll::Pending => Err(ready!(this.wait(cx))),
            };
            match passed {
                Ok(None) => {}
                Ok(Some(bytes)) if bytes.is_empty() => {}
                Ok(Some(bytes)) => return Poll::Ready(Some(Ok(bytes))),
                Err(error) => {
                    this.ended = true;
                    return Poll::Ready(Some(Err(error)));
                }
            }
        }
    }
}

/// Whether bytes begin an HTML page; `None` where more bytes are needed to decide.
fn begins_html(bytes: &[u8]) -> Option<bool> {
    /// The longest white space before the first tag of a page, in bytes.
    const MAX_BLANK: usize = 1024;
    const BEGINNINGS: [&[u8]; 8] =
        [b"<!doctype html", b"<html", b"<head", b"<body", b"<script", b"<meta", b"<title", b"<!--"];
    const BOM: &[u8] = b"\xEF\xBB\xBF";
    if bytes.len() < BOM.len() && BOM.starts_with(bytes) {
        return None;
    }
    let text = bytes.strip_prefix(BOM).unwrap_or(bytes).trim_ascii_start();
    if text.is_empty() {
        return (bytes.len() >= MAX_BLANK).then_some(false);
    }
    let begins =
        |tag: &&[u8]| text.len() >= tag.len() && text[..tag.len()].eq_ignore_ascii_case(tag);
    let may_begin =
        |tag: &&[u8]| text.len() < tag.len() && tag[..text.len()].eq_ignore_ascii_case(text);
    if BEGINNINGS.iter().any(begins) {
        Some(true)
    } else if BEGINNINGS.iter().any(may_begin) {
        None
    } else {
        Some(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_is_recognised_by_its_beginning() {
        for (bytes, html) in [
            (&b"<!DOCTYPE html><p>"[..], Some(true)),
            (b"\xEF\xBB\xBF \r\n<HTML lang=de>", Some(true)),
            (b"<!-- proxy --><p>", Some(true)),
            (b"<script>location=", Some(true)),
            (b"<!doctype svg", Some(false)),
            (b"<?xml version", Some(false)),
            (b"{\"a\": \"<html>\"}", Some(false)),
            (b"\x1f\x8b\x08", Some(false)),
            (b"abc  x", Some(false)),
            (b"", None),
            (b"\xEF\xBB", None),
            (b"\xEF\xBA", Some(false)),
            (b"  <!doc", None),
            (b"<", None),
            (&[b' '; 2048], Some(false)),
        ] {
            assert_eq!(begins_html(bytes), html, "{:?}", String::from_utf8_lossy(bytes));
        }
    }
}
