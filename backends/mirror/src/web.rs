//! [`WebTransport`]: a folder of an HTTP server, through `loom-http`.

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use loom_base::{loopback::is_loopback_url, redact};
use loom_http::{Client, GetRequest, header::HeaderMap};
use loom_source::{Download, RangeRequest, SourceError};
use url::Url;

use crate::transport::{Entries, Transport};

/// A folder of an HTTP server.
pub(crate) struct WebTransport {
    /// The URL of the folder. Its user, password and query are sent with every request and never shown.
    root: Url,
    headers: HeaderMap,
    client: Client,
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
        Self { root, headers, client }
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

    fn can_list(&self) -> bool {
        false
    }

    fn location(&self, key: &str) -> String {
        redact::url(&self.url(key))
    }
}
