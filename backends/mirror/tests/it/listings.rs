//! Listings with entries that cannot be read, of servers that misbehave, and from the pages of web servers.

use std::{fs, path::Path};

use loom_http::{NetworkSettings, RequestRetry};
use loom_mirror::{Mirror, MirrorOptions, ObjectOptions};
use loom_source::{
    ListingScope, Release, Source as _, SourceErrorKind, Version, VersionListing,
    contract::{PublishedRelease, product},
};
use loom_test_support::release_folder::{self, ReleaseLayout};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};

fn release(version: &str) -> Release {
    product().at_version(version.parse().unwrap())
}

fn published(root: &Path, layout: ReleaseLayout, versions: &[&str]) {
    let releases: Vec<_> =
        versions.iter().map(|v| PublishedRelease::archive(v, (*v).to_owned())).collect();
    release_folder::write(root, layout, &releases).unwrap();
}

async fn listed(mirror: &Mirror) -> Vec<String> {
    match mirror.list(&product(), ListingScope::All).await.unwrap() {
        VersionListing::Versions(listed) => {
            let mut versions: Vec<Version> = listed.into_iter().map(|one| one.version).collect();
            versions.sort();
            versions.iter().map(ToString::to_string).collect()
        }
        VersionListing::Unlistable(why) => panic!("{why}"),
    }
}

fn folder(root: &Path) -> Mirror {
    Mirror::open(url::Url::from_file_path(root).unwrap(), MirrorOptions::default()).unwrap()
}

#[cfg(unix)]
#[tokio::test]
async fn odd_entries_of_a_folder_are_left_out() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _, os::unix::fs::symlink};
    let outside = TempDir::new().unwrap();
    for layout in [ReleaseLayout::Versioned, ReleaseLayout::Flat, ReleaseLayout::Store] {
        let root = TempDir::new().unwrap();
        published(root.path(), layout, &["0.1.0", "0.2.0"]);
        let versions = match layout {
            ReleaseLayout::Store => root.path().join("releases/loom-os/loom-bridge-server"),
            _ => root.path().to_owned(),
        };
        let v = if layout == ReleaseLayout::Store { "" } else { "v" };
        fs::write(versions.join(OsStr::from_bytes(b"v\xff")), "x").unwrap();
        symlink("loop", versions.join("loop")).unwrap();
        symlink("nowhere", versions.join("dangling")).unwrap();
        symlink(outside.path(), versions.join(format!("{v}0.9.0"))).unwrap();
        let mirror = folder(root.path());
        assert_eq!(listed(&mirror).await, ["0.1.0", "0.2.0"], "{layout:?}");
        let said = mirror.skipped().unwrap();
        assert!(said.starts_with("left out 4 entries"), "{layout:?}: {said}");
        assert!(mirror.find(&release("0.2.0")).await.unwrap().is_some(), "{layout:?}");
        assert_eq!(mirror.skipped(), None, "{layout:?}: it was said already");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn where_no_folder_can_be_read_the_first_error_is_the_answer() {
    use std::os::unix::fs::symlink;
    let (root, outside) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    published(outside.path(), ReleaseLayout::Versioned, &["0.2.0"]);
    symlink(outside.path().join("v0.2.0"), root.path().join("v0.2.0")).unwrap();
    let error = folder(root.path()).list(&product(), ListingScope::All).await.unwrap_err();
    assert!(matches!(error.kind, SourceErrorKind::Read), "{error:?}");
}

/// Answers each request with what `respond` returns for its target: status, content type and body.
async fn server(
    respond: impl Fn(&str) -> (u16, &'static str, String) + Clone + Send + 'static,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let respond = respond.clone();
            // A client may close the connection at any time.
            tokio::spawn(async move { answer(stream, respond).await });
        }
    });
    base
}

async fn answer(
    stream: TcpStream,
    respond: impl Fn(&str) -> (u16, &'static str, String),
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let target = line.split(' ').nth(1).unwrap_or_default().to_owned();
        while !line.trim().is_empty() {
            line.clear();
            stream.read_line(&mut line).await?;
        }
        let (status, kind, body) = respond(&target);
        // A redirect's body is its target.
        let head = format!(
            "HTTP/1.1 {status} x\r\nContent-Type: {kind}\r\nLocation: {}\r\nContent-Length: {}\r\n\r\n",
            if (301..309).contains(&status) { body.as_str() } else { "" },
            body.len()
        );
        stream.write_all(format!("{head}{body}").as_bytes()).await?;
        stream.flush().await?;
    }
}

/// A bucket whose objects are all absent, and whose listings `page` returns for each target.
async fn bucket(page: impl Fn(&str) -> String + Clone + Send + 'static) -> Mirror {
    let endpoint = server(move |target| match target.contains("list-type=2") {
        true => (200, "application/xml", page(target)),
        false => (404, "application/xml", String::new()),
    });
    let objects = ObjectOptions {
        anonymous: true,
        endpoint: Some(endpoint.await.parse().unwrap()),
        path_style: true,
        ..ObjectOptions::default()
    };
    let options = MirrorOptions { objects, ..MirrorOptions::default() };
    Mirror::open("s3://bucket/p".parse().unwrap(), options).unwrap()
}

fn prefixes(names: &[&str]) -> String {
    let prefix =
        |name: &&str| format!("<CommonPrefixes><Prefix>p/{name}/</Prefix></CommonPrefixes>");
    names.iter().map(prefix).collect()
}

#[tokio::test]
async fn odd_keys_of_a_bucket_are_left_out() {
    let asset = "loom-bridge-server-0.2.0-linux-x86_64";
    let mirror = bucket(move |target| {
        let contents = if target.contains("v0.2.0") {
            format!(
                "<Contents><Key>p/v0.2.0/{asset}</Key><Size>1</Size></Contents>\
                 <CommonPrefixes><Prefix>p/v0.2.0//</Prefix></CommonPrefixes>"
            )
        } else {
            prefixes(&["v0.2.0", "", "."])
        };
        format!("<R>{contents}</R>")
    })
    .await;
    assert_eq!(listed(&mirror).await, ["0.2.0"]);
    let said = mirror.skipped().unwrap();
    assert!(said.starts_with("left out 3 entries; the first is \"p//\""), "{said}");
    assert!(mirror.find(&release("0.2.0")).await.unwrap().is_some());
}

#[tokio::test]
async fn pages_of_a_bucket_have_an_end() {
    let token = |target: &str| {
        let (_, rest) = target.split_once("continuation-token=")?;
        rest.split('&').next()?.parse::<usize>().ok()
    };
    let next = |token: usize| format!("<NextContinuationToken>{token}</NextContinuationToken>");
    for (case, why) in
        [("token", "no end"), ("page", "repeats the one before"), ("empty", "more than 1000 pages")]
    {
        let mirror = bucket(move |target| {
            let number = token(target).unwrap_or_default();
            let (names, next) = match case {
                "token" => (prefixes(&[&format!("x{number}")]), next(number % 2 + 1)),
                "page" => (prefixes(&["x"]), next(number + 1)),
                _ => (String::new(), next(number + 1)),
            };
            format!("<R>{names}{next}</R>")
        })
        .await;
        let error = mirror.list(&product(), ListingScope::All).await.unwrap_err();
        assert!(matches!(error.kind, SourceErrorKind::Malformed { .. }), "{error:?}");
        assert!(error.to_string().contains(why), "{case}: {error}");
    }
}

#[tokio::test]
async fn entries_of_a_bucket_are_limited() {
    let mirror = bucket(|target| {
        let page = target.len();
        let names: String = (0..40_000)
            .map(|n| format!("<Contents><Key>p/{page}{n}</Key><Size>1</Size></Contents>"))
            .collect();
        let token = "x".repeat(page);
        format!("<R>{names}<NextContinuationToken>{token}</NextContinuationToken></R>")
    })
    .await;
    let error = mirror.list(&product(), ListingScope::All).await.unwrap_err();
    assert!(error.to_string().contains("more than 100000 entries"), "{error}");
}

fn web(base: &str) -> Mirror {
    let network = NetworkSettings { retry: RequestRetry::NEVER, ..NetworkSettings::default() };
    let options = MirrorOptions { network, ..MirrorOptions::default() };
    Mirror::open(format!("{base}/m").parse().unwrap(), options).unwrap()
}

const HTML: &str = "text/html; charset=utf-8";
const PAGE: &str = "<a href=\"../\">..</a><a href=\"v0.1.0/\">x</a><a href=\"./v0.2.0/\">x</a><a href=\"0.9.0/\">x</a>";

#[tokio::test]
async fn the_page_of_a_web_server_lists_versions() {
    let page = |target: &str| match target {
        "/m/" => (301, HTML, "/n/".to_owned()),
        "/n/" => (200, HTML, PAGE.to_owned()),
        _ => (404, HTML, "<html>Not Found</html>".to_owned()),
    };
    let mirror = web(&server(page).await);
    assert_eq!(listed(&mirror).await, ["0.1.0", "0.2.0"]);

    let store = |target: &str| match target {
        "/m/format" => (200, "text/plain", "loom-store 1\n".to_owned()),
        "/m/releases/loom-os/loom-bridge-server/" => (200, HTML, PAGE.to_owned()),
        _ => (404, HTML, String::new()),
    };
    assert_eq!(listed(&web(&server(store).await)).await, ["0.9.0"]);
}

#[tokio::test]
async fn any_other_page_means_that_versions_cannot_be_listed() {
    for (status, kind, body) in [
        (200, HTML, "<html><form>please log in</form></html>"),
        (200, HTML, "<a href=\"0.9.0/\">no folder of this layout</a>"),
        (200, "text/plain", PAGE),
        (404, HTML, PAGE),
        (403, HTML, PAGE),
        (401, HTML, PAGE),
        (302, HTML, "https://login.example/"),
        (302, HTML, "/m/"),
    ] {
        let page = move |target: &str| match target {
            "/m/" => (status, kind, body.to_owned()),
            _ => (404, HTML, String::new()),
        };
        let listing = web(&server(page).await).list(&product(), ListingScope::All).await.unwrap();
        assert!(matches!(listing, VersionListing::Unlistable(_)), "{status} {kind} {listing:?}");
    }
    let long = |target: &str| match target {
        "/m/" => (200, HTML, "<a href=x>".repeat(10_001)),
        _ => (404, HTML, String::new()),
    };
    let error = web(&server(long).await).list(&product(), ListingScope::All).await.unwrap_err();
    assert!(error.to_string().contains("more than 10000 links"), "{error}");
    let failing = |target: &str| (if target == "/m/" { 503 } else { 404 }, HTML, String::new());
    let error = web(&server(failing).await).list(&product(), ListingScope::All).await.unwrap_err();
    assert!(matches!(error.kind, SourceErrorKind::HttpStatus { status: 503, .. }), "{error:?}");
}
