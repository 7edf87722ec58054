//! Listings of servers that misbehave: pages without an end, pages of any size, releases that cannot be read.

use std::io;

use loom_github::{Github, GithubRepo};
use loom_source::{ErrorClass, ListingScope, Source as _, SourceErrorKind, VersionListing};
use loom_test_support::github::{GithubServer, Repository};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};

use crate::support::{linux, options, release_at};

/// An API that answers every request for a page of releases with the text that `page` returns for its number, and links
/// to the next page.
async fn api(page: impl Fn(usize) -> String + Clone + Send + 'static) -> Github {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let link = base.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (page, link) = (page.clone(), link.clone());
            // A client may close the connection at any time.
            tokio::spawn(async move { answer(stream, page, link).await });
        }
    });
    let server = GithubServer::start(Repository::default());
    let repo = GithubRepo::new("o/r", Some(&base.parse().unwrap()), None).unwrap();
    Github::open(loom_github::GithubOptions { repo, ..options(&server, None) }).unwrap()
}

async fn answer(stream: TcpStream, page: impl Fn(usize) -> String, link: String) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let target = line.split(' ').nth(1).unwrap_or_default().to_owned();
        while line.trim() != "" {
            line.clear();
            stream.read_line(&mut line).await?;
        }
        let number: usize =
            target.split_once("?page=").and_then(|(_, number)| number.parse().ok()).unwrap_or(1);
        let (status, body) = match target.starts_with("/api/v3/repos/o/r/releases?") {
            true => (200, page(number)),
            false => (404, String::new()),
        };
        let next = number + 1;
        let head = format!(
            "HTTP/1.1 {status} x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
             Link: <{link}/api/v3/repos/o/r/releases?page={next}>; rel=\"next\"\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(body.as_bytes()).await?;
        stream.flush().await?;
    }
}

fn release(version: usize) -> String {
    let name = format!("loom-bridge-server-0.{version}.0-linux-x86_64");
    format!(
        r#"{{"tag_name":"v0.{version}.0","assets":[{{"id":1,"name":"{name}","state":"uploaded","size":1}}]}}"#
    )
}

async fn refused(page: impl Fn(usize) -> String + Clone + Send + 'static) -> String {
    let error = api(page).await.list(&linux(), ListingScope::All).await.unwrap_err();
    assert!(matches!(error.kind, SourceErrorKind::Malformed { .. }), "{error:?}");
    error.to_string()
}

#[tokio::test]
async fn pages_have_an_end() {
    let error = refused(|_| format!("[{}]", release(1))).await;
    assert!(error.contains("same releases as a page before"), "{error}");
    let error = refused(|number| format!("[{}]", release(number))).await;
    assert!(error.contains("the pages have no end"), "{error}");
    let error = refused(|_| "[]".to_owned()).await;
    assert!(error.contains("the pages have no end"), "{error}");
}

#[tokio::test]
async fn pages_are_limited_in_their_releases_and_bytes() {
    let error = refused(|_| format!("[{}0]", "0,".repeat(100))).await;
    assert!(error.contains("at most 100 elements"), "{error}");
    let error = refused(|_| format!("[{}0]", " ".repeat(33 * 1024 * 1024))).await;
    assert!(error.contains("more than 33554432 bytes"), "{error}");
    let error = refused(|number| {
        let files = r#"{"id":1,"name":"x","state":"uploaded","size":1},"#.repeat(999);
        let releases = (0..60).map(|release| {
            let (tag, files) = (number * 100 + release, files.trim_end_matches(','));
            format!(r#"{{"tag_name":"v0.{tag}.0","assets":[{files}]}}"#)
        });
        format!("[{}]", releases.collect::<Vec<_>>().join(","))
    });
    let error = error.await;
    assert!(error.contains("50000 files"), "{error}");
}

#[tokio::test]
async fn releases_and_files_that_cannot_be_read_are_left_out() {
    let source = api(|number| match number {
        1 => {
            let odd = r#"{"tag_name":"v0.3.0","assets":[{"id":"x"},{"id":2,"name":"loom-bridge-server-0.3.0-linux-x86_64","state":"uploaded","size":1}]}"#;
            let long = format!(r#"{{"tag_name":"{}"}}"#, "v".repeat(1000));
            format!("[{},7,{{\"tag_name\":null}},{odd},{long}]", release(2))
        }
        _ => "{}".to_owned(),
    })
    .await;
    // The second page is no list: such a listing is an error, and the first page was read until then.
    source.list(&linux(), ListingScope::All).await.unwrap_err();
    let said = source.skipped().unwrap();
    assert!(said.starts_with("left out 4 entries; the first is \"7\""), "{said}");
    assert_eq!(source.skipped(), None);
}

#[tokio::test]
async fn a_version_of_a_repository_that_is_not_there_is_refused_access() {
    let private = GithubServer::start(Repository { private: true, ..Repository::default() });
    let other = GithubServer::start(Repository { repo: "o/other".into(), ..Repository::default() });
    for server in [&private, &other] {
        for token in [None, Some("right-t0ken")] {
            let absent =
                Github::open(options(server, token)).unwrap().find(&release_at("0.2.0")).await;
            if token.is_some() && std::ptr::eq(server, &private) {
                assert!(absent.unwrap().is_none(), "the token may read it");
                continue;
            }
            let error = absent.unwrap_err();
            assert_eq!(error.kind.class(), ErrorClass::Credentials, "{error:?}");
            assert!(error.to_string().contains("there is no repository o/r"), "{error}");
        }
    }
    let public = GithubServer::start(Repository::default());
    let listed = Github::open(options(&public, None)).unwrap();
    assert!(listed.find(&release_at("0.2.0")).await.unwrap().is_none());
    let VersionListing::Versions(none) = listed.list(&linux(), ListingScope::All).await.unwrap()
    else {
        panic!("not listed")
    };
    assert_eq!(none, []);
}
