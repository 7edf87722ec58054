//! The JSON documents of the API, with every field that GitHub's schema requires.

use loom_source::Digest;
use serde_json::{Value, json};

use super::{
    rate_limit::{self, Requester},
    repository::{GithubAsset, GithubRelease, Repository, ShownDigest},
    state::ServerState,
};

pub(super) fn release(
    state: &ServerState,
    repository: &Repository,
    release: &GithubRelease,
) -> Value {
    let (api, page) = urls(state, repository);
    let uploads = repository.uploads.clone();
    let uploads = uploads.unwrap_or_else(|| format!("{}/api/uploads", state.front));
    let (id, tag) = (release.id, &release.tag);
    let index = repository.releases.iter().position(|r| r.id == id).unwrap_or_default();
    let time = format!("2026-01-{:02}T{:02}:00:00Z", index / 24 % 28 + 1, index % 24);
    let files = release.assets.iter().map(|asset| self::asset(state, repository, release, asset));
    json!({
        "url": format!("{api}/releases/{id}"),
        "assets_url": format!("{api}/releases/{id}/assets"),
        "upload_url": format!("{uploads}/repos/{}/releases/{id}/assets{{?name,label}}", repository.repo),
        "html_url": format!("{page}/releases/tag/{tag}"),
        "tarball_url": format!("{api}/tarball/{tag}"),
        "zipball_url": format!("{api}/zipball/{tag}"),
        "id": id,
        "node_id": format!("RE_{id}"),
        "author": user(state),
        "tag_name": tag,
        "target_commitish": "main",
        "name": tag,
        "body": release.body,
        "draft": release.draft,
        "prerelease": release.prerelease,
        "immutable": repository.immutable_releases && !release.draft,
        "created_at": time,
        "updated_at": time,
        "published_at": if release.draft { Value::Null } else { time.clone().into() },
        "assets": files.collect::<Value>(),
    })
}

pub(super) fn asset(
    state: &ServerState,
    repository: &Repository,
    release: &GithubRelease,
    asset: &GithubAsset,
) -> Value {
    let (api, page) = urls(state, repository);
    let (id, name) = (asset.id, &asset.name);
    let digest = match asset.shown {
        ShownDigest::Right => Some(Digest::of(&asset.bytes)),
        ShownDigest::Null => None,
        ShownDigest::Other(digest) => Some(digest),
    };
    json!({
        "url": format!("{api}/releases/assets/{id}"),
        "browser_download_url": format!("{page}/releases/download/{}/{name}", release.tag),
        "id": id,
        "node_id": format!("RA_{id}"),
        "name": name,
        "label": null,
        "state": if asset.uploaded { "uploaded" } else { "open" },
        "content_type": "application/octet-stream",
        "size": asset.bytes.len(),
        "digest": digest.map(|digest| format!("sha256:{digest}")),
        "download_count": 0,
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z",
        "uploader": user(state),
    })
}

pub(super) fn rate_limit(repository: &Repository, requester: Requester) -> Value {
    let (remaining, limit, reset) =
        rate_limit::status(repository, requester).unwrap_or((5000, 5000, 0));
    let core = json!({
        "limit": limit, "remaining": remaining, "reset": reset,
        "used": limit.saturating_sub(remaining),
    });
    json!({"resources": {"core": core, "search": core}, "rate": core})
}

pub(super) fn error(message: &str) -> Value {
    json!({"message": message, "documentation_url": "https://docs.github.com/rest"})
}

/// The refusal of a value.
pub(super) fn invalid(resource: &str, code: &str, field: &str) -> Value {
    json!({
        "message": "Validation Failed",
        "errors": [{"resource": resource, "code": code, "field": field}],
        "documentation_url": "https://docs.github.com/rest",
    })
}

pub(super) fn git_ref(state: &ServerState, repository: &Repository, tag: &str) -> Value {
    let (api, sha) = (urls(state, repository).0, "0123456789abcdef0123456789abcdef01234567");
    json!({
        "ref": format!("refs/tags/{tag}"),
        "node_id": "REF_1",
        "url": format!("{api}/git/refs/tags/{tag}"),
        "object": {"type": "commit", "sha": sha, "url": format!("{api}/git/commits/{sha}")},
    })
}

fn urls(state: &ServerState, repository: &Repository) -> (String, String) {
    let front = &state.front;
    (format!("{front}/api/v3/repos/{}", repository.repo), format!("{front}/{}", repository.repo))
}

fn user(state: &ServerState) -> Value {
    let at = |path: &str| format!("{}/api/v3/users/octocat{path}", state.front);
    json!({
        "login": "octocat",
        "id": 1,
        "node_id": "U_1",
        "avatar_url": format!("{}/octocat.png", state.front),
        "gravatar_id": "",
        "url": at(""),
        "html_url": format!("{}/octocat", state.front),
        "followers_url": at("/followers"),
        "following_url": at("/following{/other_user}"),
        "gists_url": at("/gists{/gist_id}"),
        "starred_url": at("/starred{/owner}{/repo}"),
        "subscriptions_url": at("/subscriptions"),
        "organizations_url": at("/orgs"),
        "repos_url": at("/repos"),
        "events_url": at("/events{/privacy}"),
        "received_events_url": at("/received_events"),
        "type": "User",
        "user_view_type": "public",
        "site_admin": false,
    })
}
