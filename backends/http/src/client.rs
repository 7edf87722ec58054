//! One file from one address.

mod call;
mod reply;

use std::{
    pin::pin,
    time::{Duration, SystemTime},
};

use bytes::{Bytes, BytesMut};
use futures::{
    StreamExt as _, TryStreamExt as _,
    future::{Either, select},
    stream,
};
use loom_base::{backoff::jitter, redact};
use loom_source::{
    Download, RangeRequest, RedirectRefusal, SourceError, SourceErrorKind, TransferPhase,
};
use reqwest::{
    Method, Request, StatusCode,
    header::{self, HeaderMap},
};
use tokio::time::{Instant, timeout, timeout_at};
use url::Url;

use crate::{
    Exchange, NetworkError, NetworkSettings, address,
    answer::{self, Verdict},
    body::{CheckedBody, ExpectedBody},
    fault,
    get::{GetRequest, ask, travelling},
    moments::{ConnectTimings, TimeoutKind, Timeouts},
    transport::HttpTransport,
};

pub use call::{CallResponse, HttpCall};
pub use reply::{Redirects, SmallResponse};

/// How many redirects are followed.
const REDIRECTS: usize = 5;

/// A body of a refusal is read to its end, so that the connection can be used again, if it is not longer than this.
const DRAINED: u64 = 16 * 1024;

/// Fetches files, within what its [`Network`] allows.
#[derive(Debug)]
pub struct Client {
    network: NetworkSettings,
    transport: HttpTransport,
}

/// A file that has begun to arrive.
#[derive(Debug)]
pub struct Response {
    /// The headers.
    pub headers: HeaderMap,
    /// The bytes.
    pub opened: Download,
}

/// A request under way, with all attempts at it: what bounds it and what it is called.
struct RequestAttempts<'a> {
    get: &'a GetRequest,
    begun: Instant,
    /// How often it has been tried in vain.
    made: u32,
    deadline: Option<(Instant, Duration)>,
}

/// One request of a course.
struct Hop<'a> {
    url: &'a Url,
    headers: &'a HeaderMap,
    resume: &'a RangeRequest,
    at: &'a str,
}

impl Client {
    /// A client with these settings. Nothing is loaded or connected before the first request.
    pub fn new(network: NetworkSettings) -> Result<Self, NetworkError> {
        let transport = HttpTransport::new(&network)?;
        Ok(Self { network, transport })
    }

    /// The settings.
    pub fn network(&self) -> &NetworkSettings {
        &self.network
    }

    /// Opens a file; `None` where there is none (404, 410). Asks again as the settings' [`Retry`](crate::Retry) says.
    pub async fn get(&self, get: &GetRequest) -> Result<Option<Response>, SourceError> {
        let mut course = self.course(get);
        loop {
            match self.open(&course).await {
                Err(failed) => self.pause(&mut course, failed).await?,
                done => return done,
            }
        }
    }

    /// A whole small file, at most `cap` bytes; `None` where there is none.
    pub async fn get_bytes(
        &self,
        get: &GetRequest,
        cap: usize,
    ) -> Result<Option<Bytes>, SourceError> {
        let mut course = self.course(get);
        loop {
            match self.open_small(&course, cap).await {
                Err(failed) => self.pause(&mut course, failed).await?,
                done => return done,
            }
        }
    }

    async fn open_small(
        &self,
        course: &RequestAttempts<'_>,
        cap: usize,
    ) -> Result<Option<Bytes>, SourceError> {
        match self.open(course).await? {
            Some(answer) => collect(answer.opened, cap, &course.get.url).await.map(Some),
            None => Ok(None),
        }
    }

    fn course<'a>(&self, get: &'a GetRequest) -> RequestAttempts<'a> {
        let begun = Instant::now();
        let deadline = self.network.total_timeout.map(|total| (begun + total, total));
        RequestAttempts { get, begun, made: 0, deadline }
    }

    /// Waits until the same may be asked again, or gives the failure back. Asking again brings no progress:
    /// all attempts together and the pauses between them have the budget of one.
    async fn pause(
        &self,
        course: &mut RequestAttempts<'_>,
        failed: SourceError,
    ) -> Result<(), SourceError> {
        course.made += 1;
        let pause = self.network.retry.pause(course.made, &failed.kind, jitter());
        let in_time = |pause: &Duration| {
            let then = Instant::now() + *pause;
            then < course.begun + self.network.timeout
                && course.deadline.is_none_or(|(deadline, _)| then < deadline)
        };
        match pause.filter(in_time) {
            Some(pause) => tokio::time::sleep(pause).await,
            None => return Err(failed),
        }
        Ok(())
    }

    /// One attempt; a second request only where the first shows that the offset has lost its meaning.
    async fn open(&self, course: &RequestAttempts<'_>) -> Result<Option<Response>, SourceError> {
        let mut resume = course.get.resume.clone();
        loop {
            let (response, at) = self.send(course, &resume).await?;
            match answer::judge(&at, &resume, response.status(), response.headers()) {
                Ok(Verdict::Restart) => resume = RangeRequest::whole(),
                Ok(Verdict::Absent) => {
                    self.drain(response).await;
                    return Ok(None);
                }
                judged if !course.get.page && is_page(&judged, response.headers()) => {
                    return Err(SourceError::new(at, SourceErrorKind::HtmlPage));
                }
                Ok(verdict) => {
                    return self.answer(course, response, at, &verdict, resume.from).map(Some);
                }
                Err(refused) => {
                    self.drain(response).await;
                    return Err(refused);
                }
            }
        }
    }

    /// Sends the request and follows redirects; answers with the name of where it ended.
    async fn send(
        &self,
        course: &RequestAttempts<'_>,
        resume: &RangeRequest,
    ) -> Result<(reqwest::Response, String), SourceError> {
        let mut url = course.get.url.clone();
        let mut headers = course.get.headers.clone();
        address::admit(&self.network, &url)?;
        for _ in 0..=REDIRECTS {
            let at = named(&course.get.url, &url);
            let step = Hop { url: &url, headers: &headers, resume, at: &at };
            let response = self.send_once(course, &step).await?;
            let Some(next) = target(&response, &url) else { return Ok((response, at)) };
            let to = |url: &Url| redact::url(url);
            let next = next.map_err(|to| redirect(&at, to, RedirectRefusal::InvalidUrl))?;
            address::follow(&self.network, &url, &next)
                .map_err(|why| redirect(&at, to(&next), why))?;
            if !address::same_origin(&url, &next) {
                headers = travelling(&headers);
            }
            self.drain(response).await;
            url = next;
        }
        let at = redact::url(&course.get.url);
        Err(redirect(&at, redact::url(&url), RedirectRefusal::TooMany))
    }

    /// One request, up to the answer's headers.
    async fn send_once(
        &self,
        course: &RequestAttempts<'_>,
        step: &Hop<'_>,
    ) -> Result<reqwest::Response, SourceError> {
        let mut request = Request::new(Method::GET, step.url.clone());
        *request.headers_mut() = step.headers.clone();
        ask(request.headers_mut(), step.resume);
        self.execute(course, step, request).await
    }

    /// One request as it stands, up to the answer's headers.
    async fn execute(
        &self,
        course: &RequestAttempts<'_>,
        step: &Hop<'_>,
        request: Request,
    ) -> Result<reqwest::Response, SourceError> {
        let moments = ConnectTimings::begin();
        let client = self.transport.client(&self.network, step.url)?;
        let answer = self.watched(course, step, &moments, client.execute(request));
        let answer = match course.deadline {
            Some((deadline, after)) => timeout_at(deadline, answer).await.unwrap_or_else(|_| {
                let kind = SourceErrorKind::TotalTimeout { timeout: after };
                Err(SourceError::new(step.at, kind))
            }),
            None => answer.await,
        };
        self.note(course, step, &moments, answer.as_ref().ok());
        answer
    }

    /// The answer, unless the connection or the answer takes too long.
    async fn watched(
        &self,
        course: &RequestAttempts<'_>,
        step: &Hop<'_>,
        moments: &ConnectTimings,
        answer: impl Future<Output = reqwest::Result<reqwest::Response>>,
    ) -> Result<reqwest::Response, SourceError> {
        let NetworkSettings { timeout, connect_timeout, .. } = self.network;
        let patience = Timeouts {
            connect: connect_timeout.unwrap_or(timeout),
            answer: timeout,
            until: (course.made > 0).then(|| course.begun + timeout),
        };
        let proxy = || self.transport.via(step.url);
        let (phase, timeout) =
            match select(pin!(moments.during(answer)), pin!(moments.late(patience))).await {
                Either::Left((answer, _)) => {
                    return answer.map_err(|error| fault::unanswered(step.at, proxy(), error));
                }
                Either::Right((TimeoutKind::Answer, _)) => (TransferPhase::Response, timeout),
                Either::Right((TimeoutKind::Connection, _)) => {
                    (TransferPhase::Connect, patience.connect)
                }
            };
        Err(SourceError::new(step.at, SourceErrorKind::Stalled { phase, timeout }))
    }

    /// Notes who was asked and what came, for those who want to know.
    fn note(
        &self,
        course: &RequestAttempts<'_>,
        step: &Hop<'_>,
        moments: &ConnectTimings,
        answer: Option<&reqwest::Response>,
    ) {
        let Some(journal) = &self.network.journal else { return };
        let date = answer.and_then(|answer| answer::date(answer.headers()));
        journal.note(Exchange {
            url: step.at.to_owned(),
            origin: redact::origin(step.url),
            via: self.transport.via(step.url),
            redirected: *step.url != course.get.url,
            authorized: step.headers.contains_key(header::AUTHORIZATION),
            status: answer.map(|answer| answer.status().as_u16()),
            dns: moments.dns(),
            connect: moments.connect(),
            answer: answer.map(|_| moments.answer()),
            clocks: date.map(|date| (SystemTime::now(), date)),
        });
    }

    /// A response as an answer, its body under watch.
    fn answer(
        &self,
        course: &RequestAttempts<'_>,
        mut response: reqwest::Response,
        at: String,
        verdict: &Verdict,
        from: u64,
    ) -> Result<Response, SourceError> {
        let headers = std::mem::take(response.headers_mut());
        let length = response.content_length();
        let (start, total) = match verdict {
            Verdict::Rest { total } => (from, *total),
            Verdict::End => (from, Some(from)),
            _ => (0, length),
        };
        let validator = answer::validator(&headers);
        if *verdict == Verdict::End {
            let body = stream::empty().boxed();
            return Ok(Response { headers, opened: Download { start, total, validator, body } });
        }
        let promise = ExpectedBody {
            at,
            length: total.map(|total| total.saturating_sub(start)).or(length),
            timeout: self.network.timeout,
            deadline: course.deadline,
            no_page: !course.get.page && start == 0,
        };
        let body = CheckedBody::new(response.bytes_stream(), promise).boxed();
        Ok(Response { headers, opened: Download { start, total, validator, body } })
    }

    /// Reads a short body that nobody wants, so that its connection can serve the next request.
    async fn drain(&self, response: reqwest::Response) {
        if response.content_length().is_none_or(|length| length > DRAINED) {
            return;
        }
        let read = response.bytes_stream().try_for_each(async |_| Ok(()));
        // Whether it worked shows in the next request.
        let _ = timeout(self.network.timeout.min(Duration::from_secs(1)), read).await;
    }
}

/// Where a redirect leads; `Some(Err)` with its text where that is no address.
fn target(response: &reqwest::Response, url: &Url) -> Option<Result<Url, String>> {
    let redirects = matches!(
        response.status(),
        StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT
    );
    let location = response.headers().get(header::LOCATION).filter(|_| redirects)?;
    let text = String::from_utf8_lossy(location.as_bytes());
    Some(match url.join(&text) {
        Ok(mut next) => {
            // Nobody gives us other credentials than our own.
            let _ = next.set_username("");
            let _ = next.set_password(None);
            Ok(next)
        }
        Err(_) => Err(text.split('?').next().unwrap_or_default().to_owned()),
    })
}

fn redirect(at: &str, to: String, refusal: RedirectRefusal) -> SourceError {
    SourceError::new(at, SourceErrorKind::Redirect { to, refusal })
}

/// Whether a file was requested and the response is an HTML page, whose encoding is of no interest then.
fn is_page(judged: &Result<Verdict, SourceError>, headers: &HeaderMap) -> bool {
    let file = match judged {
        Ok(verdict) => matches!(verdict, Verdict::Whole | Verdict::Rest { .. }),
        Err(error) => matches!(error.kind, SourceErrorKind::ContentEncoding { .. }),
    };
    file && answer::is_page(headers)
}

/// Where an answer came from, for people: who must be reachable.
fn named(asked: &Url, answered: &Url) -> String {
    let (asked, answered) = (redact::url(asked), redact::url(answered));
    if asked == answered { asked } else { format!("{asked} (redirected to {answered})") }
}

async fn collect(mut opened: Download, cap: usize, url: &Url) -> Result<Bytes, SourceError> {
    let mut all = BytesMut::new();
    while let Some(piece) = opened.body.next().await {
        let piece = piece?;
        if all.len() + piece.len() > cap {
            let why = format!("it has more than {cap} bytes");
            return Err(SourceError::malformed(redact::url(url), why));
        }
        all.extend_from_slice(&piece);
    }
    Ok(all.freeze())
}
