//! Whatever a server answers, with its status and headers: for those who read refusals and redirects themselves.

use bytes::Bytes;
use futures::StreamExt as _;
use loom_source::{Resume, SourceError};
use reqwest::{Response, header::HeaderMap};
use url::Url;

use super::{Client, Course, Step, collect, target};
use crate::{
    Get, address, answer,
    body::{Promise, Reading},
};

/// Whether redirects are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Follow {
    /// As for every file: without credentials to another origin, never to less.
    Redirects,
    /// The redirect is the answer.
    Nothing,
}

/// A small answer, whatever its status.
#[derive(Debug, Clone)]
pub struct Reply {
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
    pub async fn reply(&self, get: &Get, follow: Follow, cap: usize) -> Result<Reply, SourceError> {
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
        course: &Course<'_>,
        follow: Follow,
        cap: usize,
    ) -> Result<Reply, SourceError> {
        let (url, whole) = (&course.get.url, Resume::whole());
        let (response, at) = match follow {
            Follow::Redirects => self.send(course, &whole).await?,
            Follow::Nothing => {
                address::admit(&self.network, url)?;
                let at = address::shown(url);
                let step = Step { url, headers: &course.get.headers, resume: &whole, at: &at };
                (self.head(course, &step).await?, at)
            }
        };
        let status = response.status();
        if matches!(status.as_u16(), 408 | 425 | 500..=599) {
            let refused = answer::judge(&at, &whole, status, response.headers());
            self.drain(response).await;
            return Err(match refused {
                Err(error) => error,
                Ok(_) => SourceError::Status { at, status: status.as_u16(), retry_after: None },
            });
        }
        let location = target(&response, url).and_then(Result::ok);
        self.whole(course, response, at, cap, location).await
    }

    async fn whole(
        &self,
        course: &Course<'_>,
        mut response: Response,
        at: String,
        cap: usize,
        location: Option<Url>,
    ) -> Result<Reply, SourceError> {
        let status = response.status().as_u16();
        let headers = std::mem::take(response.headers_mut());
        let promise = Promise {
            at,
            length: response.content_length(),
            timeout: self.network.timeout,
            deadline: course.deadline,
            no_page: false,
        };
        let body = Reading::new(response.bytes_stream(), promise).boxed();
        let opened = loom_source::Opened {
            start: 0,
            total: None,
            validator: answer::validator(&headers),
            body,
        };
        let body = collect(opened, cap, &course.get.url).await?;
        Ok(Reply { status, headers, body, location })
    }
}
