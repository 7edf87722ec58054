//! The part of the REST API that changes releases: create, edit, delete, upload.

use loom_base::LockExt as _;
use serde_json::Value;

use super::{
    api_reply::{ASSET, ASSETS, ApiReply, RELEASE, RELEASES},
    documents,
    http::RawRequest,
    repository::{GithubAsset, GithubRelease, Repository, ShownDigest},
    state::ServerState,
};

/// The route of a request that changes something.
pub(super) fn route(rest: &[&str]) -> &'static str {
    match rest {
        ["releases", "assets", _] => ASSET,
        ["releases", _, "assets"] => ASSETS,
        ["releases", _] => RELEASE,
        _ => RELEASES,
    }
}

/// The reply to a request with the token.
pub(super) fn reply(
    state: &ServerState,
    repository: &mut Repository,
    request: &RawRequest,
    rest: &[&str],
) -> ApiReply {
    let is_upload = request.path().starts_with("/api/uploads/");
    match (request.method.as_str(), rest) {
        ("POST", ["releases"]) => create(state, repository, request),
        ("PATCH", ["releases", id]) => edit(state, repository, request, id),
        ("DELETE", ["releases", "assets", id]) => delete(repository, id),
        ("POST", ["releases", id, "assets"]) if is_upload => upload(state, repository, request, id),
        _ => ApiReply::error(route(rest), 404, "Not Found"),
    }
}

fn document(request: &RawRequest) -> Value {
    serde_json::from_slice(&request.body).unwrap_or_default()
}

fn create(state: &ServerState, repository: &mut Repository, request: &RawRequest) -> ApiReply {
    let document = document(request);
    let text = |key: &str| document[key].as_str().unwrap_or_default().to_owned();
    let flag = |key: &str| document[key].as_bool().unwrap_or_default();
    let tag = text("tag_name");
    if tag.is_empty() {
        let body = documents::invalid("Release", "missing_field", "tag_name");
        return ApiReply::new(RELEASES, 422, body);
    }
    if repository.tagged(&tag).is_some() {
        let body = documents::invalid("Release", "already_exists", "tag_name");
        return ApiReply::new(RELEASES, 422, body);
    }
    let release = GithubRelease {
        draft: flag("draft"),
        prerelease: flag("prerelease"),
        body: text("body"),
        id: repository.next_id(),
        ..GithubRelease::new(&tag)
    };
    let body = documents::release(state, repository, &release);
    repository.releases.push(release);
    ApiReply::new(RELEASES, 201, body)
}

fn edit(
    state: &ServerState,
    repository: &mut Repository,
    request: &RawRequest,
    id: &str,
) -> ApiReply {
    let document = document(request);
    let Some(release) = repository.releases.iter_mut().find(|r| r.id.to_string() == id) else {
        return ApiReply::error(RELEASE, 404, "Not Found");
    };
    if let Some(draft) = document["draft"].as_bool() {
        release.draft = draft;
    }
    if let Some(prerelease) = document["prerelease"].as_bool() {
        release.prerelease = prerelease;
    }
    if let Some(body) = document["body"].as_str() {
        release.body = body.to_owned();
    }
    let release = release.clone();
    ApiReply::new(RELEASE, 200, documents::release(state, repository, &release))
}

fn delete(repository: &mut Repository, id: &str) -> ApiReply {
    let immutable = repository.immutable_releases;
    for release in &mut repository.releases {
        let Some(at) = release.assets.iter().position(|asset| asset.id.to_string() == id) else {
            continue;
        };
        if immutable && !release.draft {
            return ApiReply::error(ASSET, 404, "Not Found");
        }
        release.assets.remove(at);
        return ApiReply::new(ASSET, 204, Value::Null);
    }
    ApiReply::error(ASSET, 404, "Not Found")
}

fn upload(
    state: &ServerState,
    repository: &mut Repository,
    request: &RawRequest,
    id: &str,
) -> ApiReply {
    let (number, digests) = (repository.next_id(), repository.computes_digests);
    let immutable = repository.immutable_releases;
    let Some(release) = repository.releases.iter_mut().find(|r| r.id.to_string() == id) else {
        return ApiReply::error(ASSETS, 404, "Not Found");
    };
    let name = request.text("name").unwrap_or_default();
    let invalid =
        |code: &str| ApiReply::new(ASSETS, 422, documents::invalid("ReleaseAsset", code, "name"));
    if name.is_empty() || immutable && !release.draft {
        return invalid("invalid");
    }
    if release.assets.iter().any(|asset| asset.name == name) {
        return invalid("already_exists");
    }
    let shown = if digests { ShownDigest::Right } else { ShownDigest::Null };
    let asset = GithubAsset { shown, id: number, ..GithubAsset::new(&name, request.body.clone()) };
    release.assets.push(asset.clone());
    let release = release.clone();
    ApiReply::new(ASSETS, 201, documents::asset(state, repository, &release, &asset))
}

/// Leaves the incomplete asset of an upload that was interrupted.
pub(super) fn leave_incomplete(state: &ServerState, request: &RawRequest) {
    add_incomplete(&mut state.repository.locked(), request);
}

/// As [`leave_incomplete`]; other requests leave nothing.
pub(super) fn add_incomplete(repository: &mut Repository, request: &RawRequest) {
    let parts = request.parts();
    let ["api", "uploads", "repos", _, _, "releases", id, "assets"] =
        parts.iter().map(String::as_str).collect::<Vec<_>>()[..]
    else {
        return;
    };
    let (number, name) = (repository.next_id(), request.text("name").unwrap_or_default());
    let release = repository.releases.iter_mut().find(|release| release.id.to_string() == id);
    if let Some(release) = release
        && !release.assets.iter().any(|asset| asset.name == name)
    {
        let asset = GithubAsset::new(&name, request.body.clone());
        release.assets.push(GithubAsset { uploaded: false, id: number, ..asset });
    }
}
