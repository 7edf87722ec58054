//! A version that a project selects which is not trusted.

use std::time::Duration;

use crate::support::{Depot, Packing, Plain, Sandbox, Server, plain};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Lets the project select this version.
fn select(sandbox: &Sandbox, version: &str) {
    sandbox.write("loom.toml", &format!("[bridge]\nversion = \"{version}\"\n"));
}

#[test]
fn it_cannot_be_younger_than_the_user_allows() {
    let (sandbox, depot) = (Sandbox::new(), Depot::empty());
    depot.add_aged("0.2.0", 8 * DAY);
    depot.add_aged("0.3.0", DAY);
    sandbox.sources(&[(&depot.url(), "[trust]\nminimum_release_age = \"7d\"")]);
    select(&sandbox, "0.3.0");
    let young = sandbox.loom(&["get"]).code(6);
    young.says(&["0.3.0 is only 1 day old", "the project names the version", "loom trust"]);
    assert!(sandbox.trees().is_empty());
    sandbox.loom(&["up", "--detach"]).code(6).never_says(&["is not trusted to set"]);
    select(&sandbox, "0.2.0");
    assert_eq!(sandbox.loom(&["get"]).ok().path(), sandbox.link("0.2.0"));
    select(&sandbox, "0.3.0");
    let trusted = sandbox.loom(&["trust"]).ok().stdout();
    assert!(trusted.contains("bridge.version = \"0.3.0\""), "{trusted}");
    assert_eq!(sandbox.loom(&["get"]).ok().path(), sandbox.link("0.3.0"));
}

#[test]
fn it_cannot_be_withdrawn() {
    let (sandbox, depot) = (Sandbox::new(), Depot::of(&["0.1.0", "0.2.0"]));
    depot.yank("0.2.0");
    sandbox.sources(&[(&depot.url(), "")]);
    select(&sandbox, "0.2.0");
    sandbox.loom(&["get"]).code(3).says(&["loom trust"]);
    select(&sandbox, "0.1.0");
    assert_eq!(sandbox.loom(&["get"]).ok().path(), sandbox.link("0.1.0"));
    assert_eq!(sandbox.loom(&["get", "0.2.0"]).ok().path(), sandbox.link("0.2.0"));
}

#[test]
fn it_cannot_be_older_than_the_newest_verified_one() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.1.0", "0.2.0"]));
    sandbox.sources(&[(&mirror.url(), "")]);
    sandbox.loom(&["get", "0.2.0"]).ok();
    let refused = ["the project is not trusted to go back to 0.1.0: 0.2.0 is here", "loom trust"];
    for version in ["0.1.0", "0.1", "<0.2"] {
        select(&sandbox, version);
        sandbox.loom(&["get"]).code(6).says(&refused);
    }
    sandbox.loom(&["get", "0.1.0"]).ok();
    for command in ["get", "which"] {
        select(&sandbox, "0.1.0");
        sandbox.loom(&[command]).code(6).says(&refused);
        select(&sandbox, "0.2.0");
        assert_eq!(sandbox.loom(&[command]).ok().path(), sandbox.link("0.2.0"), "{command}");
    }
    select(&sandbox, "0.1.0");
    sandbox.loom(&["trust"]).ok();
    assert_eq!(sandbox.loom(&["get"]).ok().path(), sandbox.link("0.1.0"));
}

#[test]
fn a_source_that_cannot_list_its_versions_may_serve_it() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    let server = Server::serve(mirror.path());
    sandbox.sources(&[(&server.url(), "")]);
    select(&sandbox, "0.2.0");
    assert_eq!(sandbox.loom(&["get"]).ok().path(), sandbox.link("0.2.0"));
    assert_eq!(server.gets(&plain::asset_path("0.2.0", Packing::TarGz)), 1);
    server.forget();
    sandbox.loom(&["get"]).ok();
    assert!(server.requests().is_empty(), "a version that is here costs no request");
}

#[test]
fn it_does_not_replace_the_users_own() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.1.0", "0.2.0"]));
    let url = mirror.url();
    let config = format!("sources = [\"{url}\"]\n[bridge]\nversion = \"0.1.0\"\n");
    sandbox.write(sandbox.home().join(".config/loom/config.toml"), &config);
    select(&sandbox, "0.2.0");
    assert_eq!(sandbox.loom(&["get"]).ok().path(), sandbox.link("0.1.0"));
    let check = sandbox.loom(&["config", "check"]).ok().stdout();
    assert!(check.contains("loom.toml:2: bridge.version: can only be made stricter"), "{check}");
}
