//! What is asked for, and the headers it is asked with.

use std::fmt;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use loom_base::redact;
use loom_source::{RangeRequest, Validator};
use reqwest::header::{self, HeaderMap, HeaderValue};
use url::Url;

/// What is asked for.
#[derive(Clone)]
pub struct GetRequest {
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) resume: RangeRequest,
    /// Whether an HTML page would be a right answer.
    pub(crate) page: bool,
}

/// Without the query, which may be a secret.
impl fmt::Debug for GetRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Get")
            .field("url", &redact::url(&self.url))
            .field("headers", &self.headers)
            .field("resume", &self.resume)
            .finish_non_exhaustive()
    }
}

impl GetRequest {
    /// The whole file at `url`. A user and password in it are sent as `Authorization`.
    pub fn new(url: Url) -> Self {
        let mut headers = HeaderMap::new();
        let mut bare = url.clone();
        if let Some(value) = basic(&url) {
            headers.insert(header::AUTHORIZATION, value);
            let _ = bare.set_username("");
            let _ = bare.set_password(None);
        }
        Self { url: bare, headers, resume: RangeRequest::whole(), page: false }
    }

    /// Where, without user and password.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// With these headers; they are dropped, all but `Accept`, when a redirect leads to another origin.
    #[must_use]
    pub fn headers(mut self, headers: HeaderMap) -> Self {
        self.headers.extend(headers);
        self
    }

    /// From an offset on, if the validator still holds.
    #[must_use]
    pub fn resume(mut self, resume: RangeRequest) -> Self {
        self.resume = resume;
        self
    }

    /// The file may be an HTML page; otherwise one is an error.
    #[must_use]
    pub fn may_be_page(mut self) -> Self {
        self.page = true;
        self
    }
}

/// `Authorization: Basic …` for the user and password of a URL.
fn basic(url: &Url) -> Option<HeaderValue> {
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

/// The headers of every request: bytes as they are, and from where on.
pub(crate) fn ask(headers: &mut HeaderMap, resume: &RangeRequest) {
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    if resume.from == 0 {
        return;
    }
    if let Ok(range) = HeaderValue::try_from(format!("bytes={}-", resume.from)) {
        headers.insert(header::RANGE, range);
    }
    if let Some(Validator::Strong(tag)) = &resume.validator
        && let Ok(tag) = HeaderValue::try_from(tag)
    {
        headers.insert(header::IF_RANGE, tag);
    }
}

/// What may go to another origin.
pub(crate) fn travelling(headers: &HeaderMap) -> HeaderMap {
    let accept = headers.get(header::ACCEPT).cloned();
    accept.into_iter().map(|value| (header::ACCEPT, value)).collect()
}
