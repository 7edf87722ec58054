//! [`ReleaseList`]: all releases, page by page, along the `Link` headers of the API.
//!
//! Pages are cached with their entity tags. With a token, a request for an unchanged page does not count towards the rate
//! limit. Without one it does, so the pages are used for as long as `Cache-Control` permits.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use loom_base::redact;
use loom_http::{SmallResponse, header::HeaderMap};
use loom_source::{ListedVersion, Product, SkippedEntries, SourceError, SourceErrorKind};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{
    api::ApiResponse,
    documents::{self, ReleaseDocument},
    github::Github,
};

/// The largest number of pages: the API lists at most ten thousand releases, a hundred on a page.
const MAX_PAGES: usize = 100;

/// The largest size of all pages together, in bytes.
const MAX_BYTES: usize = 128 * 1024 * 1024;

/// The largest number of files of all releases together.
const MAX_FILES: usize = 50_000;

/// The longest time for which cached pages are used without a request.
const MAX_AGE: Duration = Duration::from_secs(300);

/// The releases of a repository.
pub(crate) struct ReleaseList {
    pub(crate) documents: Vec<ReleaseDocument>,
    /// Whether the pages were requested now, and not only taken from the cache.
    pub(crate) fresh: bool,
}

/// The cached pages.
#[derive(Debug, Default, Serialize, Deserialize)]
struct CachedReleases {
    /// When the pages were requested, in seconds since 1970.
    at: u64,
    /// For how many seconds the pages can be used without a request.
    max_age: u64,
    pages: Vec<ReleasePage>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct ReleasePage {
    url: String,
    etag: Option<String>,
    next: Option<String>,
    releases: Vec<ReleaseDocument>,
}

impl Github {
    /// All releases.
    pub(crate) async fn releases(&self) -> Result<ReleaseList, SourceError> {
        let key = format!("releases-{}", self.api.key());
        let cached = self.cache.get(&key).and_then(|cached| serde_json::from_value(cached).ok());
        let cached: CachedReleases = cached.unwrap_or_default();
        let now = SystemTime::now();
        if !self.api.has_token() && cached.is_fresh(now) {
            return Ok(ReleaseList { documents: documents_of(cached.pages), fresh: false });
        }
        let (pages, max_age) = self.request_pages(&cached.pages).await?;
        let cached = CachedReleases { at: seconds(now), max_age, pages };
        self.cache.change(&key, &mut |_| serde_json::to_value(&cached).ok());
        Ok(ReleaseList { documents: documents_of(cached.pages), fresh: true })
    }

    /// Requests every page; unchanged ones are taken from `cached`. Returns the pages, and how long they can be cached, in
    /// seconds (`max-age`).
    async fn request_pages(
        &self,
        cached: &[ReleasePage],
    ) -> Result<(Vec<ReleasePage>, u64), SourceError> {
        let mut first = self.repo.api(&["releases"]);
        first.set_query(Some("per_page=100"));
        let mut pages = Vec::new();
        let mut next = Some(first);
        let mut max_age = u64::MAX;
        let mut left = ListingAllowance { bytes: MAX_BYTES, files: MAX_FILES };
        while let Some(url) = next.take() {
            let known = cached.iter().find(|page| page.url == url.as_str());
            let etag = known.and_then(|page| page.etag.as_deref());
            let page = match (self.api.get(&self.connection(), &url, etag).await?, known) {
                (ApiResponse::Document(response), _) => {
                    max_age = max_age.min(max_age_of(&response.headers));
                    let page = page(&url, &response, &self.skipped)?;
                    left.take(&url, response.body.len(), &page)?;
                    page
                }
                (ApiResponse::Unchanged, Some(page)) => page.clone(),
                (ApiResponse::Unchanged, None) => {
                    let reason = "status 304 to a request without an entity tag";
                    return Err(SourceError::malformed(redact::url(&url), reason));
                }
                (ApiResponse::Absent, _) if pages.is_empty() => {
                    return Err(self.api.no_repository());
                }
                (ApiResponse::Absent, _) => {
                    return Err(SourceError::new(redact::url(&url), SourceErrorKind::Gone));
                }
            };
            if !page.releases.is_empty() && pages.iter().any(|one| page.has_releases_of(one)) {
                let reason = "it has the same releases as a page before";
                return Err(SourceError::malformed(redact::url(&url), reason));
            }
            next =
                page.next.as_deref().map(|next| self.next_url(&url, next, &pages)).transpose()?;
            pages.push(page);
        }
        Ok((pages, max_age))
    }

    /// The URL of the next page. It must be one of the API, because the token is sent there.
    fn next_url(&self, from: &Url, next: &str, before: &[ReleasePage]) -> Result<Url, SourceError> {
        let malformed = |reason: &str| SourceError::malformed(redact::url(from), reason);
        let url =
            Url::parse(next).map_err(|_| malformed("the link to the next page is not a URL"))?;
        if !self.repo.is_api(&url) {
            return Err(malformed("the next page is on another server"));
        }
        let again = *from == url || before.iter().any(|page| page.url == url.as_str());
        if again || before.len() + 1 >= MAX_PAGES {
            return Err(malformed("the pages have no end"));
        }
        Ok(url)
    }

    /// The versions of a product among releases, without drafts. A release that is marked as a pre-release although its
    /// version is none is listed only where the source's pre-releases count as releases. A version such as 0.3.0-rc.1 is
    /// always listed: selectors decide whether it is selected.
    pub(crate) fn versions(
        &self,
        documents: &[ReleaseDocument],
        product: &Product,
    ) -> Vec<ListedVersion> {
        let version = |document: &ReleaseDocument| {
            let version = self.tags.version(&document.tag_name)?;
            let only_marked = document.prerelease && !version.is_prerelease();
            let counts = !document.draft && (self.prerelease || !only_marked);
            let listed = counts && document.has(&self.assets, product, &version);
            listed.then(|| ListedVersion::new(version, document.published_at.as_deref()))
        };
        documents.iter().filter_map(version).collect()
    }
}

/// What the pages of one listing may still have.
struct ListingAllowance {
    bytes: usize,
    files: usize,
}

impl ListingAllowance {
    /// Counts a page of so many bytes, or fails where it is too much.
    fn take(&mut self, url: &Url, bytes: usize, page: &ReleasePage) -> Result<(), SourceError> {
        let files = page.releases.iter().map(|release| release.assets.len()).sum();
        let left = self.bytes.checked_sub(bytes).zip(self.files.checked_sub(files));
        let Some((bytes, files)) = left else {
            let reason = format!(
                "the listing has more than {MAX_BYTES} bytes or {MAX_FILES} files of releases"
            );
            return Err(SourceError::malformed(redact::url(url), reason));
        };
        *self = Self { bytes, files };
        Ok(())
    }
}

impl ReleasePage {
    /// Whether the releases are those of another page: their tags in the same order.
    fn has_releases_of(&self, other: &Self) -> bool {
        let same = |(one, two): (&ReleaseDocument, &ReleaseDocument)| one.tag_name == two.tag_name;
        self.releases.len() == other.releases.len()
            && self.releases.iter().zip(&other.releases).all(same)
    }
}

fn page(
    url: &Url,
    response: &SmallResponse,
    skipped: &SkippedEntries,
) -> Result<ReleasePage, SourceError> {
    let releases = documents::read_page(&redact::url(url), response, skipped)?;
    let etag = response.headers.get("etag").and_then(|etag| etag.to_str().ok()).map(str::to_owned);
    let next = next_link(url, &response.headers).map(String::from);
    Ok(ReleasePage { url: url.as_str().to_owned(), etag, next, releases })
}

impl CachedReleases {
    /// Whether the pages can be used without a request.
    fn is_fresh(&self, now: SystemTime) -> bool {
        let max = Duration::from_secs(self.max_age).min(MAX_AGE).as_secs();
        let now = seconds(now);
        !self.pages.is_empty() && self.at <= now && now - self.at < max
    }
}

fn documents_of(pages: Vec<ReleasePage>) -> Vec<ReleaseDocument> {
    pages.into_iter().flat_map(|page| page.releases).collect()
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// `max-age` of `Cache-Control`, in seconds; 0 where it is missing.
fn max_age_of(headers: &HeaderMap) -> u64 {
    let header = headers.get("cache-control").and_then(|value| value.to_str().ok());
    let directives = header.into_iter().flat_map(|header| header.split(',')).map(str::trim);
    directives.filter_map(|d| d.strip_prefix("max-age=")?.parse().ok()).next().unwrap_or(0)
}

/// The URL of the next page in the header `Link` (RFC 8288).
fn next_link(from: &Url, headers: &HeaderMap) -> Option<Url> {
    let link = headers.get("link")?.to_str().ok()?;
    let links = link.split(',').filter_map(|link| {
        let (target, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
        let is_next =
            parameters.split(';').any(|p| matches!(p.trim(), "rel=\"next\"" | "rel=next"));
        is_next.then_some(target)
    });
    links.filter_map(|target| from.join(target).ok()).next()
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
    fn the_next_page_is_read_from_the_link() {
        let from: Url = "https://h/repos/o/r/releases?per_page=100".parse().unwrap();
        let next = |value: &str| next_link(&from, &with("link", value)).map(String::from);
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
    fn pages_are_fresh_for_their_max_age_and_at_most_five_minutes() {
        assert_eq!(max_age_of(&with("cache-control", "public, max-age=60, s-maxage=60")), 60);
        assert_eq!(max_age_of(&with("cache-control", "private")), 0);
        let page = ReleasePage {
            url: "https://h".parse().unwrap(),
            etag: None,
            next: None,
            releases: vec![],
        };
        let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
        let cached = |max_age| CachedReleases { at: 100, max_age, pages: vec![page.clone()] };
        for (max_age, now, fresh) in [
            (60, 99, false),
            (60, 100, true),
            (60, 159, true),
            (60, 160, false),
            (9_999, 400, false),
        ] {
            assert_eq!(cached(max_age).is_fresh(at(now)), fresh, "{max_age} {now}");
        }
        assert!(!CachedReleases::default().is_fresh(at(0)));
    }
}
