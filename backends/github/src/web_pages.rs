//! [`WebPages`]: reads the web pages of a repository, which cost no request to the API.

use bytes::Bytes;
use loom_http::{Client, GetRequest, Redirects};
use loom_source::{Download, RangeRequest, SourceError};
use percent_encoding::percent_decode_str;
use url::Url;

use crate::{asset_location::AssetLocation, github_repo::GithubRepo};

/// The longest feed that is read, in bytes: a feed has the notes of ten releases.
const MAX_FEED: usize = 4 * 1024 * 1024;

/// The longest chain of redirects that is followed between the names of a renamed repository.
const MAX_RENAMES: usize = 3;

/// The web pages of a repository. They are requested without a token, because they accept none.
pub(crate) struct WebPages<'a> {
    pub(crate) client: &'a Client,
    pub(crate) repo: &'a GithubRepo,
}

impl WebPages<'_> {
    /// The URL from which an asset is downloaded.
    pub(crate) fn download_url(&self, location: &AssetLocation) -> Url {
        self.repo.page(&["releases", "download", &location.tag, &location.name])
    }

    /// The bytes of a small asset; `None` where it does not exist.
    pub(crate) async fn get_bytes(
        &self,
        location: &AssetLocation,
        max_bytes: usize,
    ) -> Result<Option<Bytes>, SourceError> {
        self.client.get_bytes(&GetRequest::new(self.download_url(location)), max_bytes).await
    }

    /// An asset; `None` where it does not exist.
    pub(crate) async fn open(
        &self,
        location: &AssetLocation,
        range: &RangeRequest,
    ) -> Result<Option<Download>, SourceError> {
        let request = GetRequest::new(self.download_url(location)).range(range.clone());
        Ok(self.client.get(&request).await?.map(|response| response.download))
    }

    /// The tag of the release that the server calls the latest: that of the newest commit in the whole repository, or one
    /// that was chosen by hand.
    pub(crate) async fn latest_tag(&self) -> Result<Option<String>, SourceError> {
        let mut url = self.repo.page(&["releases", "latest"]);
        for _ in 0..=MAX_RENAMES {
            let request = GetRequest::new(url.clone()).allow_html();
            let response = self.client.get_small(&request, Redirects::Return, MAX_FEED).await?;
            match response.location.filter(|target| self.repo.is_page(target)) {
                Some(target) if tag_in(target.path()).is_some() => {
                    return Ok(tag_in(target.path()));
                }
                Some(target) if target.path().ends_with("/releases/latest") => url = target,
                _ => return Ok(None),
            }
        }
        Ok(None)
    }

    /// Whether the server has pages of the repository, also pages that need a login.
    pub(crate) async fn has_repository(&self) -> Result<bool, SourceError> {
        let request = GetRequest::new(self.repo.page(&["releases", "latest"])).allow_html();
        let response = self.client.get_small(&request, Redirects::Return, MAX_FEED).await?;
        Ok(!matches!(response.status, 404 | 410))
    }

    /// The tags of the latest releases from the feed of the repository; `None` where there is no feed.
    pub(crate) async fn recent_tags(&self) -> Result<Option<Vec<String>>, SourceError> {
        let request = GetRequest::new(self.repo.page(&["releases.atom"])).allow_html();
        let response = self.client.get_small(&request, Redirects::Follow, MAX_FEED).await?;
        let text = std::str::from_utf8(&response.body).ok().filter(|_| response.status == 200);
        Ok(text.filter(|text| text.contains("<feed")).map(tags_of))
    }
}

/// The tag in the path of a release's page.
fn tag_in(path: &str) -> Option<String> {
    let (_, tag) = path.split_once("/releases/tag/")?;
    let tag = percent_decode_str(tag).decode_utf8().ok()?;
    (!tag.is_empty()).then(|| tag.into_owned())
}

/// The tags that a feed links to.
fn tags_of(feed: &str) -> Vec<String> {
    let links = feed.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    links.filter_map(|link| tag_in(&link.replace("&amp;", "&"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read_from_links() {
        let feed = r#"<?xml version="1.0"?><feed><link rel="self" href="https://github.com/o/r/releases.atom"/>
            <entry><link rel="alternate" type="text/html" href="https://github.com/o/r/releases/tag/v0.2.0"/></entry>
            <entry><link href="https://github.com/o/r/releases/tag/server%2Fv1"/></entry></feed>"#;
        assert_eq!(tags_of(feed), ["v0.2.0", "server/v1"]);
        assert_eq!(tag_in("/o/r/releases"), None);
        assert_eq!(tag_in("/o/r/releases/tag/"), None);
    }
}
