//! [`GetRequest`]: a request for a file.

use std::fmt;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use loom_base::redact;
use loom_source::{RangeRequest, Validator};
use reqwest::header::{self, HeaderMap, HeaderValue};
use url::Url;

/// A request for a file.
///
/// # Examples
/// ```
/// use loom_http::{GetRequest, header::AUTHORIZATION};
///
/// let request = GetRequest::new("https://user:secret@host/file".parse()?);
/// assert_eq!(request.url().as_str(), "https://host/file");
/// assert!(!format!("{request:?}").contains("secret"));
/// # Ok::<(), url::ParseError>(())
/// ```
#[derive(Clone)]
pub struct GetRequest {
    /// The URL without user and password.
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) range: RangeRequest,
    /// Whether the file may be an HTML page.
    pub(crate) allow_html: bool,
    /// Whether a refusal has the headers of the response as its cause.
    pub(crate) challenged: bool,
}

/// Without the query, which may hold secrets.
impl fmt::Debug for GetRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GetRequest")
            .field("url", &redact::url(&self.url))
            .field("headers", &self.headers)
            .field("range", &self.range)
            .finish_non_exhaustive()
    }
}

impl GetRequest {
    /// A request for the whole file at `url`. A user and password in the URL are sent as `Authorization`.
    pub fn new(url: Url) -> Self {
        let mut headers = HeaderMap::new();
        let mut bare = url.clone();
        if let Some(value) = basic_authorization(&url) {
            headers.insert(header::AUTHORIZATION, value);
            let _ = bare.set_username("");
            let _ = bare.set_password(None);
        }
        Self {
            url: bare,
            headers,
            range: RangeRequest::whole(),
            allow_html: false,
            challenged: false,
        }
    }

    /// The URL without user and password.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The same request with these headers. When a redirect leads to another origin, all but `Accept` are dropped.
    #[must_use]
    pub fn headers(mut self, headers: HeaderMap) -> Self {
        self.headers.extend(headers);
        self
    }

    /// The same request for a range of the file.
    #[must_use]
    pub fn range(mut self, range: RangeRequest) -> Self {
        self.range = range;
        self
    }

    /// The same request for a file that may be an HTML page. Otherwise, a page is an error.
    #[must_use]
    pub fn allow_html(mut self) -> Self {
        self.allow_html = true;
        self
    }

    /// The same request, whose refusal by the requested server (401, 403) has [`ChallengeHeaders`] as its cause. That of
    /// another server, to which a redirect led, has not.
    #[must_use]
    pub fn challenged(mut self) -> Self {
        self.challenged = true;
        self
    }
}

/// The headers of a response that refused a request: the cause of its error, for callers that answer its challenge
/// (`WWW-Authenticate`) themselves.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the server asks for other credentials (HTTP {status})")]
pub struct ChallengeHeaders {
    /// The status: 401 or 403.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
}

/// `Authorization: Basic …` with the user and password of a URL; `None` where it has neither.
fn basic_authorization(url: &Url) -> Option<HeaderValue> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let decoded = |text: &str| percent_encoding::percent_decode_str(text).collect::<Vec<u8>>();
    let mut pair = decoded(url.username());
    pair.push(b':');
    pair.extend(decoded(url.password().unwrap_or_default()));
    let text = BASE64_STANDARD.encode(&pair);
    let mut value = HeaderValue::try_from(format!("Basic {text}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Adds the headers that request a range of the file as published, without a content encoding.
pub(crate) fn add_range(headers: &mut HeaderMap, range: &RangeRequest) {
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    if range.from == 0 {
        return;
    }
    if let Ok(value) = HeaderValue::try_from(format!("bytes={}-", range.from)) {
        headers.insert(header::RANGE, value);
    }
    if let Some(Validator::Strong(tag)) = &range.validator
        && let Ok(tag) = HeaderValue::try_from(tag)
    {
        headers.insert(header::IF_RANGE, tag);
    }
}

/// The headers that may be sent to another origin.
pub(crate) fn across_origins(headers: &HeaderMap) -> HeaderMap {
    let accept = headers.get(header::ACCEPT).cloned();
    accept.into_iter().map(|value| (header::ACCEPT, value)).collect()
}
