//! One request for a completion: its deadlines, its response, its errors.

use std::time::{Duration, SystemTime};

use futures::StreamExt as _;
use loom_base::redact;
use reqwest::{Response, header};
use secrecy::ExposeSecret as _;
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::{
    completion::{Chunk, Completion, StreamedCompletion},
    error::LlmError,
    piece::error_message,
    provider::LlmProvider,
    retry::retry_after,
    sse::SseDecoder,
};

/// The largest response that is accepted, in bytes.
const MAX_RESPONSE_BYTES: usize = 16 << 20;
/// The part of an error response that is read, in bytes.
const MAX_ERROR_BYTES: usize = 64 << 10;
/// The part of an error message that is reported, in characters.
const MAX_ERROR_CHARS: usize = 500;

/// One request to a provider.
pub(super) struct Generation<'a> {
    pub(super) provider: &'a LlmProvider,
    /// The endpoint.
    pub(super) url: Url,
    /// The endpoint without secrets, for messages.
    address: String,
    /// When the caller stops waiting.
    limit: Instant,
    /// The provider's timeout, or the caller's if that is shorter; for messages.
    timeout: Duration,
}

impl<'a> Generation<'a> {
    /// A request to `provider` that may take `limit`.
    pub(super) fn new(provider: &'a LlmProvider, limit: Duration) -> Result<Self, LlmError> {
        let misconfigured = |reason| {
            let provider = provider.name.clone();
            LlmError::Misconfigured { provider, reason }
        };
        let url = provider.endpoint().map_err(misconfigured)?;
        Ok(Self {
            provider,
            address: redact::url(&url),
            url,
            limit: Instant::now() + limit,
            timeout: provider.timeout.min(limit),
        })
    }

    /// The end of the provider's timeout, counted from now, or of the caller's if that comes first.
    pub(super) fn deadline(&self) -> Instant {
        self.limit.min(Instant::now() + self.provider.timeout)
    }

    /// Reads a complete response.
    pub(super) async fn read_body(
        &self,
        response: Response,
        deadline: Instant,
    ) -> Result<Vec<u8>, LlmError> {
        let mut stream = response.bytes_stream();
        let mut body = Vec::new();
        loop {
            let next = timeout_at(deadline, stream.next()).await;
            match next.map_err(|_| self.timeout("did not complete its response"))? {
                Some(Ok(bytes)) => body.extend_from_slice(&bytes),
                Some(Err(error)) => return Err(self.interrupted(Some(error))),
                None => return Ok(body),
            }
            self.check_length(body.len())?;
        }
    }

    /// Reads a streamed response: adds every chunk to `completion` and gives its text to `on_chunk`. The provider's
    /// timeout applies to each chunk.
    pub(super) async fn read_chunks(
        &self,
        response: Response,
        completion: &mut Completion,
        on_chunk: &mut (dyn FnMut(&str) + Send),
    ) -> Result<(), LlmError> {
        let mut stream = response.bytes_stream();
        let mut decoder = SseDecoder::default();
        let mut streamed = StreamedCompletion::new(completion);
        loop {
            let next = timeout_at(self.deadline(), stream.next()).await;
            let bytes = match next.map_err(|_| self.timeout("sent no further chunk"))? {
                Some(Ok(bytes)) => bytes,
                Some(Err(error)) => return Err(self.interrupted(Some(error))),
                None if streamed.is_finished() => return Ok(()),
                None => return Err(self.interrupted(None)),
            };
            if self.add_events(&mut decoder, &bytes, &mut streamed, on_chunk)? {
                return Ok(());
            }
        }
    }

    /// Adds a response that was read completely: a document, or server-sent events under another media type.
    pub(super) fn add_body(
        &self,
        body: &[u8],
        completion: &mut Completion,
        on_chunk: &mut (dyn FnMut(&str) + Send),
    ) -> Result<(), LlmError> {
        if !is_event_text(body) {
            completion.add_response(body).map_err(|reason| self.invalid(&reason))?;
            on_chunk(&completion.text);
            return Ok(());
        }
        let mut streamed = StreamedCompletion::new(completion);
        let is_done = self.add_events(&mut SseDecoder::default(), body, &mut streamed, on_chunk)?;
        if is_done || streamed.is_finished() { Ok(()) } else { Err(self.interrupted(None)) }
    }

    /// Adds the events that are complete with `bytes`. Returns whether the response is complete.
    fn add_events(
        &self,
        decoder: &mut SseDecoder,
        bytes: &[u8],
        streamed: &mut StreamedCompletion<'_>,
        on_chunk: &mut (dyn FnMut(&str) + Send),
    ) -> Result<bool, LlmError> {
        for event in decoder.push(bytes).map_err(|error| self.invalid(&error.to_string()))? {
            match streamed.add(&event).map_err(|reason| self.invalid(&reason))? {
                Chunk::Done => return Ok(true),
                Chunk::Text(text) if text.is_empty() => {}
                Chunk::Text(text) => on_chunk(&text),
            }
        }
        self.check_length(streamed.text_bytes())?;
        Ok(false)
    }

    /// The error for a response with an error status.
    pub(super) async fn status_error(&self, response: Response, deadline: Instant) -> LlmError {
        let status = response.status();
        let retry_after = retry_after(response.headers(), SystemTime::now());
        let mut stream = response.bytes_stream();
        let mut body = Vec::new();
        // As much of the message as can be read: the status is an error without it.
        while let Ok(Some(Ok(bytes))) = timeout_at(deadline, stream.next()).await {
            body.extend_from_slice(&bytes);
            if body.len() > MAX_ERROR_BYTES {
                break;
            }
        }
        let message = if status.is_redirection() {
            "redirects are not followed: set api_base to the target of the redirect".to_owned()
        } else {
            self.without_key(&error_message(&body))
        };
        LlmError::Status {
            provider: self.provider.name.clone(),
            address: self.address.clone(),
            status: status.as_u16(),
            message,
            retry_after,
        }
    }

    /// Some providers repeat the key that they refuse.
    fn without_key(&self, message: &str) -> String {
        let key = self.provider.api_key.as_ref().map(|key| key.expose_secret());
        let message = match key {
            Some(key) if !key.is_empty() => message.replace(key, "[key]"),
            _ => message.to_owned(),
        };
        let mut shown: String = message.chars().take(MAX_ERROR_CHARS).collect();
        if shown.len() < message.len() {
            shown.push('…');
        }
        shown
    }

    /// The error for a request without a response.
    pub(super) fn send_error(&self, error: reqwest::Error) -> LlmError {
        let is_unconnected = error.is_connect() || error.is_timeout();
        if !is_unconnected {
            return self.interrupted(Some(error));
        }
        LlmError::Connect {
            provider: self.provider.name.clone(),
            address: self.address.clone(),
            // The error's own URL may hold a password.
            source: error.without_url(),
        }
    }

    /// The error for a provider that did not do `what` in time.
    pub(super) fn timeout(&self, what: &'static str) -> LlmError {
        LlmError::Timeout {
            provider: self.provider.name.clone(),
            address: self.address.clone(),
            what,
            timeout: self.timeout,
        }
    }

    /// The error for a response that is no chat completion, or reports an error.
    pub(super) fn invalid(&self, reason: &str) -> LlmError {
        let reason = self.without_key(reason);
        LlmError::InvalidResponse {
            provider: self.provider.name.clone(),
            address: self.address.clone(),
            reason,
        }
    }

    fn interrupted(&self, source: Option<reqwest::Error>) -> LlmError {
        LlmError::Interrupted {
            provider: self.provider.name.clone(),
            address: self.address.clone(),
            source: source.map(reqwest::Error::without_url),
        }
    }

    fn check_length(&self, length: usize) -> Result<(), LlmError> {
        if length <= MAX_RESPONSE_BYTES {
            Ok(())
        } else {
            Err(self.invalid(&format!("it is longer than {MAX_RESPONSE_BYTES} bytes")))
        }
    }
}

/// Whether a body consists of server-sent events: it begins with a field or a comment of one.
fn is_event_text(body: &[u8]) -> bool {
    let start = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body).trim_ascii_start();
    ["data:", "event:", ":"].iter().any(|field| start.starts_with(field.as_bytes()))
}

/// Whether a response is declared to consist of server-sent events.
pub(super) fn is_event_stream(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("text/event-stream")
}
