//! `releases/latest`, the feed, downloads. They take no token: a private repository's are not there for programs.

use std::fmt::Write as _;

use crate::{
    objects,
    server::{Shared, lock},
    shelf::{Release, Shelf},
    wire::{Answer, Request},
};

const HTML: &str = "text/html; charset=utf-8";

pub(crate) fn answer(shared: &Shared, request: &Request) -> Answer {
    let shelf = lock(&shared.shelf);
    if shelf.login {
        return Answer::redirect(302, &format!("{}/login", shared.front));
    }
    let parts = request.parts();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let ["login"] = parts[..] else { return repository(shared, &shelf, &parts) };
    login(200)
}

fn repository(shared: &Shared, shelf: &Shelf, parts: &[&str]) -> Answer {
    let [owner, repo, rest @ ..] = parts else { return missing() };
    let named = format!("{owner}/{repo}");
    if shelf.renamed_from.as_ref() == Some(&named) {
        let to = format!("{}/{}/{}", shared.front, shelf.repo, rest.join("/"));
        return Answer::redirect(301, &to);
    }
    if named.trim_end_matches(".atom") != shelf.repo || shelf.private {
        return missing();
    }
    let page = format!("{}/{}", shared.front, shelf.repo);
    match rest {
        ["releases", "latest"] => match shelf.latest() {
            Some(release) => Answer::redirect(302, &tag_page(&page, release)),
            None => Answer::redirect(302, &format!("{page}/releases")),
        },
        ["releases.atom"] => {
            Answer::new(200, "application/atom+xml; charset=utf-8", feed(&page, shelf))
        }
        ["releases", "download", tag, name] => download(shared, shelf, tag, name),
        ["releases"] | ["releases", "tag", _] => {
            Answer::new(200, HTML, "<!DOCTYPE html><html></html>")
        }
        _ => missing(),
    }
}

fn download(shared: &Shared, shelf: &Shelf, tag: &str, name: &str) -> Answer {
    let assets = shelf.tagged(tag).map(|release| &release.assets[..]).unwrap_or_default();
    match assets.iter().find(|asset| asset.name == name && asset.uploaded) {
        Some(asset) => Answer::redirect(302, &objects::signed(shared, asset)),
        None => missing(),
    }
}

fn tag_page(page: &str, release: &Release) -> String {
    let tag =
        percent_encoding::utf8_percent_encode(&release.tag, percent_encoding::NON_ALPHANUMERIC);
    format!("{page}/releases/tag/{tag}")
}

/// The ten releases that were published last.
fn feed(page: &str, shelf: &Shelf) -> String {
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\">\n\
         <link type=\"application/atom+xml\" rel=\"self\" href=\"{page}/releases.atom\"/>\n"
    );
    for release in shelf.public().rev().take(10) {
        let link = tag_page(page, release);
        let _ = writeln!(
            text,
            "<entry><link rel=\"alternate\" type=\"text/html\" href=\"{link}\"/></entry>"
        );
    }
    text + "</feed>\n"
}

fn missing() -> Answer {
    Answer::new(404, HTML, "<!DOCTYPE html><html><body>Not Found</body></html>")
}

/// A page that wants a login.
pub(crate) fn login(status: u16) -> Answer {
    Answer::new(status, HTML, "<!DOCTYPE html><html><body>please log in</body></html>")
}
