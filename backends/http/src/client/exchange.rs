//! One request as it stands, for protocols that sign their requests and read their answers themselves.

use bytes::Bytes;
use futures::StreamExt as _;
use loom_source::{Body, SourceError};
use reqwest::{
    Method, Request, StatusCode,
    header::{self, HeaderMap, HeaderValue},
};
use tokio::time::{timeout, timeout_at};
use url::Url;

use super::{Client, Course};
use crate::{
    address,
    answer::retry_after,
    body::{Promise, Reading},
    fault,
    get::Get,
};

/// A request of any method, with its headers and body.
#[derive(Debug, Clone)]
pub struct Exchange {
    get: Get,
    method: Method,
    body: Bytes,
}

/// What came back, whatever it is.
pub struct Exchanged {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The bytes.
    pub body: Body,
}

impl std::fmt::Debug for Exchanged {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { status, headers, .. } = self;
        f.debug_struct("Exchanged").field("status", status).field("headers", headers).finish()
    }
}

impl Exchange {
    /// A request; what its address holds of user and password is sent as `Authorization`.
    pub fn new(method: Method, url: Url, headers: HeaderMap, body: Bytes) -> Self {
        Self { get: Get::new(url).headers(headers), method, body }
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
    pub async fn exchange(&self, exchange: &Exchange) -> Result<Exchanged, SourceError> {
        self.admits(&exchange.get.url)?;
        let course = self.course(&exchange.get);
        let mut made = 0;
        loop {
            match self.once(exchange, &course).await {
                Err(failed) => self.pause(&course, &mut made, failed).await?,
                done => return done,
            }
        }
    }

    async fn once(
        &self,
        exchange: &Exchange,
        course: &Course<'_>,
    ) -> Result<Exchanged, SourceError> {
        let at = address::shown(&exchange.get.url);
        let after = self.network.timeout;
        let client = self.transport.client(&self.network, &exchange.get.url)?;
        let answer = timeout(after, client.execute(exchange.request()));
        let answer = match course.deadline {
            Some((deadline, after)) => timeout_at(deadline, answer)
                .await
                .map_err(|_| SourceError::Budget { at: at.clone(), after })?,
            None => answer.await,
        };
        let answer = answer.map_err(|_| SourceError::Stall { at: at.clone(), after })?;
        let answer = answer.map_err(|error| fault::unanswered(&at, after, error))?;
        let status = answer.status().as_u16();
        if matches!(status, 408 | 425 | 429 | 500..=599) {
            let retry_after = retry_after(answer.headers(), std::time::SystemTime::now());
            self.drain(answer).await;
            return Err(SourceError::Status { at, status, retry_after });
        }
        let (status, headers) = (answer.status(), answer.headers().clone());
        let promise = Promise {
            at,
            length: answer.content_length(),
            timeout: after,
            deadline: course.deadline,
            no_page: !exchange.get.page && status == StatusCode::OK,
        };
        let body = Reading::new(answer.bytes_stream(), promise).boxed();
        Ok(Exchanged { status, headers, body })
    }
}

impl Exchange {
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
