//! Requests to the API.

use std::time::{Duration, SystemTime};

use loom_base::redact;
use loom_http::{
    Client, GetRequest, Redirects, SmallResponse,
    header::{self, HeaderMap, HeaderName, HeaderValue},
};
use loom_source::{
    AccessDenied, Digest, RateLimitExceeded, RateLimitedClient, SourceError, SourceErrorKind,
    TokenState,
};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use crate::{
    document_cache::DocumentCache,
    documents::{is_html, message},
    github_repo::GithubRepo,
    options::GithubToken,
    rate_limit::RateLimit,
    refusal::{self, Refusal},
};

/// The longest document that is read, in bytes. A page of a hundred releases with many assets has some megabytes.
const MAX_DOCUMENT: usize = 32 * 1024 * 1024;

/// The version of the API that is requested.
const API_VERSION: HeaderValue = HeaderValue::from_static("2022-11-28");

/// A response of the API.
#[derive(Debug)]
pub(crate) enum ApiResponse {
    /// A document.
    Document(Box<SmallResponse>),
    /// The document has not changed since the one with the given entity tag (304).
    Unchanged,
    /// The document does not exist, or must not be seen.
    Absent,
}

/// The API of a repository's server, with the identity that requests are made with.
#[derive(Debug)]
pub(crate) struct Api {
    repo: GithubRepo,
    token: Option<GithubToken>,
    /// `Bearer …`
    authorization: Option<HeaderValue>,
    /// The environment variable that would hold a token, if the source is configured with one.
    token_variable: Option<String>,
    /// The name of the document in the cache that holds the rate limit.
    rate_limit_key: String,
}

/// The client and the cache that requests are made with.
pub(crate) struct ApiConnection<'a> {
    pub(crate) client: &'a Client,
    pub(crate) cache: &'a dyn DocumentCache,
}

impl Api {
    /// `None` where the token is not the value of a header.
    pub(crate) fn new(
        repo: GithubRepo,
        token: Option<GithubToken>,
        token_variable: Option<String>,
    ) -> Option<Self> {
        let authorization = match &token {
            Some(token) => Some(bearer(&token.value)?),
            None => None,
        };
        let rate_limit_key =
            format!("budget-{}", key(&[&repo.api_name(), &identity(token.as_ref())]));
        Some(Self { repo, token, authorization, token_variable, rate_limit_key })
    }

    /// Whether requests are made with a token.
    pub(crate) fn has_token(&self) -> bool {
        self.token.is_some()
    }

    /// The key in the cache for documents of this repository as this identity sees them.
    pub(crate) fn key(&self) -> String {
        key(&[self.repo.api(&[]).as_str(), &identity(self.token.as_ref())])
    }

    /// Requests a document, or with an entity tag whether the document has changed.
    ///
    /// A rate limit that ends within the longest pause of the client's retries is waited for; a longer one is an error.
    pub(crate) async fn get(
        &self,
        connection: &ApiConnection<'_>,
        url: &Url,
        etag: Option<&str>,
    ) -> Result<ApiResponse, SourceError> {
        let retry = connection.client.network().retry;
        let mut made = 0;
        loop {
            made += 1;
            let response = self.get_once(connection, url, etag).await;
            match response.as_ref().map_err(|error| &error.kind) {
                Err(SourceErrorKind::RateLimited(limit))
                    if made < retry.attempts && limit.after <= retry.backoff.longest =>
                {
                    tokio::time::sleep(limit.after).await;
                }
                _ => return response,
            }
        }
    }

    async fn get_once(
        &self,
        connection: &ApiConnection<'_>,
        url: &Url,
        etag: Option<&str>,
    ) -> Result<ApiResponse, SourceError> {
        let now = SystemTime::now();
        if let Some(until) = self.rate_limit(connection.cache).exceeded_until(now) {
            return Err(self.limited(until, now));
        }
        let mut headers = self.headers(HeaderValue::from_static("application/vnd.github+json"));
        if let Some(etag) = etag.and_then(|etag| HeaderValue::try_from(etag).ok()) {
            headers.insert(header::IF_NONE_MATCH, etag);
        }
        let request = GetRequest::new(url.clone()).headers(headers);
        let response =
            connection.client.get_small(&request, Redirects::Follow, MAX_DOCUMENT).await?;
        self.judge(connection.cache, url, response)
    }

    fn judge(
        &self,
        cache: &dyn DocumentCache,
        url: &Url,
        response: SmallResponse,
    ) -> Result<ApiResponse, SourceError> {
        let now = SystemTime::now();
        let refusal = refusal::judge(response.status, &response.headers, &message(&response), now);
        let closed = match refusal {
            Some(Refusal::Limit { until }) => Some(RateLimit::closed(until)),
            _ => None,
        };
        for limit in [RateLimit::of(&response.headers, now), closed].into_iter().flatten() {
            self.keep_rate_limit(cache, limit);
        }
        match (response.status, refusal) {
            (200, _) => Ok(ApiResponse::Document(Box::new(response))),
            (304, _) => Ok(ApiResponse::Unchanged),
            (404 | 410, _) => Ok(ApiResponse::Absent),
            (_, Some(Refusal::Limit { until })) => Err(self.limited(until, now)),
            (_, Some(refusal)) => Err(self.refused(url, &response, &refusal)),
            (status, None) => {
                let kind = SourceErrorKind::HttpStatus { status, retry_after: None };
                Err(SourceError::new(redact::url(url), kind))
            }
        }
    }

    /// The headers of a request for a document of this media type.
    pub(crate) fn headers(&self, accept: HeaderValue) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, accept);
        headers.insert(HeaderName::from_static("x-github-api-version"), API_VERSION);
        headers.extend(self.authorization.clone().map(|value| (header::AUTHORIZATION, value)));
        headers
    }

    fn rate_limit(&self, cache: &dyn DocumentCache) -> RateLimit {
        let limit = cache.get(&self.rate_limit_key);
        limit.and_then(|limit| serde_json::from_value(limit).ok()).unwrap_or_default()
    }

    fn keep_rate_limit(&self, cache: &dyn DocumentCache, limit: RateLimit) {
        cache.change(&self.rate_limit_key, &mut |before| {
            let before: Option<RateLimit> = before.and_then(|v| serde_json::from_value(v).ok());
            let before = before.unwrap_or_default().capped(SystemTime::now());
            serde_json::to_value(before.and(limit)).ok()
        });
    }

    /// The error for a rate limit of the API.
    pub(crate) fn limited(&self, until: SystemTime, now: SystemTime) -> SourceError {
        let client = match &self.token {
            Some(GithubToken { from, .. }) => RateLimitedClient::Token { variable: from.clone() },
            None => RateLimitedClient::Anonymous { token_variable: self.token_variable.clone() },
        };
        let after = until.duration_since(now).unwrap_or_default();
        let limit = RateLimitExceeded { client, until, after, exact_version_exempt: true };
        let kind = SourceErrorKind::RateLimited(Box::new(limit));
        SourceError::new(self.repo.api_name(), kind)
    }

    /// The error for a rate limit of the web pages, which are requested without a token.
    pub(crate) fn pages_limited(&self, after: Option<Duration>) -> SourceError {
        let after = after.unwrap_or(refusal::UNKNOWN_LIMIT);
        let limit = RateLimitExceeded {
            client: RateLimitedClient::Anonymous { token_variable: self.token_variable.clone() },
            until: SystemTime::now() + after,
            after,
            exact_version_exempt: false,
        };
        let kind = SourceErrorKind::RateLimited(Box::new(limit));
        SourceError::new(self.repo.web_name(), kind)
    }

    /// The error of a response that is neither a document nor a limit.
    pub(crate) fn refusal(&self, url: &Url, response: &SmallResponse) -> SourceError {
        let SmallResponse { status, headers, .. } = response;
        match refusal::judge(*status, headers, &message(response), SystemTime::now()) {
            Some(refusal) => self.refused(url, response, &refusal),
            None => {
                let kind = SourceErrorKind::HttpStatus { status: *status, retry_after: None };
                SourceError::new(redact::url(url), kind)
            }
        }
    }

    /// The error where a token is needed and there is none.
    pub(crate) fn no_token(&self) -> SourceError {
        let reason = format!("publishing to {} takes a token", self.repo.repo());
        let denial = AccessDenied::by_server(401).because(reason).with_token(self.insufficient());
        SourceError::denied(redact::url(&self.repo.api(&["releases"])), denial)
    }

    fn refused(&self, url: &Url, response: &SmallResponse, refusal: &Refusal) -> SourceError {
        let at = redact::url(url);
        if is_html(response) {
            return SourceError::new(at, SourceErrorKind::HtmlPage);
        }
        let token = match (&self.token, refusal) {
            (Some(GithubToken { from, .. }), Refusal::InvalidToken) => {
                TokenState::Invalid { variable: from.clone() }
            }
            (Some(GithubToken { from, .. }), Refusal::SingleSignOn) => {
                TokenState::SingleSignOn { variable: from.clone() }
            }
            _ => self.insufficient(),
        };
        let denial = AccessDenied::by_server(response.status).with_token(token);
        let reason = message(response);
        SourceError::denied(at, if reason.is_empty() { denial } else { denial.because(reason) })
    }

    /// That the token, or the lack of one, does not permit reading the repository.
    fn insufficient(&self) -> TokenState {
        let resource = self.repo.repo().to_owned();
        match &self.token {
            None => TokenState::Missing { variable: self.token_variable.clone(), resource },
            Some(GithubToken { from, .. }) => {
                TokenState::Insufficient { variable: from.clone(), resource }
            }
        }
    }

    /// The error for a repository that does not exist, or that must not be seen: GitHub answers 404 for both.
    pub(crate) fn no_repository(&self) -> SourceError {
        let reason = format!("there is no repository {}, or it is private", self.repo.repo());
        let denial = AccessDenied::by_server(404).or_absent().because(reason);
        let at = redact::url(&self.repo.api(&["releases"]));
        SourceError::denied(at, denial.with_token(self.insufficient()))
    }
}

fn bearer(token: &SecretString) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(format!("Bearer {}", token.expose_secret())).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// An identifier of the token that does not reveal it.
fn identity(token: Option<&GithubToken>) -> String {
    token.map_or_else(
        || "anonymous".to_owned(),
        |token| Digest::of(token.value.expose_secret().as_bytes()).short(),
    )
}

fn key(parts: &[&str]) -> String {
    Digest::of(parts.join("\n").as_bytes()).short()
}
