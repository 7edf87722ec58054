//! [`SmallResponse`]: a small response of any status, for callers that interpret refusals and redirects themselves.

use bytes::Bytes;
use futures::StreamExt as _;
use loom_base::redact;
use loom_source::{Download, RangeRequest, SourceError, SourceErrorKind};
use reqwest::header::HeaderMap;
use url::Url;

use super::{
    Client,
    attempts::{Hop, RequestAttempts},
    read_all,
    send::redirect_target,
};
use crate::{
    checked_body::{CheckedBody, ExpectedBody},
    get_request::GetRequest,
    response_head,
};

/// Whether redirects are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redirects {
    /// Redirects are followed as for files: without credentials to another origin, and never from https to http.
    Follow,
    /// A redirect is the response.
    Return,
}

/// A small response of any status.
#[derive(Debug, Clone)]
pub struct SmallResponse {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// The target of a redirect that was not followed, without user and password.
    pub location: Option<Url>,
}

impl Client {
    /// The response to a request for a small document of at most `max_bytes`.
    ///
    /// Transient errors (no connection, 408, 425, 5xx) are retried as the settings'
    /// [`retry`](crate::NetworkSettings::retry) says. Every other status is a response. The time is limited as for
    /// [`get_bytes`](Self::get_bytes).
    ///
    /// # Errors
    /// Where there is no response, the transient error that is left after all attempts, and
    /// [`Malformed`](SourceErrorKind::Malformed) for a body of more than `max_bytes`.
    pub async fn get_small(
        &self,
        request: &GetRequest,
        redirects: Redirects,
        max_bytes: usize,
    ) -> Result<SmallResponse, SourceError> {
        let mut attempts = RequestAttempts::at_document(request, &self.network);
        loop {
            match self.get_small_once(&attempts, redirects, max_bytes).await {
                Err(error) => attempts.pause(&self.network, error).await?,
                response => return response,
            }
        }
    }

    async fn get_small_once(
        &self,
        attempts: &RequestAttempts<'_>,
        redirects: Redirects,
        max_bytes: usize,
    ) -> Result<SmallResponse, SourceError> {
        let GetRequest { url, headers, .. } = attempts.request;
        let range = RangeRequest::whole();
        let (response, at) = match redirects {
            Redirects::Follow => self.send(attempts, &range).await?,
            Redirects::Return => {
                self.check_url(url)?;
                let at = redact::url(url);
                let hop = Hop { url, headers, range: &range, at: &at };
                (self.send_once(attempts, &hop).await?, at)
            }
        };
        if let status @ (408 | 425 | 500..=599) = response.status().as_u16() {
            let name = response_head::file_name(url);
            let verdict =
                response_head::judge(&at, name, &range, response.status(), response.headers());
            self.drain(response).await;
            let kind = SourceErrorKind::HttpStatus { status, retry_after: None };
            return Err(verdict.err().unwrap_or_else(|| SourceError::new(at, kind)));
        }
        let location = redirect_target(&response, url).and_then(Result::ok);
        self.read_small(attempts, response, at, max_bytes, location).await
    }

    async fn read_small(
        &self,
        attempts: &RequestAttempts<'_>,
        mut response: reqwest::Response,
        at: String,
        max_bytes: usize,
        location: Option<Url>,
    ) -> Result<SmallResponse, SourceError> {
        let status = response.status().as_u16();
        let headers = std::mem::take(response.headers_mut());
        let expected = ExpectedBody {
            at,
            length: response.content_length(),
            timeout: self.network.timeout,
            deadline: attempts.deadline,
            document: attempts.document,
            refuse_html: false,
        };
        let body = CheckedBody::new(response.bytes_stream(), expected).boxed();
        let download = Download { start: 0, total: None, validator: None, body };
        let body = read_all(download, max_bytes, &attempts.request.url).await?;
        Ok(SmallResponse { status, headers, body, location })
    }
}
