//! How many requests an answer costs, and what they say.

use crate::support::{self, archive, bald, linux, release, source, wanted};
use loom_github_server::{Asset, Fault, GithubServer, Origin, Release, Shelf, Shown};
use loom_source::{
    Digest, DigestSource, ListingScope, RangeRequest, RateLimitedClient, Source, SourceErrorKind,
    Version, VersionListing,
};

fn versions(texts: &[&str]) -> Vec<Version> {
    let mut versions: Vec<Version> = texts.iter().map(|text| text.parse().unwrap()).collect();
    versions.sort();
    versions
}

async fn listed(source: &dyn Source, need: ListingScope) -> Vec<Version> {
    match source.list(&linux(), need).await.unwrap() {
        VersionListing::Versions(dated) => {
            let mut versions: Vec<Version> = dated.into_iter().map(|dated| dated.version).collect();
            versions.sort();
            versions
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_pinned_release_with_a_checksum_costs_no_request_of_the_api() {
    let server = GithubServer::start(Shelf::default());
    server.publish(release("0.2.0"));
    let source = source(&server, None);
    let offer = source.find(&wanted("0.2.0")).await.unwrap().unwrap();
    assert_eq!(offer.artifacts[0].claims[0].by, DigestSource::Sidecar);
    let opened = source.open(&offer.artifacts[0].asset, &RangeRequest::whole()).await.unwrap();
    assert_eq!(support::bytes(opened).await, archive("0.2.0").bytes);
    let count = [Origin::Api, Origin::Page, Origin::Object].map(|origin| server.count(origin));
    assert_eq!(count, [0, 2, 2]);
}

#[tokio::test]
async fn without_a_checksum_it_costs_one_and_the_guess_is_remembered() {
    let server = GithubServer::start(Shelf::default());
    server.publish(bald("0.2.0"));
    let offer = source(&server, None).find(&wanted("0.2.0")).await.unwrap().unwrap();
    let claim = &offer.artifacts[0].claims[0];
    assert_eq!((claim.by, claim.digest), (DigestSource::Api, Digest::of(&archive("0.2.0").bytes)));
    assert_eq!(server.count(Origin::Api), 1);
    let options = support::options(&server, None);
    let sums = format!("{}  {}\n", Digest::of(&archive("0.3.0").bytes), archive("0.3.0").name);
    server.publish(bald("0.3.0").with(Asset::new("SHA256SUMS", sums)));
    for (pages, run) in [(3, "the first guesses"), (1, "the second knows")] {
        server.forget();
        let source = loom_github::Github::open(options.clone()).unwrap();
        let offer = source.find(&wanted("0.3.0")).await.unwrap().unwrap();
        assert_eq!(offer.artifacts[0].claims[0].by, DigestSource::Sums);
        assert_eq!((server.count(Origin::Page), server.count(Origin::Api)), (pages, 0), "{run}");
    }
}

#[tokio::test]
async fn versions_come_page_by_page_in_our_own_order() {
    let server = GithubServer::start(Shelf::default());
    for minor in 0..250 {
        server.publish(release(&format!("0.{minor}.0")));
    }
    let source = source(&server, None);
    let all = listed(&source, ListingScope::All).await;
    assert_eq!((all.len(), all.last().unwrap().to_string()), (250, "0.249.0".into()));
    assert_eq!(server.count(Origin::Api), 3);
    // For as long as the server says, the answer is not asked for again.
    assert_eq!(listed(&source, ListingScope::All).await, all);
    assert_eq!(server.count(Origin::Api), 3);
    // What was listed is known: its digest costs nothing more.
    source.find(&wanted("0.249.0")).await.unwrap().unwrap();
    assert_eq!(server.count(Origin::Api), 3);
}

#[tokio::test]
async fn with_a_token_what_has_not_changed_is_free() {
    let server = GithubServer::start(Shelf::default());
    server.publish(release("0.1.0"));
    let token = server.shelf(|shelf| shelf.token.clone());
    let source = source(&server, Some(&token));
    for _ in 0..3 {
        assert_eq!(listed(&source, ListingScope::All).await, versions(&["0.1.0"]));
    }
    assert_eq!(server.shelf(|shelf| shelf.left), [Some(60), Some(4999)]);
    let statuses: Vec<u16> = server.seen().iter().map(|seen| seen.status).collect();
    assert_eq!(statuses, [200, 304, 304]);
    server.publish(release("0.2.0"));
    assert_eq!(listed(&source, ListingScope::All).await, versions(&["0.1.0", "0.2.0"]));
}

#[tokio::test]
async fn what_is_not_a_release_is_not_listed() {
    let server = GithubServer::start(Shelf::default());
    let open = Asset { uploaded: false, ..archive("0.9.0") };
    server
        .publish(release("0.1.0"))
        .publish(Release { draft: true, ..release("0.2.0") })
        .publish(Release { prerelease: true, ..release("0.3.0") })
        .publish(Release { prerelease: true, ..release("0.4.0-rc.1") })
        .publish(Release::new("v0.5.0"))
        .publish(Release { tag: "other-v0.6.0".into(), ..release("0.6.0") })
        .publish(Release { tag: "nightly".into(), ..release("0.7.0") })
        .publish(Release::new("v0.8.0").with(Asset::new("something.tar.gz", "x")))
        .publish(Release::new("v0.9.0").with(open));
    let token = server.shelf(|shelf| shelf.token.clone());
    // Who may push sees drafts, and gets none either.
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
        assert!(source.find(&wanted(absent)).await.unwrap().is_none(), "{absent}");
    }
    // Asked for by name it is served.
    assert!(source.find(&wanted("0.3.0")).await.unwrap().is_some());
}

#[tokio::test]
async fn other_tags_are_versions_where_that_is_said() {
    let server = GithubServer::start(Shelf::default());
    server
        .publish(release("0.1.0"))
        .publish(Release { tag: "server/v0.2.0".into(), ..release("0.2.0") });
    let options = loom_github::GithubOptions {
        tag_prefix: "server/v".into(),
        ..support::options(&server, None)
    };
    let source = loom_github::Github::open(options).unwrap();
    assert_eq!(listed(&source, ListingScope::Newest).await, versions(&["0.2.0"]));
    let offer = source.find(&wanted("0.2.0")).await.unwrap().unwrap();
    assert!(source.open(&offer.artifacts[0].asset, &RangeRequest::whole()).await.is_ok());
    assert_eq!(server.count(Origin::Api), 0, "the redirect of releases/latest told the tag");
}

#[tokio::test]
async fn the_newest_is_told_by_the_pages_where_they_can_be_right() {
    let pages = |requests: &[(Origin, &str)]| requests.iter().all(|(o, _)| *o != Origin::Api);
    for (case, latest, more, newest, free) in [
        ("the plain case", None, None, "0.2.0", true),
        ("a patch of an old line is no newest", Some("v0.1.0"), None, "0.2.0", false),
        ("another product's release is none of ours", None, Some("tool-v9.0.0"), "0.2.0", false),
        ("a pre-release in disguise", None, Some("v1.0.0-rc.1"), "0.2.0", false),
    ] {
        let server = GithubServer::start(Shelf::default());
        server.publish(release("0.1.0")).publish(release("0.2.0"));
        if let Some(tag) = more {
            server.publish(Release::new(tag));
        }
        server.shelf(|shelf| shelf.latest = latest.map(str::to_owned));
        let source = source(&server, None);
        let listed = listed(&source, ListingScope::Newest).await;
        assert_eq!(listed.last().unwrap().to_string(), newest, "{case}");
        source.find(&wanted(newest)).await.unwrap().unwrap();
        let seen = server.seen();
        let seen: Vec<_> = seen.iter().map(|seen| (seen.origin, seen.path.as_str())).collect();
        assert_eq!(pages(&seen), free, "{case}: {seen:?}");
    }
}

#[tokio::test]
async fn a_repository_that_was_renamed_is_found() {
    let shelf =
        Shelf { renamed_from: Some("o/r".into()), repo: "new/name".into(), ..Shelf::default() };
    let server = GithubServer::start(shelf);
    server.publish(release("0.1.0")).publish(bald("0.2.0"));
    let token = server.shelf(|shelf| shelf.token.clone());
    for token in [None, Some(token.as_str())] {
        let source = source(&server, token);
        assert!(source.find(&wanted("0.1.0")).await.unwrap().is_some());
        assert!(source.find(&wanted("0.2.0")).await.unwrap().is_some());
        assert_eq!(listed(&source, ListingScope::All).await, versions(&["0.1.0", "0.2.0"]));
    }
}

#[tokio::test]
async fn a_token_goes_to_the_api_and_nowhere_else() {
    for (private, login) in [(false, false), (true, false), (false, true)] {
        let server = GithubServer::start(Shelf { private, login, ..Shelf::default() });
        server.publish(release("0.1.0")).publish(bald("0.2.0"));
        let token = server.shelf(|shelf| shelf.token.clone());
        let options = support::options(&server, Some(&token));
        let source = loom_github::Github::open(options.clone()).unwrap();
        listed(&source, ListingScope::Newest).await;
        for version in ["0.1.0", "0.2.0"] {
            let offer = source.find(&wanted(version)).await.unwrap().unwrap();
            let opened =
                source.open(&offer.artifacts[0].asset, &RangeRequest::whole()).await.unwrap();
            assert_eq!(support::bytes(opened).await, archive(version).bytes);
        }
        for seen in server.seen() {
            let sent = seen.headers.contains_key("authorization");
            assert_eq!(sent, seen.origin == Origin::Api, "{seen:?}");
            assert_ne!(seen.status, 400, "{seen:?}");
        }
    }
}

#[tokio::test]
async fn an_api_may_send_bytes_itself() {
    let shelf = Shelf { private: true, streams: true, ..Shelf::default() };
    let server = GithubServer::start(shelf);
    server.publish(release("0.1.0"));
    let source = source(&server, Some("right-t0ken"));
    let offer = source.find(&wanted("0.1.0")).await.unwrap().unwrap();
    let opened = source.open(&offer.artifacts[0].asset, &RangeRequest::whole()).await.unwrap();
    assert_eq!(support::bytes(opened).await, archive("0.1.0").bytes);
    assert_eq!(server.count(Origin::Object), 0);
}

#[tokio::test]
async fn pages_that_turn_us_away_are_not_asked_on() {
    let server = GithubServer::start(Shelf::default());
    server.publish(release("0.1.0"));
    server.fault(Origin::Page, "", Fault::retry_after(90), usize::MAX);
    let error = source(&server, None).find(&wanted("0.1.0")).await.unwrap_err();
    assert!(error.to_string().contains("(in 1m 30s)"), "{error}");
    let SourceErrorKind::RateLimited(limit) = error.kind else { panic!("{error:?}") };
    let token_variable = Some("TEST_TOKEN".to_owned());
    assert_eq!(limit.client, RateLimitedClient::Anonymous { token_variable });
    assert_eq!(server.count(Origin::Page), 1);
    let known = source(&server, Some("right-t0ken"));
    let offer = known.find(&wanted("0.1.0")).await.unwrap().unwrap();
    let opened = known.open(&offer.artifacts[0].asset, &RangeRequest::whole()).await.unwrap();
    assert_eq!(support::bytes(opened).await, archive("0.1.0").bytes);
    assert_eq!(server.count(Origin::Page), 2);
}

#[tokio::test]
async fn a_digest_that_is_none_is_an_error_and_a_missing_one_is_none() {
    let server = GithubServer::start(Shelf::default());
    let none = Asset { shown: Shown::Null, ..archive("0.1.0") };
    server.publish(Release::new("v0.1.0").with(none));
    let offer = source(&server, None).find(&wanted("0.1.0")).await.unwrap().unwrap();
    assert!(offer.artifacts[0].claims.is_empty());
    // Replaced by other bytes: the digest follows, and so does the claim.
    let other = Asset { bytes: b"other".to_vec(), ..archive("0.1.0") };
    server.publish(Release::new("v0.1.0").with(other));
    let offer = source(&server, None).find(&wanted("0.1.0")).await.unwrap().unwrap();
    assert_eq!(offer.artifacts[0].claims[0].digest, Digest::of(b"other"));
}

#[tokio::test]
async fn signatures_are_told_by_the_api() {
    let server = GithubServer::start(Shelf::default());
    let name = archive("0.1.0").name;
    let beside = |ending: &str| Asset::new(&format!("{name}{ending}"), "x");
    let signed = [".sig", ".asc", ".minisig", ".sigstore.json", ".txt"].map(beside);
    server.publish(signed.into_iter().fold(release("0.1.0"), Release::with));
    let options = loom_github::GithubOptions { evidence: true, ..support::options(&server, None) };
    let source = loom_github::Github::open(options).unwrap();
    let offer = source.find(&wanted("0.1.0")).await.unwrap().unwrap();
    assert_eq!(offer.evidence.len(), 4, "{:?}", offer.evidence);
    assert_eq!(offer.artifacts[0].claims.len(), 2, "the .sha256 file's and the API's");
    assert_eq!(server.count(Origin::Api), 1);
}

#[tokio::test]
async fn a_short_trouble_is_waited_out() {
    let server = GithubServer::start(Shelf::default());
    server.publish(bald("0.1.0"));
    server.fault(Origin::Api, "v0.1.0", Fault::Status(502, vec![], "Bad gateway"), 1);
    server.fault(Origin::Api, "v0.1.0", Fault::retry_after(1), 1);
    assert!(source(&server, None).find(&wanted("0.1.0")).await.unwrap().is_some());
    assert_eq!(server.count(Origin::Api), 3);
}
