//! The bytes of an answer: counted, timed, and no page for people.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use futures::Stream;
use loom_source::{SourceError, SourceErrorKind, TransferPhase};
use tokio::time::{Instant, Sleep, sleep};

use crate::fault;

/// Fewer bytes a second than this, over the whole of the longest time without progress, are none.
const SLOWEST: u64 = 10;

/// What is known of a body before it arrives.
#[derive(Debug)]
pub(crate) struct ExpectedBody {
    /// From where, for people.
    pub(crate) at: String,
    /// How many bytes must come, where that is said.
    pub(crate) length: Option<u64>,
    /// The longest time without a byte.
    pub(crate) timeout: Duration,
    /// When the whole must be there, and the budget that says so.
    pub(crate) deadline: Option<(Instant, Duration)>,
    /// Whether a page for people would be a wrong answer.
    pub(crate) no_page: bool,
}

type Inner = Pin<Box<dyn Stream<Item = reqwest::Result<Bytes>> + Send>>;

/// A body that keeps its promise or says how it did not.
pub(crate) struct CheckedBody {
    inner: Inner,
    promise: ExpectedBody,
    read: u64,
    /// Runs while a poll has found nothing to read.
    stall: Pin<Box<Sleep>>,
    /// Since when nothing has come, while that is so.
    waiting: Option<Instant>,
    /// How long was waited, and for how many bytes, since there was progress last.
    since: (Duration, u64),
    deadline: Option<Pin<Box<Sleep>>>,
    /// The first bytes, as long as they may still turn out to begin a page.
    held: Option<BytesMut>,
    ended: bool,
}

impl CheckedBody {
    pub(crate) fn new(
        inner: impl Stream<Item = reqwest::Result<Bytes>> + Send + 'static,
        promise: ExpectedBody,
    ) -> Self {
        let deadline = promise.deadline.map(|(at, _)| Box::pin(tokio::time::sleep_until(at)));
        Self {
            inner: Box::pin(inner),
            read: 0,
            stall: Box::pin(sleep(promise.timeout)),
            waiting: None,
            since: (Duration::ZERO, 0),
            deadline,
            held: promise.no_page.then(BytesMut::new),
            ended: false,
            promise,
        }
    }

    fn interrupted(&self, source: Option<fault::ErrorChain>) -> SourceError {
        let error = self.error(SourceErrorKind::Interrupted { received: self.read });
        SourceError { source: source.map(Into::into), ..error }
    }

    fn error(&self, kind: SourceErrorKind) -> SourceError {
        SourceError::new(self.promise.at.clone(), kind)
    }

    /// Nothing to read: how long already?
    fn wait(&mut self, cx: &mut Context<'_>) -> Poll<SourceError> {
        let after = self.promise.timeout;
        if self.waiting.is_none() {
            let now = Instant::now();
            self.waiting = Some(now);
            self.stall.as_mut().reset(now + after.saturating_sub(self.since.0));
        }
        ready!(self.stall.as_mut().poll(cx));
        Poll::Ready(
            self.error(SourceErrorKind::Stalled { phase: TransferPhase::Body, timeout: after }),
        )
    }

    /// Something came. Only our own waiting counts, not the time the reader took, and a few bytes now and then
    /// are no progress: a server that sends one every nine seconds would hold us for ever.
    fn came(&mut self, count: u64) {
        self.read += count;
        let waited = self.waiting.take().map_or(Duration::ZERO, |since| since.elapsed());
        self.since = (self.since.0 + waited, self.since.1 + count);
        if self.since.1 >= SLOWEST * self.promise.timeout.as_secs().max(1) {
            self.since = (Duration::ZERO, 0);
        }
    }

    fn overdue(&mut self, cx: &mut Context<'_>) -> Option<SourceError> {
        let (_, after) = self.promise.deadline?;
        let ready = self.deadline.as_mut()?.as_mut().poll(cx).is_ready();
        ready.then(|| self.error(SourceErrorKind::TotalTimeout { timeout: after }))
    }

    /// Passes bytes on, unless they may still begin a page; then they are kept until that is clear.
    fn pass(&mut self, bytes: Bytes) -> Result<Option<Bytes>, SourceError> {
        let Some(held) = &mut self.held else { return Ok(Some(bytes)) };
        let first = held.is_empty();
        if !first {
            held.extend_from_slice(&bytes);
        }
        match begins_page(if first { &bytes } else { held }) {
            Some(true) => Err(SourceError::new(self.promise.at.clone(), SourceErrorKind::HtmlPage)),
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

    /// The end: was it the right one?
    fn end(&mut self) -> Option<Result<Bytes, SourceError>> {
        self.ended = true;
        if self.promise.length.is_some_and(|length| self.read < length) {
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
            if let Some(error) = this.overdue(cx) {
                this.ended = true;
                return Poll::Ready(Some(Err(error)));
            }
            let passed = match this.inner.as_mut().poll_next(cx) {
                Poll::Ready(None) => return Poll::Ready(this.end()),
                Poll::Ready(Some(Ok(bytes))) => {
                    this.came(bytes.len() as u64);
                    this.pass(bytes)
                }
                Poll::Ready(Some(Err(error))) => Err(this.interrupted(Some(fault::why(error)))),
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

/// Whether bytes begin an HTML page; `None` where more of them are needed to say.
fn begins_page(bytes: &[u8]) -> Option<bool> {
    /// No page has more white space before its first tag than this.
    const ENOUGH: usize = 1024;
    const BEGINNINGS: [&[u8]; 8] =
        [b"<!doctype html", b"<html", b"<head", b"<body", b"<script", b"<meta", b"<title", b"<!--"];
    const BOM: &[u8] = b"\xEF\xBB\xBF";
    if bytes.len() < BOM.len() && BOM.starts_with(bytes) {
        return None;
    }
    let text = bytes.strip_prefix(BOM).unwrap_or(bytes).trim_ascii_start();
    if text.is_empty() {
        return (bytes.len() >= ENOUGH).then_some(false);
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
    fn pages_are_known_by_their_beginning() {
        for (bytes, page) in [
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
            assert_eq!(begins_page(bytes), page, "{:?}", String::from_utf8_lossy(bytes));
        }
    }
}
