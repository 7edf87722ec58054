//! [`RequestAttempts`]: the attempts at one request, and their limits.

use std::time::Duration;

use loom_base::backoff::jitter;
use loom_source::{RangeRequest, SourceError, process_clock};
use reqwest::header::HeaderMap;
use tokio::time::Instant;
use url::Url;

use crate::{
    document_deadline::DocumentDeadline, get_request::GetRequest, network_settings::NetworkSettings,
};

/// A request with all attempts at it.
pub(super) struct RequestAttempts<'a> {
    pub(super) request: &'a GetRequest,
    pub(super) begun: Instant,
    /// The number of attempts that failed.
    pub(super) failed: u32,
    /// When the total timeout elapses, and that timeout.
    pub(super) deadline: Option<(Instant, Duration)>,
    /// When a small document has to be whole; `None` for a file of any size.
    pub(super) document: Option<DocumentDeadline>,
}

/// One HTTP request of an attempt: the first, or the one that a redirect leads to.
pub(super) struct Hop<'a> {
    pub(super) url: &'a Url,
    pub(super) headers: &'a HeaderMap,
    pub(super) range: &'a RangeRequest,
    /// The name of the URL in errors.
    pub(super) at: &'a str,
}

impl<'a> RequestAttempts<'a> {
    pub(super) fn new(request: &'a GetRequest, network: &NetworkSettings) -> Self {
        let begun = process_clock::now();
        let deadline = network.total_timeout.map(|total| (begun + total, total));
        Self { request, begun, failed: 0, deadline, document: None }
    }

    /// The attempts at a request for a small document: all of them, with the body, have the `timeout` together. A
    /// `connect_timeout` that is set is added to it.
    pub(super) fn at_document(request: &'a GetRequest, network: &NetworkSettings) -> Self {
        let attempts = Self::new(request, network);
        let document = Some(attempts.document_deadline(network));
        Self { document, ..attempts }
    }

    /// The deadline of a small document, or of the text of a refusal.
    pub(super) fn document_deadline(&self, network: &NetworkSettings) -> DocumentDeadline {
        let timeout = network.timeout + network.connect_timeout.unwrap_or_default();
        DocumentDeadline { first: self.begun + timeout, timeout }
    }

    /// Waits until the request may be repeated, or returns the error. A repeated request is no progress: all attempts
    /// together, with the pauses between them, have the `timeout` of one.
    pub(super) async fn pause(
        &mut self,
        network: &NetworkSettings,
        error: SourceError,
    ) -> Result<(), SourceError> {
        self.failed += 1;
        let pause = network.retry.pause(self.failed, &error.kind, jitter());
        let in_time = |pause: &Duration| {
            let end = process_clock::now() + *pause;
            end < self.begun + network.timeout
                && self.deadline.is_none_or(|(deadline, _)| end < deadline)
        };
        match pause.filter(in_time) {
            Some(pause) => tokio::time::sleep(pause).await,
            None => return Err(error),
        }
        Ok(())
    }
}
