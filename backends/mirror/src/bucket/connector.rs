//! [`BucketConnector`]: sends the requests of `object_store` through `loom-http`, so that timeouts, proxies, certificates,
//! retry, offline mode and redaction are the same as for every other source.

use std::{
    future::poll_fn,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::Duration,
};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::StreamExt as _;
use http_body::{Body as HttpBody, Frame};
use loom_base::{loopback::is_loopback_url, redact};
use loom_http::{
    CallResponse, Client, HttpCall, Method, NetworkError, NetworkSettings, ProxySettings,
    RequestRetry, header, is_own_encoding,
};
use loom_source::{Body, SourceError, SourceErrorKind};
use object_store::{
    ClientOptions,
    client::{
        HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody,
        HttpResponse, HttpResponseBody, HttpService,
    },
};
use url::{Host, Url};

use super::{
    listing_page::{ListingRequest, UNREAD},
    object_status::{ObjectStatus, ObjectStatusError, object_status},
};

/// How much of the body of a refusal is read, in bytes. Its code is near the beginning.
const MAX_REFUSAL: usize = 16 * 1024;

/// The largest document that is read, in bytes: a page of a listing has a thousand names, a token is smaller.
const MAX_DOCUMENT: usize = 16 * 1024 * 1024;

/// The timeout for the metadata services of this machine, which respond at once or do not exist.
const METADATA_TIMEOUT: Duration = Duration::from_secs(2);

/// Marks requests for objects, whose bodies can be of any size.
#[derive(Debug, Clone, Copy)]
pub(super) struct ObjectRequest {
    /// Whether the object may be an HTML page.
    pub(super) allow_html: bool,
    /// Whether the object is a small document, whose time is limited.
    pub(super) is_document: bool,
}

/// Sends the requests of `object_store` for one bucket, and those for its credentials.
#[derive(Debug, Clone)]
pub(super) struct BucketConnector(Arc<ConnectorState>);

#[derive(Debug)]
struct ConnectorState {
    /// The location of the mirror in messages.
    location: String,
    /// The endpoint of the bucket. Requests to other origins are for credentials.
    endpoint: Url,
    client: Client,
    /// The client for the metadata services of this machine: over plain http and without a proxy.
    metadata_client: Client,
}

impl BucketConnector {
    pub(super) fn new(
        location: String,
        endpoint: Url,
        network: NetworkSettings,
    ) -> Result<Self, NetworkError> {
        let metadata_client = Client::new(NetworkSettings {
            timeout: network.timeout.min(METADATA_TIMEOUT),
            allow_http: true,
            proxy: ProxySettings::default(),
            retry: RequestRetry::NEVER,
            ..network.clone()
        })?;
        let client = Client::new(network)?;
        Ok(Self(Arc::new(ConnectorState { location, endpoint, client, metadata_client })))
    }

    /// Checks that the endpoint may be requested, before any request for credentials.
    pub(super) fn check_endpoint(&self) -> Result<(), SourceError> {
        self.0.client.check_url(&self.0.endpoint)
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, ObjectStatus> {
        let state = self.0.as_ref();
        let (head, body) = request.into_parts();
        let malformed =
            |why: String| ObjectStatus::Failed(SourceError::malformed(state.location.clone(), why));
        let url = Url::parse(&head.uri.to_string())
            .map_err(|e| malformed(format!("an invalid request URL: {e}")))?;
        let body = whole(body).await.map_err(|e| malformed(e.to_string()))?;
        let writes = !matches!(head.method, Method::GET | Method::HEAD);
        let object = head.extensions.get::<ObjectRequest>().copied();
        let ranged = head.headers.contains_key(header::RANGE);
        let mut call = HttpCall::new(head.method, url.clone(), head.headers, body);
        if object.is_some_and(|object| object.allow_html) {
            call = call.allow_html();
        }
        // Everything but objects is a document: listings, tokens.
        if object.is_none_or(|object| object.is_document) {
            call = call.document();
        }
        if url.origin() != state.endpoint.origin() {
            return state.send_for_credentials(&url, &call).await;
        }
        let response = state.client.call(&call).await.map_err(ObjectStatus::Failed)?;
        match response.status.as_u16() {
            200..=299 if writes => Ok(into_response(response, MAX_DOCUMENT as u64)),
            200 if ranged => Err(ObjectStatus::RangeIgnored),
            200 | 206 => {
                check_encoding(&url, &response).map_err(ObjectStatus::Failed)?;
                if let Some(listing) = head.extensions.get::<ListingRequest>() {
                    return keep(listing, response).await.map_err(ObjectStatus::Failed);
                }
                let max_bytes = if object.is_some() { u64::MAX } else { MAX_DOCUMENT as u64 };
                Ok(into_response(response, max_bytes))
            }
            status => {
                let body = beginning(response.body).await;
                Err(object_status(&url, status, &response.headers, &body))
            }
        }
    }
}

impl ConnectorState {
    /// Sends a request for credentials. Plain http is allowed on this machine and its link only.
    async fn send_for_credentials(
        &self,
        url: &Url,
        call: &HttpCall,
    ) -> Result<HttpResponse, ObjectStatus> {
        let no_credentials = |reason: String| {
            let kind = SourceErrorKind::NoCredentials { reason };
            ObjectStatus::Failed(SourceError::new(self.location.clone(), kind))
        };
        let at = redact::url(url);
        let secure = url.scheme() == "https";
        if !secure && !is_metadata_service(url) {
            return Err(no_credentials(format!(
                "{at} was not requested: http:// is not encrypted"
            )));
        }
        let client = if secure { &self.client } else { &self.metadata_client };
        match client.call(call).await {
            Ok(response) if response.status.is_success() => {
                Ok(into_response(response, MAX_DOCUMENT as u64))
            }
            Ok(response) => {
                Err(no_credentials(format!("{at} answered with HTTP status {}", response.status)))
            }
            Err(error) if secure => Err(ObjectStatus::Failed(error)),
            Err(_) => Err(no_credentials(format!(
                "neither the environment nor the configuration holds any, and this machine has no role (no response from {at})"
            ))),
        }
    }
}

/// The bytes of the body of a request, all of which are in memory.
async fn whole(mut body: HttpRequestBody) -> Result<Bytes, HttpError> {
    if let Some(bytes) = body.as_bytes() {
        return Ok(bytes.clone());
    }
    let mut bytes = BytesMut::with_capacity(body.content_length());
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        if let Ok(piece) = frame?.into_data() {
            bytes.extend_from_slice(&piece);
        }
    }
    Ok(bytes.freeze())
}

/// Whether a URL is that of this machine or of a metadata service: a link-local address, or one of the names and
/// addresses of the providers' metadata services.
fn is_metadata_service(url: &Url) -> bool {
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

fn check_encoding(url: &Url, response: &CallResponse) -> Result<(), SourceError> {
    let encoding = response.headers.get(header::CONTENT_ENCODING);
    let encoding = encoding.and_then(|value| value.to_str().ok()).unwrap_or_default().trim();
    // Some stores keep the name `aws-chunked` of an upload in signed chunks, though the object has no chunks.
    let name = url.path().rsplit('/').next().unwrap_or_default();
    match encoding.to_ascii_lowercase().as_str() {
        "aws-chunked" => Ok(()),
        own if is_own_encoding(own, name) => Ok(()),
        _ => {
            let kind = SourceErrorKind::ContentEncoding { encoding: encoding.to_owned() };
            Err(SourceError::new(redact::url(url), kind))
        }
    }
}

/// The beginning of a body as text. An interrupted body is not an error here.
async fn beginning(mut body: Body) -> String {
    let mut bytes = Vec::new();
    while let Some(Ok(piece)) = body.next().await {
        bytes.extend_from_slice(&piece);
        if bytes.len() >= MAX_REFUSAL {
            bytes.truncate(MAX_REFUSAL);
            break;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Keeps the page of a listing for its requester. `object_store` receives an empty page instead: it would refuse a whole
/// page for one name that it does not accept.
async fn keep(
    listing: &ListingRequest,
    mut response: CallResponse,
) -> Result<HttpResponse, SourceError> {
    let mut page = Vec::new();
    while let Some(piece) = response.body.next().await {
        let piece = piece?;
        if page.len() + piece.len() > MAX_DOCUMENT {
            let reason = format!("it has more than {MAX_DOCUMENT} bytes");
            return Err(SourceError::malformed("a page of a listing", reason));
        }
        page.extend_from_slice(&piece);
    }
    listing.keep(page);
    response.headers.remove(header::CONTENT_LENGTH);
    let body = futures::stream::once(async { Ok(Bytes::from_static(UNREAD)) }).boxed();
    Ok(into_response(CallResponse { body, ..response }, UNREAD.len() as u64))
}

fn into_response(response: CallResponse, max_bytes: u64) -> HttpResponse {
    let body = LimitedBody { body: Mutex::new(response.body), left: max_bytes };
    let mut http = HttpResponse::new(HttpResponseBody::new(body));
    *http.status_mut() = response.status;
    *http.headers_mut() = response.headers;
    http
}

/// A body of limited length. `object_store` requires `Sync`, which the mutex provides; it is never locked.
struct LimitedBody {
    body: Mutex<Body>,
    left: u64,
}

impl HttpBody for LimitedBody {
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
                let piece = piece.map_err(|error| http_error(ObjectStatus::Failed(error)))?;
                *left = left.checked_sub(piece.len() as u64).ok_or_else(too_long)?;
                Ok(Frame::data(piece))
            })
        })
    }
}

fn too_long() -> HttpError {
    let reason = format!("it has more than {MAX_DOCUMENT} bytes");
    http_error(ObjectStatus::Failed(SourceError::malformed("a listing", reason)))
}

/// An error of the kind `Unknown`, which `object_store` does not retry: `loom-http` has done so already.
fn http_error(status: ObjectStatus) -> HttpError {
    HttpError::new(HttpErrorKind::Unknown, ObjectStatusError::new(status))
}

impl HttpConnector for BucketConnector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

#[async_trait]
impl HttpService for BucketConnector {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        self.send(request).await.map_err(http_error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_requested_over_plain_http_from_metadata_services_only() {
        for (url, expected) in [
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
            assert_eq!(is_metadata_service(&url.parse().unwrap()), expected, "{url}");
        }
    }
}
