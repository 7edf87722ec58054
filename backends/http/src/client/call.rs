//! One request as it stands, for protocols that sign their requests and read their answers themselves.

use bytes::Bytes;
use futures::StreamExt as _;
use loom_base::redact;
use loom_source::{Body, RangeRequest, SourceError, SourceErrorKind};
use reqwest::{
    Method, Request, StatusCode,
    header::{self, HeaderMap, HeaderValue},
};
use url::Url;

use super::{Client, Hop, RequestAttempts};
use crate::{
    address,
    answer::retry_after,
    body::{CheckedBody, ExpectedBody},
    get::GetRequest,
};

/// A request of any method, with its headers and body.
#[derive(Debug, Clone)]
pub struct HttpCall {
    get: GetRequest,
    method: Method,
    body: Bytes,
}

/// What came back, whatever it is.
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
        f.debug_struct("Called").field("status", status).field("headers", headers).finish()
    }
}

impl HttpCall {
    /// A request; what its address holds of user and password is sent as `Authorization`.
    pub fn new(method: Method, url: Url, headers: HeaderMap, body: Bytes) -> Self {
        Self { get: GetRequest::new(url).headers(headers), method, body }
    }

    /// The answer may be an HTML page; otherwise one is an error where the file begins with it.
    #[must_use]
    pub fn may_be_page(mut self) -> Self {
        self.get = self.get.may_be_page();
        self
    }
}

impl Client {
    /// Whether a request may go to this address at all.
    pub fn admits(&self, url: &Url) -> Result<(), SourceError> {
        address::admit(&self.network, url)
    }

    /// Sends a request and answers with what came back, refusals and redirects too; a server in trouble (429 and
    /// the like, 5xx) is an error once the settings' [`Retry`](crate::Retry) has given up.
    pub async fn call(&self, call: &HttpCall) -> Result<CallResponse, SourceError> {
        self.admits(&call.get.url)?;
        let mut course = self.course(&call.get);
        loop {
            match self.once(call, &course).await {
                Err(failed) => self.pause(&mut course, failed).await?,
                done => return done,
            }
        }
    }

    async fn once(
        &self,
        call: &HttpCall,
        course: &RequestAttempts<'_>,
    ) -> Result<CallResponse, SourceError> {
        let at = redact::url(&call.get.url);
        let (headers, resume) = (&call.get.headers, &RangeRequest::whole());
        let step = Hop { url: &call.get.url, headers, resume, at: &at };
        let answer = self.execute(course, &step, call.request()).await?;
        let status = answer.status().as_u16();
        if matches!(status, 408 | 425 | 429 | 500..=599) {
            let retry_after = retry_after(answer.headers(), std::time::SystemTime::now());
            self.drain(answer).await;
            return Err(SourceError::new(at, SourceErrorKind::HttpStatus { status, retry_after }));
        }
        let (status, headers) = (answer.status(), answer.headers().clone());
        let promise = ExpectedBody {
            at,
            length: answer.content_length(),
            timeout: self.network.timeout,
            deadline: course.deadline,
            no_page: !call.get.page && status == StatusCode::OK,
        };
        let body = CheckedBody::new(answer.bytes_stream(), promise).boxed();
        Ok(CallResponse { status, headers, body })
    }
}

impl HttpCall {
    fn request(&self) -> Request {
        let mut request = Request::new(self.method.clone(), self.get.url.clone());
        *request.headers_mut() = self.get.headers.clone();
        let identity = HeaderValue::from_static("identity");
        request.headers_mut().insert(header::ACCEPT_ENCODING, identity);
        if !self.body.is_empty() {
            *request.body_mut() = Some(self.body.clone().into());
        }
        request
    }
}
