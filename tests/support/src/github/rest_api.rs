//! The REST API.

use loom_base::LockExt as _;
use loom_source::Digest;
use serde_json::Value;

use super::{
    api_reply::{
        ASSET, ASSETS, ATTESTATIONS, ApiReply, LATEST, LIMIT, REF, RELEASE, RELEASES, TAG,
    },
    documents,
    fault::GithubFault,
    http::{RawRequest, RawResponse},
    rate_limit::{self, Requester},
    repository::{GithubRelease, Repository},
    state::ServerState,
    storage,
    transcript::ApiExchange,
    write_api,
};

/// The response, and the exchange that is checked against GitHub's schema.
pub(super) fn respond(
    state: &ServerState,
    request: &RawRequest,
    fault: Option<&GithubFault>,
) -> (RawResponse, Option<ApiExchange>) {
    if request.path() == "/api/graphql" {
        return (draft_by_tag(state, request), None);
    }
    let mut repository = state.repository.locked();
    let parts = request.parts();
    let parts: Vec<&str> = parts.iter().skip(2).map(String::as_str).collect();
    let requester = requester(&repository, request);
    let reply = match (requester, fault) {
        (_, Some(GithubFault::Status(status, headers, message))) => {
            let body = documents::error(message);
            if *status >= 500 {
                write_api::add_incomplete(&mut repository, request);
            }
            ApiReply { headers: headers.clone(), ..ApiReply::new(route(&parts), *status, body) }
        }
        (None, _) => ApiReply::error(route(&parts), 401, "Bad credentials"),
        (Some(requester), _) => reply(state, &mut repository, request, &parts, requester),
    };
    send(&mut repository, request, requester.unwrap_or(Requester::Anonymous), reply)
}

/// The response that carries a reply, with its headers: entity tag, caching, rate limit.
fn send(
    repository: &mut Repository,
    request: &RawRequest,
    requester: Requester,
    reply: ApiReply,
) -> (RawResponse, Option<ApiExchange>) {
    let ApiReply { route, status, body, headers, bytes } = reply;
    // The body of an upload is no document.
    let document = serde_json::from_slice(&request.body).unwrap_or_default();
    let document = if request.path().starts_with("/api/uploads/") { Value::Null } else { document };
    let exchange = |status, body| {
        let (method, request) = (request.method.to_lowercase(), document);
        Some(ApiExchange { method, request, route, status, body })
    };
    let finish = |repository: &Repository, response: RawResponse| {
        let response =
            headers.iter().fold(response, |response, (name, value)| response.with(name, value));
        rate_limit::with_headers(repository, requester, response)
    };
    if let Some(bytes) = bytes {
        let response = RawResponse::new(status, "application/octet-stream", bytes);
        return (finish(repository, response), None);
    }
    if matches!(status, 301 | 302) {
        let response = RawResponse::new(status, "text/html", "");
        return (finish(repository, response), exchange(status, Value::Null));
    }
    if status == 204 {
        let mut response = RawResponse::new(204, "application/json", "");
        response.headers.clear();
        return (finish(repository, response), exchange(status, Value::Null));
    }
    let bytes = body.to_string();
    let etag = format!("W/\"{}\"", Digest::of(bytes.as_bytes()));
    if status == 200 && request.header("if-none-match") == Some(&etag) {
        rate_limit::uncount(repository, requester);
        let mut response = RawResponse::new(304, "application/json", "").with("ETag", etag);
        response.body = Vec::new();
        return (
            rate_limit::with_headers(repository, requester, response),
            exchange(304, Value::Null),
        );
    }
    let mut response = RawResponse::new(status, "application/json; charset=utf-8", bytes);
    if status == 200 {
        let scope = if requester == Requester::Authenticated { "private" } else { "public" };
        response = response
            .with("ETag", etag)
            .with("Cache-Control", format!("{scope}, max-age=60, s-maxage=60"));
    }
    (finish(repository, response), exchange(status, body))
}

/// Whose limit the request counts for; `None` with a wrong token.
fn requester(repository: &Repository, request: &RawRequest) -> Option<Requester> {
    let Some(header) = request.header("authorization") else { return Some(Requester::Anonymous) };
    let token = header.split_once(' ').filter(|(kind, _)| matches!(*kind, "Bearer" | "token"));
    token.is_some_and(|(_, token)| token == repository.token).then_some(Requester::Authenticated)
}

fn route(parts: &[&str]) -> &'static str {
    match parts {
        ["rate_limit"] => LIMIT,
        ["repos", _, _, "git", "ref", ..] => REF,
        ["repos", _, _, "attestations", _] => ATTESTATIONS,
        ["repos", _, _, "releases", "latest"] => LATEST,
        ["repos", _, _, "releases", "tags", _] => TAG,
        ["repos", _, _, "releases", "assets", _] => ASSET,
        ["repos", _, _, "releases", _, "assets"] => ASSETS,
        ["repos", _, _, "releases", _] => RELEASE,
        _ => RELEASES,
    }
}

fn reply(
    state: &ServerState,
    repository: &mut Repository,
    request: &RawRequest,
    parts: &[&str],
    requester: Requester,
) -> ApiReply {
    let route = route(parts);
    if request.header("user-agent").is_none_or(str::is_empty) {
        return ApiReply::error(
            route,
            403,
            "Request forbidden by administrative rules. Please set a User-Agent.",
        );
    }
    if route == LIMIT {
        return ApiReply::new(LIMIT, 200, documents::rate_limit(repository, requester));
    }
    if !rate_limit::count(repository, requester) {
        return ApiReply::error(route, 403, "API rate limit exceeded for 127.0.0.1.");
    }
    match parts {
        ["repos", owner, repo, rest @ ..] => {
            let name = format!("{owner}/{repo}");
            if repository.renamed_from.as_ref() == Some(&name) {
                let path = rest.join("/");
                let query =
                    request.target.split_once('?').map_or(String::new(), |(_, q)| format!("?{q}"));
                let to = format!("{}/api/v3/repos/{}/{path}{query}", state.front, repository.repo);
                let headers = vec![("Location", to)];
                return ApiReply { headers, ..ApiReply::new(route, 301, Value::Null) };
            }
            if name != repository.repo || repository.private && requester == Requester::Anonymous {
                return ApiReply::error(route, 404, "Not Found");
            }
            in_repository(state, repository, request, rest, requester)
        }
        _ => ApiReply::error(route, 404, "Not Found"),
    }
}

fn in_repository(
    state: &ServerState,
    repository: &mut Repository,
    request: &RawRequest,
    rest: &[&str],
    requester: Requester,
) -> ApiReply {
    if request.method != "GET" {
        return match requester {
            Requester::Anonymous => {
                ApiReply::error(write_api::route(rest), 401, "Requires authentication")
            }
            Requester::Authenticated => write_api::reply(state, repository, request, rest),
        };
    }
    let repository = &*repository;
    let document = |route, release: Option<&GithubRelease>| match release {
        Some(release) => ApiReply::new(route, 200, documents::release(state, repository, release)),
        None => ApiReply::error(route, 404, "Not Found"),
    };
    let by_id = |id: &str| {
        let mut visible = repository
            .releases
            .iter()
            .filter(|release| !release.draft || requester == Requester::Authenticated);
        visible.find(|release| release.id.to_string() == *id)
    };
    match rest {
        ["releases"] => listing(state, repository, request, requester),
        ["git", "ref", "tags", tag @ ..] => git_tag(state, repository, &tag.join("/")),
        ["attestations", subject] => attestations(repository, subject),
        ["releases", "latest"] => document(LATEST, repository.latest()),
        ["releases", "tags", tag] => document(TAG, repository.tagged(tag)),
        ["releases", "assets", id] => asset(state, repository, request, id),
        ["releases", id] => document(RELEASE, by_id(id)),
        ["releases", id, "assets"] => match by_id(id) {
            Some(release) => {
                let assets =
                    release.assets.iter().map(|a| documents::asset(state, repository, release, a));
                ApiReply::new(ASSETS, 200, assets.collect())
            }
            None => ApiReply::error(ASSETS, 404, "Not Found"),
        },
        _ => ApiReply::error(RELEASES, 404, "Not Found"),
    }
}

/// The attestations of a file; GitHub has no such page where there is none.
fn attestations(repository: &Repository, subject: &str) -> ApiReply {
    let digest = subject.trim_start_matches("sha256:");
    let of_file = repository.attestations.iter().filter(|(of, _)| of.to_string() == digest);
    let found: Vec<Value> = of_file
        .map(|(_, bundle)| serde_json::json!({"bundle": bundle, "repository_id": 1}))
        .collect();
    if found.is_empty() {
        return ApiReply::error(ATTESTATIONS, 404, "Not Found");
    }
    ApiReply::new(ATTESTATIONS, 200, serde_json::json!({ "attestations": found }))
}

fn git_tag(state: &ServerState, repository: &Repository, tag: &str) -> ApiReply {
    if repository.git_tags.iter().any(|known| known == tag) || repository.tagged(tag).is_some() {
        ApiReply::new(REF, 200, documents::git_ref(state, repository, tag))
    } else {
        ApiReply::error(REF, 404, "Not Found")
    }
}

/// The releases, the newest first; drafts only with the token.
fn listing(
    state: &ServerState,
    repository: &Repository,
    request: &RawRequest,
    requester: Requester,
) -> ApiReply {
    let size = request.number("per_page").unwrap_or(30).clamp(1, 100);
    let page = request.number("page").unwrap_or(1).max(1);
    let visible = || {
        repository
            .releases
            .iter()
            .rev()
            .filter(|r| requester == Requester::Authenticated || !r.draft)
    };
    let shown = visible().skip((page - 1) * size).take(size);
    let body = shown.map(|release| documents::release(state, repository, release)).collect();
    let mut reply = ApiReply::new(RELEASES, 200, body);
    let last = visible().count().div_ceil(size).max(1);
    if page < last {
        let at = |page| {
            format!(
                "{}/api/v3/repos/{}/releases?per_page={size}&page={page}",
                state.front, repository.repo
            )
        };
        let link = format!("<{}>; rel=\"next\", <{}>; rel=\"last\"", at(page + 1), at(last));
        reply.headers.push(("Link", link));
    }
    reply
}

fn asset(state: &ServerState, repository: &Repository, request: &RawRequest, id: &str) -> ApiReply {
    let mut all =
        repository.published().flat_map(|release| release.assets.iter().map(move |a| (release, a)));
    let Some((release, asset)) = all.find(|(_, asset)| asset.id.to_string() == *id) else {
        return ApiReply::error(ASSET, 404, "Not Found");
    };
    if request.header("accept") == Some("application/octet-stream") {
        if repository.sends_bytes {
            return ApiReply {
                bytes: Some(asset.bytes.clone()),
                ..ApiReply::new(ASSET, 200, Value::Null)
            };
        }
        let headers = vec![("Location", storage::signed_url(state, asset))];
        return ApiReply { headers, ..ApiReply::new(ASSET, 302, Value::Null) };
    }
    ApiReply::new(ASSET, 200, documents::asset(state, repository, release, asset))
}

/// The one GraphQL query that `gh release download` makes: whether there is a draft of this tag.
fn draft_by_tag(state: &ServerState, request: &RawRequest) -> RawResponse {
    let query: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let tag = query["variables"]["tagName"].as_str().unwrap_or_default();
    let repository = state.repository.locked();
    let found = repository.releases.iter().find(|release| release.tag == tag);
    let release = found.map(|r| serde_json::json!({"databaseId": r.id, "isDraft": r.draft}));
    let body = serde_json::json!({"data": {"repository": {"release": release}}});
    RawResponse::new(200, "application/json", body.to_string())
}
