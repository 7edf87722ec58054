//! Mirrors on an HTTP server: the number of requests, and what refusals mean.

use loom_http::{NetworkSettings, RequestRetry};
use loom_mirror::{Mirror, MirrorOptions};
use loom_source::{
    ErrorClass, RangeRequest, Release, Source as _, SourceErrorKind,
    contract::{PublishedAsset, PublishedChecksum, PublishedRelease, product},
};
use loom_test_support::{
    file_server::{FileServer, FileServerRules},
    release_folder::{self, ReleaseLayout},
};
use tempfile::TempDir;

fn release(version: &str) -> Release {
    product().at_version(version.parse().unwrap())
}

async fn serve(
    layout: ReleaseLayout,
    releases: &[PublishedRelease],
    rules: FileServerRules,
) -> (TempDir, FileServer, Mirror) {
    let root = TempDir::new().unwrap();
    release_folder::write(root.path(), layout, releases).unwrap();
    let server = FileServer::start(root.path().into(), rules).await.unwrap();
    let network = NetworkSettings { retry: RequestRetry::NEVER, ..NetworkSettings::default() };
    let options = MirrorOptions { network, ..MirrorOptions::default() };
    let mirror =
        Mirror::open(format!("http://{}/", server.address).parse().unwrap(), options).unwrap();
    (root, server, mirror)
}

#[tokio::test]
async fn a_release_with_a_checksum_takes_few_requests_and_one_connection() {
    let releases =
        [PublishedRelease::archive("0.2.0", "x"), PublishedRelease::archive("0.3.0", "y")];
    let (_root, server, mirror) =
        serve(ReleaseLayout::Versioned, &releases, FileServerRules::default()).await;
    let asset = |version: &str, ending: &str| {
        format!("/v{version}/loom-bridge-server-{version}-linux-x86_64{ending}")
    };
    let offer = mirror.find(&release("0.2.0")).await.unwrap().unwrap();
    let asked =
        ["/format".to_owned(), asset("0.2.0", ".tar.zst.sha256"), asset("0.2.0", ".tar.gz.sha256")];
    assert_eq!(server.requests(), asked);
    mirror.open(&offer.artifacts[0].asset, &RangeRequest::whole()).await.unwrap();
    assert_eq!(server.requests(), [asset("0.2.0", ".tar.gz")]);
    assert_eq!(server.connections(), 1);
    mirror.find(&release("0.3.0")).await.unwrap().unwrap();
    assert_eq!(
        server.requests(),
        [asset("0.3.0", ".tar.gz.sha256")],
        "the probe that found an asset is cached"
    );
}

#[tokio::test]
async fn the_cached_probe_does_not_hide_other_assets() {
    let mut bare = PublishedRelease::archive("0.3.0", "y");
    bare.asset = PublishedAsset::Bare;
    let releases = [PublishedRelease::archive("0.2.0", "x"), bare];
    let (_root, _server, mirror) =
        serve(ReleaseLayout::Versioned, &releases, FileServerRules::default()).await;
    assert!(mirror.find(&release("0.2.0")).await.unwrap().is_some());
    assert!(mirror.find(&release("0.3.0")).await.unwrap().is_some());
    assert!(mirror.find(&release("0.2.0")).await.unwrap().is_some());
}

#[tokio::test]
async fn absence_takes_a_bounded_number_of_requests() {
    let (_root, server, mirror) =
        serve(ReleaseLayout::Versioned, &[], FileServerRules::default()).await;
    assert!(mirror.find(&release("0.2.0")).await.unwrap().is_none());
    assert!(server.requests().len() <= 23);
    assert!(server.connections() <= 4);
}

#[tokio::test]
async fn a_store_takes_three_requests() {
    let releases = [PublishedRelease::archive("0.2.0", "x")];
    let (_root, server, mirror) =
        serve(ReleaseLayout::Store, &releases, FileServerRules::default()).await;
    assert!(mirror.find(&release("0.2.0")).await.unwrap().is_some());
    assert_eq!(server.requests().len(), 3);
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_refused_file_is_absent_unless_all_files_are_refused() {
    let mut unchecked = PublishedRelease::archive("0.2.0", "x");
    unchecked.checksum = PublishedChecksum::Missing;
    let bucket = || FileServerRules { missing: Some(403), ..FileServerRules::default() };
    for layout in [ReleaseLayout::Versioned, ReleaseLayout::Flat] {
        let (_root, _server, mirror) = serve(layout, &[unchecked.clone()], bucket()).await;
        assert!(mirror.find(&release("0.2.0")).await.unwrap().is_some(), "{layout:?}");
    }
    let (_root, _server, mirror) =
        serve(ReleaseLayout::Flat, &[PublishedRelease::archive("0.2.0", "x")], bucket()).await;
    assert!(mirror.find(&release("0.3.0")).await.unwrap().is_none(), "SHA256SUMS could be read");
    let (_root, _server, mirror) =
        serve(ReleaseLayout::Store, &[PublishedRelease::archive("0.2.0", "x")], bucket()).await;
    assert!(mirror.find(&release("0.3.0")).await.unwrap().is_none(), "format could be read");

    for status in [401, 403] {
        let rules = FileServerRules { always: Some(status), ..FileServerRules::default() };
        let (_root, _server, mirror) = serve(ReleaseLayout::Versioned, &[], rules).await;
        let error = mirror.find(&release("0.2.0")).await.unwrap_err();
        assert_eq!(error.kind.class(), ErrorClass::Credentials, "{error:?}");
    }
}

#[tokio::test]
async fn a_server_error_is_not_absence() {
    let rules = FileServerRules { always: Some(500), ..FileServerRules::default() };
    let (_root, _server, mirror) = serve(ReleaseLayout::Versioned, &[], rules).await;
    let error = mirror.find(&release("0.2.0")).await.unwrap_err();
    assert!(matches!(error.kind, SourceErrorKind::HttpStatus { status: 500, .. }), "{error:?}");
}

/// A mirror with these files in a folder and on a server, with a pattern of names.
async fn files(
    files: &[(&str, &str)],
    pattern: Option<&str>,
) -> (TempDir, FileServer, Mirror, Mirror) {
    let root = TempDir::new().unwrap();
    for (path, text) in files {
        release_folder::put(root.path(), path, text.as_bytes()).unwrap();
    }
    let server = FileServer::start(root.path().into(), FileServerRules::default()).await.unwrap();
    let open = |url: &str| {
        let network = NetworkSettings { retry: RequestRetry::NEVER, ..NetworkSettings::default() };
        let assets = pattern.map(|pattern| pattern.parse().unwrap()).unwrap_or_default();
        let options = MirrorOptions { network, assets, ..MirrorOptions::default() };
        Mirror::open(url.parse().unwrap(), options).unwrap()
    };
    let web = open(&format!("http://{}/", server.address));
    let folder = open(&format!("file://{}", root.path().display()));
    (root, server, web, folder)
}

#[tokio::test]
async fn a_checksum_file_may_have_another_name() {
    let digest = loom_source::Digest::of(b"x");
    let asset = "loom-bridge-server-0.2.0-linux-x86_64.tar.gz";
    for name in ["SHA256SUMS", "SHA256SUMS.txt", "checksums.txt"] {
        let (file, sums) = (format!("v0.2.0/{asset}"), format!("v0.2.0/{name}"));
        let text = format!("{digest}  {asset}\n");
        let (_root, _server, web, folder) = files(&[(&file, "x"), (&sums, &text)], None).await;
        for mirror in [web, folder] {
            let offer = mirror.find(&release("0.2.0")).await.unwrap().unwrap();
            assert_eq!(offer.artifacts[0].claims[0].digest, digest, "{name} of {mirror}");
        }
    }
}

#[tokio::test]
async fn assets_are_found_by_a_pattern() {
    let pattern = "{binary}-{version}-{target}.tgz";
    let asset = "v0.2.0/loom-bridge-server-0.2.0-x86_64-unknown-linux-musl.tgz";
    let sum = format!("{}\n", loom_source::Digest::of(b"x"));
    let sidecar = format!("{asset}.sha256");
    let (_root, _server, web, folder) =
        files(&[(asset, "x"), (&sidecar, &sum)], Some(pattern)).await;
    assert!(folder.to_string().contains(pattern), "{folder}");
    for mirror in [&web, &folder] {
        let offer = mirror.find(&release("0.2.0")).await.unwrap().unwrap();
        assert_eq!(offer.artifacts[0].asset.as_str(), asset, "{mirror}");
    }
    let listed = folder.list(&product(), loom_source::ListingScope::All).await.unwrap();
    assert_eq!(
        listed,
        loom_source::VersionListing::of([release("0.2.0").slot.version().unwrap().clone()])
    );
}

#[tokio::test]
async fn names_that_are_almost_right_are_named() {
    for path in [
        "v0.2.0/loom-bridge-server-0.2.0-linux-x86_64.tgz",
        "v0.2.0/loom-bridge-server-0.2.0-linux-amd64.tar.gz",
        "v0.2.0/loom-bridge-server-0.2.0-x86_64-unknown-linux-gnu.tar.gz",
        "0.2.0/loom-bridge-server-0.2.0-linux-x86_64.tar.gz",
    ] {
        let (_root, _server, web, folder) = files(&[(path, "x")], None).await;
        let version = |text: &str| Some(text.parse().unwrap());
        for mirror in [&web, &folder] {
            assert!(mirror.find(&release("0.2.0")).await.unwrap().is_none(), "{path} in {mirror}");
            let near = mirror.near_misses(&product(), version("0.2.0").as_ref()).await;
            assert_eq!(near, [path], "{mirror}");
            let near = mirror.near_misses(&product(), version("0.3.0").as_ref()).await;
            assert!(near.is_empty(), "{path} in {mirror}");
        }
        assert_eq!(folder.near_misses(&product(), None).await, [path]);
        assert!(web.near_misses(&product(), None).await.is_empty(), "it has no list");
    }
}
