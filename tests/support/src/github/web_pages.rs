//! The web pages: `releases/latest`, the feed, downloads. They accept no token, so that those of a private repository
//! are absent for programs.

use std::fmt::Write as _;

use loom_base::LockExt as _;

use super::{
    http::{RawRequest, RawResponse},
    repository::{GithubRelease, Repository},
    state::ServerState,
    storage,
};

const HTML: &str = "text/html; charset=utf-8";

pub(super) fn respond(state: &ServerState, request: &RawRequest) -> RawResponse {
    let repository = state.repository.locked();
    if repository.requires_login {
        return RawResponse::redirect(302, &format!("{}/login", state.front));
    }
    let parts = request.parts();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let ["login"] = parts[..] else { return repository_page(state, &repository, &parts) };
    login()
}

fn repository_page(state: &ServerState, repository: &Repository, parts: &[&str]) -> RawResponse {
    let [owner, repo, rest @ ..] = parts else { return missing() };
    let named = format!("{owner}/{repo}");
    if repository.renamed_from.as_ref() == Some(&named) {
        let to = format!("{}/{}/{}", state.front, repository.repo, rest.join("/"));
        return RawResponse::redirect(301, &to);
    }
    if named.trim_end_matches(".atom") != repository.repo || repository.private {
        return missing();
    }
    let page = format!("{}/{}", state.front, repository.repo);
    match rest {
        ["releases", "latest"] => match repository.latest() {
            Some(release) => RawResponse::redirect(302, &tag_page(&page, release)),
            None => RawResponse::redirect(302, &format!("{page}/releases")),
        },
        ["releases.atom"] => {
            RawResponse::new(200, "application/atom+xml; charset=utf-8", feed(&page, repository))
        }
        ["releases", "download", tag, name] => download(state, repository, tag, name),
        ["releases"] | ["releases", "tag", _] => {
            RawResponse::new(200, HTML, "<!DOCTYPE html><html></html>")
        }
        _ => missing(),
    }
}

fn download(state: &ServerState, repository: &Repository, tag: &str, name: &str) -> RawResponse {
    let assets = repository.tagged(tag).map(|release| &release.assets[..]).unwrap_or_default();
    match assets.iter().find(|asset| asset.name == name && asset.uploaded) {
        Some(asset) => RawResponse::redirect(302, &storage::signed_url(state, asset)),
        None => missing(),
    }
}

fn tag_page(page: &str, release: &GithubRelease) -> String {
    let tag =
        percent_encoding::utf8_percent_encode(&release.tag, percent_encoding::NON_ALPHANUMERIC);
    format!("{page}/releases/tag/{tag}")
}

/// The Atom feed of the ten releases that were published last.
fn feed(page: &str, repository: &Repository) -> String {
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\">\n\
         <link type=\"application/atom+xml\" rel=\"self\" href=\"{page}/releases.atom\"/>\n"
    );
    for release in repository.published().rev().take(10) {
        let link = tag_page(page, release);
        let _ = writeln!(
            text,
            "<entry><link rel=\"alternate\" type=\"text/html\" href=\"{link}\"/></entry>"
        );
    }
    text + "</feed>\n"
}

fn missing() -> RawResponse {
    RawResponse::new(404, HTML, "<!DOCTYPE html><html><body>Not Found</body></html>")
}

/// A login page.
pub(super) fn login() -> RawResponse {
    RawResponse::new(200, HTML, "<!DOCTYPE html><html><body>please log in</body></html>")
}
