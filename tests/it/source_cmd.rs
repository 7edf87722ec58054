//! `loom source list` and `loom source test`.

use crate::support::{
    self, Depot, Fault, Nginx, Packing, Plain, Sandbox, Server, Sums, Unreachable, plain, program,
};

fn config(sandbox: &Sandbox, text: &str) {
    sandbox.write(sandbox.home().join(".config/loom/config.toml"), text);
}

fn mirror(name: &str, url: &str) -> String {
    format!("[[sources]]\ntype = \"mirror\"\nname = \"{name}\"\nurl = \"{url}\"\n\n")
}

/// `url` with a user and a password.
fn with_credentials(url: &str) -> String {
    url.replace("://", "://user:s3cret@")
}

#[test]
fn the_list_shows_the_configured_sources_without_querying_them() {
    let (sandbox, depot) = (Sandbox::new(), Depot::of(&["0.2.0"]));
    let server = Server::serve(depot.path());
    let text = mirror("corp", &with_credentials(&server.url()))
        + &mirror("disk", &depot.url())
        + "[[sources]]\ntype = \"github\"\nrepo = \"loom-os/loom\"\n";
    config(&sandbox, &text);
    let run = sandbox.loom(&["source", "list"]).ok();
    let folder = (folder_pattern(&depot), "[MIRROR]");
    sandbox.snapshot_with("source-list", &run, &[(&folder.0, folder.1)]);
    let json = sandbox.loom(&["source", "list", "--json"]).ok();
    assert!(!json.stdout().contains("s3cret"), "{}", json.stdout());
    let json = json.json();
    assert_eq!(json["sources"][0]["order"], 1);
    assert_eq!(json["sources"][0]["trust"], "not-needed");
    assert_eq!(json["sources"][0]["origin"]["from"], "user");
    assert_eq!(json["sources"][1]["name"], "disk");
    assert_eq!(json["sources"][2]["type"], "github");
    assert!(server.requests().is_empty());
}

/// A regular expression that matches the folder of a depot.
fn folder_pattern(depot: &Depot) -> String {
    support::normal::escaped(&depot.path().display().to_string())
}

#[test]
fn sources_of_an_untrusted_project_are_withheld_and_of_a_trusted_one_marked() {
    let (sandbox, releases) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    sandbox.write("loom.toml", &mirror("theirs", &releases.url()));
    let json = sandbox.loom(&["source", "list", "--json"]).ok().says(&["loom trust"]).json();
    assert_eq!(json["untrusted"]["keys"], serde_json::json!(["sources"]));
    assert!(json["sources"].as_array().unwrap().iter().all(|s| s["name"] != "theirs"));
    sandbox.loom(&["trust"]).ok();
    let json = sandbox.loom(&["source", "list", "--json"]).ok().json();
    assert_eq!(json["sources"][0]["name"], "theirs");
    assert_eq!(json["sources"][0]["trust"], "given");
    assert!(json["untrusted"].is_null());
}

#[test]
fn the_test_shows_what_each_source_offers_and_how_it_is_reached() {
    let (sandbox, depot) = (Sandbox::new(), Depot::of(&["0.1.0", "0.2.0"]));
    let server = Server::serve(depot.path());
    config(
        &sandbox,
        &(mirror("corp", &with_credentials(&server.url())) + &mirror("disk", &depot.url())),
    );
    let run = sandbox.loom(&["source", "test"]).ok();
    let folder = folder_pattern(&depot);
    sandbox.snapshot_with("source-test", &run, &[(&folder, "[MIRROR]")]);
    let json = sandbox.loom(&["source", "test", "corp", "--json"]).ok().json();
    let [corp] = &json["sources"].as_array().unwrap()[..] else { panic!("{json}") };
    assert_eq!(corp["state"], "offers");
    assert_eq!(corp["offer"]["version"], "0.2.0");
    assert_eq!(corp["offer"]["digests"], serde_json::json!(["statement"]));
    assert_eq!(corp["login"], "accepted");
    assert_eq!(corp["hosts"][0]["origin"], server.url());
    assert!(corp["ms"]["connection"].is_number() && corp["ms"]["answer"].is_number(), "{corp}");
    assert!(!json.to_string().contains("s3cret"), "{json}");
}

#[test]
fn redirect_targets_are_shown_as_hosts_and_no_file_is_downloaded_whole() {
    let (sandbox, releases) = (Sandbox::new(), Plain::empty());
    let size = 64 << 20;
    releases.add("0.2.0", Packing::TarGz, &program::large("0.2.0", size), Sums::Sidecar);
    let (front, depot) = (Server::serve(releases.path()), Nginx::serve(releases.path(), ""));
    let path = plain::asset_path("0.2.0", Packing::TarGz);
    front.fault(".tar.gz", Fault::Redirect(format!("{}/{path}", depot.url())));
    let args = ["source", "test", "--json", "--version", "0.2.0", "--source", &front.url()];
    let json = sandbox.loom(&args).ok().json();
    let hosts = &json["sources"][0]["hosts"];
    assert_eq!(hosts[0]["origin"], front.url());
    assert_eq!(hosts[0]["redirected"], false);
    assert_eq!(hosts[1]["origin"], depot.url());
    assert_eq!(hosts[1]["redirected"], true);
    assert_eq!(json["sources"][0]["offer"]["digests"], serde_json::json!(["sidecar"]));
    support::until("nginx has logged the request", || !depot.sent().is_empty());
    let sent: u64 = depot.sent().iter().sum();
    assert!(sent < size as u64 / 2, "{sent} bytes of {size}");
    assert!(sandbox.files("").is_empty(), "no file is kept");
}

#[test]
fn each_failure_has_an_exit_code_and_the_first_that_applies_counts() {
    let (good, empty) = (Depot::of(&["0.2.0"]), Depot::empty());
    let (refusing, page) = (Server::serve(good.path()), Server::serve(good.path()));
    refusing.fault("", Fault::Status(401, vec![]));
    page.fault("", Fault::Html);
    let unreachable = Unreachable::new();
    let (good, empty, unreachable) = (good.url(), empty.url(), unreachable.url());
    let remote = "https://mirror.invalid".to_owned();
    for (urls, offline, code) in [
        (vec![&good], false, 0),
        (vec![&good, &empty], false, 0),
        (vec![&empty], false, 3),
        (vec![&good, &unreachable], false, 5),
        (vec![&page.url()], false, 5),
        (vec![&unreachable, &refusing.url()], false, 4),
        (vec![&good, &remote], true, 7),
        (vec![&good], true, 0),
    ] {
        let sandbox = Sandbox::new();
        let text: String =
            urls.iter().enumerate().map(|(n, url)| mirror(&format!("s{n}"), url)).collect();
        config(&sandbox, &text);
        let mut args = vec!["source", "test"];
        args.extend(offline.then_some("--offline"));
        let run = sandbox.loom(&args);
        assert_eq!(run.exit(), code, "{urls:?}: {}{}", run.stdout(), run.stderr());
        args.push("--json");
        let json = sandbox.loom(&args).code(code).json();
        assert_eq!(json["sources"].as_array().unwrap().len(), urls.len());
    }
    let sandbox = Sandbox::new();
    config(
        &sandbox,
        &(mirror("corp", &refusing.url())
            + &mirror("gone", &unreachable)
            + &mirror("page", &page.url())),
    );
    let run = sandbox.loom(&["source", "test"]).code(4);
    sandbox.snapshot("source-test-failures", &run);
    let run = sandbox.loom(&["source", "test", "crop"]).code(2);
    sandbox.snapshot("source-test-unknown", &run);
}

#[test]
fn a_folder_that_cannot_be_listed_offers_only_named_versions() {
    let (sandbox, releases) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    let server = Server::serve(releases.path());
    let source = server.url();
    // As `get` without a version.
    let run = sandbox.loom(&["source", "test", "--source", &source]).code(3);
    sandbox.snapshot("source-test-silent", &run);
    sandbox.loom(&["get", "--source", &source]).code(3);
    let args = ["source", "test", "--json", "--source", &source, "--version"];
    let test = |version| sandbox.loom(&[&args[..], &[version]].concat());
    assert_eq!(test("0.2.0").ok().json()["sources"][0]["state"], "offers");
    assert_eq!(test("0.3.0").code(3).json()["sources"][0]["state"], "nothing");
    // An installed version is looked for without --version.
    sandbox.loom(&["get", "--version", "0.2.0", "--source", &source]).ok();
    let json = sandbox.loom(&["source", "test", "--json", "--source", &source]).ok().json();
    assert_eq!(json["sources"][0]["offer"]["version"], "0.2.0");
}

#[test]
fn a_source_that_served_wrong_bytes_is_shown_as_quarantined() {
    let (sandbox, good, bad) = (Sandbox::new(), Plain::of(&["0.2.0"]), Plain::of(&["0.2.0"]));
    plain::flip(&bad.asset("0.2.0", Packing::TarGz));
    config(&sandbox, &(mirror("liar", &bad.url()) + &mirror("good", &good.url())));
    sandbox.loom(&["get", "--version", "0.2.0"]).ok();
    let run = sandbox.loom(&["source", "test", "liar"]).ok();
    assert!(run.stdout().contains("quarantined"), "{}", run.stdout());
    let json = sandbox.loom(&["source", "list", "--json"]).ok().json();
    assert_eq!(json["sources"][0]["quarantined"], true);
    assert_eq!(json["sources"][1]["quarantined"], false);
}

#[test]
fn a_dead_source_costs_only_its_own_timeout() {
    let (sandbox, depot) = (Sandbox::new(), Depot::of(&["0.2.0"]));
    let silent: Vec<Server> = (0..3).map(|_| Server::serve(depot.path())).collect();
    let mut text = mirror("good", &depot.url());
    for (number, server) in silent.iter().enumerate() {
        server.fault("", Fault::Silent(support::Gate::new()));
        let source = mirror(&format!("s{number}"), &server.url());
        text += &format!("{}\ntimeout = \"2s\"\n", source.trim_end());
    }
    config(&sandbox, &text);
    let begun = std::time::Instant::now();
    let json = sandbox.loom(&["source", "test", "--json"]).code(5).json();
    assert!(begun.elapsed() < std::time::Duration::from_secs(5), "{:?}", begun.elapsed());
    assert_eq!(json["sources"][0]["state"], "offers");
}

#[test]
fn a_github_server_is_shown_with_the_host_of_its_files() {
    let hub = support::Hub::of(&["0.1.0", "0.2.0"]);
    let sandbox = hub.sandbox();
    let json = sandbox.loom(&["source", "test", "--json"]).ok().json();
    let [hub] = &json["sources"].as_array().unwrap()[..] else { panic!("{json}") };
    assert_eq!((&hub["name"], &hub["type"]), (&"hub".into(), &"github".into()));
    assert_eq!(hub["offer"]["version"], "0.2.0");
    assert_eq!(hub["offer"]["digests"], serde_json::json!(["sidecar"]));
    assert_eq!(hub["login"], "none");
    let hosts = hub["hosts"].as_array().unwrap();
    assert!(hosts.iter().any(|host| host["redirected"] == true), "{hosts:?}");
    assert!(hosts.iter().any(|host| host["redirected"] == false), "{hosts:?}");
}

/// Asserts that `get` and `source test` both exit with `code`, and which version the test reports as offered.
#[track_caller]
fn assert_same_exit(sandbox: &Sandbox, code: i32, offers: Option<&str>) {
    sandbox.loom(&["get"]).code(code);
    let json = sandbox.loom(&["source", "test", "--json"]).code(code).json();
    let [source] = &json["sources"].as_array().unwrap()[..] else { panic!("{json}") };
    match offers {
        Some(version) => assert_eq!(source["offer"]["version"], version, "{json}"),
        None => assert_ne!(source["state"], "offers", "{json}"),
    }
}

#[test]
fn the_test_never_reports_a_version_that_get_would_not_take() {
    let day = std::time::Duration::from_secs(24 * 3600);
    let young = Depot::empty();
    young.add_aged("0.1.0", day);
    let aged = Depot::empty();
    aged.add_aged("0.1.0", 30 * day);
    aged.add_aged("0.2.0", day);
    let prerelease = Plain::of(&["0.3.0-rc.1"]);
    let unverified = Plain::empty();
    unverified.add("0.2.0", Packing::TarGz, &program::small("0.2.0"), Sums::None);
    let cautious = "[trust]\nminimum_release_age = \"7d\"\n";
    for (url, more, code, offers) in [
        (young.url(), cautious, 6, None),
        (aged.url(), cautious, 0, Some("0.1.0")),
        (aged.url(), "", 0, Some("0.2.0")),
        (prerelease.url(), "", 3, None),
        (prerelease.url(), "[[sources]]", 0, Some("0.3.0-rc.1")),
        (unverified.url(), "", 6, None),
    ] {
        let sandbox = Sandbox::new();
        let text = match more {
            "[[sources]]" => mirror("m", &url).trim_end().to_owned() + "\nprerelease = true\n",
            more => mirror("m", &url) + more,
        };
        config(&sandbox, &text);
        assert_same_exit(&sandbox, code, offers);
    }
}

#[test]
fn the_test_looks_for_the_version_that_get_would_take() {
    let (sandbox, releases) = (Sandbox::new(), Plain::of(&["0.1.0", "0.2.0"]));
    config(&sandbox, &mirror("m", &releases.url()));
    for (wanted, code, offers) in [
        ("0.1.0", 0, Some("0.1.0")),
        ("^0.2", 0, Some("0.2.0")),
        ("^0.3", 3, None),
        ("0.9.0", 3, None),
    ] {
        sandbox.write("loom.toml", &format!("[bridge]\nversion = \"{wanted}\"\n"));
        assert_same_exit(&sandbox, code, offers);
    }
}

#[test]
fn the_test_reports_a_downgrade() {
    let (sandbox, depot) = (Sandbox::new(), Depot::of(&["0.1.0", "0.2.0"]));
    config(&sandbox, &mirror("m", &depot.url()));
    sandbox.loom(&["get"]).ok();
    depot.yank("0.2.0");
    assert_same_exit(&sandbox, 6, None);
}
