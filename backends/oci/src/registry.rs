//! [`RegistryTransport`]: the repositories of a registry, through `loom-http`.
//!
//! | module | holds |
//! |---|---|
//! | `authorizer` | `Authorizer`: which `Authorization` a request has, and how it is renewed |
//! | `authorization` | the header that a login or a token is sent in |
//! | `call_text` | the small bodies of responses |
//! | `challenge` | reads `WWW-Authenticate` |
//! | `token_request` | exchanges a login for a token |
//! | `refusal` | what a status other than success means |
//! | `next_page` | reads the `Link` to the next page of a list |
//! | `registry_call` | `RegistryCall`: a request that changes something, and how it is sent |
//! | `upload` | writes blobs and documents |

mod authorization;
mod authorizer;
mod call_text;
mod challenge;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod next_page;
mod refusal;
mod registry_call;
mod token_request;
mod upload;

use std::{
    collections::HashSet,
    sync::atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use bytes::Bytes;
use loom_base::{backoff::jitter, redact};
use loom_http::{
    ChallengeHeaders, Client, GetRequest, Redirects, SmallResponse,
    header::{self, HeaderMap, HeaderValue},
};
use loom_source::{
    AccessDenied, Digest, Download, Name, PinnedImage, RangeRequest, SkippedEntries, SourceError,
    SourceErrorKind, json, process_clock,
};
use serde::Deserialize;
use url::Url;

pub(crate) use self::authorizer::LoginSource;
use self::authorizer::{Authorizer, RefusedRequest};
use crate::{
    manifest::{Descriptor, ImageContent, ImageDocument, MAX_DOCUMENT, parse_digest},
    mapping::{INDEX_TYPES, MANIFEST_TYPES},
    reference::RegistryReference,
    transport::{ImageTransport, MAX_TAGS, referrers_tag},
};

/// The largest number of pages of a list.
const MAX_PAGES: usize = 1_000;

/// The number of tags that is requested for a page.
const PAGE: &str = "1000";

/// The longest tag, in characters.
const MAX_TAG: usize = 128;

/// The repositories of a registry.
#[derive(Debug)]
pub(crate) struct RegistryTransport {
    client: Client,
    /// The registry that is asked.
    asked: RegistryReference,
    root: Url,
    authorizer: Authorizer,
    /// Whether the registry is known to have no list of referrers.
    without_referrers: AtomicBool,
    skipped: SkippedEntries,
}

/// A page of `tags/list`.
#[derive(Deserialize)]
struct TagPage {
    #[serde(default)]
    tags: Option<Vec<String>>,
}

impl RegistryTransport {
    /// The repositories of `asked`, whose root URL is `root`.
    pub(crate) fn new(
        asked: RegistryReference,
        root: Url,
        client: Client,
        login: LoginSource,
    ) -> Self {
        let authorizer = Authorizer::new(root.clone(), asked.login_key().to_owned(), login);
        let without_referrers = AtomicBool::new(false);
        Self {
            client,
            asked,
            root,
            authorizer,
            without_referrers,
            skipped: SkippedEntries::default(),
        }
    }

    /// The URL `/v2/<repository>/<path>`. Neither has characters that would have to be escaped.
    fn url(&self, repository: &str, path: &str) -> Url {
        let mut url = self.root.clone();
        url.set_path(&format!("/v2/{repository}/{path}"));
        url
    }

    /// The response to a request for a small document, with the authorization that the registry asks for.
    async fn get_small(
        &self,
        repository: &str,
        url: &Url,
        accept: &str,
    ) -> Result<SmallResponse, SourceError> {
        let mut sent = self.authorizer.current(repository).await;
        let mut is_fresh = false;
        loop {
            let headers = headers(accept, sent.as_ref());
            let request = GetRequest::new(url.clone()).headers(headers);
            let response = self.patiently(&request).await?;
            if !matches!(response.status, 401 | 403) {
                return Ok(response);
            }
            let SmallResponse { status, headers, .. } = &response;
            let (status, sent_before) = (*status, sent.as_ref());
            let refused =
                RefusedRequest { repository, status, headers, sent: sent_before, is_fresh };
            match self.authorizer.after(&self.client, refused, &self.skipped).await? {
                Some(next) => (sent, is_fresh) = (Some(next), true),
                None => return Err(refusal::denied(url, &response)),
            }
        }
    }

    /// The response to a request that is repeated where the registry asks for a pause (429), as other transient errors are.
    async fn patiently(&self, request: &GetRequest) -> Result<SmallResponse, SourceError> {
        let (begun, mut made) = (process_clock::now(), 0);
        loop {
            let response = self.client.get_small(request, Redirects::Follow, MAX_DOCUMENT).await?;
            if response.status != 429 {
                return Ok(response);
            }
            made += 1;
            let error = refusal::status(request.url(), &response);
            let network = self.client.network();
            let pause = network.retry.pause(made, &error.kind, jitter());
            let in_time = |pause: &std::time::Duration| {
                process_clock::now() + *pause < begun + network.timeout
            };
            match pause.filter(in_time) {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Err(error),
            }
        }
    }

    /// The document at a URL; `None` where it does not exist.
    async fn document(
        &self,
        repository: &str,
        url: &Url,
    ) -> Result<Option<(ImageDocument, HeaderMap)>, SourceError> {
        let accept = [INDEX_TYPES, MANIFEST_TYPES].concat().join(", ");
        let response = self.get_small(repository, url, &accept).await?;
        match refusal::body(url, response)? {
            Some((body, headers)) => Ok(Some((ImageDocument::new(body), headers))),
            None => Ok(None),
        }
    }

    /// The list at a URL, page by page: `page` reads one and returns how many entries there are so far.
    async fn pages(
        &self,
        repository: &str,
        first: Url,
        accept: &str,
        mut page: impl FnMut(&Url, &Bytes) -> Result<usize, SourceError>,
    ) -> Result<bool, SourceError> {
        let mut seen = HashSet::new();
        let mut url = first;
        loop {
            if !seen.insert(url.clone()) || seen.len() > MAX_PAGES {
                let why = match seen.len() > MAX_PAGES {
                    true => format!("its list has more than {MAX_PAGES} pages"),
                    false => "a page of its list repeats".to_owned(),
                };
                return Err(SourceError::malformed(redact::url(&url), why));
            }
            let response = self.get_small(repository, &url, accept).await?;
            let Some((body, headers)) = refusal::body(&url, response)? else {
                return Ok(seen.len() > 1);
            };
            if page(&url, &body)? > MAX_TAGS {
                let why = format!("its list has more than {MAX_TAGS} entries");
                return Err(SourceError::malformed(redact::url(&url), why));
            }
            match next_page::of(&headers, &url) {
                Ok(Some(next)) => url = next,
                Ok(None) => return Ok(true),
                Err(why) => return Err(SourceError::malformed(redact::url(&url), why)),
            }
        }
    }

    /// The manifests that refer to another, by the registry's list; `None` where it has no such list.
    async fn listed_referrers(
        &self,
        repository: &str,
        digest: &Digest,
    ) -> Result<Option<Vec<Descriptor>>, SourceError> {
        if self.without_referrers.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let url = self.url(repository, &format!("referrers/sha256:{digest}"));
        let mut all = Vec::new();
        let listed = self.pages(repository, url, INDEX_TYPES[0], |url, body| {
            all.extend(descriptors(&redact::url(url), &ImageDocument::new(body.clone()))?);
            Ok(all.len())
        });
        match listed.await {
            Ok(true) => Ok(Some(all)),
            Ok(false) => {
                self.without_referrers.store(true, Ordering::Relaxed);
                Ok(None)
            }
            // Registries that do not know the path answer in any of these ways.
            Err(error)
                if matches!(
                    error.kind,
                    SourceErrorKind::HttpStatus { status: 400 | 405 | 406 | 501, .. }
                ) =>
            {
                self.without_referrers.store(true, Ordering::Relaxed);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

/// The descriptors of an index.
fn descriptors(at: &str, document: &ImageDocument) -> Result<Vec<Descriptor>, SourceError> {
    match document.content() {
        Ok(ImageContent::Index(index)) => Ok(index.manifests),
        Ok(ImageContent::Manifest(_)) => {
            Err(SourceError::malformed(at, "expected a list of referrers, got a manifest"))
        }
        Err(why) => Err(SourceError::malformed(at, why)),
    }
}

/// The headers of a request.
fn headers(accept: &str, authorization: Option<&HeaderValue>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Ok(accept) = HeaderValue::try_from(accept) {
        headers.insert(header::ACCEPT, accept);
    }
    if let Some(value) = authorization {
        headers.insert(header::AUTHORIZATION, value.clone());
    }
    headers
}

/// Compares a document with the digest by which it was requested, or that the registry states.
fn check_digest(url: &Url, document: &ImageDocument, expected: &Digest) -> Result<(), SourceError> {
    if document.digest == *expected {
        return Ok(());
    }
    let why = format!("expected the digest sha256:{expected}, got sha256:{}", document.digest);
    Err(SourceError::damaged(redact::url(url), why))
}

#[async_trait]
impl ImageTransport for RegistryTransport {
    fn repository(&self, binary: &Name) -> String {
        self.asked.repository(binary)
    }

    fn own_repository(&self) -> Option<String> {
        self.asked.own_repository()
    }

    fn contains(&self, repository: &str) -> bool {
        self.asked.contains(repository)
    }

    async fn tagged(
        &self,
        repository: &str,
        tag: &str,
    ) -> Result<Option<ImageDocument>, SourceError> {
        let url = self.url(repository, &format!("manifests/{tag}"));
        let Some((document, headers)) = self.document(repository, &url).await? else {
            return Ok(None);
        };
        let stated = headers.get("docker-content-digest").and_then(|value| value.to_str().ok());
        if let Some(stated) = stated.and_then(parse_digest) {
            check_digest(&url, &document, &stated)?;
        }
        Ok(Some(document))
    }

    async fn manifest(
        &self,
        repository: &str,
        digest: &Digest,
    ) -> Result<Option<ImageDocument>, SourceError> {
        let url = self.url(repository, &format!("manifests/sha256:{digest}"));
        let Some((document, _)) = self.document(repository, &url).await? else { return Ok(None) };
        check_digest(&url, &document, digest)?;
        Ok(Some(document))
    }

    async fn blob(
        &self,
        repository: &str,
        digest: &Digest,
        range: &RangeRequest,
    ) -> Result<Option<Download>, SourceError> {
        let url = self.url(repository, &format!("blobs/sha256:{digest}"));
        let mut sent = self.authorizer.current(repository).await;
        let mut is_fresh = false;
        loop {
            let headers = headers("*/*", sent.as_ref());
            let request = GetRequest::new(url.clone()).headers(headers).range(range.clone());
            let error = match self.client.get(&request.challenged()).await {
                Ok(response) => return Ok(response.map(|response| response.download)),
                Err(error) => error,
            };
            let challenge = error.source.as_ref().and_then(|cause| cause.downcast_ref());
            let Some(ChallengeHeaders { status, headers }) = challenge else { return Err(error) };
            let status = *status;
            let refused =
                RefusedRequest { repository, status, headers, sent: sent.as_ref(), is_fresh };
            match self.authorizer.after(&self.client, refused, &self.skipped).await? {
                Some(next) => (sent, is_fresh) = (Some(next), true),
                None => return Err(SourceError::denied(error.at, AccessDenied::by_server(status))),
            }
        }
    }

    async fn tags(&self, repository: &str) -> Result<Vec<String>, SourceError> {
        let mut url = self.url(repository, "tags/list");
        url.query_pairs_mut().append_pair("n", PAGE);
        let mut all = Vec::new();
        self.pages(repository, url, "application/json", |url, body| {
            let page: TagPage = json::strict(body)
                .map_err(|error| SourceError::malformed(redact::url(url), error.to_string()))?;
            let tags = page.tags.unwrap_or_default();
            all.extend(tags.into_iter().filter(|tag| tag.len() <= MAX_TAG));
            Ok(all.len())
        })
        .await?;
        Ok(all)
    }

    async fn referrers(
        &self,
        repository: &str,
        digest: &Digest,
    ) -> Result<Vec<Descriptor>, SourceError> {
        if let Some(mut listed) = self.listed_referrers(repository, digest).await? {
            // A registry may list one twice that was sent twice, because the first answer was lost.
            let mut seen = HashSet::new();
            listed.retain(|one| seen.insert(one.digest.clone()));
            return Ok(listed);
        }
        let tag = referrers_tag(digest);
        match self.tagged(repository, &tag).await? {
            Some(document) => descriptors(&self.location(repository, &tag), &document),
            None => Ok(Vec::new()),
        }
    }

    fn image(&self, repository: &str, digest: &Digest) -> Option<PinnedImage> {
        format!("{}/{repository}@sha256:{digest}", self.asked.host()).parse().ok()
    }

    fn location(&self, repository: &str, of: &str) -> String {
        let separator = match of {
            "" => "",
            of if of.starts_with("sha256:") => "@",
            _ => ":",
        };
        format!("oci://{}/{repository}{separator}{of}", self.asked.host())
    }

    fn skipped(&self) -> &SkippedEntries {
        &self.skipped
    }
}
