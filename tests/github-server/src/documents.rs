//! The documents of the API, with every field that its schema demands.

use loom_source::Digest;
use serde_json::{Value, json};

use crate::{
    limit::{self, Who},
    server::Shared,
    shelf::{Asset, Release, Shelf, Shown},
};

pub(crate) fn release(shared: &Shared, shelf: &Shelf, release: &Release) -> Value {
    let (api, page) = addresses(shared, shelf);
    let (id, tag) = (release.id, &release.tag);
    let place = shelf.releases.iter().position(|r| r.id == id).unwrap_or_default();
    let time = format!("2026-01-{:02}T{:02}:00:00Z", place / 24 % 28 + 1, place % 24);
    let files = release.assets.iter().map(|asset| self::asset(shared, shelf, release, asset));
    json!({
        "url": format!("{api}/releases/{id}"),
        "assets_url": format!("{api}/releases/{id}/assets"),
        "upload_url": format!("{api}/releases/{id}/assets{{?name,label}}"),
        "html_url": format!("{page}/releases/tag/{tag}"),
        "tarball_url": format!("{api}/tarball/{tag}"),
        "zipball_url": format!("{api}/zipball/{tag}"),
        "id": id,
        "node_id": format!("RE_{id}"),
        "author": user(shared),
        "tag_name": tag,
        "target_commitish": "main",
        "name": tag,
        "body": "",
        "draft": release.draft,
        "prerelease": release.prerelease,
        "immutable": false,
        "created_at": time,
        "updated_at": time,
        "published_at": if release.draft { Value::Null } else { time.clone().into() },
        "assets": files.collect::<Value>(),
    })
}

pub(crate) fn asset(shared: &Shared, shelf: &Shelf, release: &Release, asset: &Asset) -> Value {
    let (api, page) = addresses(shared, shelf);
    let (id, name) = (asset.id, &asset.name);
    let digest = match asset.shown {
        Shown::Right => Some(Digest::of(&asset.bytes)),
        Shown::Null => None,
        Shown::Other(digest) => Some(digest),
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
        "uploader": user(shared),
    })
}

pub(crate) fn rate_limit(shelf: &Shelf, who: Who) -> Value {
    let (left, limit, reset) = limit::counted(shelf, who).unwrap_or((5000, 5000, 0));
    let core = json!({
        "limit": limit, "remaining": left, "reset": reset,
        "used": limit.saturating_sub(left),
    });
    json!({"resources": {"core": core, "search": core}, "rate": core})
}

pub(crate) fn error(said: &str) -> Value {
    json!({"message": said, "documentation_url": "https://docs.github.com/rest"})
}

fn addresses(shared: &Shared, shelf: &Shelf) -> (String, String) {
    let front = &shared.front;
    (format!("{front}/api/v3/repos/{}", shelf.repo), format!("{front}/{}", shelf.repo))
}

fn user(shared: &Shared) -> Value {
    let at = |path: &str| format!("{}/api/v3/users/octocat{path}", shared.front);
    json!({
        "login": "octocat",
        "id": 1,
        "node_id": "U_1",
        "avatar_url": format!("{}/octocat.png", shared.front),
        "gravatar_id": "",
        "url": at(""),
        "html_url": format!("{}/octocat", shared.front),
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
