//! `loom doctor`: the store, what runs from it, and the policy.

use std::{fs, os::unix::fs::PermissionsExt as _};

use serde_json::Value;

use crate::support::{Plain, Sandbox, SignedDepot};

fn config(sandbox: &Sandbox, url: &str) {
    let text = format!("[[sources]]\ntype = \"mirror\"\nname = \"corp\"\nurl = \"{url}\"\n");
    sandbox.write(sandbox.home().join(".config/loom/config.toml"), &text);
}

/// The checks with this name, as they are after `doctor` ended with `code`.
#[track_caller]
fn checks(sandbox: &Sandbox, code: i32, name: &str) -> Vec<Value> {
    let document = sandbox.loom(&["doctor", "--json"]).code(code).json();
    let all = document["checks"].as_array().unwrap().clone();
    let found: Vec<Value> = all.into_iter().filter(|check| check["name"] == name).collect();
    assert!(!found.is_empty(), "no {name} in {document:#}");
    found
}

#[test]
fn damage_is_named_with_the_command_that_mends_it() {
    let (sandbox, mirror) = (Sandbox::direct(), Plain::of(&["0.2.0"]));
    config(&sandbox, &mirror.url());
    sandbox.loom(&["get", "0.2.0"]).ok();
    assert_eq!(checks(&sandbox, 0, "damage")[0]["grade"], "ok");
    let program = sandbox.link("0.2.0").canonicalize().unwrap();
    crate::support::sandbox::make_removable(program.parent().unwrap());
    fs::remove_file(&program).unwrap();
    let damage = &checks(&sandbox, 1, "damage")[0];
    assert_eq!(damage["grade"], "failure");
    let message = damage["message"].as_str().unwrap();
    assert!(message.contains(program.to_str().unwrap()) && message.contains("missing"), "{damage}");
    assert!(damage["hint"].as_str().unwrap().contains("loom store repair"), "{damage}");
    sandbox.loom(&["store", "repair"]).ok();
    assert_eq!(checks(&sandbox, 0, "damage")[0]["grade"], "ok");
    fs::remove_file(sandbox.cache().join("format")).unwrap();
    let store = &checks(&sandbox, 1, "store")[0];
    assert!(store["message"].as_str().unwrap().contains("half deleted"), "{store}");
}

/// `doctor` hashes what was touched, and says what it did not hash.
#[test]
fn a_changed_file_is_found_by_its_fingerprint() {
    let (sandbox, mirror) = (Sandbox::direct(), Plain::of(&["0.1.0", "0.2.0"]));
    config(&sandbox, &mirror.url());
    for version in ["0.1.0", "0.2.0"] {
        sandbox.loom(&["get", version]).ok();
    }
    let store = |code: i32| sandbox.loom(&["doctor", "--json"]).code(code).json()["store"].clone();
    let before = store(0);
    let counts = |store: &Value| (store["trees_compared"].clone(), store["trees_hashed"].clone());
    assert_eq!(counts(&before), (2.into(), 0.into()), "{before}");
    assert_eq!((&before["bytes_hashed"], &before["damages"]), (&0.into(), &serde_json::json!([])));
    let message = checks(&sandbox, 0, "damage")[0]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("2 trees compared by fingerprint"), "{message}");
    assert!(message.contains("`loom store verify` hashes all"), "{message}");
    // The same size, and other bytes.
    let program = sandbox.link("0.2.0").canonicalize().unwrap();
    let mut bytes = fs::read(&program).unwrap();
    bytes[20] ^= 1;
    let set_mode = |mode| fs::set_permissions(&program, fs::Permissions::from_mode(mode)).unwrap();
    set_mode(0o755);
    fs::write(&program, bytes).unwrap();
    set_mode(0o555);
    let after = store(1);
    assert_eq!(counts(&after), (1.into(), 1.into()), "{after}");
    let damages = after["damages"].as_array().unwrap();
    assert_eq!(damages.len(), 1, "{after}");
    assert_eq!(damages[0]["path"], program.to_str().unwrap(), "{after}");
    assert!(damages[0]["what"].as_str().unwrap().contains("expected SHA-256"), "{after}");
    let verified = sandbox.loom(&["store", "verify", "--json"]).code(6).json();
    assert_eq!(verified["findings"], after["damages"], "{verified}");
}

#[test]
fn runtimes_that_run_and_that_ended_are_counted() {
    let (sandbox, mirror) = (Sandbox::direct(), Plain::with_server("0.2.0"));
    config(&sandbox, &mirror.url());
    assert_eq!(checks(&sandbox, 0, "instances")[0]["message"], "no runtime is running");
    let up =
        ["up", "--version", "0.2.0", "--bridge-port", "0", "--dashboard-port", "0", "--detach"];
    let document = sandbox.loom(&[&up[..], &["--json"]].concat()).ok().json();
    assert_eq!(checks(&sandbox, 0, "instances")[0]["message"], "1 runtime running");
    let pid = document["pid"].as_i64().unwrap();
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    crate::support::until("the end is noticed", || {
        let instances = checks(&sandbox, 0, "instances");
        instances[0]["message"].as_str().unwrap().contains("exited unexpectedly")
    });
    sandbox.loom(&["down"]).ok();
    assert_eq!(checks(&sandbox, 0, "instances")[0]["grade"], "ok");
}

#[test]
fn files_of_another_user_are_a_failure() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("not tested: only root can give files away");
        return;
    }
    let (sandbox, mirror) = (Sandbox::direct(), Plain::of(&["0.2.0"]));
    config(&sandbox, &mirror.url());
    sandbox.loom(&["get", "0.2.0"]).ok();
    assert_eq!(checks(&sandbox, 0, "permissions")[0]["grade"], "ok");
    let folder = sandbox.cache().join("releases/loom-os");
    std::os::unix::fs::chown(&folder, Some(12_345), None).unwrap();
    let permissions = &checks(&sandbox, 1, "permissions")[0];
    assert!(permissions["message"].as_str().unwrap().contains("another user"), "{permissions}");
    assert!(permissions["hint"].as_str().unwrap().contains("chown"), "{permissions}");
}

#[test]
fn the_origins_of_settings_are_counted() {
    let (mut sandbox, mirror) = (Sandbox::direct(), Plain::of(&["0.2.0"]));
    config(&sandbox, &mirror.url());
    sandbox.set("LOOM_VERSION", "0.2.0");
    let message = checks(&sandbox, 0, "origins")[0]["message"].as_str().unwrap().to_owned();
    let file = sandbox.home().join(".config/loom/config.toml");
    assert!(message.contains(&format!("1 setting from {}", file.display())), "{message}");
    assert!(message.contains("1 setting from the environment"), "{message}");
}

/// A signed index vouches for what it names: no key is needed where the root of a mirror is known.
#[test]
fn a_known_root_meets_a_required_signature() {
    let (sandbox, mirror) = (Sandbox::direct(), SignedDepot::of(&["0.2.0"]));
    let required = |name: &str, url: &str| {
        let source =
            format!("[[sources]]\ntype = \"mirror\"\nname = \"{name}\"\nurl = \"{url}\"\n");
        let text = format!("[trust]\nsignature = \"required\"\n\n{source}");
        sandbox.write(sandbox.home().join(".config/loom/config.toml"), &text);
    };
    required("corp", &mirror.url());
    let check = &checks(&sandbox, 1, "signatures")[0];
    assert_eq!(check["grade"], "failure", "{check}");
    let (file, sha256) = mirror.anchor();
    sandbox.loom(&["trust", "add-root", &file, "--sha256", &sha256, "--source", "corp"]).ok();
    sandbox.loom(&["get", "0.2.0"]).ok();
    let check = &checks(&sandbox, 0, "signatures")[0];
    assert_eq!(check["grade"], "ok", "{check}");
    assert!(check["message"].as_str().unwrap().contains("signed mirror"), "{check}");
    // Another mirror has no root, and offers no signature.
    let plain = Plain::of(&["0.2.0"]);
    required("other", &plain.url());
    let check = &checks(&sandbox, 1, "signatures")[0];
    assert_eq!(check["grade"], "failure", "{check}");
}
