//! One request to the API.

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
    DocumentCache, GithubRepo, GithubToken,
    budget::RateLimit,
    documents::{is_page, message},
    limit::{self, Refusal},
};

/// A page of a hundred releases with many assets each has some megabytes.
const PAGE: usize = 64 * 1024 * 1024;

/// The version of the API that its answers are read as.
const VERSION: HeaderValue = HeaderValue::from_static("2022-11-28");

/// What the API answered.
#[derive(Debug)]
pub(crate) enum ApiResponse {
    /// A document.
    Document(Box<SmallResponse>),
    /// What the caller has is still right (304).
    Unchanged,
    /// There is none, or none for us.
    Absent,
}

/// The API of one repository's server, and who asks it.
#[derive(Debug)]
pub(crate) struct Api {
    place: GithubRepo,
    token: Option<GithubToken>,
    /// `Bearer …`
    authorization: Option<HeaderValue>,
    /// The environment variable that would hold a token, if the source is configured with one.
    token_variable: Option<String>,
    /// Under which name what is left of whose requests is remembered.
    budget: String,
}

/// What requests go through.
pub(crate) struct ApiConnection<'a> {
    pub(crate) client: &'a Client,
    pub(crate) memory: &'a dyn DocumentCache,
}

impl Api {
    /// `None` where the token cannot stand in a header.
    pub(crate) fn new(
        place: GithubRepo,
        token: Option<GithubToken>,
        token_variable: Option<String>,
    ) -> Option<Self> {
        let authorization = match &token {
            Some(token) => Some(bearer(&token.value)?),
            None => None,
        };
        let budget = format!("budget-{}", key(&[&place.api_shown(), &who(token.as_ref())]));
        Some(Self { place, token, authorization, token_variable, budget })
    }

    /// Whether we have a token.
    pub(crate) fn is_known(&self) -> bool {
        self.token.is_some()
    }

    /// A name for what is remembered of this repository as this identity sees it.
    pub(crate) fn key(&self) -> String {
        key(&[self.place.api(&[]).as_str(), &who(self.token.as_ref())])
    }

    /// Asks for a document, or whether it is still the one of this entity tag.
    ///
    /// A short wait that the server asks for is waited; a longer one is an error that says when it is over.
    pub(crate) async fn get(
        &self,
        line: &ApiConnection<'_>,
        url: &Url,
        tag: Option<&str>,
    ) -> Result<ApiResponse, SourceError> {
        let retry = line.client.network().retry;
        let mut made = 0;
        loop {
            made += 1;
            let response = self.once(line, url, tag).await;
            match response.as_ref().map_err(|error| &error.kind) {
                Err(SourceErrorKind::RateLimited(limit))
                    if made < retry.attempts && limit.after <= retry.cap =>
                {
                    tokio::time::sleep(limit.after).await;
                }
                _ => return response,
            }
        }
    }

    async fn once(
        &self,
        line: &ApiConnection<'_>,
        url: &Url,
        tag: Option<&str>,
    ) -> Result<ApiResponse, SourceError> {
        let now = SystemTime::now();
        if let Some(until) = self.remembered(line.memory).shut(now) {
            return Err(self.limited(until, now));
        }
        let mut headers = self.headers(HeaderValue::from_static("application/vnd.github+json"));
        if let Some(tag) = tag.and_then(|tag| HeaderValue::try_from(tag).ok()) {
            headers.insert(header::IF_NONE_MATCH, tag);
        }
        let get = GetRequest::new(url.clone()).headers(headers);
        let reply = line.client.reply(&get, Redirects::Follow, PAGE).await?;
        self.judge(line.memory, url, reply)
    }

    fn judge(
        &self,
        memory: &dyn DocumentCache,
        url: &Url,
        reply: SmallResponse,
    ) -> Result<ApiResponse, SourceError> {
        let now = SystemTime::now();
        let refusal = limit::judge(reply.status, &reply.headers, &message(&reply), now);
        let closed = match refusal {
            Some(Refusal::Limit { until }) => Some(RateLimit::closed(until)),
            _ => None,
        };
        for told in [RateLimit::told(&reply.headers, now), closed].into_iter().flatten() {
            self.remember(memory, told);
        }
        match (reply.status, refusal) {
            (200, _) => Ok(ApiResponse::Document(Box::new(reply))),
            (304, _) => Ok(ApiResponse::Unchanged),
            (404 | 410, _) => Ok(ApiResponse::Absent),
            (_, Some(Refusal::Limit { until })) => Err(self.limited(until, now)),
            (_, Some(refusal)) => Err(self.refused(url, &reply, &refusal)),
            (status, None) => {
                let kind = SourceErrorKind::HttpStatus { status, retry_after: None };
                Err(SourceError::new(redact::url(url), kind))
            }
        }
    }

    /// The headers of a request that wants `accept`.
    pub(crate) fn headers(&self, accept: HeaderValue) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, accept);
        headers.insert(HeaderName::from_static("x-github-api-version"), VERSION);
        headers.extend(self.authorization.clone().map(|value| (header::AUTHORIZATION, value)));
        headers
    }

    fn remembered(&self, memory: &dyn DocumentCache) -> RateLimit {
        let budget = memory.get(&self.budget);
        budget.and_then(|budget| serde_json::from_value(budget).ok()).unwrap_or_default()
    }

    fn remember(&self, memory: &dyn DocumentCache, told: RateLimit) {
        memory.change(&self.budget, &mut |before| {
            let before: Option<RateLimit> = before.and_then(|v| serde_json::from_value(v).ok());
            serde_json::to_value(before.unwrap_or_default().and(told)).ok()
        });
    }

    /// The error for a rate limit of the API.
    fn limited(&self, until: SystemTime, now: SystemTime) -> SourceError {
        let client = match &self.token {
            Some(GithubToken { from, .. }) => RateLimitedClient::Token { variable: from.clone() },
            None => RateLimitedClient::Anonymous { token_variable: self.token_variable.clone() },
        };
        let after = until.duration_since(now).unwrap_or_default();
        let limit = RateLimitExceeded { client, until, after, exact_version_exempt: true };
        let kind = SourceErrorKind::RateLimited(Box::new(limit));
        SourceError::new(self.place.api_shown(), kind)
    }

    /// The error for a rate limit of the web pages, which are requested without a token.
    pub(crate) fn pages_limited(&self, after: Option<Duration>) -> SourceError {
        let after = after.unwrap_or(limit::UNSAID);
        let limit = RateLimitExceeded {
            client: RateLimitedClient::Anonymous { token_variable: self.token_variable.clone() },
            until: SystemTime::now() + after,
            after,
            exact_version_exempt: false,
        };
        let kind = SourceErrorKind::RateLimited(Box::new(limit));
        SourceError::new(self.place.pages_shown(), kind)
    }

    fn refused(&self, url: &Url, reply: &SmallResponse, refusal: &Refusal) -> SourceError {
        let at = redact::url(url);
        if is_page(reply) {
            return SourceError::new(at, SourceErrorKind::HtmlPage);
        }
        let token = match (&self.token, refusal) {
            (Some(GithubToken { from, .. }), Refusal::Token) => {
                TokenState::Invalid { variable: from.clone() }
            }
            (Some(GithubToken { from, .. }), Refusal::SingleSignOn) => {
                TokenState::SingleSignOn { variable: from.clone() }
            }
            _ => self.insufficient(),
        };
        let denial = AccessDenied::by_server(reply.status).with_token(token);
        let reason = message(reply);
        SourceError::denied(at, if reason.is_empty() { denial } else { denial.because(reason) })
    }

    /// That the token, or the lack of one, does not permit reading the repository.
    fn insufficient(&self) -> TokenState {
        let resource = self.place.repo().to_owned();
        match &self.token {
            None => TokenState::Missing { variable: self.token_variable.clone(), resource },
            Some(GithubToken { from, .. }) => {
                TokenState::Insufficient { variable: from.clone(), resource }
            }
        }
    }

    /// The error for a repository that does not exist, or that may not be read: GitHub answers 404 for both.
    pub(crate) fn no_repository(&self) -> SourceError {
        let reason = format!("there is no repository {}, or it is private", self.place.repo());
        let denial = AccessDenied::by_server(404).or_absent().because(reason);
        let at = redact::url(&self.place.api(&["releases"]));
        SourceError::denied(at, denial.with_token(self.insufficient()))
    }
}

fn bearer(token: &SecretString) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(format!("Bearer {}", token.expose_secret())).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// An identity without its token.
fn who(token: Option<&GithubToken>) -> String {
    token.map_or_else(
        || "nobody".to_owned(),
        |token| Digest::of(token.value.expose_secret().as_bytes()).short(),
    )
}

fn key(parts: &[&str]) -> String {
    Digest::of(parts.join("\n").as_bytes()).short()
}
