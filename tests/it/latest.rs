//! Which version `latest` and a range come to, and how often anybody is asked.

use std::time::Duration;

use crate::support::{
    self, Depot, Fault, Gate, Packing, Plain, Sandbox, Server, Sums, plain, program,
};

const DAY: Duration = Duration::from_secs(24 * 3600);

fn index(server: &Server) -> usize {
    server.gets("/releases/index.json")
}

/// Makes every answer that is remembered three days older.
fn age(sandbox: &Sandbox) {
    let folder = sandbox.state().join("versions");
    for name in support::sandbox::names(&folder).iter().filter(|n| n.ends_with(".json")) {
        let file = folder.join(name);
        let text = std::fs::read_to_string(&file).unwrap();
        let mut document: serde_json::Value = serde_json::from_str(&text).unwrap();
        let at = document["at"].as_u64().unwrap() - 3 * DAY.as_secs();
        document["at"] = at.into();
        std::fs::write(&file, document.to_string()).unwrap();
    }
}

#[test]
fn the_first_source_that_carries_it_answers_and_not_the_newest_of_all() {
    let (sandbox, old, new) =
        (Sandbox::new(), Plain::of(&["0.1.0", "0.2.0"]), Plain::of(&["0.2.1", "0.3.0"]));
    sandbox.sources(&[(&old.url(), ""), (&new.url(), "")]);
    for (wanted, version) in [
        ("latest", "0.2.0"),
        ("0.1", "0.1.0"),
        ("^0.2", "0.2.0"),
        (">=0.1,<0.3", "0.2.0"),
        ("0.3", "0.3.0"),
        ("0.2.1", "0.2.1"),
    ] {
        let run = sandbox.loom(&["get", "--version", wanted]).ok();
        assert_eq!(run.path(), sandbox.link(version), "{wanted}");
    }
    assert_eq!(sandbox.loom(&["which", "--version", "^0.2"]).ok().path(), sandbox.link("0.2.1"));
    sandbox.loom(&["get", "--version", ">=0.4"]).code(3);
    sandbox.loom(&["get", "--version", "0.2.x.y"]).code(2);
}

#[test]
fn a_platform_that_the_first_does_not_carry_is_the_next_ones() {
    let (sandbox, elsewhere, good) = (Sandbox::new(), Plain::of(&["0.9.0"]), Plain::of(&["0.2.0"]));
    let asset = elsewhere.asset("0.9.0", Packing::TarGz);
    let name = asset.file_name().unwrap().to_str().unwrap();
    let other = name.replace(&support::platform(), "windows-x86_64");
    std::fs::rename(&asset, asset.with_file_name(other)).unwrap();
    sandbox.sources(&[(&elsewhere.url(), ""), (&good.url(), "")]);
    assert_eq!(sandbox.loom(&["get"]).ok().path(), sandbox.link("0.2.0"));
}

#[test]
fn a_fresh_answer_needs_no_network_and_an_old_one_is_asked_for_again() {
    let (sandbox, depot) = (Sandbox::new(), Depot::of(&["0.1.0"]));
    let server = Server::serve(depot.path());
    sandbox.sources(&[(&server.url(), "")]);
    for _ in 0..3 {
        sandbox.loom(&["get"]).ok();
    }
    assert_eq!(index(&server), 1);
    server.forget();
    sandbox.loom(&["get"]).ok();
    assert!(server.requests().is_empty(), "{:#?}", server.requests());
    age(&sandbox);
    sandbox.loom(&["get"]).ok();
    assert_eq!(index(&server), 1);
}

#[test]
fn without_anybody_who_answers_the_newest_here_is_taken_and_its_age_told() {
    let (sandbox, depot) = (Sandbox::new(), Depot::of(&["0.1.0", "0.2.0"]));
    let server = Server::serve(depot.path());
    sandbox.sources(&[(&server.url(), "timeout = \"300ms\"")]);
    sandbox.loom(&["get", "--version", "0.1.0"]).ok();
    sandbox.loom(&["get"]).ok();
    age(&sandbox);
    server.fault("", Fault::Silent(Gate::new()));
    let run = sandbox.loom(&["get"]).ok().says(&["last heard 3 days ago", "the newest one here"]);
    assert_eq!(run.path(), sandbox.link("0.2.0"));
    let run = sandbox.loom(&["get", "--version", "0.1"]).ok().says(&["3 days ago"]);
    assert_eq!(run.path(), sandbox.link("0.1.0"));
    let away = Sandbox::new();
    away.sources(&[("https://mirror.invalid/loom/", "")]);
    away.loom(&["get", "--offline"]).code(7);
}

#[test]
fn offline_an_answer_from_before_is_told_with_its_age() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.1.0"]));
    sandbox.loom(&["get", "--version", "0.1.0", "--source", &mirror.url()]).ok();
    sandbox.sources(&[("https://mirror.invalid/loom/", "")]);
    let run = sandbox.loom(&["get", "--offline"]).ok().says(&["0.1.0", "the newest one here"]);
    assert_eq!(run.path(), sandbox.link("0.1.0"));
}

#[test]
fn pre_releases_count_only_where_a_source_says_so() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0", "0.3.0-rc.1"]));
    sandbox.sources(&[(&mirror.url(), "")]);
    assert_eq!(sandbox.loom(&["get"]).ok().path(), sandbox.link("0.2.0"));
    sandbox.loom(&["get", "--version", "0.3"]).code(3);
    sandbox.sources(&[(&mirror.url(), "prerelease = true")]);
    for wanted in ["latest", "0.3", ">=0.2"] {
        let run = sandbox.loom(&["get", "--version", wanted]).ok();
        assert_eq!(run.path(), sandbox.link("0.3.0-rc.1"), "{wanted}");
    }
    assert_eq!(sandbox.loom(&["which"]).ok().path(), sandbox.link("0.3.0-rc.1"));
}

/// A user's configuration in which nothing younger than a week is chosen.
fn cautious(sandbox: &Sandbox, url: &str) {
    sandbox.sources(&[(url, "[trust]\nminimum_release_age = \"7d\"")]);
}

#[test]
fn what_is_too_young_is_not_chosen_but_may_be_named() {
    let (sandbox, depot) = (Sandbox::new(), Depot::empty());
    for (version, age) in [("0.1.0", 30 * DAY), ("0.2.0", 8 * DAY), ("0.3.0", DAY)] {
        depot.add_aged(version, age);
    }
    let server = Server::serve(depot.path());
    cautious(&sandbox, &server.url());
    assert_eq!(sandbox.loom(&["get"]).ok().path(), sandbox.link("0.2.0"));
    assert_eq!(sandbox.loom(&["get", "--version", "0.1"]).ok().path(), sandbox.link("0.1.0"));
    let young = sandbox.loom(&["get", "--version", "0.3"]).code(6);
    young.says(&["0.3.0 is only 1day old", "trust.minimum_release_age", "--version"]);
    sandbox.loom(&["get", "--version", "0.3.0"]).ok();
}

#[test]
fn who_is_cautious_later_is_not_told_of_a_downgrade() {
    let (sandbox, depot) = (Sandbox::new(), Depot::empty());
    depot.add_aged("0.2.0", 8 * DAY);
    depot.add_aged("0.3.0", DAY);
    sandbox.sources(&[(&depot.url(), "")]);
    assert_eq!(sandbox.loom(&["get"]).ok().path(), sandbox.link("0.3.0"));
    cautious(&sandbox, &depot.url());
    assert_eq!(sandbox.loom(&["get"]).ok().path(), sandbox.link("0.2.0"));
}

#[test]
fn what_nobody_knows_the_age_of_is_refused() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.1.0", "0.2.0"]));
    cautious(&sandbox, &mirror.url());
    let run = sandbox.loom(&["get"]).code(6);
    let filter = support::normal::escaped(&mirror.path().display().to_string());
    sandbox.snapshot_with("unknown_age", &run, &[(&filter, "[MIRROR]")]);
    sandbox.loom(&["get", "--version", "0.1.0"]).ok();
    let run = sandbox.loom(&["get"]).ok().says(&["old enough", "0.1.0, the newest one here"]);
    assert_eq!(run.path(), sandbox.link("0.1.0"));
}

#[test]
fn a_plain_folder_over_http_is_asked_by_its_version() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::empty());
    mirror.add("0.2.0", Packing::TarGz, &program::small("0.2.0"), Sums::Sidecar);
    let server = Server::serve(mirror.path());
    sandbox.sources(&[(&server.url(), "")]);
    sandbox.loom(&["get"]).code(3).says(&["--version"]);
    sandbox.loom(&["get", "--version", "0.2.0"]).ok();
    assert_eq!(server.gets(&plain::asset_path("0.2.0", Packing::TarGz)), 1);
}
