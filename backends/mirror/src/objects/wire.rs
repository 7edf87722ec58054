//! How the object store library reaches the network: through `loom-http`, so that timeouts, proxies, certificates,
//! retry, offline and redaction are the same as everywhere.

use std::{
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt as _;
use http_body::{Body as HttpBody, Frame};
use loom_base::{loopback::is_loopback_url, redact};
use loom_http::{
    CallResponse, Client, HttpCall, NetworkError, NetworkSettings, ProxySettings, RequestRetry,
    header,
};
use loom_source::{Body, SourceError, SourceErrorKind};
use object_store::{
    ClientOptions,
    client::{
        HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse,
        HttpResponseBody, HttpService,
    },
};
use url::{Host, Url};

use super::said::{Carried, ObjectStatus, judge};

/// What stands before a refusal's code is not longer.
const REFUSAL: usize = 16 * 1024;

/// A page of a listing holds a thousand names; a token is smaller.
const DOCUMENT: u64 = 16 * 1024 * 1024;

/// How long this machine's own services may take to say who we are: they answer at once or never.
const ROLE: Duration = Duration::from_secs(2);

/// Marks requests for objects: their bodies are of any size, and of any kind where `page` says so.
#[derive(Debug, Clone, Copy)]
pub(super) struct Object {
    pub(super) page: bool,
}

/// The way to one object store, and to those who give out credentials for it.
#[derive(Debug, Clone)]
pub(super) struct Wire(Arc<Ways>);

#[derive(Debug)]
struct Ways {
    /// The place, for people.
    place: String,
    /// Where data is asked for; whatever lies elsewhere gives out credentials.
    data: Url,
    client: Client,
    /// For this machine's own role, which is asked over plain http, never through a proxy.
    role: Client,
}

impl Wire {
    pub(super) fn new(
        place: String,
        data: Url,
        network: NetworkSettings,
    ) -> Result<Self, NetworkError> {
        let role = NetworkSettings {
            timeout: network.timeout.min(ROLE),
            allow_http: true,
            proxy: ProxySettings::default(),
            retry: RequestRetry::NEVER,
            ..network.clone()
        };
        let (client, role) = (Client::new(network)?, Client::new(role)?);
        Ok(Self(Arc::new(Ways { place, data, client, role })))
    }

    /// Whether the place may be asked at all, before anybody is asked for credentials.
    pub(super) fn admits(&self) -> Result<(), SourceError> {
        self.0.client.check_url(&self.0.data)
    }

    async fn ask(&self, request: HttpRequest) -> Result<HttpResponse, ObjectStatus> {
        let ways = self.0.as_ref();
        let (head, body) = request.into_parts();
        let malformed =
            |why: String| ObjectStatus::Failed(SourceError::malformed(ways.place.clone(), why));
        let url = head.uri.to_string();
        let url = Url::parse(&url).map_err(|e| malformed(format!("no address: {e}")))?;
        let body = body.as_bytes().cloned().unwrap_or_default();
        let object = head.extensions.get::<Object>().copied();
        let ranged = head.headers.contains_key(header::RANGE);
        let mut call = HttpCall::new(head.method, url.clone(), head.headers, body);
        if object.is_some_and(|object| object.page) {
            call = call.allow_html();
        }
        if url.origin() != ways.data.origin() {
            return ways.credentials(&url, &call).await;
        }
        let answer = ways.client.call(&call).await.map_err(ObjectStatus::Failed)?;
        match answer.status.as_u16() {
            200 if ranged => Err(ObjectStatus::Whole),
            200 | 206 => {
                encoded(&url, &answer).map_err(ObjectStatus::Failed)?;
                Ok(response(answer, if object.is_some() { u64::MAX } else { DOCUMENT }))
            }
            status => {
                let said = beginning(answer.body).await;
                Err(judge(&url, status, &answer.headers, &said))
            }
        }
    }
}

impl Ways {
    /// Asks for credentials. Over plain http that is done on this machine and its link only.
    async fn credentials(&self, url: &Url, call: &HttpCall) -> Result<HttpResponse, ObjectStatus> {
        let none = |why: String| {
            let kind = SourceErrorKind::NoCredentials { reason: why };
            ObjectStatus::Failed(SourceError::new(self.place.clone(), kind))
        };
        let at = redact::url(url);
        let secure = url.scheme() == "https";
        if !secure && !is_at_hand(url) {
            return Err(none(format!("{at} would have to be asked over plain http")));
        }
        let client = if secure { &self.client } else { &self.role };
        match client.call(call).await {
            Ok(answer) if answer.status.is_success() => Ok(response(answer, DOCUMENT)),
            Ok(answer) => Err(none(format!("{at} gives none out ({})", answer.status))),
            Err(error) if secure => Err(ObjectStatus::Failed(error)),
            Err(_) => Err(none(format!(
                "neither the environment nor the configuration holds any, and this machine has no role ({at} does not answer)"
            ))),
        }
    }
}

/// Whether an address is this machine or a service beside it: link-local, or the names and addresses that
/// the providers give their metadata services.
fn is_at_hand(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => {
            matches!(name, "metadata.google.internal" | "metadata") || is_loopback_url(url)
        }
        Some(Host::Ipv4(ip)) => ip.is_loopback() || ip.is_link_local(),
        Some(Host::Ipv6(ip)) => {
            ip.is_loopback() || ip.is_unicast_link_local() || ip.segments()[..2] == [0xfd00, 0x0ec2]
        }
        None => false,
    }
}

fn encoded(url: &Url, answer: &CallResponse) -> Result<(), SourceError> {
    let encoding = answer.headers.get(header::CONTENT_ENCODING);
    let encoding = encoding.and_then(|value| value.to_str().ok()).unwrap_or_default().trim();
    // Uploads in signed chunks leave their name behind in some stores; the chunks are gone.
    match encoding.to_ascii_lowercase().as_str() {
        "" | "identity" | "aws-chunked" => Ok(()),
        _ => {
            let kind = SourceErrorKind::ContentEncoding { encoding: encoding.to_owned() };
            Err(SourceError::new(redact::url(url), kind))
        }
    }
}

/// The beginning of a body, as text; what breaks off is no more than that.
async fn beginning(mut body: Body) -> String {
    let mut said = Vec::new();
    while let Some(Ok(piece)) = body.next().await {
        said.extend_from_slice(&piece);
        if said.len() >= REFUSAL {
            said.truncate(REFUSAL);
            break;
        }
    }
    String::from_utf8_lossy(&said).into_owned()
}

fn response(answer: CallResponse, cap: u64) -> HttpResponse {
    let body = Pieces { body: Mutex::new(answer.body), left: cap };
    let mut response = HttpResponse::new(HttpResponseBody::new(body));
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    response
}

/// A body for the library, which wants to share it between threads: the lock is never taken.
struct Pieces {
    body: Mutex<Body>,
    left: u64,
}

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        let Self { body, left } = self.get_mut();
        let body = body.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
        body.poll_next_unpin(cx).map(|piece| {
            piece.map(|piece| {
                let piece = piece.map_err(|error| carried(ObjectStatus::Failed(error)))?;
                *left = left.checked_sub(piece.len() as u64).ok_or_else(too_long)?;
                Ok(Frame::data(piece))
            })
        })
    }
}

fn too_long() -> HttpError {
    let reason = format!("it has more than {DOCUMENT} bytes");
    carried(ObjectStatus::Failed(SourceError::malformed("a listing", reason)))
}

/// Of a kind that the library does not try again by itself: that has been done below.
fn carried(said: ObjectStatus) -> HttpError {
    HttpError::new(HttpErrorKind::Unknown, Carried::new(said))
}

impl HttpConnector for Wire {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

#[async_trait]
impl HttpService for Wire {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        self.ask(request).await.map_err(carried)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_asks_for_credentials_at_hand_only() {
        for (url, at_hand) in [
            ("http://169.254.169.254/latest/api/token", true),
            ("http://169.254.170.2/v2/credentials", true),
            ("http://[fd00:ec2::254]/latest", true),
            ("http://metadata.google.internal/x", true),
            ("http://localhost:1/x", true),
            ("http://127.0.0.1:41/msi", true),
            ("http://10.0.0.1/x", false),
            ("http://[fd00::1]/x", false),
            ("http://metadata.example/x", false),
        ] {
            assert_eq!(is_at_hand(&url.parse().unwrap()), at_hand, "{url}");
        }
    }
}
