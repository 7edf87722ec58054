//! What is requested of a registry, and how often.

use std::time::Duration;

use loom_oci::{Oci, OciLocation, OciOptions, RegistryLogin};
use loom_source::{
    ListingScope, Platform, Source as _, SourceErrorKind, VersionListing,
    contract::{PublishedRelease, product},
};
use loom_test_support::{
    docker_registry::{DockerRegistry, RegistryAccess},
    release_images::ReleaseImages,
    token_realm::{IDENTITY_TOKEN, RealmRules, TokenRealm},
};

use crate::support::{
    PREFIX, fetch, offer, password, published, read, registry, source, versions, with_login,
};

/// A registry that asks for the tokens of a realm.
fn with_realm(rules: RealmRules, life: u64) -> (DockerRegistry, TokenRealm) {
    let realm = TokenRealm::start(rules, Duration::from_secs(life));
    let access =
        RegistryAccess::Token { realm: realm.url.clone(), certificate: realm.certificate.clone() };
    (registry(&access, &[published()]), realm)
}

/// The paths and statuses of all requests, without the digests.
fn statuses(registry: &DockerRegistry) -> Vec<String> {
    let short = |request: String| {
        let (head, status) = request.rsplit_once(' ').unwrap();
        let kind = ["/manifests/0.2.0", "/manifests/", "/blobs/", "/tags/", "/referrers/"];
        let kind = kind.into_iter().find(|kind| head.contains(kind)).unwrap_or("other");
        format!("{} {status}", kind.trim_matches('/'))
    };
    registry.requests().into_iter().map(short).collect()
}

#[tokio::test]
async fn an_open_registry_is_asked_for_index_manifest_and_blob() {
    let registry = registry(&RegistryAccess::Open, &[published()]);
    fetch(&source(&registry.address, OciOptions::default())).await.unwrap();
    assert_eq!(statuses(&registry), ["manifests/0.2.0 200", "manifests 200", "blobs 200"]);
}

#[tokio::test]
async fn a_public_registry_with_a_realm_costs_one_challenge_and_one_token_more() {
    let (registry, realm) = with_realm(RealmRules::Anonymous, 300);
    fetch(&source(&registry.address, OciOptions::default())).await.unwrap();
    let expected = ["manifests/0.2.0 401", "manifests/0.2.0 200", "manifests 200", "blobs 200"];
    assert_eq!(statuses(&registry), expected);
    let [request] = realm.requests().try_into().unwrap();
    let repository = format!("{PREFIX}/loom-bridge-server").replace('/', "%2F");
    let query = format!("service=test&scope=repository%3A{repository}%3Apull");
    assert_eq!(request, format!("GET /token?{query} anonymous"));
}

#[tokio::test]
async fn a_password_and_an_identity_token_are_exchanged() {
    for (login, kind) in [
        (password(), "GET password"),
        (RegistryLogin::Identity(IDENTITY_TOKEN.to_owned().into()), "POST identity"),
    ] {
        let (registry, realm) = with_realm(RealmRules::LoginOnly, 300);
        fetch(&source(&registry.address, with_login(login))).await.unwrap();
        let [request] = realm.requests().try_into().unwrap();
        let words: Vec<&str> = request.split(' ').collect();
        assert_eq!([words[0], words[2]].join(" "), kind);
    }
}

#[tokio::test]
async fn a_login_that_is_refused_is_left_out_where_none_is_needed() {
    let (registry, realm) = with_realm(RealmRules::Anonymous, 300);
    let wrong = RegistryLogin::Password { user: "ada".into(), password: "old".to_owned().into() };
    let source = source(&registry.address, with_login(wrong));
    fetch(&source).await.unwrap();
    let kinds: Vec<String> =
        realm.requests().iter().map(|r| r.rsplit(' ').next().unwrap().to_owned()).collect();
    assert_eq!(kinds, ["wrong", "anonymous"]);
    let said = source.skipped().unwrap();
    assert!(said.contains("refused the login"), "{said}");
}

#[tokio::test]
async fn without_a_login_a_private_registry_refuses_access() {
    let (private, _realm) = with_realm(RealmRules::LoginOnly, 300);
    let error = offer(&source(&private.address, OciOptions::default())).await.unwrap_err();
    assert!(matches!(error.kind, SourceErrorKind::AccessDenied(_)), "{error}");
    let registry = registry(&RegistryAccess::Password, &[published()]);
    let error = offer(&source(&registry.address, OciOptions::default())).await.unwrap_err();
    assert!(matches!(error.kind, SourceErrorKind::AccessDenied(_)), "{error}");
    let wrong = RegistryLogin::Password { user: "ada".into(), password: "old".to_owned().into() };
    let error = offer(&source(&registry.address, with_login(wrong))).await.unwrap_err();
    assert!(error.to_string().contains("HTTP 401, UNAUTHORIZED"), "{error}");
}

#[tokio::test]
async fn a_token_that_has_ended_is_renewed_in_the_middle_of_a_transfer() {
    // The registry itself allows a minute for clocks that differ, so that only what the realm says can end a token.
    let (registry, realm) = with_realm(RealmRules::Anonymous, 6);
    let source = source(&registry.address, OciOptions::default());
    let offer = offer(&source).await.unwrap().unwrap();
    let asset = &offer.artifacts[0].asset;
    let half = offer.artifacts[0].size.unwrap() / 2;
    read(&source, asset, 0).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    read(&source, asset, half).await.unwrap();
    assert_eq!(realm.requests().len(), 2);
    assert_eq!(statuses(&registry)[3..], ["blobs 200", "blobs 401", "blobs 206"]);
}

#[tokio::test]
async fn a_blob_alone_is_requested_with_its_own_challenge() {
    let (registry, realm) = with_realm(RealmRules::LoginOnly, 300);
    let offer = offer(&source(&registry.address, with_login(password()))).await.unwrap().unwrap();
    let other = source(&registry.address, with_login(password()));
    read(&other, &offer.artifacts[0].asset, 7).await.unwrap();
    assert_eq!(statuses(&registry)[3..], ["blobs 401", "blobs 206"]);
    assert_eq!(realm.requests().len(), 2);
}

#[tokio::test]
async fn the_newest_of_a_thousand_tags_is_found_with_few_requests() {
    let releases: Vec<_> =
        (0..1_000).map(|n| PublishedRelease::archive(&format!("0.{n}.0"), "x")).collect();
    let registry = DockerRegistry::start(&RegistryAccess::Open);
    let mut images = ReleaseImages::of(&releases);
    // The index of the newest is for another platform, and the tags of others are none of ours.
    let mut other = PublishedRelease::archive("1.0.0", "y");
    other.release.platform = Platform::MacosAarch64;
    let newest = ReleaseImages::of(&[other]);
    images.blobs.extend(newest.blobs);
    images.tags.extend(newest.tags);
    for tag in ["latest", "v2.0.0", "2.0", "sha256-00.sig", "loom-index"] {
        let index = *images.tags.values().next().unwrap();
        images.tags.insert(("loom-bridge-server".into(), tag.into()), index);
    }
    images.documents.extend(newest.documents);
    images.write_registry(&registry.data(), PREFIX).unwrap();
    let source = source(&registry.address, OciOptions::default());
    assert_eq!(versions(&source, ListingScope::Newest).await, ["0.999.0"]);
    assert_eq!(registry.requests().len(), 3, "{:?}", registry.requests());
    let listing = source.list(&product(), ListingScope::All).await.unwrap();
    let VersionListing::Versions(all) = listing else { panic!("{listing:?}") };
    let read = all.iter().filter(|listed| !listed.is_presumed);
    let oldest = read.map(|listed| listed.version.to_string()).min().unwrap();
    assert!(oldest.starts_with("0.9"), "{oldest}");
    assert!(all.iter().filter(|listed| listed.is_presumed).count() > 900, "{}", all.len());
}

#[tokio::test]
async fn a_mirror_replaces_the_registry() {
    let registry = DockerRegistry::start(&RegistryAccess::Open);
    let images = ReleaseImages::of(&[published()]);
    images.write_registry(&registry.data(), "ghcr/loom-os").unwrap();
    let mirror = Some(format!("{}/ghcr", registry.address));
    let options = OciOptions { mirror, ..OciOptions::default() };
    let location = OciLocation::Registry("oci://registry.invalid/loom-os".parse().unwrap());
    let source = Oci::open(location, options).unwrap();
    assert!(source.to_string().contains("(through oci://127.0.0.1:"), "{source}");
    fetch(&source).await.unwrap();
}

#[tokio::test]
async fn platforms_and_near_misses_are_for_the_hint() {
    let mut images = ReleaseImages::of(&[published()]);
    let index = images.tags.remove(&("loom-bridge-server".into(), "0.2.0".into())).unwrap();
    images.tags.insert(("loom-bridge-server".into(), "v0.2.0".into()), index);
    images.tags.insert(("loom-bridge-server".into(), "0.3.0".into()), index);
    let registry = DockerRegistry::start(&RegistryAccess::Open);
    images.write_registry(&registry.data(), PREFIX).unwrap();
    let source = source(&registry.address, OciOptions::default());
    let version = "0.3.0".parse().unwrap();
    assert_eq!(source.platforms(&product().binary, &version).await, [Platform::LinuxX86_64]);
    let version = "0.2.0".parse().unwrap();
    assert_eq!(source.near_misses(&product(), Some(&version)).await, ["v0.2.0"]);
    assert!(source.find(&product().at_version("0.3.0".parse().unwrap())).await.is_err());
    assert!(offer(&source).await.unwrap().is_none());
}
