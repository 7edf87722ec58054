//! Mirrors in object stores: permissions, ranges, and the number of requests.

use futures::TryStreamExt as _;
use loom_http::{NetworkSettings, RequestRetry};
use loom_mirror::{Mirror, MirrorError, MirrorLayout, MirrorOptions, ObjectOptions};
use loom_source::{
    AssetRef, ErrorClass, ListingScope, RangeRequest, Release, Source as _, SourceError,
    SourceErrorKind, Validator, Version, VersionListing,
    contract::{PublishedChecksum, PublishedRelease, product},
};
use loom_test_support::{
    file_server::{FileServer, FileServerRules},
    moto::MotoServer,
    release_folder::{self, ReleaseLayout},
    s3::{S3Rights, S3Server, SECRET},
};
use tempfile::TempDir;
use url::Url;

use crate::support::s3_options;

fn release(version: &str) -> Release {
    product().at_version(version.parse().unwrap())
}

fn url(text: &str) -> Url {
    text.parse().unwrap()
}

fn open(objects: ObjectOptions) -> Mirror {
    let network = NetworkSettings { retry: RequestRetry::NEVER, ..NetworkSettings::default() };
    Mirror::open(
        url("s3://bucket/p"),
        MirrorOptions { objects, network, ..MirrorOptions::default() },
    )
    .unwrap()
}

async fn serve(
    layout: ReleaseLayout,
    releases: &[PublishedRelease],
    rights: S3Rights,
) -> (TempDir, S3Server) {
    let root = TempDir::new().unwrap();
    let folder = root.path().join("bucket/p");
    std::fs::create_dir_all(&folder).unwrap();
    release_folder::write(&folder, layout, releases).unwrap();
    let server = S3Server::start(root.path(), rights).await.unwrap();
    (root, server)
}

async fn refused(mirror: &Mirror) -> SourceError {
    let error = mirror.find(&release("0.2.0")).await.unwrap_err();
    assert_eq!(error.kind.class(), ErrorClass::Credentials, "{error:?}");
    error
}

#[tokio::test]
async fn a_release_takes_three_requests() {
    let releases = [PublishedRelease::archive("0.2.0", "x")];
    let (_root, server) = serve(ReleaseLayout::Versioned, &releases, S3Rights::All).await;
    let mirror = open(s3_options(server.address, SECRET));
    assert_eq!(mirror.to_string(), "s3://bucket/p");
    assert!(mirror.is_local() && !mirror.is_insecure());
    let offer = mirror.find(&release("0.2.0")).await.unwrap().unwrap();
    assert_eq!(server.operations(), ["GetObject", "ListObjectsV2", "GetObject"]);
    let claim = &offer.artifacts[0].claims[0];
    assert!(claim.at.starts_with("s3://bucket/p/v0.2.0/"), "{}", claim.at);
}

#[tokio::test]
async fn an_empty_bucket_has_nothing_and_a_missing_bucket_is_an_error() {
    let (root, server) = serve(ReleaseLayout::Versioned, &[], S3Rights::All).await;
    let mirror = open(s3_options(server.address, SECRET));
    assert!(mirror.find(&release("0.2.0")).await.unwrap().is_none());
    let listing = mirror.list(&product(), ListingScope::All).await.unwrap();
    assert_eq!(listing, VersionListing::Versions(Vec::new()));
    std::fs::remove_dir_all(root.path().join("bucket")).unwrap();
    let mirror = open(s3_options(server.address, SECRET));
    for error in [
        mirror.find(&release("0.2.0")).await.unwrap_err(),
        mirror.list(&product(), ListingScope::All).await.unwrap_err(),
    ] {
        let why = std::error::Error::source(&error).unwrap().to_string();
        assert_eq!(why, "there is no such bucket", "{error:?}");
    }
}

#[tokio::test]
async fn a_wrong_secret_is_an_error_in_every_layout() {
    let releases = [PublishedRelease::archive("0.2.0", "x")];
    for (release_layout, layout) in [
        (ReleaseLayout::Versioned, MirrorLayout::Probe),
        (ReleaseLayout::Versioned, MirrorLayout::Release),
        (ReleaseLayout::Store, MirrorLayout::Store),
    ] {
        let (_root, server) = serve(release_layout, &releases, S3Rights::All).await;
        let objects = s3_options(server.address, "another-s3cret");
        let options = MirrorOptions { objects, layout, ..MirrorOptions::default() };
        let mirror = Mirror::open(url("s3://bucket/p"), options).unwrap();
        let error = refused(&mirror).await.to_string();
        assert!(error.contains("SignatureDoesNotMatch"), "{error}");
        let error = mirror.list(&product(), ListingScope::All).await.unwrap_err();
        assert_eq!(error.kind.class(), ErrorClass::Credentials, "{error:?}");
        for text in [format!("{error:?}"), format!("{mirror:?}")] {
            assert!(!text.contains("s3cret"), "{text}");
        }
    }
}

#[tokio::test]
async fn without_permission_to_list_existing_releases_are_found_and_others_are_absent() {
    let mut unchecked = PublishedRelease::archive("0.2.0", "x");
    unchecked.checksum = PublishedChecksum::Missing;
    for (release_layout, published) in [
        (ReleaseLayout::Versioned, unchecked.clone()),
        (ReleaseLayout::Flat, unchecked),
        (ReleaseLayout::Versioned, PublishedRelease::archive("0.2.0", "x")),
        (ReleaseLayout::Flat, PublishedRelease::archive("0.2.0", "x")),
        (ReleaseLayout::Store, PublishedRelease::archive("0.2.0", "x")),
    ] {
        let (_root, server) = serve(release_layout, &[published], S3Rights::ReadOnly).await;
        let mirror = open(s3_options(server.address, SECRET));
        assert!(mirror.find(&release("0.2.0")).await.unwrap().is_some(), "{release_layout:?}");
        server.operations();
        assert!(mirror.find(&release("0.2.0")).await.unwrap().is_some(), "{release_layout:?}");
        let again = server.operations();
        assert!(!again.contains(&"ListObjectsV2".to_owned()), "{release_layout:?}: {again:?}");
    }
    let releases = [PublishedRelease::archive("0.2.0", "x")];
    for release_layout in [ReleaseLayout::Flat, ReleaseLayout::Store] {
        let (_root, server) = serve(release_layout, &releases, S3Rights::ReadOnly).await;
        let mirror = open(s3_options(server.address, SECRET));
        assert!(mirror.find(&release("0.3.0")).await.unwrap().is_none(), "{release_layout:?}");
    }
}

#[tokio::test]
async fn without_the_right_to_list_versions_are_known_from_an_index_only() {
    let releases = [PublishedRelease::archive("0.2.0", "x")];
    let listing = async |release_layout| {
        let (_root, server) = serve(release_layout, &releases, S3Rights::ReadOnly).await;
        open(s3_options(server.address, SECRET)).list(&product(), ListingScope::All).await
    };
    let versions = VersionListing::of(["0.2.0".parse::<Version>().unwrap()]);
    assert_eq!(listing(ReleaseLayout::Indexed).await.unwrap(), versions);
    let VersionListing::Unlistable(why) = listing(ReleaseLayout::Store).await.unwrap() else {
        panic!("listed")
    };
    assert!(why.contains("give --version"), "{why}");
    let error = listing(ReleaseLayout::Versioned).await.unwrap_err();
    assert_eq!(error.kind.class(), ErrorClass::Credentials);
    assert!(error.to_string().starts_with("the listing of s3://bucket/p refused"), "{error}");
}

#[tokio::test]
async fn a_bucket_that_refuses_everything_needs_credentials() {
    let releases = [PublishedRelease::archive("0.2.0", "x")];
    for (release_layout, layout) in [
        (ReleaseLayout::Versioned, MirrorLayout::Probe),
        (ReleaseLayout::Store, MirrorLayout::Store),
    ] {
        let (_root, server) = serve(release_layout, &releases, S3Rights::None).await;
        let objects = s3_options(server.address, SECRET);
        let options = MirrorOptions { objects, layout, ..MirrorOptions::default() };
        let mirror = Mirror::open(url("s3://bucket/p"), options).unwrap();
        let error = refused(&mirror).await.to_string();
        assert!(error.contains("HTTP 403, AccessDenied"), "{error}");
    }
}

#[tokio::test]
async fn public_buckets_need_no_credentials() {
    let releases = [PublishedRelease::archive("0.2.0", "x")];
    for rights in [S3Rights::Public, S3Rights::All] {
        let (_root, server) = serve(ReleaseLayout::Versioned, &releases, rights).await;
        let keyless = ObjectOptions { variables: [].into(), ..s3_options(server.address, "") };
        let mirror = open(ObjectOptions { anonymous: true, ..keyless });
        let found = mirror.find(&release("0.2.0")).await;
        match rights {
            S3Rights::Public => assert!(found.unwrap().is_some()),
            _ => assert_eq!(found.unwrap_err().kind.class(), ErrorClass::Credentials),
        }
    }
}

#[tokio::test]
async fn missing_credentials_are_reported_before_any_request() {
    let (root, server) = serve(ReleaseLayout::Versioned, &[], S3Rights::All).await;
    let off = [("AWS_EC2_METADATA_DISABLED".to_owned(), "true".to_owned().into())];
    let nothing = ObjectOptions { variables: off.into(), ..s3_options(server.address, "") };
    let error = refused(&open(nothing.clone())).await;
    assert!(matches!(error.kind, SourceErrorKind::NoCredentials { .. }), "{error:?}");

    let unusable = Some("the profile \"corp\" holds no keys".to_owned());
    let error = refused(&open(ObjectOptions { unusable, ..nothing.clone() })).await;
    assert!(error.to_string().ends_with("the profile \"corp\" holds no keys"), "{error}");

    // A service of this machine that refuses, and one that does not answer.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let rules = FileServerRules { always: Some(404), ..FileServerRules::default() };
    let without = FileServer::start(root.path().into(), rules).await.unwrap();
    for role in [without.address, closed] {
        let role = format!("http://{role}/role");
        let variables =
            [("AWS_METADATA_ENDPOINT".to_owned(), role.replace("127.0.0.1", "localhost").into())];
        let error =
            refused(&open(ObjectOptions { variables: variables.into(), ..nothing.clone() })).await;
        assert!(matches!(error.kind, SourceErrorKind::NoCredentials { .. }), "{error:?}");
    }
    assert!(server.operations().is_empty(), "no request was sent to the bucket");
}

#[tokio::test]
async fn no_request_is_sent_offline_or_over_plain_http() {
    let objects = |endpoint: &str| ObjectOptions {
        endpoint: Some(endpoint.parse().unwrap()),
        ..ObjectOptions::default()
    };
    let far = objects("http://192.0.2.1:9");
    let mirror = open(far.clone());
    assert!(mirror.is_insecure() && !mirror.is_local());
    let error = mirror.find(&release("0.2.0")).await.unwrap_err();
    assert!(matches!(error.kind, SourceErrorKind::PlainHttp), "{error:?}");
    let network = NetworkSettings { offline: true, allow_http: true, ..NetworkSettings::default() };
    let options = MirrorOptions { objects: far, network, ..MirrorOptions::default() };
    let mirror = Mirror::open(url("s3://bucket"), options).unwrap();
    let error = mirror.list(&product(), ListingScope::All).await.unwrap_err();
    assert_eq!(error.kind.class(), ErrorClass::Offline, "{error:?}");
}

#[tokio::test]
async fn ranges_are_honoured_while_the_object_is_unchanged() {
    let bytes: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
    let (root, server) = serve(ReleaseLayout::Versioned, &[], S3Rights::All).await;
    let key = AssetRef::new("v1/object");
    release_folder::put(root.path(), "bucket/p/v1/object", &bytes).unwrap();
    let mirror = open(s3_options(server.address, SECRET));
    let validator = mirror.open(&key, &RangeRequest::whole()).await.unwrap().validator;
    assert!(matches!(validator, Some(Validator::Strong(_))), "{validator:?}");
    let from = async |from: u64| {
        let resume = RangeRequest { from, validator: validator.clone() };
        let opened = mirror.open(&key, &resume).await.unwrap();
        let (start, total) = (opened.start, opened.total);
        let body: Vec<_> = opened.body.try_collect().await.unwrap();
        (start, total, body.concat())
    };
    for at in [1, 65_536, 399_999] {
        assert_eq!(from(at).await, (at, Some(400_000), bytes[at as usize..].to_vec()));
    }
    release_folder::put(root.path(), "bucket/p/v1/object", b"others").unwrap();
    assert_eq!(from(3).await, (0, Some(6), b"others".to_vec()));
    assert_eq!(from(65_536).await, (0, Some(6), b"others".to_vec()));
}

#[tokio::test]
async fn moto_behaves_as_the_other_server() {
    let moto = MotoServer::start();
    let folder = TempDir::new().unwrap();
    moto.fill("bucket", "p", folder.path());
    let keyed = open(s3_options(&moto.address, SECRET));
    assert!(keyed.find(&release("0.2.0")).await.unwrap().is_none(), "it is empty");
    assert_eq!(
        keyed.list(&product(), ListingScope::All).await.unwrap(),
        VersionListing::Versions(Vec::new())
    );

    let versions = ["0.2.0", "0.10.0", "0.3.0-rc.1"];
    let releases = versions.map(|version| PublishedRelease::archive(version, version));
    release_folder::write(folder.path(), ReleaseLayout::Versioned, &releases).unwrap();
    moto.fill("bucket", "p", folder.path());
    let VersionListing::Versions(listed) = keyed.list(&product(), ListingScope::All).await.unwrap()
    else {
        panic!("not listed")
    };
    assert_eq!(listed.len(), versions.len());

    let anonymous = ObjectOptions { anonymous: true, ..s3_options(&moto.address, SECRET) };
    refused(&open(anonymous)).await;

    let offer = keyed.find(&release("0.2.0")).await.unwrap().unwrap();
    let at = &offer.artifacts[0].asset;
    let validator = keyed.open(at, &RangeRequest::whole()).await.unwrap().validator;
    let from = async |from: u64, validator: &Option<Validator>| {
        let resume = RangeRequest { from, validator: validator.clone() };
        let opened = keyed.open(at, &resume).await.unwrap();
        let start = opened.start;
        let body: Vec<_> = opened.body.try_collect().await.unwrap();
        (start, body.concat())
    };
    assert_eq!(from(2, &validator).await, (2, b"2.0".to_vec()));
    assert_eq!(from(5, &validator).await, (5, b"".to_vec()), "nothing is left");
    let other = Some(Validator::Strong("\"other\"".to_owned()));
    assert_eq!(from(2, &other).await, (0, b"0.2.0".to_vec()));
}

#[tokio::test]
async fn other_providers_use_the_configured_endpoint() {
    let root = TempDir::new().unwrap();
    for (location, below, asked) in [
        ("gs://bucket/p", "", ["/bucket/p%2Fformat", "/bucket"]),
        ("az://container/p", "/account", ["/account/container/p/format", "/account/container"]),
    ] {
        let server = FileServer::start(root.path().into(), FileServerRules::default()).await;
        let server = server.unwrap();
        let endpoint = format!("http://{}{below}", server.address).parse().unwrap();
        let objects =
            ObjectOptions { anonymous: true, endpoint: Some(endpoint), ..ObjectOptions::default() };
        let mirror =
            Mirror::open(url(location), MirrorOptions { objects, ..MirrorOptions::default() })
                .unwrap();
        let error = mirror.list(&product(), ListingScope::All).await.unwrap_err();
        assert!(error.to_string().contains(location), "{error}");
        assert_eq!(server.requests(), asked);
    }
}

#[test]
fn a_mirror_that_cannot_be_requested_cannot_be_opened() {
    let error = Mirror::open(url("az://container"), MirrorOptions::default()).unwrap_err();
    assert!(matches!(error, MirrorError::Endpoint { .. }), "{error:?}");
    for bad in ["s3://x", "s3://user:s3cret@bucket", "gs://bucket/a//b"] {
        let error = Mirror::open(url(bad), MirrorOptions::default()).unwrap_err();
        assert!(matches!(error, MirrorError::Location { .. }), "{bad}: {error:?}");
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }
    for good in ["s3://bucket/prefix", "gs://bucket", "S3://Bucket"] {
        assert!(Mirror::open(url(good), MirrorOptions::default()).is_ok(), "{good}");
    }
}
