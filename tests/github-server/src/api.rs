//! The REST API.

use loom_source::Digest;
use serde_json::Value;

use crate::{
    Exchange, Fault, documents,
    limit::{self, Who},
    objects,
    server::{Shared, lock},
    shelf::{Release, Shelf},
    wire::{Answer, Request},
};

const RELEASES: &str = "/repos/{owner}/{repo}/releases";
const RELEASE: &str = "/repos/{owner}/{repo}/releases/{release_id}";
const LATEST: &str = "/repos/{owner}/{repo}/releases/latest";
const TAG: &str = "/repos/{owner}/{repo}/releases/tags/{tag}";
const ASSETS: &str = "/repos/{owner}/{repo}/releases/{release_id}/assets";
const ASSET: &str = "/repos/{owner}/{repo}/releases/assets/{asset_id}";
const LIMIT: &str = "/rate_limit";

/// A document or a refusal of one route.
struct Said {
    route: &'static str,
    status: u16,
    body: Value,
    headers: Vec<(&'static str, String)>,
    /// Bytes instead of a document.
    bytes: Option<Vec<u8>>,
}

impl Said {
    fn new(route: &'static str, status: u16, body: Value) -> Self {
        Self { route, status, body, headers: Vec::new(), bytes: None }
    }

    fn no(route: &'static str, status: u16, why: &str) -> Self {
        Self::new(route, status, documents::error(why))
    }
}

/// The answer, and what is noted of it for the schema to judge.
pub(crate) fn answer(
    shared: &Shared,
    request: &Request,
    fault: Option<&Fault>,
) -> (Answer, Option<Exchange>) {
    if request.path() == "/api/graphql" {
        return (draft(shared, request), None);
    }
    let mut shelf = lock(&shared.shelf);
    let parts = request.parts();
    let parts: Vec<&str> = parts.iter().skip(2).map(String::as_str).collect();
    let who = who(&shelf, request);
    let said = match (who, fault) {
        (_, Some(Fault::Status(status, headers, said))) => {
            let body = documents::error(said);
            Said { headers: headers.clone(), ..Said::new(route(&parts), *status, body) }
        }
        (None, _) => Said::no(route(&parts), 401, "Bad credentials"),
        (Some(who), _) => allowed(shared, &mut shelf, request, &parts, who),
    };
    let Said { route, status, body, headers, bytes } = said;
    let exchange = |status, body| Some(Exchange { route, status, body });
    let who = who.unwrap_or(Who::Nobody);
    let told = |answer| headers.iter().fold(answer, |a: Answer, (n, v)| a.with(n, v.clone()));
    if let Some(bytes) = bytes {
        let answer = Answer::new(status, "application/octet-stream", bytes);
        return (limit::tell(&shelf, who, told(answer)), None);
    }
    if status == 301 || status == 302 {
        return (
            limit::tell(&shelf, who, told(Answer::new(status, "text/html", ""))),
            exchange(status, Value::Null),
        );
    }
    let bytes = body.to_string();
    let etag = format!("W/\"{}\"", Digest::of(bytes.as_bytes()));
    if status == 200 && request.header("if-none-match") == Some(&etag) {
        limit::give_back(&mut shelf, who);
        let same = Answer { body: Vec::new(), ..Answer::new(304, "application/json", "") };
        return (limit::tell(&shelf, who, same.with("ETag", etag)), exchange(304, Value::Null));
    }
    let mut answer = Answer::new(status, "application/json; charset=utf-8", bytes);
    if status == 200 {
        let kept = if who == Who::Known { "private" } else { "public" };
        answer = answer
            .with("ETag", etag)
            .with("Cache-Control", format!("{kept}, max-age=60, s-maxage=60"));
    }
    (limit::tell(&shelf, who, told(answer)), exchange(status, body))
}

/// Who asks; `None` with a token that is none.
fn who(shelf: &Shelf, request: &Request) -> Option<Who> {
    let Some(given) = request.header("authorization") else { return Some(Who::Nobody) };
    let token = given.split_once(' ').filter(|(kind, _)| matches!(*kind, "Bearer" | "token"));
    token.is_some_and(|(_, token)| token == shelf.token).then_some(Who::Known)
}

fn route(parts: &[&str]) -> &'static str {
    match parts {
        ["rate_limit"] => LIMIT,
        ["repos", _, _, "releases", "latest"] => LATEST,
        ["repos", _, _, "releases", "tags", _] => TAG,
        ["repos", _, _, "releases", "assets", _] => ASSET,
        ["repos", _, _, "releases", _, "assets"] => ASSETS,
        ["repos", _, _, "releases", _] => RELEASE,
        _ => RELEASES,
    }
}

fn allowed(
    shared: &Shared,
    shelf: &mut Shelf,
    request: &Request,
    parts: &[&str],
    who: Who,
) -> Said {
    let route = route(parts);
    if request.header("user-agent").is_none_or(str::is_empty) {
        return Said::no(
            route,
            403,
            "Request forbidden by administrative rules. Please set a User-Agent.",
        );
    }
    if route == LIMIT {
        return Said::new(LIMIT, 200, documents::rate_limit(shelf, who));
    }
    if !limit::take(shelf, who) {
        return Said::no(route, 403, "API rate limit exceeded for 127.0.0.1.");
    }
    match parts {
        ["repos", owner, repo, rest @ ..] => {
            let named = format!("{owner}/{repo}");
            if shelf.renamed_from.as_ref() == Some(&named) {
                let path = rest.join("/");
                let query =
                    request.target.split_once('?').map_or(String::new(), |(_, q)| format!("?{q}"));
                let to = format!("{}/api/v3/repos/{}/{path}{query}", shared.front, shelf.repo);
                let headers = vec![("Location", to)];
                return Said { headers, ..Said::new(route, 301, Value::Null) };
            }
            if named != shelf.repo || shelf.private && who == Who::Nobody {
                return Said::no(route, 404, "Not Found");
            }
            repository(shared, shelf, request, rest, who)
        }
        _ => Said::no(route, 404, "Not Found"),
    }
}

fn repository(shared: &Shared, shelf: &Shelf, request: &Request, rest: &[&str], who: Who) -> Said {
    let document = |route, release: Option<&Release>| match release {
        Some(release) => Said::new(route, 200, documents::release(shared, shelf, release)),
        None => Said::no(route, 404, "Not Found"),
    };
    let by_id = |id: &str| shelf.public().find(|release| release.id.to_string() == *id);
    match rest {
        ["releases"] => listing(shared, shelf, request, who),
        ["releases", "latest"] => document(LATEST, shelf.latest()),
        ["releases", "tags", tag] => document(TAG, shelf.tagged(tag)),
        ["releases", "assets", id] => asset(shared, shelf, request, id),
        ["releases", id] => document(RELEASE, by_id(id)),
        ["releases", id, "assets"] => match by_id(id) {
            Some(release) => {
                let assets =
                    release.assets.iter().map(|a| documents::asset(shared, shelf, release, a));
                Said::new(ASSETS, 200, assets.collect())
            }
            None => Said::no(ASSETS, 404, "Not Found"),
        },
        _ => Said::no(RELEASES, 404, "Not Found"),
    }
}

/// The newest first; drafts for those who may push.
fn listing(shared: &Shared, shelf: &Shelf, request: &Request, who: Who) -> Said {
    let size = request.number("per_page").unwrap_or(30).clamp(1, 100);
    let page = request.number("page").unwrap_or(1).max(1);
    let visible = || shelf.releases.iter().rev().filter(|r| who == Who::Known || !r.draft);
    let shown = visible().skip((page - 1) * size).take(size);
    let body = shown.map(|release| documents::release(shared, shelf, release)).collect();
    let mut said = Said::new(RELEASES, 200, body);
    let last = visible().count().div_ceil(size).max(1);
    if page < last {
        let at = |page| {
            format!(
                "{}/api/v3/repos/{}/releases?per_page={size}&page={page}",
                shared.front, shelf.repo
            )
        };
        let link = format!("<{}>; rel=\"next\", <{}>; rel=\"last\"", at(page + 1), at(last));
        said.headers.push(("Link", link));
    }
    said
}

fn asset(shared: &Shared, shelf: &Shelf, request: &Request, id: &str) -> Said {
    let mut all =
        shelf.public().flat_map(|release| release.assets.iter().map(move |a| (release, a)));
    let Some((release, asset)) = all.find(|(_, asset)| asset.id.to_string() == *id) else {
        return Said::no(ASSET, 404, "Not Found");
    };
    if request.header("accept") == Some("application/octet-stream") {
        if shelf.streams {
            return Said { bytes: Some(asset.bytes.clone()), ..Said::new(ASSET, 200, Value::Null) };
        }
        let headers = vec![("Location", objects::signed(shared, asset))];
        return Said { headers, ..Said::new(ASSET, 302, Value::Null) };
    }
    Said::new(ASSET, 200, documents::asset(shared, shelf, release, asset))
}

/// The one question of GraphQL that `gh release download` asks: whether there is a draft of this tag.
fn draft(shared: &Shared, request: &Request) -> Answer {
    let asked: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let tag = asked["variables"]["tagName"].as_str().unwrap_or_default();
    let shelf = lock(&shared.shelf);
    let found = shelf.releases.iter().find(|release| release.tag == tag);
    let release = found.map(|r| serde_json::json!({"databaseId": r.id, "isDraft": r.draft}));
    let body = serde_json::json!({"data": {"repository": {"release": release}}});
    Answer::new(200, "application/json", body.to_string())
}
