//! `http://` and `https://`, through `loom-http`.

use async_trait::async_trait;
use bytes::Bytes;
use loom_base::{loopback::is_loopback_url, redact};
use loom_http::{Client, GetRequest, header::HeaderMap};
use loom_source::{Download, RangeRequest, SourceError};
use url::Url;

use crate::transport::{Entries, Transport};

/// A folder of an HTTP server.
#[derive(Debug)]
pub(crate) struct Web {
    /// Its user, password and query go with every request and show nowhere.
    root: Root,
    headers: HeaderMap,
    client: Client,
}

struct Root(Url);

impl std::fmt::Debug for Root {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&redact::url(&self.0))
    }
}

impl Web {
    pub(crate) fn new(root: Url, headers: HeaderMap, client: Client) -> Self {
        Self { root: Root(root), headers, client }
    }

    pub(crate) fn is_local(&self) -> bool {
        is_loopback_url(&self.root.0)
    }

    fn url(&self, key: &str) -> Url {
        let mut url = self.root.0.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(key.split('/').filter(|part| !part.is_empty()));
        }
        url
    }

    fn get(&self, key: &str) -> GetRequest {
        let get = GetRequest::new(self.url(key)).headers(self.headers.clone());
        // The loose files of a tree may be anything, pages too.
        if key.starts_with("store/") { get.allow_html() } else { get }
    }
}

#[async_trait]
impl Transport for Web {
    async fn small(&self, key: &str, cap: usize) -> Result<Option<Bytes>, SourceError> {
        self.client.get_bytes(&self.get(key), cap).await
    }

    async fn open(&self, key: &str, from: &RangeRequest) -> Result<Option<Download>, SourceError> {
        let answer = self.client.get(&self.get(key).range(from.clone())).await?;
        Ok(answer.map(|answer| answer.download))
    }

    async fn list(&self, _folder: &str) -> Result<Option<Entries>, SourceError> {
        Ok(None)
    }

    fn can_list(&self) -> bool {
        false
    }

    fn at(&self, key: &str) -> String {
        redact::url(&self.url(key))
    }
}
