//! What the web pages tell without costing a request of the API.

use bytes::Bytes;
use loom_http::{Client, GetRequest, Redirects};
use loom_source::{Download, RangeRequest, SourceError};
use percent_encoding::percent_decode_str;
use url::Url;

use crate::{GithubRepo, pointer::AssetLocation};

/// The feed holds the notes of ten releases.
const FEED: usize = 4 * 1024 * 1024;

/// A repository that was renamed more often than this is not looked for.
const RENAMES: usize = 3;

/// The pages of one repository. No token is ever sent to them: they take none.
pub(crate) struct Pages<'a> {
    pub(crate) client: &'a Client,
    pub(crate) place: &'a GithubRepo,
}

impl Pages<'_> {
    /// Where a file of a release is downloaded from.
    pub(crate) fn download(&self, at: &AssetLocation) -> Url {
        self.place.page(&["releases", "download", &at.tag, &at.name])
    }

    /// A small file of a release.
    pub(crate) async fn small(
        &self,
        at: &AssetLocation,
        cap: usize,
    ) -> Result<Option<Bytes>, SourceError> {
        self.client.get_bytes(&GetRequest::new(self.download(at)), cap).await
    }

    /// A file of a release.
    pub(crate) async fn open(
        &self,
        at: &AssetLocation,
        resume: &RangeRequest,
    ) -> Result<Option<Download>, SourceError> {
        let get = GetRequest::new(self.download(at)).range(resume.clone());
        Ok(self.client.get(&get).await?.map(|answer| answer.download))
    }

    /// The tag that the server calls the latest: of the whole repository, by the time of its commit. A hint.
    pub(crate) async fn latest_tag(&self) -> Result<Option<String>, SourceError> {
        let mut url = self.place.page(&["releases", "latest"]);
        for _ in 0..=RENAMES {
            let get = GetRequest::new(url.clone()).allow_html();
            let reply = self.client.get_small(&get, Redirects::Return, FEED).await?;
            match reply.location.filter(|to| self.place.is_page(to)) {
                Some(to) if tag_in(to.path()).is_some() => return Ok(tag_in(to.path())),
                Some(to) if to.path().ends_with("/releases/latest") => url = to,
                _ => return Ok(None),
            }
        }
        Ok(None)
    }

    /// The tags of the releases that were published last, as the feed of the repository has them;
    /// `None` where there is no feed.
    pub(crate) async fn recent_tags(&self) -> Result<Option<Vec<String>>, SourceError> {
        let get = GetRequest::new(self.place.page(&["releases.atom"])).allow_html();
        let reply = self.client.get_small(&get, Redirects::Follow, FEED).await?;
        let text = std::str::from_utf8(&reply.body).ok().filter(|_| reply.status == 200);
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
