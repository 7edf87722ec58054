//! [`Client`] and [`Response`]: fetches one file from one URL.

mod attempts;
mod http_call;
mod send;
mod small_response;
mod upload;

use bytes::{Bytes, BytesMut};
use futures::{StreamExt as _, stream};
use loom_base::redact;
use loom_source::{Download, RangeRequest, SourceError, SourceErrorKind};
use reqwest::header::HeaderMap;
use url::Url;

use self::attempts::RequestAttempts;
use crate::{
    checked_body::{CheckedBody, ExpectedBody},
    get_request::{ChallengeHeaders, GetRequest},
    network_settings::{NetworkError, NetworkSettings},
    response_head::{self, HeadVerdict},
    transport::HttpTransport,
    url_policy,
};

pub use http_call::{CallResponse, HttpCall};
pub use small_response::{Redirects, SmallResponse};
pub use upload::UploadBody;

/// Fetches files, within the limits of its [`NetworkSettings`].
#[derive(Debug)]
pub struct Client {
    network: NetworkSettings,
    transport: HttpTransport,
}

/// A file that has begun to arrive.
#[derive(Debug)]
pub struct Response {
    /// The headers of the response.
    pub headers: HeaderMap,
    /// The bytes of the file.
    pub download: Download,
}

impl Client {
    /// A client with these settings. Certificates are loaded and connections made with the first request.
    ///
    /// # Errors
    /// Where a setting cannot be used: a certificate, a proxy, the user agent.
    pub fn new(network: NetworkSettings) -> Result<Self, NetworkError> {
        let transport = HttpTransport::new(&network)?;
        Ok(Self { network, transport })
    }

    /// The client's settings.
    pub fn network(&self) -> &NetworkSettings {
        &self.network
    }

    /// Checks whether the settings permit a request to a URL.
    ///
    /// # Errors
    /// [`Offline`](SourceErrorKind::Offline) and [`PlainHttp`](SourceErrorKind::PlainHttp), for URLs beyond this machine.
    pub fn check_url(&self, url: &Url) -> Result<(), SourceError> {
        url_policy::check_request(&self.network, url)
    }

    /// Opens a file; `None` where it does not exist (404, 410). Transient errors are retried as the settings'
    /// [`retry`](NetworkSettings::retry) says.
    ///
    /// # Errors
    /// Where no file can be had: see [`SourceErrorKind`].
    pub async fn get(&self, request: &GetRequest) -> Result<Option<Response>, SourceError> {
        let mut attempts = RequestAttempts::new(request, &self.network);
        loop {
            match self.open(&attempts).await {
                Err(error) => attempts.pause(&self.network, error).await?,
                opened => return opened,
            }
        }
    }

    /// The bytes of a small file; `None` where it does not exist. Retries as [`get`](Self::get) does. All attempts, with
    /// the body, have the settings' [`timeout`](NetworkSettings::timeout), and once more for every 256 KiB.
    ///
    /// # Errors
    /// As for [`get`](Self::get), and [`Malformed`](SourceErrorKind::Malformed) for a file of more than `max_bytes`.
    pub async fn get_bytes(
        &self,
        request: &GetRequest,
        max_bytes: usize,
    ) -> Result<Option<Bytes>, SourceError> {
        let mut attempts = RequestAttempts::at_document(request, &self.network);
        loop {
            match self.open_and_read(&attempts, max_bytes).await {
                Err(error) => attempts.pause(&self.network, error).await?,
                read => return read,
            }
        }
    }

    async fn open_and_read(
        &self,
        attempts: &RequestAttempts<'_>,
        max_bytes: usize,
    ) -> Result<Option<Bytes>, SourceError> {
        match self.open(attempts).await? {
            Some(response) => {
                read_all(response.download, max_bytes, &attempts.request.url).await.map(Some)
            }
            None => Ok(None),
        }
    }

    /// One attempt. It takes a second request only where the response to the first shows that the requested offset does
    /// not fit the content any more.
    async fn open(&self, attempts: &RequestAttempts<'_>) -> Result<Option<Response>, SourceError> {
        let mut range = attempts.request.range.clone();
        loop {
            let (response, at) = self.send(attempts, &range).await?;
            let name = response_head::file_name(&attempts.request.url);
            let verdict =
                response_head::judge(&at, name, &range, response.status(), response.headers());
            match verdict {
                Ok(HeadVerdict::Restart) => range = RangeRequest::whole(),
                Ok(HeadVerdict::Absent) => {
                    self.drain(response).await;
                    return Ok(None);
                }
                verdict
                    if !attempts.request.allow_html && is_html(&verdict, response.headers()) =>
                {
                    return Err(SourceError::new(at, SourceErrorKind::HtmlPage));
                }
                Ok(verdict) => {
                    return Ok(Some(self.response(attempts, response, at, &verdict, range.from)));
                }
                Err(error) => {
                    let error = with_challenge(error, attempts.request, &response);
                    self.drain(response).await;
                    return Err(error);
                }
            }
        }
    }

    /// The response of the client library as ours, with a checked body.
    fn response(
        &self,
        attempts: &RequestAttempts<'_>,
        mut response: reqwest::Response,
        at: String,
        verdict: &HeadVerdict,
        from: u64,
    ) -> Response {
        let headers = std::mem::take(response.headers_mut());
        let length = response.content_length();
        let (start, total) = match verdict {
            HeadVerdict::Range { total } => (from, *total),
            HeadVerdict::End => (from, Some(from)),
            _ => (0, length),
        };
        let validator = response_head::validator(&headers);
        if *verdict == HeadVerdict::End {
            let body = stream::empty().boxed();
            return Response { headers, download: Download { start, total, validator, body } };
        }
        let expected = ExpectedBody {
            at,
            length: total.map(|total| total.saturating_sub(start)).or(length),
            timeout: self.network.timeout,
            deadline: attempts.deadline,
            document: attempts.document,
            refuse_html: !attempts.request.allow_html && start == 0,
        };
        let body = CheckedBody::new(response.bytes_stream(), expected).boxed();
        Response { headers, download: Download { start, total, validator, body } }
    }
}

/// The error of a response, with its headers where it is a refusal that the caller answers itself.
fn with_challenge(
    error: SourceError,
    request: &GetRequest,
    response: &reqwest::Response,
) -> SourceError {
    let status = response.status().as_u16();
    let is_own = url_policy::same_origin(&request.url, response.url());
    if !request.challenged || !is_own || !matches!(status, 401 | 403) {
        return error;
    }
    error.caused_by(ChallengeHeaders { status, headers: response.headers().clone() })
}

/// Whether a file was requested and the response is an HTML page. The encoding of a page is of no interest.
fn is_html(verdict: &Result<HeadVerdict, SourceError>, headers: &HeaderMap) -> bool {
    let file = match verdict {
        Ok(verdict) => matches!(verdict, HeadVerdict::Whole | HeadVerdict::Range { .. }),
        Err(error) => matches!(error.kind, SourceErrorKind::ContentEncoding { .. }),
    };
    file && response_head::is_html(headers)
}

/// All bytes of a download of at most `max_bytes`.
async fn read_all(
    mut download: Download,
    max_bytes: usize,
    url: &Url,
) -> Result<Bytes, SourceError> {
    let mut all = BytesMut::new();
    while let Some(piece) = download.body.next().await {
        let piece = piece?;
        if all.len() + piece.len() > max_bytes {
            let reason = format!("it has more than {max_bytes} bytes");
            return Err(SourceError::malformed(redact::url(url), reason));
        }
        all.extend_from_slice(&piece);
    }
    Ok(all.freeze())
}
