//! Resolution of `latest` and ranges, and how many requests it costs.

use std::time::Duration;

use loom_base::time::{format_rfc3339_nanos, parse_rfc3339};

use crate::support::{
    self, Depot, Fault, Gate, Packing, Plain, Sandbox, Server, Sums, plain, program,
};

const DAY: Duration = Duration::from_secs(24 * 3600);

fn index_requests(server: &Server) -> usize {
    server.gets("/releases/index.json")
}

/// Makes every cached list three days older.
fn age_cached_lists(sandbox: &Sandbox) {
    let folder = sandbox.state().join("versions");
    for name in support::sandbox::names(&folder).iter().filter(|n| n.ends_with(".json")) {
        let file = folder.join(name);
        let text = std::fs::read_to_string(&file).unwrap();
        let mut document: serde_json::Value = serde_json::from_str(&text).unwrap();
        let at = parse_rfc3339(document["at"].as_str().unwrap()).unwrap();
        document["at"] = format_rfc3339_nanos(at - 3 * DAY).into();
        std::fs::write(&file, document.to_string()).unwrap();
    }
}

#[test]
fn the_first_source_with_a_match_decides_and_not_the_newest_version() {
    let (sandbox, old, new) =
        (Sandbox::new(), Plain::of(&["0.1.0", "0.2.0"]), Plain::of(&["0.2.1", "0.3.0"]));
    sandbox.sources(&[(&old.url(), ""), (&new.url(), "")]);
    for (requested, version) in [
        ("latest", "0.2.0"),
        ("0.1", "0.1.0"),
        ("^0.2", "0.2.0"),
        (">=0.1,<0.3", "0.2.0"),
        ("0.3", "0.3.0"),
        ("0.2.1", "0.2.1"),
    ] {
        let run = sandbox.loom(&["get", "--version", requested]).ok();
        assert_eq!(run.path(), sandbox.link(version), "{requested}");
    }
    // `which` names what `get` takes, whatever else is installed.
    assert_eq!(sandbox.loom(&["which", "--version", "^0.2"]).ok().path(), sandbox.link("0.2.0"));
    sandbox.loom(&["get", "--version", ">=0.4"]).code(3);
    sandbox.loom(&["get", "--version", "0.2.x.y"]).code(2);
}

#[test]
fn a_source_without_the_platform_is_skipped() {
    let (sandbox, incomplete, good) =
        (Sandbox::new(), Plain::of(&["0.9.0"]), Plain::of(&["0.2.0"]));
    let asset = incomplete.asset("0.9.0", Packing::TarGz);
    let name = asset.file_name().unwrap().to_str().unwrap();
    let other = name.replace(&support::platform(), "windows-x86_64");
    std::fs::rename(&asset, asset.with_file_name(other)).unwrap();
    sandbox.sources(&[(&incomplete.url(), ""), (&good.url(), "")]);
    assert_eq!(sandbox.loom(&["get"]).ok().path(), sandbox.link("0.2.0"));
}

#[test]
fn a_fresh_list_needs_no_network_and_an_old_one_is_requested_again() {
    let (sandbox, depot) = (Sandbox::new(), Depot::of(&["0.1.0"]));
    let server = Server::serve(depot.path());
    sandbox.sources(&[(&server.url(), "")]);
    for _ in 0..3 {
        sandbox.loom(&["get"]).ok();
    }
    assert_eq!(index_requests(&server), 1);
    server.forget();
    sandbox.loom(&["get"]).ok();
    assert!(server.requests().is_empty(), "{:#?}", server.requests());
    age_cached_lists(&sandbox);
    sandbox.loom(&["get"]).ok();
    assert_eq!(index_requests(&server), 1);
}

#[test]
fn without_a_response_the_newest_installed_version_is_used_and_the_age_of_the_list_shown() {
    let (sandbox, depot) = (Sandbox::new(), Depot::of(&["0.1.0", "0.2.0"]));
    let server = Server::serve(depot.path());
    sandbox.sources(&[(&server.url(), "timeout = \"300ms\"")]);
    sandbox.loom(&["get", "--version", "0.1.0"]).ok();
    sandbox.loom(&["get"]).ok();
    age_cached_lists(&sandbox);
    server.fault("", Fault::Silent(Gate::new()));
    let run = sandbox.loom(&["get"]).ok().says(&["last listed 3 days ago", "the newest installed"]);
    assert_eq!(run.path(), sandbox.link("0.2.0"));
    let run = sandbox.loom(&["get", "--version", "0.1"]).ok().says(&["3 days ago"]);
    assert_eq!(run.path(), sandbox.link("0.1.0"));
    let other = Sandbox::new();
    other.sources(&[("https://mirror.invalid/loom/", "")]);
    other.loom(&["get", "--offline"]).code(7);
}

#[test]
fn offline_the_newest_installed_version_is_used() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.1.0"]));
    sandbox.loom(&["get", "--version", "0.1.0", "--source", &mirror.url()]).ok();
    sandbox.sources(&[("https://mirror.invalid/loom/", "")]);
    let run = sandbox.loom(&["get", "--offline"]).ok().says(&["0.1.0", "the newest installed"]);
    assert_eq!(run.path(), sandbox.link("0.1.0"));
}

#[test]
fn pre_releases_are_selected_only_from_a_source_that_allows_them() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0", "0.3.0-rc.1"]));
    sandbox.sources(&[(&mirror.url(), "")]);
    assert_eq!(sandbox.loom(&["get"]).ok().path(), sandbox.link("0.2.0"));
    sandbox.loom(&["get", "--version", "0.3"]).code(3);
    sandbox.sources(&[(&mirror.url(), "prerelease = true")]);
    for requested in ["latest", "0.3", ">=0.2"] {
        let run = sandbox.loom(&["get", "--version", requested]).ok();
        assert_eq!(run.path(), sandbox.link("0.3.0-rc.1"), "{requested}");
    }
    assert_eq!(sandbox.loom(&["which"]).ok().path(), sandbox.link("0.3.0-rc.1"));
}

/// Configures one source and a minimum release age of seven days.
fn require_minimum_age(sandbox: &Sandbox, url: &str) {
    sandbox.sources(&[(url, "[trust]\nminimum_release_age = \"7d\"")]);
}

#[test]
fn a_version_that_is_too_young_is_not_selected_but_may_be_named() {
    let (sandbox, depot) = (Sandbox::new(), Depot::empty());
    for (version, age) in [("0.1.0", 30 * DAY), ("0.2.0", 8 * DAY), ("0.3.0", DAY)] {
        depot.add_aged(version, age);
    }
    let server = Server::serve(depot.path());
    require_minimum_age(&sandbox, &server.url());
    assert_eq!(sandbox.loom(&["get"]).ok().path(), sandbox.link("0.2.0"));
    assert_eq!(sandbox.loom(&["get", "--version", "0.1"]).ok().path(), sandbox.link("0.1.0"));
    let young = sandbox.loom(&["get", "--version", "0.3"]).code(6);
    young.says(&["0.3.0 is only 1 day old", "trust.minimum_release_age", "--version"]);
    sandbox.loom(&["get", "--version", "0.3.0"]).ok();
}

#[test]
fn a_minimum_age_set_later_is_no_downgrade() {
    let (sandbox, depot) = (Sandbox::new(), Depot::empty());
    depot.add_aged("0.2.0", 8 * DAY);
    depot.add_aged("0.3.0", DAY);
    sandbox.sources(&[(&depot.url(), "")]);
    assert_eq!(sandbox.loom(&["get"]).ok().path(), sandbox.link("0.3.0"));
    require_minimum_age(&sandbox, &depot.url());
    assert_eq!(sandbox.loom(&["get"]).ok().path(), sandbox.link("0.2.0"));
}

#[test]
fn a_version_of_unknown_age_is_refused() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.1.0", "0.2.0"]));
    require_minimum_age(&sandbox, &mirror.url());
    let run = sandbox.loom(&["get"]).code(6);
    let filter = support::normal::escaped(&mirror.path().display().to_string());
    sandbox.snapshot_with("unknown_age", &run, &[(&filter, "[MIRROR]")]);
    sandbox.loom(&["get", "--version", "0.1.0"]).ok();
    let run = sandbox.loom(&["get"]).ok().says(&["old enough", "0.1.0, the newest installed"]);
    assert_eq!(run.path(), sandbox.link("0.1.0"));
}

#[test]
fn a_plain_folder_over_http_needs_a_named_version() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::empty());
    mirror.add("0.2.0", Packing::TarGz, &program::small("0.2.0"), Sums::Sidecar);
    let server = Server::serve(mirror.path());
    sandbox.sources(&[(&server.url(), "")]);
    sandbox.loom(&["get"]).code(3).says(&["--version"]);
    sandbox.loom(&["get", "--version", "0.2.0"]).ok();
    assert_eq!(server.gets(&plain::asset_path("0.2.0", Packing::TarGz)), 1);
}

#[test]
fn an_odd_entry_of_a_mirror_is_left_out_and_said_once_with_v() {
    let mirror = Plain::of(&["0.2.0"]);
    std::os::unix::fs::symlink("v0.9.0", mirror.path().join("v0.9.0")).unwrap();
    for version in ["latest", "0.2.0"] {
        let sandbox = Sandbox::new();
        let get = ["get", "--source", &mirror.url(), "--version", version];
        let run = sandbox.loom(&get).ok();
        assert_eq!(run.path(), sandbox.link("0.2.0"));
        assert!(!run.stderr().contains("left out"), "{}", run.stderr());
    }
    let get = ["get", "-v", "--source", &mirror.url()];
    let run = Sandbox::new().loom(&get).ok();
    assert_eq!(run.stderr().matches("left out \"v0.9.0\"").count(), 1, "{}", run.stderr());
}
