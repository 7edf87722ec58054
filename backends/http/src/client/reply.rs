//! Whatever a server answers, with its status and headers: for those who read refusals and redirects themselves.

use bytes::Bytes;
use futures::StreamExt as _;
use loom_base::redact;
use loom_source::{RangeRequest, SourceError, SourceErrorKind};
use reqwest::{Response, header::HeaderMap};
use url::Url;

use super::{Client, Hop, RequestAttempts, collect, target};
use crate::{
    GetRequest, address, answer,
    body::{CheckedBody, ExpectedBody},
};

/// Whether redirects are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redirects {
    /// As for every file: without credentials to another origin, never to less.
    Follow,
    /// The redirect is the answer.
    Return,
}

/// A small answer, whatever its status.
#[derive(Debug, Clone)]
pub struct SmallResponse {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// Where a redirect leads that was not followed, without user and password.
    pub location: Option<Url>,
}

impl Client {
    /// What is answered to a request for a small document of at most `cap` bytes.
    ///
    /// Failures that may pass by themselves (no connection, 408, 425, 5xx) are asked again as the settings'
    /// [`Retry`](crate::Retry) says, and errors in the end; every other status is a reply.
    pub async fn reply(
        &self,
        get: &GetRequest,
        follow: Redirects,
        cap: usize,
    ) -> Result<SmallResponse, SourceError> {
        let mut course = self.course(get);
        loop {
            match self.reply_once(&course, follow, cap).await {
                Err(failed) => self.pause(&mut course, failed).await?,
                done => return done,
            }
        }
    }

    async fn reply_once(
        &self,
        course: &RequestAttempts<'_>,
        follow: Redirects,
        cap: usize,
    ) -> Result<SmallResponse, SourceError> {
        let (url, whole) = (&course.get.url, RangeRequest::whole());
        let (response, at) = match follow {
            Redirects::Follow => self.send(course, &whole).await?,
            Redirects::Return => {
                address::admit(&self.network, url)?;
                let at = redact::url(url);
                let step = Hop { url, headers: &course.get.headers, resume: &whole, at: &at };
                (self.send_once(course, &step).await?, at)
            }
        };
        let status = response.status();
        if matches!(status.as_u16(), 408 | 425 | 500..=599) {
            let refused = answer::judge(&at, &whole, status, response.headers());
            self.drain(response).await;
            return Err(match refused {
                Err(error) => error,
                Ok(_) => {
                    let status = status.as_u16();
                    let kind = SourceErrorKind::HttpStatus { status, retry_after: None };
                    SourceError::new(at, kind)
                }
            });
        }
        let location = target(&response, url).and_then(Result::ok);
        self.whole(course, response, at, cap, location).await
    }

    async fn whole(
        &self,
        course: &RequestAttempts<'_>,
        mut response: Response,
        at: String,
        cap: usize,
        location: Option<Url>,
    ) -> Result<SmallResponse, SourceError> {
        let status = response.status().as_u16();
        let headers = std::mem::take(response.headers_mut());
        let promise = ExpectedBody {
            at,
            length: response.content_length(),
            timeout: self.network.timeout,
            deadline: course.deadline,
            no_page: false,
        };
        let body = CheckedBody::new(response.bytes_stream(), promise).boxed();
        let opened = loom_source::Download {
            start: 0,
            total: None,
            validator: answer::validator(&headers),
            body,
        };
        let body = collect(opened, cap, &course.get.url).await?;
        Ok(SmallResponse { status, headers, body, location })
    }
}
