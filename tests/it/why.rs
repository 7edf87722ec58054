//! `loom why`: how a release was installed, or why it is not installed.

use crate::support::{
    Depot, Packing, Plain, Sandbox, Server, Sums, Unreachable, normal, plain, program,
};

/// A regular expression that matches the folder of a mirror.
fn folder(mirror: &Plain) -> String {
    normal::escaped(&mirror.path().display().to_string())
}

#[test]
fn an_installed_release_is_shown_with_its_verification() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    sandbox.sources(&[(&mirror.url(), "name = \"corp\"")]);
    sandbox.loom(&["get"]).ok();
    let filters = [(&*folder(&mirror), "[MIRROR]")];
    sandbox.snapshot_with("why_here", &sandbox.loom(&["why"]).ok(), &filters);
    let document = sandbox.loom(&["why", "--json"]).ok().json();
    assert_eq!(document["wanted"]["version"], "latest");
    assert_eq!(document["wanted"]["by"], "by default");
    assert_eq!(document["version"], "0.2.0");
    assert_eq!(document["accepted"], true);
    assert_eq!(document["receipt"]["source"], "corp");
    assert_eq!(document["receipt"]["checked"][0]["what"], "archive");
    assert_eq!(document["receipt"]["grade"], "transfer");
    assert_eq!(document["receipt"]["origin"], "file");
    let attempts = document["receipt"]["attempts"].as_array().unwrap();
    let kinds: Vec<_> = attempts.iter().map(|attempt| &attempt["kind"]).collect();
    assert_eq!(kinds, ["selected", "delivered"]);
    assert_eq!(document["verification"]["digests"][0]["by"], "sidecar");
    assert!(document["refused"].is_null());
    assert!(document["failure"].is_null());
}

#[test]
fn the_setting_that_chose_the_version_is_named() {
    let (mut sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.1.0", "0.2.0"]));
    for version in ["0.1.0", "0.2.0"] {
        sandbox.loom(&["get", "--source", &mirror.url(), "--version", version]).ok();
    }
    let by = |sandbox: &Sandbox| {
        let document = sandbox.loom(&["why", "--json"]).ok().json();
        format!("{} {}", document["version"], document["wanted"]["by"]).replace('"', "")
    };
    assert_eq!(by(&sandbox), "0.2.0 by default");
    sandbox.loom(&["use", "0.1.0"]).ok();
    assert_eq!(by(&sandbox), "0.1.0 by `loom use`");
    let file = sandbox.write("loom.toml", "[bridge]\nversion = \"0.2\"\n");
    assert_eq!(by(&sandbox), format!("0.2.0 by {}:2", file.display()));
    sandbox.set("LOOM_VERSION", "0.1.0");
    assert_eq!(by(&sandbox), "0.1.0 by environment variable LOOM_VERSION");
}

#[test]
fn an_unverified_release_is_shown_as_such() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::empty());
    mirror.add("0.2.0", Packing::TarGz, &program::small("0.2.0"), Sums::None);
    let get = ["get", "--version", "0.2.0", "--source", &mirror.url(), "--allow-unverified"];
    sandbox.loom(&get).ok();
    let text = sandbox.loom(&["why", "0.2.0"]).ok().stdout();
    assert!(text.contains("unverified, by --allow-unverified"), "{text}");
    assert!(text.contains("does not count: it was installed without a checksum"), "{text}");
}

#[test]
fn a_failure_is_kept_until_an_acquisition_succeeds() {
    let (sandbox, bad, unreachable) = (Sandbox::new(), Plain::of(&["0.2.0"]), Unreachable::new());
    let asset = bad.asset("0.2.0", Packing::TarGz);
    let original = std::fs::read(&asset).unwrap();
    plain::flip(&asset);
    let server = Server::serve(bad.path());
    let urls = [unreachable.url(), server.url()];
    let get = ["get", "--version", "0.2.0", "--source", &urls[0], "--source", &urls[1]];
    sandbox.loom(&get).code(6);
    let why = sandbox.loom(&["why", "0.2.0"]).ok();
    sandbox.snapshot("why_failed", &why);
    let document = sandbox.loom(&["why", "0.2.0", "--json"]).ok().json();
    assert!(document["version"].is_null() && document["receipt"].is_null());
    assert_eq!(document["failure"]["wanted"], "0.2.0");
    let attempts = document["failure"]["attempts"].as_array().unwrap();
    let kinds: Vec<_> = attempts.iter().map(|attempt| &attempt["kind"]).collect();
    assert_eq!(kinds, ["unreachable", "checksum_mismatch"], "{document}");
    std::fs::write(asset, original).unwrap();
    sandbox.loom(&get).ok();
    let document = sandbox.loom(&["why", "0.2.0", "--json"]).ok().json();
    assert!(document["failure"].is_null(), "{document}");
    assert_eq!(document["version"], "0.2.0");
}

#[test]
fn a_failed_range_is_found_by_the_request() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    sandbox.loom(&["get", "--version", ">=0.3,<0.9", "--source", &mirror.url()]).code(3);
    let document = sandbox.loom(&["why", ">=0.3,<0.9", "--json"]).ok().json();
    assert_eq!(document["failure"]["wanted"], ">=0.3,<0.9");
    sandbox.loom(&["why", "0.5.0"]).code(3);
}

#[test]
fn a_newer_failure_is_shown_beside_the_installed_release() {
    let (sandbox, depot) = (Sandbox::new(), Depot::of(&["0.2.0"]));
    let server = Server::serve(depot.path());
    let get = ["get", "--version", "0.2.0", "--source", &server.url()];
    sandbox.loom(&get).ok();
    drop(server);
    sandbox.loom(&[&get[..], &["--force-download"]].concat()).code(5);
    let text = sandbox.loom(&["why", "0.2.0"]).ok().stdout();
    assert!(text.contains("statement at") && text.contains("the last attempt failed"), "{text}");
}

#[test]
fn a_release_that_was_never_requested_is_exit_3_and_creates_nothing() {
    let sandbox = Sandbox::new();
    let run = sandbox.loom(&["why", "0.2.0"]).code(3);
    sandbox.snapshot("why_unknown", &run);
    assert!(!sandbox.cache().exists());
}

#[test]
fn a_kept_failure_holds_no_secret() {
    let (sandbox, unreachable) = (Sandbox::new(), Unreachable::new());
    let url = unreachable.url().replace("http://", "http://user:hunter2@");
    sandbox.loom(&["get", "--version", "0.2.0", "--source", &url]).code(5);
    let files = sandbox.files("failures");
    assert_eq!(files.len(), 1, "{files:?}");
    for file in files {
        let text = std::fs::read_to_string(sandbox.cache().join("failures").join(file)).unwrap();
        assert!(text.contains("could not connect") && !text.contains("hunter2"), "{text}");
    }
    let text = sandbox.loom(&["why", "0.2.0"]).ok().stdout();
    assert!(!text.contains("hunter2"), "{text}");
}
