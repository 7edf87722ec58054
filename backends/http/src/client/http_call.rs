//! [`HttpCall`] and [`CallResponse`]: a request of any method, for protocols that sign their requests and interpret
//! responses themselves.

use std::time::SystemTime;

use bytes::Bytes;
use futures::StreamExt as _;
use loom_base::redact;
use loom_source::{Body, RangeRequest, SourceError, SourceErrorKind};
use reqwest::{
    Method, Request, StatusCode,
    header::{self, HeaderMap, HeaderValue},
};
use url::Url;

use super::{
    Client,
    attempts::{Hop, RequestAttempts},
};
use crate::{
    checked_body::{CheckedBody, ExpectedBody},
    get_request::GetRequest,
    response_head::retry_after,
};

/// A request of any method, with its headers and body.
#[derive(Debug, Clone)]
pub struct HttpCall {
    pub(super) request: GetRequest,
    method: Method,
    body: Bytes,
    pub(super) is_document: bool,
    is_repeatable: bool,
}

/// The response to an [`HttpCall`], of any status.
pub struct CallResponse {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The bytes.
    pub body: Body,
}

impl std::fmt::Debug for CallResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { status, headers, .. } = self;
        let mut debug = f.debug_struct("CallResponse");
        debug.field("status", status).field("headers", headers).finish_non_exhaustive()
    }
}

impl HttpCall {
    /// A request. A user and password in the URL are sent as `Authorization`.
    pub fn new(method: Method, url: Url, headers: HeaderMap, body: Bytes) -> Self {
        let request = GetRequest::new(url).headers(headers);
        Self { request, method, body, is_document: false, is_repeatable: true }
    }

    /// The same request, whose response may be an HTML page. Otherwise, a page is an error.
    #[must_use]
    pub fn allow_html(mut self) -> Self {
        self.request = self.request.allow_html();
        self
    }

    /// The same request for a small document, whose time is limited as for [`Client::get_bytes`].
    #[must_use]
    pub fn document(mut self) -> Self {
        self.is_document = true;
        self
    }

    /// The same request, which [`Client::call`] sends once: the server may have carried it out although it failed.
    #[must_use]
    pub fn once(mut self) -> Self {
        self.is_repeatable = false;
        self
    }

    pub(super) fn to_request(&self) -> Request {
        let mut request = Request::new(self.method.clone(), self.request.url.clone());
        *request.headers_mut() = self.request.headers.clone();
        let identity = HeaderValue::from_static("identity");
        request.headers_mut().insert(header::ACCEPT_ENCODING, identity);
        if !self.body.is_empty() {
            *request.body_mut() = Some(self.body.clone().into());
        }
        request
    }
}

impl Client {
    /// Sends a request and returns the response, refusals and redirects included. Transient errors (no connection, 408,
    /// 425, 429, 5xx) are retried as the settings' [`retry`](crate::NetworkSettings::retry) says.
    ///
    /// # Errors
    /// Where there is no response, and the transient error that is left after all attempts.
    pub async fn call(&self, call: &HttpCall) -> Result<CallResponse, SourceError> {
        self.check_url(&call.request.url)?;
        let mut attempts = if call.is_document {
            RequestAttempts::at_document(&call.request, &self.network)
        } else {
            RequestAttempts::new(&call.request, &self.network)
        };
        loop {
            match self.call_once(call, &attempts).await {
                Err(error) if call.is_repeatable => attempts.pause(&self.network, error).await?,
                response => return response,
            }
        }
    }

    async fn call_once(
        &self,
        call: &HttpCall,
        attempts: &RequestAttempts<'_>,
    ) -> Result<CallResponse, SourceError> {
        let GetRequest { url, headers, .. } = &call.request;
        let at = redact::url(url);
        let hop = Hop { url, headers, range: &RangeRequest::whole(), at: &at };
        let response = self.execute(attempts, &hop, call.to_request()).await?;
        self.call_response(call, attempts, at, response).await
    }

    /// The response to a call; statuses that are transient are errors.
    pub(super) async fn call_response(
        &self,
        call: &HttpCall,
        attempts: &RequestAttempts<'_>,
        at: String,
        response: reqwest::Response,
    ) -> Result<CallResponse, SourceError> {
        let status = response.status();
        if let status @ (408 | 425 | 429 | 500..=599) = status.as_u16() {
            let retry_after = retry_after(response.headers(), SystemTime::now());
            self.drain(response).await;
            return Err(SourceError::new(at, SourceErrorKind::HttpStatus { status, retry_after }));
        }
        let headers = response.headers().clone();
        let expected = ExpectedBody {
            at,
            length: response.content_length(),
            timeout: self.network.timeout,
            deadline: attempts.deadline,
            document: match attempts.document {
                None if !status.is_success() => Some(attempts.document_deadline(&self.network)),
                document => document,
            },
            refuse_html: !call.request.allow_html && status == StatusCode::OK,
        };
        let body = CheckedBody::new(response.bytes_stream(), expected).boxed();
        Ok(CallResponse { status, headers, body })
    }
}
