//! Uploads of files, to the host for uploads that belongs to the API.

use std::fs::File;

use loom_http::{
    HttpCall, Method, UploadBody,
    header::{self, HeaderValue},
};
use url::Url;

use super::{
    error::PublishError,
    find,
    remote_release::RemoteRelease,
    request::PublishFile,
    write_api::{MEDIA_TYPE, WriteApi},
};
use crate::{documents::AssetDocument, github_repo::GithubRepo};

/// Uploads a file as an asset of a release.
pub(super) async fn upload(
    api: &WriteApi<'_>,
    repo: &GithubRepo,
    release: &RemoteRelease,
    file: &PublishFile,
) -> Result<AssetDocument, PublishError> {
    let url = upload_url(repo, release, &file.name)?;
    loop {
        let mut headers = api.api.headers(HeaderValue::from_static(MEDIA_TYPE));
        let media_type = HeaderValue::from_static("application/octet-stream");
        headers.insert(header::CONTENT_TYPE, media_type);
        let call = HttpCall::new(Method::POST, url.clone(), headers, bytes::Bytes::new());
        let sent = api.client.upload(&call.allow_html(), body(file)?).await;
        let Some(response) = api.judge(&url, sent).await? else { continue };
        if response.status == 404 {
            return Err(api.api.no_repository().into());
        }
        return find::parse(&url, &response);
    }
}

/// The open file, if it still has its size.
fn body(file: &PublishFile) -> Result<UploadBody, PublishError> {
    let path = &file.path;
    let read = |source| PublishError::Read { path: path.clone(), source };
    let open = File::open(path).map_err(read)?;
    if open.metadata().map_err(read)?.len() != file.size {
        return Err(PublishError::Changed { path: path.clone() });
    }
    Ok(UploadBody { file: open, length: file.size })
}

/// The URL for an upload. The token is sent there, so it must be on a host of the server.
fn upload_url(repo: &GithubRepo, release: &RemoteRelease, name: &str) -> Result<Url, PublishError> {
    let host =
        |host: &str| PublishError::UploadHost { repo: repo.to_string(), host: host.to_owned() };
    let mut url: Url =
        release.upload_base().parse().map_err(|_| host("an address that is not a URL"))?;
    if !repo.is_upload(&url) {
        return Err(host(url.host_str().unwrap_or_default()));
    }
    url.set_query(None);
    url.query_pairs_mut().append_pair("name", name);
    Ok(url)
}
