//! The number of requests for each call, and their headers.

use loom_source::{
    Digest, DigestSource, ListingScope, RangeRequest, RateLimitedClient, Source, SourceErrorKind,
    Version, VersionListing,
};
use loom_test_support::github::{
    GithubAsset, GithubFault, GithubRelease, GithubServer, GithubService, Repository, ShownDigest,
};

use crate::support::{self, archive, linux, release, release_at, release_without_checksum, source};

fn versions(texts: &[&str]) -> Vec<Version> {
    let mut versions: Vec<Version> = texts.iter().map(|text| text.parse().unwrap()).collect();
    versions.sort();
    versions
}

async fn listed(source: &dyn Source, scope: ListingScope) -> Vec<Version> {
    match source.list(&linux(), scope).await.unwrap() {
        VersionListing::Versions(listed) => {
            let mut versions: Vec<Version> =
                listed.into_iter().map(|listed| listed.version).collect();
            versions.sort();
            versions
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_exact_version_with_a_checksum_takes_no_api_request() {
    let server = GithubServer::start(Repository::default());
    server.publish(release("0.2.0"));
    let source = source(&server, None);
    let offer = source.find(&release_at("0.2.0")).await.unwrap().unwrap();
    assert_eq!(offer.artifacts[0].claims[0].by, DigestSource::Sidecar);
    let download = source.open(&offer.artifacts[0].asset, &RangeRequest::whole()).await.unwrap();
    assert_eq!(support::read(download).await, archive("0.2.0").bytes);
    let count = [GithubService::Api, GithubService::Pages, GithubService::Storage]
        .map(|service| server.count(service));
    assert_eq!(count, [0, 2, 2]);
}

#[tokio::test]
async fn without_a_checksum_it_takes_one_and_the_guess_is_kept() {
    let server = GithubServer::start(Repository::default());
    server.publish(release_without_checksum("0.2.0"));
    let offer = source(&server, None).find(&release_at("0.2.0")).await.unwrap().unwrap();
    let claim = &offer.artifacts[0].claims[0];
    assert_eq!((claim.by, claim.digest), (DigestSource::Api, Digest::of(&archive("0.2.0").bytes)));
    assert_eq!(server.count(GithubService::Api), 1);
    let options = support::options(&server, None);
    let sums = format!("{}  {}\n", Digest::of(&archive("0.3.0").bytes), archive("0.3.0").name);
    server.publish(release_without_checksum("0.3.0").with(GithubAsset::new("SHA256SUMS", sums)));
    for (pages, run) in [(3, "the first guesses"), (1, "the second knows")] {
        server.clear_requests();
        let source = loom_github::Github::open(options.clone()).unwrap();
        let offer = source.find(&release_at("0.3.0")).await.unwrap().unwrap();
        assert_eq!(offer.artifacts[0].claims[0].by, DigestSource::Sums);
        assert_eq!(
            (server.count(GithubService::Pages), server.count(GithubService::Api)),
            (pages, 0),
            "{run}"
        );
    }
}

#[tokio::test]
async fn versions_are_listed_page_by_page() {
    let server = GithubServer::start(Repository::default());
    for minor in 0..250 {
        server.publish(release(&format!("0.{minor}.0")));
    }
    let source = source(&server, None);
    let all = listed(&source, ListingScope::All).await;
    assert_eq!((all.len(), all.last().unwrap().to_string()), (250, "0.249.0".into()));
    assert_eq!(server.count(GithubService::Api), 3);
    // Within max-age the pages are not requested again.
    assert_eq!(listed(&source, ListingScope::All).await, all);
    assert_eq!(server.count(GithubService::Api), 3);
    // The listing has the digest of the release.
    source.find(&release_at("0.249.0")).await.unwrap().unwrap();
    assert_eq!(server.count(GithubService::Api), 3);
}

#[tokio::test]
async fn with_a_token_unchanged_pages_do_not_count() {
    let server = GithubServer::start(Repository::default());
    server.publish(release("0.1.0"));
    let token = server.repository(|repository| repository.token.clone());
    let source = source(&server, Some(&token));
    for _ in 0..3 {
        assert_eq!(listed(&source, ListingScope::All).await, versions(&["0.1.0"]));
    }
    assert_eq!(server.repository(|repository| repository.remaining), [Some(60), Some(4999)]);
    let statuses: Vec<u16> = server.requests().iter().map(|seen| seen.status).collect();
    assert_eq!(statuses, [200, 304, 304]);
    server.publish(release("0.2.0"));
    assert_eq!(listed(&source, ListingScope::All).await, versions(&["0.1.0", "0.2.0"]));
}

#[tokio::test]
async fn only_releases_are_listed() {
    let server = GithubServer::start(Repository::default());
    let open = GithubAsset { uploaded: false, ..archive("0.9.0") };
    server
        .publish(release("0.1.0"))
        .publish(GithubRelease { draft: true, ..release("0.2.0") })
        .publish(GithubRelease { prerelease: true, ..release("0.3.0") })
        .publish(GithubRelease { prerelease: true, ..release("0.4.0-rc.1") })
        .publish(GithubRelease::new("v0.5.0"))
        .publish(GithubRelease { tag: "other-v0.6.0".into(), ..release("0.6.0") })
        .publish(GithubRelease { tag: "nightly".into(), ..release("0.7.0") })
        .publish(GithubRelease::new("v0.8.0").with(GithubAsset::new("something.tar.gz", "x")))
        .publish(GithubRelease::new("v0.9.0").with(open));
    let token = server.repository(|repository| repository.token.clone());
    // Requests with the token see drafts, which are not listed either.
    for token in [None, Some(token.as_str())] {
        let listed = listed(&source(&server, token), ListingScope::All).await;
        assert_eq!(listed, versions(&["0.1.0", "0.4.0-rc.1"]), "{token:?}");
    }
    let options =
        loom_github::GithubOptions { prerelease: true, ..support::options(&server, None) };
    let listed = listed(&loom_github::Github::open(options).unwrap(), ListingScope::All).await;
    assert_eq!(listed, versions(&["0.1.0", "0.3.0", "0.4.0-rc.1"]));
    let source = source(&server, None);
    for absent in ["0.2.0", "0.8.0", "0.9.0", "1.0.0"] {
        assert!(source.find(&release_at(absent)).await.unwrap().is_none(), "{absent}");
    }
    // A release that is marked as a pre-release is found by its version.
    assert!(source.find(&release_at("0.3.0")).await.unwrap().is_some());
}

#[tokio::test]
async fn another_tag_prefix_can_be_configured() {
    let server = GithubServer::start(Repository::default());
    server
        .publish(release("0.1.0"))
        .publish(GithubRelease { tag: "server/v0.2.0".into(), ..release("0.2.0") });
    let options = loom_github::GithubOptions {
        tag_prefix: "server/v".into(),
        ..support::options(&server, None)
    };
    let source = loom_github::Github::open(options).unwrap();
    assert_eq!(listed(&source, ListingScope::Newest).await, versions(&["0.2.0"]));
    let offer = source.find(&release_at("0.2.0")).await.unwrap().unwrap();
    assert!(source.open(&offer.artifacts[0].asset, &RangeRequest::whole()).await.is_ok());
    assert_eq!(
        server.count(GithubService::Api),
        0,
        "the redirect of releases/latest names the tag"
    );
}

#[tokio::test]
async fn the_newest_version_comes_from_the_web_pages_where_they_are_right() {
    let pages =
        |requests: &[(GithubService, &str)]| requests.iter().all(|(o, _)| *o != GithubService::Api);
    for (case, latest, more, newest, free) in [
        ("the plain case", None, None, "0.2.0", true),
        ("a patch of an old line is no newest", Some("v0.1.0"), None, "0.2.0", false),
        ("another product's release is none of ours", None, Some("tool-v9.0.0"), "0.2.0", false),
        ("a pre-release in disguise", None, Some("v1.0.0-rc.1"), "0.2.0", false),
    ] {
        let server = GithubServer::start(Repository::default());
        server.publish(release("0.1.0")).publish(release("0.2.0"));
        if let Some(tag) = more {
            server.publish(GithubRelease::new(tag));
        }
        server.repository(|repository| repository.latest = latest.map(str::to_owned));
        let source = source(&server, None);
        let listed = listed(&source, ListingScope::Newest).await;
        assert_eq!(listed.last().unwrap().to_string(), newest, "{case}");
        source.find(&release_at(newest)).await.unwrap().unwrap();
        let seen = server.requests();
        let seen: Vec<_> = seen.iter().map(|seen| (seen.service, seen.path.as_str())).collect();
        assert_eq!(pages(&seen), free, "{case}: {seen:?}");
    }
}

#[tokio::test]
async fn a_repository_that_was_renamed_is_found() {
    let repository = Repository {
        renamed_from: Some("o/r".into()),
        repo: "new/name".into(),
        ..Repository::default()
    };
    let server = GithubServer::start(repository);
    server.publish(release("0.1.0")).publish(release_without_checksum("0.2.0"));
    let token = server.repository(|repository| repository.token.clone());
    for token in [None, Some(token.as_str())] {
        let source = source(&server, token);
        assert!(source.find(&release_at("0.1.0")).await.unwrap().is_some());
        assert!(source.find(&release_at("0.2.0")).await.unwrap().is_some());
        assert_eq!(listed(&source, ListingScope::All).await, versions(&["0.1.0", "0.2.0"]));
    }
}

#[tokio::test]
async fn the_token_is_sent_to_the_api_only() {
    for (private, requires_login) in [(false, false), (true, false), (false, true)] {
        let server =
            GithubServer::start(Repository { private, requires_login, ..Repository::default() });
        server.publish(release("0.1.0")).publish(release_without_checksum("0.2.0"));
        let token = server.repository(|repository| repository.token.clone());
        let options = support::options(&server, Some(&token));
        let source = loom_github::Github::open(options.clone()).unwrap();
        listed(&source, ListingScope::Newest).await;
        for version in ["0.1.0", "0.2.0"] {
            let offer = source.find(&release_at(version)).await.unwrap().unwrap();
            let download =
                source.open(&offer.artifacts[0].asset, &RangeRequest::whole()).await.unwrap();
            assert_eq!(support::read(download).await, archive(version).bytes);
        }
        for seen in server.requests() {
            let sent = seen.headers.contains_key("authorization");
            assert_eq!(sent, seen.service == GithubService::Api, "{seen:?}");
            assert_ne!(seen.status, 400, "{seen:?}");
        }
    }
}

#[tokio::test]
async fn an_api_can_send_bytes_itself() {
    let repository = Repository { private: true, sends_bytes: true, ..Repository::default() };
    let server = GithubServer::start(repository);
    server.publish(release("0.1.0"));
    let source = source(&server, Some("right-t0ken"));
    let offer = source.find(&release_at("0.1.0")).await.unwrap().unwrap();
    let download = source.open(&offer.artifacts[0].asset, &RangeRequest::whole()).await.unwrap();
    assert_eq!(support::read(download).await, archive("0.1.0").bytes);
    assert_eq!(server.count(GithubService::Storage), 0);
}

#[tokio::test]
async fn limited_web_pages_are_not_requested_again() {
    let server = GithubServer::start(Repository::default());
    server.publish(release("0.1.0"));
    server.fault(GithubService::Pages, "", GithubFault::retry_after(90), usize::MAX);
    let error = source(&server, None).find(&release_at("0.1.0")).await.unwrap_err();
    assert!(error.to_string().contains("(in 1m 30s)"), "{error}");
    let SourceErrorKind::RateLimited(limit) = error.kind else { panic!("{error:?}") };
    let token_variable = Some("TEST_TOKEN".to_owned());
    assert_eq!(limit.client, RateLimitedClient::Anonymous { token_variable });
    assert_eq!(server.count(GithubService::Pages), 1);
    let known = source(&server, Some("right-t0ken"));
    let offer = known.find(&release_at("0.1.0")).await.unwrap().unwrap();
    let download = known.open(&offer.artifacts[0].asset, &RangeRequest::whole()).await.unwrap();
    assert_eq!(support::read(download).await, archive("0.1.0").bytes);
    assert_eq!(server.count(GithubService::Pages), 2);
}

#[tokio::test]
async fn a_missing_digest_is_no_claim() {
    let server = GithubServer::start(Repository::default());
    let none = GithubAsset { shown: ShownDigest::Null, ..archive("0.1.0") };
    server.publish(GithubRelease::new("v0.1.0").with(none));
    let offer = source(&server, None).find(&release_at("0.1.0")).await.unwrap().unwrap();
    assert!(offer.artifacts[0].claims.is_empty());
    // The claim is the digest of the replaced bytes.
    let other = GithubAsset { bytes: b"other".to_vec(), ..archive("0.1.0") };
    server.publish(GithubRelease::new("v0.1.0").with(other));
    let offer = source(&server, None).find(&release_at("0.1.0")).await.unwrap().unwrap();
    assert_eq!(offer.artifacts[0].claims[0].digest, Digest::of(b"other"));
}

#[tokio::test]
async fn signatures_are_listed_by_the_api() {
    let server = GithubServer::start(Repository::default());
    let name = archive("0.1.0").name;
    let beside = |ending: &str| GithubAsset::new(&format!("{name}{ending}"), "x");
    let signed = [".sig", ".asc", ".minisig", ".sigstore.json", ".txt"].map(beside);
    server.publish(signed.into_iter().fold(release("0.1.0"), GithubRelease::with));
    let options = loom_github::GithubOptions { evidence: true, ..support::options(&server, None) };
    let source = loom_github::Github::open(options).unwrap();
    let offer = source.find(&release_at("0.1.0")).await.unwrap().unwrap();
    // Four files, and the attestations that the API may have.
    assert_eq!(offer.evidence.len(), 5, "{:?}", offer.evidence);
    assert_eq!(offer.artifacts[0].claims.len(), 2, "the .sha256 file's and the API's");
    assert_eq!(server.count(GithubService::Api), 1);
}

#[tokio::test]
async fn short_limits_and_errors_are_waited_for() {
    let server = GithubServer::start(Repository::default());
    server.publish(release_without_checksum("0.1.0"));
    server.fault(GithubService::Api, "v0.1.0", GithubFault::Status(502, vec![], "Bad gateway"), 1);
    server.fault(GithubService::Api, "v0.1.0", GithubFault::retry_after(1), 1);
    assert!(source(&server, None).find(&release_at("0.1.0")).await.unwrap().is_some());
    assert_eq!(server.count(GithubService::Api), 3);
}

#[tokio::test]
async fn a_checksum_file_may_have_another_name() {
    for name in ["SHA256SUMS.txt", "checksums.txt"] {
        let server = GithubServer::start(Repository::default());
        let sums = format!("{}  {}\n", Digest::of(&archive("0.2.0").bytes), archive("0.2.0").name);
        server.publish(release_without_checksum("0.2.0").with(GithubAsset::new(name, sums)));
        let offer = source(&server, None).find(&release_at("0.2.0")).await.unwrap().unwrap();
        assert_eq!(offer.artifacts[0].claims[0].by, DigestSource::Sums, "{name}");
        assert_eq!(server.count(GithubService::Api), 0);
    }
}

#[tokio::test]
async fn assets_are_found_by_a_pattern() {
    let server = GithubServer::start(Repository::default());
    let name = "loom-bridge-server_0.2.0_linux_amd64.tgz";
    server.publish(GithubRelease::new("v0.2.0").with(GithubAsset::new(name, "x")));
    let assets = "{binary}_{version}_{os}_{arch}.tgz".parse().unwrap();
    let options = loom_github::GithubOptions { assets, ..support::options(&server, None) };
    let source = loom_github::Github::open(options).unwrap();
    let offer = source.find(&release_at("0.2.0")).await.unwrap().unwrap();
    assert_eq!(offer.artifacts[0].asset.as_str(), format!("v0.2.0/{name}"));
    assert_eq!(listed(&source, ListingScope::All).await, versions(&["0.2.0"]));
}

#[tokio::test]
async fn names_that_are_almost_right_are_named() {
    let server = GithubServer::start(Repository::default());
    let file = "loom-bridge-server-0.2.0-x86_64-unknown-linux-musl.tar.gz";
    server
        .publish(GithubRelease::new("v0.2.0").with(GithubAsset::new(file, "x")))
        .publish(GithubRelease { tag: "0.3.0".into(), ..release("0.3.0") })
        .publish(GithubRelease { tag: "server-v1.0.3.0".into(), ..release("0.3.0") });
    for (version, expected) in [
        ("0.2.0", vec![format!("v0.2.0/{file}")]),
        ("0.3.0", vec!["the tag 0.3.0 (expected v0.3.0)".to_owned()]),
        ("0.4.0", vec![]),
    ] {
        let source = source(&server, None);
        assert!(source.find(&release_at(version)).await.unwrap().is_none(), "{version}");
        let version: Version = version.parse().unwrap();
        assert_eq!(source.near_misses(&linux(), Some(&version)).await, expected, "{version}");
    }
    // Of all versions, the newest one.
    let source = source(&server, None);
    assert!(listed(&source, ListingScope::All).await.is_empty());
    let near = source.near_misses(&linux(), None).await;
    assert_eq!(near, ["the tag 0.3.0 (expected v0.3.0)"]);
}
