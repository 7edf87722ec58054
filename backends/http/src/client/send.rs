//! Sends requests and follows redirects.

use std::{
    pin::pin,
    time::{Duration, SystemTime},
};

use futures::{
    TryStreamExt as _,
    future::{Either, select},
};
use loom_base::redact;
use loom_source::{
    RangeRequest, RedirectRefusal, SourceError, SourceErrorKind, TransferPhase, process_clock,
};
use reqwest::{Method, Request, StatusCode, header};
use tokio::time::timeout;
use url::Url;

use super::{
    Client,
    attempts::{Hop, RequestAttempts},
};
use crate::{
    client_error,
    connect_timings::{ConnectTimings, TimeoutKind, Timeouts},
    get_request::{across_origins, add_range},
    journal::Exchange,
    response_head, url_policy,
};

/// The longest chain of redirects that is followed.
const MAX_REDIRECTS: usize = 5;

/// The longest body of a refusal, in bytes, that is read to its end so that the connection can be used again.
const MAX_DRAINED: u64 = 16 * 1024;

impl Client {
    /// Sends the request and follows redirects. Returns the last response, and the name of its URL for errors.
    pub(super) async fn send(
        &self,
        attempts: &RequestAttempts<'_>,
        range: &RangeRequest,
    ) -> Result<(reqwest::Response, String), SourceError> {
        let requested = &attempts.request.url;
        let mut url = requested.clone();
        let mut headers = attempts.request.headers.clone();
        self.check_url(&url)?;
        for _ in 0..=MAX_REDIRECTS {
            let at = describe(requested, &url);
            let hop = Hop { url: &url, headers: &headers, range, at: &at };
            let response = self.send_once(attempts, &hop).await?;
            let Some(target) = redirect_target(&response, &url) else { return Ok((response, at)) };
            let target = target.map_err(|to| refused(&at, to, RedirectRefusal::InvalidUrl))?;
            url_policy::check_redirect(&self.network, &url, &target)
                .map_err(|refusal| refused(&at, redact::url(&target), refusal))?;
            if !url_policy::same_origin(&url, &target) {
                headers = across_origins(&headers);
            }
            self.drain(response).await;
            url = target;
        }
        Err(refused(&redact::url(requested), redact::url(&url), RedirectRefusal::TooMany))
    }

    /// Sends one GET request and returns the response with its headers.
    pub(super) async fn send_once(
        &self,
        attempts: &RequestAttempts<'_>,
        hop: &Hop<'_>,
    ) -> Result<reqwest::Response, SourceError> {
        let mut request = Request::new(Method::GET, hop.url.clone());
        *request.headers_mut() = hop.headers.clone();
        add_range(request.headers_mut(), hop.range);
        self.execute(attempts, hop, request).await
    }

    /// Sends one request as it is and returns the response with its headers.
    pub(super) async fn execute(
        &self,
        attempts: &RequestAttempts<'_>,
        hop: &Hop<'_>,
        request: Request,
    ) -> Result<reqwest::Response, SourceError> {
        self.execute_timed(attempts, hop, request, &ConnectTimings::begin()).await
    }

    /// Sends one request whose times are recorded in `timings`.
    pub(super) async fn execute_timed(
        &self,
        attempts: &RequestAttempts<'_>,
        hop: &Hop<'_>,
        request: Request,
        timings: &ConnectTimings,
    ) -> Result<reqwest::Response, SourceError> {
        let client = self.transport.client(&self.network, hop.url)?;
        let response = self.within_timeouts(attempts, hop, timings, client.execute(request));
        let response = match attempts.deadline {
            Some((deadline, timeout)) => {
                process_clock::before(deadline, response).await.unwrap_or_else(|| {
                    Err(SourceError::new(hop.at, SourceErrorKind::TotalTimeout { timeout }))
                })
            }
            None => response.await,
        };
        self.record(attempts, hop, timings, response.as_ref().ok());
        response
    }

    /// The response, unless the connection or the response takes too long.
    async fn within_timeouts(
        &self,
        attempts: &RequestAttempts<'_>,
        hop: &Hop<'_>,
        timings: &ConnectTimings,
        response: impl Future<Output = reqwest::Result<reqwest::Response>>,
    ) -> Result<reqwest::Response, SourceError> {
        let timeout = self.network.timeout;
        let timeouts = Timeouts {
            connect: self.network.connect_timeout.unwrap_or(timeout),
            response: timeout,
            until: match attempts.document {
                Some(document) => Some(document.first),
                None => (attempts.failed > 0).then(|| attempts.begun + timeout),
            },
        };
        let response = pin!(timings.during(response));
        let (phase, timeout) = match select(response, pin!(timings.elapse(timeouts))).await {
            Either::Left((response, _)) => {
                let proxy = || self.transport.proxy(hop.url);
                return response.map_err(|e| client_error::of_request(hop.at, proxy(), e));
            }
            Either::Right((TimeoutKind::Response, _)) => (TransferPhase::Response, timeout),
            Either::Right((TimeoutKind::Connect, _)) => (TransferPhase::Connect, timeouts.connect),
        };
        Err(SourceError::new(hop.at, SourceErrorKind::Stalled { phase, timeout }))
    }

    /// Records the request in the journal, if there is one.
    fn record(
        &self,
        attempts: &RequestAttempts<'_>,
        hop: &Hop<'_>,
        timings: &ConnectTimings,
        response: Option<&reqwest::Response>,
    ) {
        let Some(journal) = &self.network.journal else { return };
        let date = response.and_then(|response| response_head::date(response.headers()));
        journal.record(Exchange {
            url: redact::url(hop.url),
            origin: redact::origin(hop.url),
            via: self.transport.proxy(hop.url),
            redirected: *hop.url != attempts.request.url,
            authorized: hop.headers.contains_key(header::AUTHORIZATION),
            status: response.map(|response| response.status().as_u16()),
            dns: timings.dns(),
            connect: timings.connect(),
            answer: response.map(|_| timings.response()),
            clocks: date.map(|date| (SystemTime::now(), date)),
        });
    }

    /// Reads a short body that is not needed, so that its connection can be used for the next request.
    pub(super) async fn drain(&self, response: reqwest::Response) {
        if response.content_length().is_none_or(|length| length > MAX_DRAINED) {
            return;
        }
        let read = response.bytes_stream().try_for_each(async |_| Ok(()));
        // A failure shows in the next request.
        let _ = timeout(self.network.timeout.min(Duration::from_secs(1)), read).await;
    }
}

/// The target of a redirect: `Err` with its text where that is not a URL; `None` where the response is no redirect.
pub(super) fn redirect_target(
    response: &reqwest::Response,
    url: &Url,
) -> Option<Result<Url, String>> {
    let is_redirect = matches!(
        response.status(),
        StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT
    );
    let location = response.headers().get(header::LOCATION).filter(|_| is_redirect)?;
    let text = String::from_utf8_lossy(location.as_bytes());
    Some(match url.join(&text) {
        Ok(mut target) => {
            // A server must not choose the credentials of a request.
            let _ = target.set_username("");
            let _ = target.set_password(None);
            Ok(target)
        }
        Err(_) => Err(text.split('?').next().unwrap_or_default().to_owned()),
    })
}

fn refused(at: &str, to: String, refusal: RedirectRefusal) -> SourceError {
    SourceError::new(at, SourceErrorKind::Redirect { to, refusal })
}

/// The name in errors of the URL that answered: both hosts of a redirect may have to be reachable.
fn describe(requested: &Url, answered: &Url) -> String {
    let requested = redact::url(requested);
    let answered = redact::url(answered);
    if requested == answered {
        requested
    } else {
        format!("{requested} (redirected to {answered})")
    }
}
