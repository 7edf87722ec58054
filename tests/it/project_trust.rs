//! Settings of a project's loom.toml that take effect only after `loom trust`.

use crate::support::{Packing, Plain, Sandbox, Sums, program};
use serde_json::json;

/// A project that names a mirror as its only source.
fn project(mirror: &Plain) -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    let text = format!("[[sources]]\ntype = \"mirror\"\nurl = \"{}\"\n", mirror.url());
    sandbox.write("loom.toml", &text);
    // Without the project's sources, no request may reach the default ones.
    sandbox.write(
        sandbox.home().join(".config/loom/config.toml"),
        &format!("sources = [\"{}\"]\n", sandbox.folder("empty").display()),
    );
    (sandbox, text)
}

const GET: &[&str] = &["get", "--version", "0.2.0"];

#[test]
fn the_sources_of_a_project_take_effect_once_it_is_trusted() {
    let mirror = Plain::of(&["0.2.0"]);
    let (sandbox, text) = project(&mirror);
    let run = sandbox.loom(GET);
    assert_ne!(run.exit(), 0);
    let run = run.says(&["is not trusted to set sources", "loom trust"]);
    assert!(sandbox.trees().is_empty(), "{}", run.stderr());

    let check = sandbox.loom(&["config", "check"]).ok();
    let (warning, line) =
        (check.stdout(), "loom.toml:1: sources: has no effect until the project is");
    assert!(warning.contains(line) && warning.contains("loom trust"), "{warning}");

    let trusted = sandbox.loom(&["trust"]).ok();
    sandbox.snapshot_with("trust", &trusted, &[("file:///[^\"]*", "[MIRROR]")]);
    sandbox.loom(GET).ok().never_says(&["is not trusted"]);

    sandbox.write("loom.toml", &format!("name = \"renamed\"\n{text}"));
    sandbox.loom(&["config", "show"]).ok().never_says(&["is not trusted"]);
    sandbox.write("loom.toml", &text.replace("url =", "timeout = \"1s\"\nurl ="));
    sandbox.loom(&["config", "show"]).ok().says(&["is not trusted to set sources"]);
    let listed = sandbox.loom(&["trust", "--list", "--json"]).ok().json();
    assert_eq!(listed["projects"][0]["state"], "changed");
}

#[test]
fn trust_can_be_revoked() {
    let mirror = Plain::of(&["0.2.0"]);
    let (sandbox, _) = project(&mirror);
    let folder = sandbox.project();
    let folder = folder.to_str().unwrap();
    let document = sandbox.loom_in(&sandbox.home(), &["trust", folder, "--json"]).ok().json();
    assert_eq!(document["what"][0]["key"], "sources");
    assert_eq!(document["file"], json!(sandbox.project().join("loom.toml")));
    let revoked = sandbox.loom(&["trust", "--revoke", "--json"]).ok().json();
    assert_eq!(revoked["revoked"], true);
    let again =
        sandbox.loom_in(&sandbox.home(), &["trust", "--revoke", folder, "--json"]).ok().json();
    assert_eq!(again["revoked"], false);
    sandbox.loom(&["config", "show"]).ok().says(&["is not trusted"]);
}

#[test]
fn trust_of_a_deleted_project_can_be_revoked() {
    let sandbox = Sandbox::new();
    let file = sandbox.write("loom.toml", "sources = [\"target\"]\n");
    sandbox.loom(&["trust"]).ok();
    std::fs::remove_file(&file).unwrap();
    let listed = sandbox.loom(&["trust", "--list", "--json"]).ok().json();
    assert_eq!(listed["projects"][0]["state"], "gone");
    let revoked = sandbox.loom(&["trust", "--revoke", "loom.toml", "--json"]).ok().json();
    assert_eq!(revoked["revoked"], true);
    sandbox.loom(&["trust"]).code(2).says(&["no loom.toml in", "loom init"]);
}

#[test]
fn the_environment_grants_trust_for_one_run_and_the_env_file_does_not() {
    let mirror = Plain::of(&["0.2.0"]);
    let (mut sandbox, _) = project(&mirror);
    sandbox.write(".env", "LOOM_TRUST_PROJECT=1\n");
    assert_ne!(sandbox.loom(GET).exit(), 0);
    sandbox.set("LOOM_TRUST_PROJECT", "1");
    sandbox.loom(GET).ok();
    sandbox.unset("LOOM_TRUST_PROJECT");
    sandbox.loom(&["config", "show"]).ok().says(&["is not trusted"]);
}

#[test]
fn an_untrusted_project_cannot_waive_checksums() {
    let mirror = Plain::empty();
    mirror.add("0.2.0", Packing::TarGz, &program::small("0.2.0"), Sums::None);
    let sandbox = Sandbox::new();
    sandbox.write("loom.toml", "[trust]\nchecksum = \"if-available\"\n");
    let url = mirror.url();
    let get = ["get", "--version", "0.2.0", "--source", &url];
    sandbox.loom(&get).code(6);
    assert!(sandbox.trees().is_empty());
    sandbox.loom(&["trust"]).ok();
    sandbox.loom(&get).ok();
}

#[test]
fn a_project_can_be_stricter_than_the_user() {
    let mirror = Plain::empty();
    mirror.add("0.2.0", Packing::TarGz, &program::small("0.2.0"), Sums::None);
    let sandbox = Sandbox::new();
    let user = sandbox.home().join(".config/loom/config.toml");
    sandbox.write(user, "[trust]\nchecksum = \"if-available\"\n");
    sandbox.write("loom.toml", "[trust]\nchecksum = \"required\"\n");
    let url = mirror.url();
    sandbox.loom(&["get", "--version", "0.2.0", "--source", &url]).code(6);
}

#[test]
fn a_project_can_never_configure_a_plugin() {
    let sandbox = Sandbox::new();
    sandbox.write("loom.toml", "[[sources]]\ntype = \"plugin\"\nname = \"evil\"\n");
    sandbox.loom(&["trust"]).ok();
    sandbox.loom(GET).code(2).says(&["loom.toml:1: sources[0]", "your own config.toml"]);
}
