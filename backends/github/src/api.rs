//! One request to the API.

use std::time::{Duration, SystemTime};

use loom_http::{
    Client, GetRequest, Redirects, SmallResponse,
    address::shown,
    header::{self, HeaderMap, HeaderName, HeaderValue},
};
use loom_source::{Digest, SourceError};
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
    /// The variable to name where a token would help.
    wanted: String,
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
        wanted: String,
    ) -> Option<Self> {
        let authorization = match &token {
            Some(token) => Some(bearer(&token.value)?),
            None => None,
        };
        let budget = format!("budget-{}", key(&[&place.api_shown(), &who(token.as_ref())]));
        Some(Self { place, token, authorization, wanted, budget })
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
            match self.once(line, url, tag).await {
                Err(SourceError::Limited { after, .. })
                    if made < retry.attempts && after <= retry.cap =>
                {
                    tokio::time::sleep(after).await;
                }
                answer => return answer,
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
                Err(SourceError::Status { at: shown(url), status, retry_after: None })
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

    /// When it works again, and how to do without.
    fn limited(&self, until: SystemTime, now: SystemTime) -> SourceError {
        let after = until.duration_since(now).unwrap_or_default();
        let (who, first) = match &self.token {
            Some(token) => (format!("the token in {}", token.from), String::new()),
            None => ("this network without a token".to_owned(), format!("set {}, ", self.wanted)),
        };
        let hint = format!(
            "{first}ask for a pinned version that has .sha256 files (it needs no such request), or name a mirror \
             with --source"
        );
        let (at, until) = (self.place.api_shown(), moment(until, after));
        SourceError::Limited { at, who, until, after, hint }
    }

    /// The same of the pages: they count requests too, and say less about it.
    pub(crate) fn turned_away(&self, after: Option<Duration>) -> SourceError {
        let after = after.unwrap_or(limit::UNSAID);
        SourceError::Limited {
            at: self.place.pages_shown(),
            who: "this network".to_owned(),
            until: moment(SystemTime::now() + after, after),
            after,
            hint: format!(
                "set {} (then the API is asked), or name a mirror with --source",
                self.wanted
            ),
        }
    }

    fn refused(&self, url: &Url, reply: &SmallResponse, refusal: &Refusal) -> SourceError {
        let at = shown(url);
        if is_page(reply) {
            return SourceError::Html { at };
        }
        let said = message(reply);
        let said = if said.is_empty() {
            reply.status.to_string()
        } else {
            format!("{} {said}", reply.status)
        };
        let (why, hint) = match (&self.token, refusal) {
            (None, _) => (
                said,
                format!("set {} to a token that may read {}", self.wanted, self.place.repo()),
            ),
            (Some(GithubToken { from, .. }), Refusal::Token) => (
                format!("{said} (the token in {from})"),
                format!(
                    "the token in {from} is wrong, withdrawn or has expired: replace it, or unset {from}"
                ),
            ),
            (Some(GithubToken { from, .. }), Refusal::SingleSignOn) => (
                format!("{said} (the token in {from})"),
                format!(
                    "authorise the token in {from} for the organisation's single sign-on, in its settings on the web"
                ),
            ),
            (Some(GithubToken { from, .. }), _) => (
                format!("{said} (the token in {from})"),
                format!(
                    "give the token in {from} the right to read the contents of {}, or unset {from}",
                    self.place.repo()
                ),
            ),
        };
        SourceError::Refused { at, why, hint }
    }

    /// That the whole repository is not there, or not for us.
    pub(crate) fn no_repository(&self) -> SourceError {
        let repo = self.place.repo();
        let (why, hint) = match &self.token {
            None => (
                format!("there is no repository {repo}, or it is private"),
                format!("check its name, or set {} to a token that may read it", self.wanted),
            ),
            Some(GithubToken { from, .. }) => (
                format!("there is no repository {repo}, or the token in {from} may not read it"),
                format!(
                    "check its name, or give the token in {from} the right to read its contents"
                ),
            ),
        };
        SourceError::Refused { at: shown(&self.place.api(&["releases"])), why, hint }
    }
}

/// A moment for people, and how far away it is.
fn moment(at: SystemTime, after: Duration) -> String {
    let whole = Duration::from_secs(after.as_secs() + u64::from(after.subsec_nanos() > 0));
    format!("{} (in {})", humantime::format_rfc3339_seconds(at), humantime::format_duration(whole))
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
