//! [`WebTransport`]: a folder of an HTTP server, through `loom-http`.

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use loom_base::{loopback::is_loopback_url, redact};
use loom_http::{
    Client, GetRequest, Redirects,
    header::{self, HeaderMap},
};
use loom_source::{Download, RangeRequest, SkippedEntries, SourceError, SourceErrorKind};
use url::Url;

use crate::{
    folder_page::{MAX_PAGE, version_folders},
    transport::{Entries, Transport},
};

/// The longest chain of redirects that is followed to the page of a folder.
const MAX_REDIRECTS: usize = 3;

/// A folder of an HTTP server.
pub(crate) struct WebTransport {
    /// The URL of the folder. Its user, password and query are sent with every request and never shown.
    root: Url,
    headers: HeaderMap,
    client: Client,
    skipped: SkippedEntries,
}

impl fmt::Debug for WebTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebTransport")
            .field("root", &redact::url(&self.root))
            .field("headers", &self.headers)
            .finish_non_exhaustive()
    }
}

impl WebTransport {
    pub(crate) fn new(root: Url, headers: HeaderMap, client: Client) -> Self {
        Self { root, headers, client, skipped: SkippedEntries::default() }
    }

    pub(crate) fn is_local(&self) -> bool {
        is_loopback_url(&self.root)
    }

    fn url(&self, key: &str) -> Url {
        let mut url = self.root.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(key.split('/').filter(|part| !part.is_empty()));
        }
        url
    }

    fn request(&self, key: &str) -> GetRequest {
        let request = GetRequest::new(self.url(key)).headers(self.headers.clone());
        // A loose file of a tree may be an HTML page; every other HTML page is that of a proxy or login.
        if key.starts_with("store/") { request.allow_html() } else { request }
    }

    /// The page of a folder; `None` where the server answers with something else, whatever it is: only a file that is
    /// requested can be replaced by a login page.
    async fn folder_page(&self, folder: &str) -> Result<Option<String>, SourceError> {
        let mut url = self.url(folder);
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().push("");
        }
        for _ in 0..=MAX_REDIRECTS {
            let request = GetRequest::new(url.clone()).headers(self.headers.clone()).allow_html();
            let response = self.client.get_small(&request, Redirects::Return, MAX_PAGE).await?;
            if response.status == 429 {
                let kind = SourceErrorKind::HttpStatus { status: 429, retry_after: None };
                return Err(SourceError::new(redact::url(&url), kind));
            }
            match response.location.as_ref().filter(|target| target.origin() == url.origin()) {
                Some(target) => url.set_path(target.path()),
                None if is_page(response.status, &response.headers) => {
                    return Ok(Some(String::from_utf8_lossy(&response.body).into_owned()));
                }
                None => return Ok(None),
            }
        }
        Ok(None)
    }
}

/// Whether a response is a page: status 200, HTML, not compressed.
fn is_page(status: u16, headers: &HeaderMap) -> bool {
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = media_type.and_then(|text| text.split(';').next()).unwrap_or_default();
    status == 200
        && media_type.trim().eq_ignore_ascii_case("text/html")
        && !headers.contains_key(header::CONTENT_ENCODING)
}

#[async_trait]
impl Transport for WebTransport {
    async fn get_bytes(&self, key: &str, max_bytes: usize) -> Result<Option<Bytes>, SourceError> {
        self.client.get_bytes(&self.request(key), max_bytes).await
    }

    async fn open(&self, key: &str, range: &RangeRequest) -> Result<Option<Download>, SourceError> {
        let response = self.client.get(&self.request(key).range(range.clone())).await?;
        Ok(response.map(|response| response.download))
    }

    async fn list(&self, _folder: &str) -> Result<Option<Entries>, SourceError> {
        Ok(None)
    }

    async fn list_folders(&self, folder: &str) -> Result<Option<Vec<String>>, SourceError> {
        // Over plain http, anyone on the way could write the page.
        if self.root.scheme() == "http" && !self.is_local() {
            return Ok(None);
        }
        let Some(page) = self.folder_page(folder).await? else { return Ok(None) };
        version_folders(&page).map_err(|why| SourceError::malformed(self.location(folder), why))
    }

    fn can_list(&self) -> bool {
        false
    }

    fn unlistable_reason(&self) -> &'static str {
        "versions cannot be listed: there is no index, and no page of the folder lists them; give --version"
    }

    fn skipped(&self) -> &SkippedEntries {
        &self.skipped
    }

    fn location(&self, key: &str) -> String {
        redact::url(&self.url(key))
    }
}
