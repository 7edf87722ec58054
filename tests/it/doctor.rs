//! `loom doctor`: checks of the platform, the configuration, the store, the network and the sources.

use std::{fs, os::unix::fs::PermissionsExt};

use crate::support::{
    self, DashboardStage, Depot, Fault, Nginx, Plain, Run, Sandbox, Server, Unreachable, proxies,
};
use serde_json::Value;

fn config(sandbox: &Sandbox, url: &str) {
    let text = format!("[[sources]]\ntype = \"mirror\"\nname = \"corp\"\nurl = \"{url}\"\n");
    sandbox.write(sandbox.home().join(".config/loom/config.toml"), &text);
}

/// The check with this name.
#[track_caller]
fn check(document: &Value, name: &str) -> Value {
    let checks = document["checks"].as_array().unwrap();
    let found = checks.iter().find(|check| check["name"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {document:#}")).clone()
}

fn doctor(sandbox: &Sandbox) -> Value {
    sandbox.loom(&["doctor", "--json"]).ok().json()
}

fn snapshot(sandbox: &Sandbox, name: &str, run: &Run) {
    let program = support::normal::escaped(&Sandbox::program().display().to_string());
    let filters = [
        (program.as_str(), "[LOOM]"),
        (r"\d+ from the system", "[COUNT] from the system"),
        (r"[0-9.,]+ (MiB|GiB|TiB) free on", "[SIZE] free on"),
        (r"loom \d+\.\d+\.\d+", "loom [VERSION]"),
        (r"\d+ more files", "[COUNT] more files"),
        (r"file system    \w+", "file system    [KIND]"),
        (r"[^ ]+/loom-depot-\w+", "[MIRROR]"),
    ];
    sandbox.snapshot_with(name, run, &filters);
}

#[test]
fn a_healthy_machine_is_exit_0() {
    let (sandbox, depot) = (Sandbox::direct(), Depot::of(&["0.2.0"]));
    config(&sandbox, &depot.url());
    snapshot(&sandbox, "doctor", &sandbox.loom(&["doctor"]).ok());
    let document = doctor(&sandbox);
    assert_eq!(document["healthy"], true);
    assert_eq!(document["sources"][0]["offer"]["version"], "0.2.0");
    for name in ["platform", "configuration", "store", "cache", "locks", "links", "space", "state"]
    {
        assert_eq!(check(&document, name)["grade"], "ok", "{name}");
    }
    assert!(sandbox.files("").is_empty(), "doctor creates no files");
}

#[test]
fn problems_are_reported_with_hints_and_exit_1() {
    let (mut sandbox, unreachable) = (Sandbox::direct(), Unreachable::new());
    config(&sandbox, &unreachable.url());
    sandbox
        .set("SSL_CERT_FILE", "/none/ca.pem")
        .set("HTTPS_PROXY", "ftp://user:s3cret@proxy.example");
    let run = sandbox.loom(&["doctor"]).code(1);
    assert!(!run.stdout().contains("s3cret"), "{}", run.stdout());
    snapshot(&sandbox, "doctor-ill", &run);
    let document = sandbox.loom(&["doctor", "--json"]).code(1).json();
    assert_eq!(document["healthy"], false);
    assert_eq!(check(&document, "certificates")["grade"], "failure");
    assert_eq!(check(&document, "proxy")["grade"], "failure");
    assert!(!document.to_string().contains("s3cret"));
}

#[test]
fn a_source_that_cannot_be_reached_is_a_failure() {
    let (sandbox, unreachable) = (Sandbox::direct(), Unreachable::new());
    config(&sandbox, &unreachable.url());
    let document = sandbox.loom(&["doctor", "--json"]).code(1).json();
    let source = check(&document, "source");
    assert_eq!(source["grade"], "failure");
    assert!(source["message"].as_str().unwrap().starts_with("corp: could not connect"), "{source}");
    assert_eq!(document["sources"][0]["state"], "failed");
}

#[test]
fn the_proxy_is_shown_with_its_variable_and_without_password() {
    let (mut sandbox, depot) = (Sandbox::direct(), Depot::of(&["0.2.0"]));
    config(&sandbox, &depot.url());
    assert_eq!(check(&doctor(&sandbox), "proxy")["message"], "none");
    sandbox.set("https_proxy", "http://user:s3cret@proxy.example:3128");
    sandbox.set("HTTPS_PROXY", "http://other.example:1").set("NO_PROXY", "localhost, .corp");
    let expected = "https through http://proxy.example:3128 (https_proxy); directly to localhost, .corp (NO_PROXY)";
    assert_eq!(check(&doctor(&sandbox), "proxy")["message"], expected);
    sandbox
        .unset("https_proxy")
        .unset("HTTPS_PROXY")
        .set("HTTP_PROXY", "p:1")
        .set("REQUEST_METHOD", "GET");
    let proxy = check(&doctor(&sandbox), "proxy");
    assert_eq!((&proxy["grade"], &proxy["message"]), (&"warning".into(), &"none".into()));
}

#[test]
fn the_certificates_are_shown() {
    let mirror = Plain::of(&["0.2.0"]);
    let nginx = Nginx::serve_tls(mirror.path(), &["localhost"], "");
    let (mut sandbox, depot) = (Sandbox::direct(), Depot::of(&["0.2.0"]));
    config(&sandbox, &depot.url());
    let args = ["doctor", "--json"];
    let unshare = sandbox.command("unshare");
    let mut command = proxies::without_certificates(unshare, Sandbox::program());
    command.args(args);
    let bare = check(&sandbox.start(&args, command).wait().ok().json(), "certificates");
    assert_eq!(bare["grade"], "warning");
    assert!(bare["message"].as_str().unwrap().contains("Mozilla"), "{bare}");
    sandbox.set("SSL_CERT_FILE", nginx.certificate());
    let message = check(&doctor(&sandbox), "certificates")["message"].as_str().unwrap().to_owned();
    assert!(message.contains(&nginx.certificate().display().to_string()), "{message}");
}

#[test]
fn a_netrc_that_is_readable_by_others_or_invalid_is_reported() {
    let (sandbox, depot) = (Sandbox::direct(), Depot::of(&["0.2.0"]));
    config(&sandbox, &depot.url());
    let file = sandbox.write(sandbox.home().join(".netrc"), "machine a login u password s3cret\n");
    for (mode, grade) in [(0o600, "ok"), (0o644, "warning")] {
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(check(&doctor(&sandbox), "netrc")["grade"], grade);
    }
    sandbox.write(&file, "machine a login u s3cret\n");
    let document = sandbox.loom(&["doctor", "--json"]).code(1).json();
    let netrc = check(&document, "netrc");
    assert_eq!(netrc["grade"], "failure");
    assert!(!document.to_string().contains("s3cret"), "{document}");
}

#[test]
fn a_wrong_clock_is_detected_by_the_date_header_of_a_server() {
    let depot = Depot::of(&["0.2.0"]);
    let (right, wrong) = (Nginx::serve(depot.path(), ""), Server::serve(depot.path()));
    let date = ("Date".to_owned(), "Sun, 06 Nov 1994 08:49:37 GMT".to_owned());
    wrong.fault("", Fault::Status(404, vec![date]));
    let sandbox = Sandbox::direct();
    config(&sandbox, &right.url());
    assert_eq!(check(&doctor(&sandbox), "clock")["grade"], "ok");
    config(&sandbox, &wrong.url());
    let clock = check(&sandbox.loom(&["doctor", "--json"]).code(1).json(), "clock");
    assert!(clock["message"].as_str().unwrap().contains("ahead of"), "{clock}");
}

#[test]
fn folders_that_are_not_writable_are_reported() {
    let (mut sandbox, depot) = (Sandbox::direct(), Depot::of(&["0.2.0"]));
    config(&sandbox, &depot.url());
    // Not even root can create a folder there.
    sandbox.set("LOOM_CACHE_DIR", "/proc/none").set("LOOM_STATE_DIR", "/proc/none");
    let document = sandbox.loom(&["doctor", "--json"]).code(1).json();
    for name in ["cache", "state"] {
        let check = check(&document, name);
        assert_eq!(check["grade"], "failure");
        assert!(check["hint"].as_str().unwrap().contains("_DIR"), "{check}");
    }
}

#[test]
fn a_newer_store_a_broken_configuration_and_another_loom_are_reported() {
    let (mut sandbox, depot) = (Sandbox::direct(), Depot::of(&["0.2.0"]));
    config(&sandbox, &depot.url());
    let bin = sandbox.folder("bin");
    let other = bin.join("loom");
    fs::write(&other, "#!/bin/sh\n").unwrap();
    fs::set_permissions(&other, fs::Permissions::from_mode(0o755)).unwrap();
    let path = std::env::var("PATH").unwrap();
    sandbox.set("PATH", format!("{}:{path}", bin.display()));
    let program = check(&doctor(&sandbox), "program");
    assert!(program["message"].as_str().unwrap().contains("another loom comes first"), "{program}");
    sandbox.write(sandbox.cache().join("format"), "loom-store 2\n");
    let document = sandbox.loom(&["doctor", "--json"]).code(1).json();
    assert_eq!(check(&document, "store")["grade"], "failure");
    sandbox.write("loom.toml", "[bridge]\nadress = 1\n");
    let document = sandbox.loom(&["doctor", "--json"]).code(1).json();
    assert_eq!(check(&document, "configuration")["grade"], "failure");
}

#[test]
fn offline_is_reported_and_remote_sources_are_not_queried() {
    let sandbox = Sandbox::direct();
    config(&sandbox, "https://mirror.invalid");
    let document = sandbox.loom(&["doctor", "--json", "--offline"]).ok().json();
    let network = check(&document, "network");
    assert_eq!(network["grade"], "warning");
    assert_eq!(document["sources"][0]["state"], "offline");
}

#[test]
fn size_and_age_of_the_history_are_told() {
    let stage = DashboardStage::new();
    let history = || check(&stage.loom(&["doctor", "--json", "--offline"]).json(), "history");
    assert_eq!(history()["message"], "no run of this project is kept yet");
    stage.up();
    stage.loom(&["publish", "price", "1"]).ok();
    stage.events("price", 1);
    let told = history();
    let message = told["message"].as_str().unwrap();
    assert_eq!(told["grade"], "ok");
    assert!(message.contains("iB") && message.contains(", last written "), "{message}");
    assert!(message.contains("/history/") && message.ends_with(".db"), "{message}");
}
