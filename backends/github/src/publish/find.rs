//! Finds the release or the draft of a tag. Drafts are found in the list only: they have no tag yet.

use loom_base::redact;
use loom_http::{Method, SmallResponse, header};
use loom_source::SourceError;
use serde::de::DeserializeOwned;
use url::Url;

use super::{error::PublishError, remote_release::RemoteRelease, write_api::WriteApi};
use crate::github_repo::GithubRepo;

/// The pages that are looked through for a draft; drafts are on the first ones.
const MAX_PAGES: usize = 20;

/// The release of a tag, else its draft.
pub(super) async fn release(
    api: &WriteApi<'_>,
    repo: &GithubRepo,
    tag: &str,
) -> Result<Option<RemoteRelease>, PublishError> {
    let url = repo.api(&["releases", "tags", tag]);
    let response = api.send(Method::GET, &url, None).await?;
    if response.status != 404 {
        return parse(&url, &response).map(Some);
    }
    let mut drafts = Vec::new();
    let mut next = Some(repo.api(&["releases"]));
    if let Some(url) = &mut next {
        url.query_pairs_mut().append_pair("per_page", "100");
    }
    for _ in 0..MAX_PAGES {
        let Some(url) = next else { break };
        let response = api.send(Method::GET, &url, None).await?;
        if response.status == 404 {
            return Err(api.api.no_repository().into());
        }
        let page: Vec<RemoteRelease> = parse(&url, &response)?;
        drafts.extend(page.into_iter().filter(|release| release.draft && release.tag_name == tag));
        next = next_page(repo, &url, &response);
    }
    match drafts.len() {
        0 | 1 => Ok(drafts.pop()),
        count => {
            let (tag, repo) = (tag.to_owned(), repo.to_string());
            Err(PublishError::SeveralDrafts { tag, repo, count })
        }
    }
}

/// Whether the tag exists.
pub(super) async fn tag_exists(
    api: &WriteApi<'_>,
    repo: &GithubRepo,
    tag: &str,
) -> Result<bool, PublishError> {
    let parts: Vec<&str> = ["git", "ref", "tags"].into_iter().chain(tag.split('/')).collect();
    let response = api.send(Method::GET, &repo.api(&parts), None).await?;
    Ok(response.status != 404)
}

/// The document of a response.
pub(super) fn parse<T: DeserializeOwned>(
    url: &Url,
    response: &SmallResponse,
) -> Result<T, PublishError> {
    serde_json::from_slice(&response.body)
        .map_err(|error| SourceError::malformed(redact::url(url), error.to_string()).into())
}

/// The next page of a list, on the server of the API only.
fn next_page(repo: &GithubRepo, url: &Url, response: &SmallResponse) -> Option<Url> {
    let links = response.headers.get(header::LINK)?.to_str().ok()?;
    let link = links.split(',').find(|link| link.contains("rel=\"next\""))?;
    let target = link.trim().strip_prefix('<')?.split('>').next()?;
    url.join(target).ok().filter(|url| repo.is_api(url))
}
