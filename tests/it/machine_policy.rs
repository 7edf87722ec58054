//! What the machine-wide file fixes for all users, and what `loom doctor` says of it.

use std::fs;

use crate::{
    machine_config::Machine,
    support::{Packing, Plain, Sums, platform, program},
};
use serde_json::json;

const FILE: &str = "/etc/loom/config.toml";

/// A machine whose administrator fixes the source and the policy.
fn managed(mirror: &Plain) -> Machine {
    Machine::new(&format!(
        "sources = [\"{}\"]\n\n[trust]\nchecksum = \"required\"\n\n[policy]\nlocked = [\"sources\", \"trust\"]\n",
        mirror.url()
    ))
}

#[test]
fn users_and_projects_cannot_replace_what_is_fixed() {
    let (mirror, other) = (Plain::of(&["0.2.0"]), Plain::of(&["0.9.0"]));
    let machine = managed(&mirror);
    let sandbox = &machine.sandbox;
    let user = sandbox.home().join(".config/loom/config.toml");
    let text = format!("sources = [\"{}\"]\n[trust]\nchecksum = \"if-available\"\n", other.url());
    sandbox.write(&user, &text);
    let get = machine.loom(&["get", "--quiet"]).ok().says(&[
        "config.toml:1: sources: has no effect: /etc/loom/config.toml:7 fixes sources for all users",
        "config.toml:3: trust.checksum: has no effect",
    ]);
    assert_eq!(get.path(), sandbox.link("0.2.0"));
    fs::remove_file(&user).unwrap();
    sandbox.write("loom.toml", &text);
    machine.loom(&["trust"]).ok();
    machine.loom(&["get", "0.9.0"]).code(3).says(&["loom.toml:1: sources: has no effect"]);
    let show = machine.loom(&["config", "show"]).ok().stdout();
    assert!(
        show.contains("trust.checksum = \"required\"  # /etc/loom/config.toml:4, locked"),
        "{show}"
    );
    let show = machine.loom(&["config", "show", "--json"]).ok().json();
    assert!(show["locked"].as_array().unwrap().contains(&json!("trust.signature")), "{show}");
}

#[test]
fn options_and_variables_cannot_either() {
    let (mirror, other) = (Plain::of(&["0.2.0"]), Plain::of(&["0.9.0"]));
    let mut machine = managed(&mirror);
    let url = other.url();
    let fixed = "has no effect: /etc/loom/config.toml:7 fixes sources for all users";
    machine.loom(&["get", "--source", &url]).code(2).says(&["--source: ", fixed]);
    let waived = ["get", "--allow-unverified"];
    machine.loom(&waived).code(2).says(&["--allow-unverified", "fixes trust.checksum"]);
    machine
        .loom(&["config", "set", "trust.checksum", "if-available"])
        .code(2)
        .says(&["has no effect"]);
    assert!(!machine.sandbox.home().join(".config/loom/config.toml").exists());
    machine.sandbox.set("LOOM_SOURCES", &url);
    machine.loom(&["get"]).code(2).says(&["LOOM_SOURCES: ", fixed]);
}

#[test]
fn a_stricter_value_takes_effect() {
    let mirror = Plain::empty();
    mirror.add("0.2.0", Packing::TarGz, &program::small("0.2.0"), Sums::None);
    let machine = Machine::new(&format!(
        "sources = [\"{}\"]\n[trust]\nchecksum = \"if-available\"\n[policy]\nlocked = [\"trust\"]\n",
        mirror.url()
    ));
    machine.loom(&["get", "0.2.0"]).ok();
    let user = machine.sandbox.home().join(".config/loom/config.toml");
    machine.sandbox.write(&user, "[trust]\nchecksum = \"required\"\n");
    machine.loom(&["get", "0.2.0"]).code(6).never_says(&["has no effect"]);
}

#[test]
fn users_cannot_add_roots_of_mirrors_where_roots_are_fixed() {
    let mirror = Plain::of(&["0.2.0"]);
    let machine = managed(&mirror);
    let sandbox = &machine.sandbox;
    let init = ["mirror", "init", "--to", "./own", "--keys", "keys", "--json"];
    let sha256 = machine.loom(&init).ok().json()["sha256"].as_str().unwrap().to_owned();
    let root = sandbox.project().join("own").join("root/1.json");
    let add = ["trust", "add-root", root.to_str().unwrap(), "--sha256", &sha256];
    machine.loom(&add).code(2).says(&["/etc/loom/config.toml:7 fixes trust.roots", "hint: "]);
    // One that was added before does not count.
    let own = format!("sources = [\"{}\"]\n", mirror.url());
    sandbox.write(sandbox.home().join(".config/loom/config.toml"), &own);
    sandbox.loom(&add).ok();
    let roots = sandbox.loom(&["trust", "roots", "--json"]).ok().json();
    assert_eq!(roots["roots"].as_array().unwrap().len(), 1, "{roots}");
    let roots = machine.loom(&["trust", "roots", "--json"]).ok().json();
    assert!(roots["roots"].as_array().unwrap().is_empty(), "{roots}");
}

#[test]
fn only_the_machine_wide_file_can_fix_keys() {
    let machine = Machine::new("[policy]\nlocked = [\"trust.checksums\"]\n");
    machine
        .loom(&["which"])
        .code(2)
        .says(&["/etc/loom/config.toml:2: policy.locked", "a key or a table that can be locked"]);
    let machine = Machine::new("");
    machine.sandbox.write("loom.toml", "[policy]\nlocked = [\"trust\"]\n");
    machine.loom(&["which"]).code(2).says(&["only the machine-wide file can set it"]);
}

#[test]
fn doctor_prints_what_a_compliance_check_needs() {
    let mirror = Plain::of(&["0.2.0"]);
    let machine = managed(&mirror);
    machine.loom(&["get", "0.2.0"]).ok();
    let document = machine.loom(&["doctor", "--json"]).ok().json();
    let compliance = &document["compliance"];
    assert_eq!(document["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(compliance["machine_file"]["path"], FILE);
    let bytes = fs::read(machine.etc.join("loom/config.toml")).unwrap();
    assert_eq!(compliance["machine_file"]["sha256"], crate::support::sha256(&bytes));
    assert!(compliance["locked"].as_array().unwrap().contains(&json!("sources")));
    assert_eq!(compliance["policy"]["checksum"], "required");
    let installed = &compliance["installed"][0];
    assert_eq!(
        (&installed["version"], &installed["platform"]),
        (&json!("0.2.0"), &json!(platform()))
    );
    assert_eq!((&installed["met"], &installed["grade"]), (&json!(true), &json!("transfer")));
    assert_eq!(compliance["met"], true);

    let human = machine.loom(&["doctor"]).ok().stdout();
    assert!(human.contains("fixed for all users: "), "{human}");
}

#[test]
fn doctor_fails_where_something_installed_does_not_meet_the_policy() {
    let mirror = Plain::of(&["0.2.0"]);
    mirror.add("0.1.0", Packing::TarGz, &program::small("0.1.0"), Sums::None);
    let machine = Machine::new(&format!("sources = [\"{}\"]\n", mirror.url()));
    machine.loom(&["get", "0.1.0", "--allow-unverified"]).ok();
    let document = machine.loom(&["doctor", "--json"]).code(1).json();
    assert_eq!(
        (&document["healthy"], &document["compliance"]["met"]),
        (&json!(false), &json!(false))
    );
    let human = machine.loom(&["doctor"]).code(1).stdout();
    assert!(human.contains("0.1.0") && human.contains("installed without a checksum"), "{human}");
    machine.loom(&["remove", "0.1.0"]).ok();
    machine.loom(&["doctor"]).ok();
}
