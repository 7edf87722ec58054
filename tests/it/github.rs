//! Releases from GitHub: how many requests they cost, where the token is sent, and how errors are reported.

use std::process::Command;

use crate::support::{Hub, Sandbox, hub};
use loom_test_support::github::{
    GithubAsset, GithubFault, GithubRelease, GithubService, ShownDigest,
};

const GET: [&str; 3] = ["get", "--version", "0.2.0"];

/// A release without any checksum file.
fn without_checksum_file(version: &str) -> GithubRelease {
    GithubRelease::new(&format!("v{version}")).with(hub::archive(version))
}

#[test]
fn a_hundred_fresh_caches_send_no_api_requests() {
    let hub = Hub::of(&["0.2.0"]);
    for _ in 0..100 {
        hub.sandbox().loom(&GET).ok();
    }
    assert_eq!(hub.api_paths(), [""; 0]);
    assert_eq!(hub.server.count(GithubService::Pages), 200, "a checksum and an archive each");
}

#[test]
fn a_version_of_a_private_repository_is_refused_and_not_absent() {
    let hub = Hub::of(&["0.2.0"]);
    hub.server.repository(|repository| repository.private = true);
    for version in ["0.2.0", "latest"] {
        let run = hub.sandbox().loom(&["get", "--version", version]).code(4);
        run.says(&["there is no repository o/r, or it is private"]);
    }
}

#[test]
fn without_checksum_files_each_run_sends_one_api_request() {
    let hub = Hub::of(&[]);
    hub.server
        .publish(without_checksum_file("0.2.0"))
        .repository(|repository| repository.remaining = [None; 2]);
    for run in 1..=100 {
        let sandbox = hub.sandbox();
        let link = sandbox.loom(&GET).ok().path();
        assert!(Command::new(link).output().unwrap().status.success());
        assert_eq!(hub.api_requests(), run);
    }
    assert!(hub.api_paths().iter().all(|path| path.ends_with("/releases/tags/v0.2.0")));
}

#[test]
fn twenty_processes_resolve_a_range_with_one_listing() {
    let hub = Hub::of(&["0.1.0", "0.2.0", "0.2.1", "0.3.0"]);
    let sandbox = hub.sandbox();
    let all: Vec<_> = (0..20).map(|_| sandbox.spawn(&["get", "--version", "^0.2"])).collect();
    for running in all {
        assert_eq!(running.wait().ok().path(), sandbox.link("0.2.1"));
    }
    assert_eq!(hub.api_paths(), ["/api/v3/repos/o/r/releases"]);
    sandbox.verify();
}

#[test]
fn latest_is_resolved_from_the_release_pages_without_the_api() {
    let hub = Hub::of(&["0.1.0", "0.2.0"]);
    let sandbox = hub.sandbox();
    assert_eq!(sandbox.loom(&["get"]).ok().path(), sandbox.link("0.2.0"));
    assert_eq!(hub.api_paths(), [""; 0]);
    // A fresh result is not requested again, and does not mean that older versions are absent.
    hub.server.clear_requests();
    sandbox.loom(&["get"]).ok();
    assert!(hub.server.requests().is_empty());
    let run = sandbox.loom(&["get", "--version", "0.1"]).ok();
    assert_eq!(run.path(), sandbox.link("0.1.0"));
    assert_eq!(hub.api_paths(), ["/api/v3/repos/o/r/releases"]);
}

#[test]
fn a_token_is_sent_to_the_api_only() {
    let hub = Hub::of(&["0.1.0"]);
    hub.server
        .publish(without_checksum_file("0.2.0"))
        .repository(|repository| repository.private = true);
    let mut sandbox = hub.sandbox();
    hub.configure(&sandbox, "token_env = \"HUB_TOKEN\"");
    let token = hub.server.repository(|repository| repository.token.clone());
    sandbox.set("HUB_TOKEN", &token);
    for args in [
        &["get", "-v"][..],
        &["get", "--version", "0.1.0", "--json"],
        &["get", "--version", "^0.1"],
    ] {
        let run = sandbox.loom(args).ok();
        assert!(!(run.stdout() + &run.stderr()).contains(&token));
    }
    let seen = hub.server.requests();
    assert!(
        seen.iter().any(|seen| seen.service == GithubService::Storage),
        "the archive was downloaded through a redirect"
    );
    for seen in &seen {
        let sent = seen.headers.contains_key("authorization");
        assert_eq!(sent, seen.service == GithubService::Api, "{seen:?}");
        assert_ne!(seen.status, 400, "{seen:?}");
    }
    for file in sandbox.files("").iter().map(|file| sandbox.cache().join(file)) {
        let bytes = std::fs::read(&file).unwrap_or_default();
        assert!(!bytes.windows(token.len()).any(|w| w == token.as_bytes()), "{}", file.display());
    }
}

#[test]
fn the_default_token_variables_are_not_sent_to_other_servers() {
    let hub = Hub::of(&[]);
    hub.server.publish(without_checksum_file("0.2.0"));
    let mut sandbox = hub.sandbox();
    for name in ["LOOM_GITHUB_TOKEN", "GITHUB_TOKEN", "GH_TOKEN", "GH_ENTERPRISE_TOKEN"] {
        sandbox.set(name, "for-another-server");
    }
    sandbox.loom(&GET).ok();
    assert!(hub.server.requests().iter().all(|seen| !seen.headers.contains_key("authorization")));
    // GH_ENTERPRISE_TOKEN is sent to the server that GH_HOST names.
    let (cache, host) = (sandbox.folder("cache"), hub.server.base_url());
    let token = hub.server.repository(|repository| repository.token.clone());
    sandbox.set("GH_HOST", host.trim_start_matches("http://")).set("GH_ENTERPRISE_TOKEN", &token);
    sandbox.set("LOOM_CACHE_DIR", cache).loom(&GET).ok();
    assert!(hub.server.requests().iter().any(|seen| seen.headers.contains_key("authorization")));
}

#[test]
fn a_rate_limit_is_reported_with_its_reset_and_respected() {
    let hub = Hub::of(&[]);
    hub.server.publish(without_checksum_file("0.2.0")).repository(|repository| {
        (repository.remaining, repository.reset_seconds) = ([Some(1); 2], 1800)
    });
    let mut sandbox = hub.sandbox();
    sandbox.loom(&GET).ok();
    // The last response reported that no request remains: the next command sends none.
    let more = ["get", "--version", "0.3.0"];
    hub.server.publish(without_checksum_file("0.3.0"));
    let run = sandbox.loom(&more).code(5);
    run.says(&["accepts no more requests", "(in 30m", "token_env", "exact version", "--source"]);
    assert_eq!(hub.api_requests(), 1);
    // A token has its own rate limit.
    hub.configure(&sandbox, "token_env = \"HUB_TOKEN\"");
    sandbox.set("HUB_TOKEN", "right-t0ken").loom(&more).ok();
    assert_eq!(hub.api_requests(), 2);
}

#[test]
fn rate_limits_and_access_errors_are_distinguished() {
    let limited = |status, lines: &[(&'static str, &str)]| {
        let lines = lines.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        GithubFault::Status(status, lines, "API rate limit exceeded for user ID 1.")
    };
    let forbidden =
        GithubFault::Status(403, vec![], "Resource not accessible by personal access token");
    for (fault, code, says) in [
        (
            limited(403, &[("X-RateLimit-Remaining", "0")]),
            5,
            &["accepts no more requests", "HUB_TOKEN"][..],
        ),
        (GithubFault::retry_after(600), 5, &["accepts no more requests", "(in 10m"]),
        (GithubFault::secondary_limit(), 5, &["accepts no more requests", "(in 1m"]),
        (forbidden, 4, &["refused access", "not accessible", "HUB_TOKEN"]),
        (GithubFault::single_sign_on(), 4, &["SAML", "single sign-on", "HUB_TOKEN"]),
        (
            GithubFault::Status(401, vec![], "Bad credentials"),
            4,
            &["Bad credentials", "HUB_TOKEN", "expired"],
        ),
        (GithubFault::Html, 5, &["HTML page"]),
        (GithubFault::Status(503, vec![], "Unicorn!"), 5, &["503"]),
    ] {
        let hub = Hub::of(&[]);
        hub.server.publish(without_checksum_file("0.2.0"));
        let mut sandbox = hub.sandbox();
        hub.configure(&sandbox, "token_env = \"HUB_TOKEN\"");
        sandbox.set("HUB_TOKEN", "right-t0ken");
        hub.server.fault(GithubService::Api, "v0.2.0", fault.clone(), usize::MAX);
        let run = sandbox.loom(&GET).code(code).says(says);
        run.never_says(&["right-t0ken", "authorization_request"]);
    }
}

#[test]
fn a_private_repository_without_a_token_is_reported_with_a_hint() {
    let hub = Hub::of(&["0.2.0"]);
    hub.server.repository(|repository| repository.private = true);
    hub.sandbox()
        .loom(&["get"])
        .code(4)
        .says(&["no repository o/r, or it is private", "token_env"]);
}

#[test]
fn downloads_with_faults_complete() {
    for (fault, code) in [
        (GithubFault::Cut(100), 0),
        (GithubFault::IgnoreRange, 0),
        (GithubFault::NoRange, 0),
        (GithubFault::Status(503, vec![], "busy"), 0),
        (GithubFault::Drip(64, std::time::Duration::from_millis(5)), 0),
    ] {
        let hub = Hub::of(&["0.2.0"]);
        let id =
            hub.server.repository(|repository| repository.releases[0].assets[0].id.to_string());
        let (cut, ending) = (GithubFault::Cut(100), format!("/{id}"));
        // A range is requested only after an interrupted response.
        if matches!(fault, GithubFault::IgnoreRange | GithubFault::NoRange) {
            hub.server.fault(GithubService::Storage, &ending, cut, 1);
        }
        hub.server.fault(GithubService::Storage, &ending, fault.clone(), 1);
        let sandbox = hub.sandbox();
        let run = sandbox.loom(&GET);
        assert_eq!(run.exit(), code, "{fault:?}: {}", run.stderr());
        sandbox.verify();
    }
}

#[test]
fn a_silent_server_costs_only_its_time_limit() {
    for (origin, fault) in [
        (GithubService::Pages, GithubFault::Silent),
        (GithubService::Storage, GithubFault::Stall(0)),
        (GithubService::Storage, GithubFault::Stall(10)),
    ] {
        let hub = Hub::of(&["0.2.0"]);
        let sandbox = hub.sandbox();
        hub.configure(&sandbox, "timeout = \"500ms\"");
        hub.server.fault(origin, "", fault, usize::MAX);
        let begun = std::time::Instant::now();
        sandbox.loom(&GET).code(5).says(&["500ms"]);
        assert!(begun.elapsed().as_secs() < 5, "{origin:?}");
    }
}

#[test]
fn wrong_bytes_are_refused() {
    let hub = Hub::of(&[]);
    let shown = ShownDigest::Other(loom_source::Digest::of(b"something else"));
    hub.server
        .publish(GithubRelease::new("v0.2.0").with(GithubAsset { shown, ..hub::archive("0.2.0") }));
    let sandbox = hub.sandbox();
    sandbox.loom(&GET).code(6).says(&["release API", "hub"]);
    assert!(sandbox.trees().is_empty());
}

#[test]
fn a_missing_version_is_exit_3() {
    let hub = Hub::of(&["0.1.0"]);
    hub.sandbox().loom(&GET).code(3);
    hub.sandbox().loom(&["get", "--version", "^0.2"]).code(3);
}

#[test]
fn offline_and_unreachable_are_reported_with_hints() {
    let sandbox = Sandbox::new();
    let args = ["get", "--source", "github:o/r", "--version", "0.2.0"];
    let offline = sandbox.loom(&[&args[..], &["--offline"]].concat()).code(7);
    sandbox.snapshot("github_offline", &offline);
    let unreachable = sandbox.loom(&args).code(5);
    sandbox.snapshot("github_unreachable", &unreachable);
}
