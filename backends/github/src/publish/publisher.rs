//! [`Publisher`]: publishes a release, and goes on where an earlier run ended.

use std::{collections::BTreeSet, time::Duration};

use futures::StreamExt as _;
use loom_base::{Backoff, backoff::jitter};
use loom_http::{Client, GetRequest, Method, RequestRetry, header::HeaderValue};
use loom_source::Digest;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{
    error::PublishError,
    event::PublishEvent,
    find,
    plan::{PublishStep, plan},
    remote_release::RemoteRelease,
    request::{Publication, PublishRequest},
    upload,
    write_api::{WriteApi, is_transient},
};
use crate::{
    api::Api,
    github_repo::GithubRepo,
    options::{GithubError, GithubOptions},
};

/// How often the release is looked at again after a failure without progress.
const MAX_FAILURES: u32 = 5;

/// The shortest time without progress: a server that stores a large file takes a while to answer.
const MIN_TIMEOUT: Duration = Duration::from_secs(60);

/// Publishes releases of a repository.
///
/// A release is a draft, which others do not see, until all of its files are uploaded and agree with what the server
/// computed. A run that was interrupted is resumed by the next one: files that are there are not sent again. Nothing of
/// a published release is ever changed or replaced.
#[derive(Debug)]
pub struct Publisher {
    repo: GithubRepo,
    api: Api,
    client: Client,
    has_token: bool,
    /// The pauses after failures.
    pauses: Backoff,
}

/// What one run has done so far.
#[derive(Debug, Default)]
struct Progress {
    /// The numbers of the assets that were uploaded.
    own: BTreeSet<u64>,
    uploaded: Vec<String>,
    published: bool,
}

impl Publisher {
    /// Opens a repository. No request is made before the first call.
    ///
    /// # Errors
    /// Where an option cannot be used: see [`GithubError`].
    pub fn open(options: GithubOptions) -> Result<Self, GithubError> {
        let GithubOptions { repo, token, token_variable, mut network, .. } = options;
        let from = token.as_ref().map(|token| token.from.clone()).unwrap_or_default();
        if token.is_some() && repo.is_insecure() {
            return Err(GithubError::PlainToken { repo: repo.to_string(), from });
        }
        // A request that changes something is never repeated blindly: what it did is looked at first.
        let pauses = network.retry.backoff;
        network.retry = RequestRetry::NEVER;
        network.timeout = network.timeout.max(MIN_TIMEOUT);
        let has_token = token.is_some();
        let api =
            Api::new(repo.clone(), token, token_variable).ok_or(GithubError::Token { from })?;
        let client = Client::new(network)
            .map_err(|source| GithubError::Network { repo: repo.to_string(), source })?;
        Ok(Self { repo, api, client, has_token, pauses })
    }

    /// Publishes a release.
    ///
    /// # Errors
    /// [`PublishError`] says why the release is not published. What was uploaded stays in the draft.
    pub async fn publish(
        &self,
        request: &PublishRequest,
        observer: &(dyn Fn(PublishEvent<'_>) + Sync),
    ) -> Result<Publication, PublishError> {
        if !self.has_token {
            return Err(self.api.no_token().into());
        }
        let api = WriteApi::new(&self.api, &self.client, observer);
        let mut progress = Progress::default();
        let mut failures = 0;
        loop {
            let before = progress.uploaded.len();
            let error = match self.attempt(&api, request, &mut progress).await {
                Err(PublishError::Request(error)) if is_transient(&error) => error,
                done => return done,
            };
            failures = if progress.uploaded.len() > before { 1 } else { failures + 1 };
            if failures > MAX_FAILURES {
                return Err(error.into());
            }
            let pause = self.pauses.pause_with_jitter(failures - 1, jitter());
            observer(PublishEvent::Retrying { error: &error, pause });
            tokio::time::sleep(pause).await;
        }
    }

    /// Looks at the release, does what is missing, and makes it public.
    async fn attempt(
        &self,
        api: &WriteApi<'_>,
        request: &PublishRequest,
        progress: &mut Progress,
    ) -> Result<Publication, PublishError> {
        let release = match find::release(api, &self.repo, &request.tag).await? {
            Some(release) => release,
            None => self.draft(api, request).await?,
        };
        self.complete(api, request, &release, progress).await?;
        let release = self.check(api, request, &release, progress).await?;
        let release = if release.draft {
            progress.published = true;
            self.make_public(api, request, &release).await?
        } else {
            release
        };
        Ok(result(request, release, progress))
    }

    /// Makes the draft of a release.
    async fn draft(
        &self,
        api: &WriteApi<'_>,
        request: &PublishRequest,
    ) -> Result<RemoteRelease, PublishError> {
        let tag = &request.tag;
        if request.commit.is_none() && !find::tag_exists(api, &self.repo, tag).await? {
            let repo = self.repo.to_string();
            return Err(PublishError::NoTag { tag: tag.clone(), repo });
        }
        let mut document = json!({
            "tag_name": tag, "name": tag, "draft": true, "prerelease": request.prerelease,
            "body": request.notes.clone().unwrap_or_default(),
        });
        if let Some(commit) = &request.commit {
            document["target_commitish"] = commit.clone().into();
        }
        let url = self.repo.api(&["releases"]);
        let response = api.send(Method::POST, &url, Some(&document)).await?;
        if response.status == 404 {
            return Err(self.api.no_repository().into());
        }
        (api.observer)(PublishEvent::Drafted { tag });
        find::parse(&url, &response)
    }

    /// Uploads what is missing.
    async fn complete(
        &self,
        api: &WriteApi<'_>,
        request: &PublishRequest,
        release: &RemoteRelease,
        progress: &mut Progress,
    ) -> Result<(), PublishError> {
        let steps = plan(request, release, &progress.own)?;
        for (file, step) in request.files.iter().zip(steps) {
            let name = &file.name;
            match step {
                PublishStep::Keep => continue,
                PublishStep::Compare { id } => {
                    let got = self.digest_of(id).await?;
                    if got != file.sha256 {
                        let (tag, name) = (release.tag_name.clone(), name.clone());
                        let (expected, got) = (file.sha256.to_string(), got.to_string());
                        return Err(PublishError::Differs { tag, name, expected, got });
                    }
                    progress.own.insert(id);
                    continue;
                }
                PublishStep::Upload { instead_of: Some((id, why)) } => {
                    (api.observer)(PublishEvent::Deleting { name, why });
                    let url = self.repo.api(&["releases", "assets", &id.to_string()]);
                    api.send(Method::DELETE, &url, None).await?;
                }
                PublishStep::Upload { instead_of: None } => {}
            }
            (api.observer)(PublishEvent::Uploading { name, size: file.size });
            let asset = upload::upload(api, &self.repo, release, file).await?;
            progress.own.insert(asset.id);
            progress.uploaded.push(name.clone());
        }
        Ok(())
    }

    /// The digest of an asset's bytes.
    async fn digest_of(&self, id: u64) -> Result<Digest, PublishError> {
        let url = self.repo.api(&["releases", "assets", &id.to_string()]);
        let headers = self.api.headers(HeaderValue::from_static("application/octet-stream"));
        let request = GetRequest::new(url).headers(headers).allow_html();
        let response = self.client.get(&request).await?;
        let response = response.ok_or_else(|| self.api.no_repository())?;
        let (mut hasher, mut body) = (Sha256::new(), response.download.body);
        while let Some(piece) = body.next().await {
            hasher.update(&piece?);
        }
        Ok(Digest::from_hasher(hasher))
    }

    /// Looks at the release again: each file must be there as the server computed it.
    async fn check(
        &self,
        api: &WriteApi<'_>,
        request: &PublishRequest,
        release: &RemoteRelease,
        progress: &Progress,
    ) -> Result<RemoteRelease, PublishError> {
        let url = self.repo.api(&["releases", &release.id.to_string()]);
        let response = api.send(Method::GET, &url, None).await?;
        if response.status == 404 {
            return Err(self.api.no_repository().into());
        }
        let release: RemoteRelease = find::parse(&url, &response)?;
        let steps = plan(request, &release, &progress.own)?;
        match request.files.iter().zip(steps).find(|(_, step)| *step != PublishStep::Keep) {
            Some((file, _)) => {
                let (tag, name) = (request.tag.clone(), file.name.clone());
                Err(PublishError::Incomplete { tag, name })
            }
            None => Ok(release),
        }
    }

    /// Makes a complete draft public.
    async fn make_public(
        &self,
        api: &WriteApi<'_>,
        request: &PublishRequest,
        release: &RemoteRelease,
    ) -> Result<RemoteRelease, PublishError> {
        (api.observer)(PublishEvent::Publishing { tag: &request.tag });
        // `legacy`: the highest version is the latest, also where an older line gets a release later.
        let mut document = json!({
            "tag_name": request.tag, "draft": false, "prerelease": request.prerelease, "make_latest": "legacy",
        });
        if let Some(notes) = &request.notes {
            document["body"] = notes.clone().into();
        }
        let url = self.repo.api(&["releases", &release.id.to_string()]);
        let response = api.send(Method::PATCH, &url, Some(&document)).await?;
        if response.status == 404 {
            return Err(self.api.no_repository().into());
        }
        find::parse(&url, &response)
    }
}

fn result(request: &PublishRequest, release: RemoteRelease, progress: &Progress) -> Publication {
    let is_file = |name: &String| request.files.iter().any(|file| file.name == *name);
    let kept = request.files.iter().map(|file| file.name.clone());
    let other = release.assets.into_iter().map(|asset| asset.name);
    Publication {
        url: release.html_url,
        published: progress.published,
        uploaded: progress.uploaded.clone(),
        kept: kept.filter(|name| !progress.uploaded.contains(name)).collect(),
        other: other.filter(|name| !is_file(name)).collect(),
    }
}
