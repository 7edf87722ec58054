//! All releases, page by page, as the API's `Link` headers lead.
//!
//! Pages are remembered with their entity tags: who asks with a token asks again for nothing. Without one an answer
//! counts even where nothing has changed, so it is kept for as long as the server says that it may be.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use loom_base::redact;
use loom_http::{SmallResponse, header::HeaderMap};
use loom_source::{ListedVersion, Product, SourceError, SourceErrorKind};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{
    Github,
    api::ApiResponse,
    documents::{self, ReleaseDoc},
};

/// The API shows no more than ten thousand releases, a hundred on a page.
const PAGES: usize = 100;

/// An answer is not kept for longer than this, whatever the server says.
const KEPT: Duration = Duration::from_secs(300);

/// The releases of a repository.
pub(crate) struct ReleaseList {
    pub(crate) docs: Vec<ReleaseDoc>,
    /// Whether the server was asked for all of them now.
    pub(crate) fresh: bool,
}

/// What is remembered of a listing.
#[derive(Debug, Default, Serialize, Deserialize)]
struct CachedReleases {
    /// When, in seconds since 1970.
    at: u64,
    /// For how long it may be used without asking.
    max_age: u64,
    pages: Vec<ReleasePage>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct ReleasePage {
    url: String,
    etag: Option<String>,
    next: Option<String>,
    releases: Vec<ReleaseDoc>,
}

impl Github {
    /// All releases.
    pub(crate) async fn releases(&self) -> Result<ReleaseList, SourceError> {
        let key = format!("releases-{}", self.api.key());
        let kept = self.memory.get(&key).and_then(|kept| serde_json::from_value(kept).ok());
        let kept: CachedReleases = kept.unwrap_or_default();
        let now = SystemTime::now();
        if !self.api.is_known() && kept.holds(now) {
            return Ok(ReleaseList { docs: docs(kept.pages), fresh: false });
        }
        let (pages, max_age) = self.walk(&kept.pages).await?;
        let kept = CachedReleases { at: seconds(now), max_age, pages };
        self.memory.change(&key, &mut |_| serde_json::to_value(&kept).ok());
        Ok(ReleaseList { docs: docs(kept.pages), fresh: true })
    }

    /// Every page, those that have not changed as they are remembered; and for how long they hold.
    async fn walk(&self, before: &[ReleasePage]) -> Result<(Vec<ReleasePage>, u64), SourceError> {
        let mut first = self.place.api(&["releases"]);
        first.set_query(Some("per_page=100"));
        let (mut pages, mut next, mut max_age) = (Vec::new(), Some(first), u64::MAX);
        while let Some(url) = next.take() {
            let known = before.iter().find(|page| page.url == url.as_str());
            let tag = known.and_then(|page| page.etag.as_deref());
            let page = match (self.api.get(&self.line(), &url, tag).await?, known) {
                (ApiResponse::Document(reply), _) => {
                    max_age = max_age.min(age(&reply.headers));
                    page(&url, &reply)?
                }
                (ApiResponse::Unchanged, Some(page)) => page.clone(),
                (ApiResponse::Unchanged, None) => {
                    let why = "nothing has changed, it says, and we have nothing".to_owned();
                    return Err(SourceError::malformed(redact::url(&url), why));
                }
                (ApiResponse::Absent, _) if pages.is_empty() => {
                    return Err(self.api.no_repository());
                }
                (ApiResponse::Absent, _) => {
                    return Err(SourceError::new(redact::url(&url), SourceErrorKind::Gone));
                }
            };
            next = page.next.as_deref().map(|next| self.next(&url, next, &pages)).transpose()?;
            pages.push(page);
        }
        Ok((pages, max_age))
    }

    /// The next page's address, where it may be followed: the token goes there too.
    fn next(&self, from: &Url, next: &str, before: &[ReleasePage]) -> Result<Url, SourceError> {
        let wrong = |why: &str| SourceError::malformed(redact::url(from), why);
        let url = Url::parse(next).map_err(|_| wrong("the address of its next page is none"))?;
        if !self.place.is_api(&url) {
            return Err(wrong("its next page is said to be on another server"));
        }
        let again = *from == url || before.iter().any(|page| page.url == url.as_str());
        if again || before.len() + 1 >= PAGES {
            return Err(wrong("its pages do not end"));
        }
        Ok(url)
    }

    /// The versions of a line among releases: no drafts, and no pre-releases in disguise unless they are wanted.
    ///
    /// A version such as 0.3.0-rc.1 is listed as what it is: only who asks for one gets it.
    pub(crate) fn versions(&self, docs: &[ReleaseDoc], line: &Product) -> Vec<ListedVersion> {
        let version = |doc: &ReleaseDoc| {
            let version = self.tags.version(&doc.tag_name)?;
            let disguised = doc.prerelease && !version.is_prerelease();
            let counts = !doc.draft && (self.prerelease || !disguised);
            let carried = counts && doc.carries(line, &version);
            carried.then(|| ListedVersion::new(version, doc.published_at.as_deref()))
        };
        docs.iter().filter_map(version).collect()
    }
}

fn page(url: &Url, reply: &SmallResponse) -> Result<ReleasePage, SourceError> {
    let releases = documents::read(&redact::url(url), reply)?;
    let etag = reply.headers.get("etag").and_then(|etag| etag.to_str().ok()).map(str::to_owned);
    let next = next(url, &reply.headers).map(String::from);
    Ok(ReleasePage { url: url.as_str().to_owned(), etag, next, releases })
}

impl CachedReleases {
    fn holds(&self, now: SystemTime) -> bool {
        let max = Duration::from_secs(self.max_age).min(KEPT).as_secs();
        let now = seconds(now);
        !self.pages.is_empty() && self.at <= now && now - self.at < max
    }
}

fn docs(pages: Vec<ReleasePage>) -> Vec<ReleaseDoc> {
    pages.into_iter().flat_map(|page| page.releases).collect()
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// `max-age` of `Cache-Control`, in seconds; 0 where nothing is said.
fn age(headers: &HeaderMap) -> u64 {
    let said = headers.get("cache-control").and_then(|value| value.to_str().ok());
    let directives = said.into_iter().flat_map(|said| said.split(',')).map(str::trim);
    directives.filter_map(|d| d.strip_prefix("max-age=")?.parse().ok()).next().unwrap_or(0)
}

/// The address that a `Link` header gives for the next page.
fn next(from: &Url, headers: &HeaderMap) -> Option<Url> {
    let link = headers.get("link")?.to_str().ok()?;
    let links = link.split(',').filter_map(|link| {
        let (address, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
        let is_next =
            parameters.split(';').any(|p| matches!(p.trim(), "rel=\"next\"" | "rel=next"));
        is_next.then_some(address)
    });
    links.filter_map(|address| from.join(address).ok()).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &'static str, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        headers
    }

    #[test]
    fn the_next_page_is_where_the_link_says() {
        let from: Url = "https://h/repos/o/r/releases?per_page=100".parse().unwrap();
        let next = |value: &str| next(&from, &with("link", value)).map(String::from);
        let link = "<https://h/repositories/1/releases?per_page=100&page=2>; rel=\"next\", <https://h/x>; rel=\"last\"";
        assert_eq!(
            next(link).as_deref(),
            Some("https://h/repositories/1/releases?per_page=100&page=2")
        );
        assert_eq!(
            next("<https://h/x>; rel=\"last\", </y?page=3>; rel=\"next\"").as_deref(),
            Some("https://h/y?page=3")
        );
        for none in ["", "<https://h/x>; rel=\"prev\"", "nonsense"] {
            assert_eq!(next(none), None, "{none}");
        }
    }

    #[test]
    fn answers_are_kept_as_long_as_the_server_says_and_not_for_long() {
        assert_eq!(age(&with("cache-control", "public, max-age=60, s-maxage=60")), 60);
        assert_eq!(age(&with("cache-control", "private")), 0);
        let page = ReleasePage {
            url: "https://h".parse().unwrap(),
            etag: None,
            next: None,
            releases: vec![],
        };
        let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
        let kept = |max_age| CachedReleases { at: 100, max_age, pages: vec![page.clone()] };
        for (max_age, now, holds) in [
            (60, 99, false),
            (60, 100, true),
            (60, 159, true),
            (60, 160, false),
            (9_999, 400, false),
        ] {
            assert_eq!(kept(max_age).holds(at(now)), holds, "{max_age} {now}");
        }
        assert!(!CachedReleases::default().holds(at(0)));
    }
}
