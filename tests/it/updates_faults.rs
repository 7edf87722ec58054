//! Updates on a machine that fails, with locks, with several projects, and while the configuration changes.

use std::{fs, path::Path};

use serde_json::Value;

use crate::support::{
    ArtifactKind, Depot, Entry, Packing, Sandbox, Server,
    stage::{answers, runs, until},
    update_stage::{Connects, UpdateStage, server},
};

const AUTO: &str = "policy = \"auto\"";
const SLOW_IN_PLACE: &str = "if [ -n \"$LOOM_LISTEN_FDS\" ]; then sleep 5; fi";

#[test]
fn a_runtime_that_is_being_switched_has_its_address_and_says_so() {
    let mut stage = UpdateStage::new(AUTO);
    let before = stage.up();
    stage.add("0.2.1", &server("0.2.1", SLOW_IN_PLACE));
    let mut seen = 0;
    until("the switch has ended", || {
        let instance = stage.instance();
        assert_eq!(instance["bridge"], before["bridge"], "{instance}");
        if instance["state"] == "switching" {
            seen += 1;
            let run = stage.sandbox.loom(&["env", "--json"]).ok().json();
            assert_eq!(run["env"]["LOOM_BRIDGE_ADDR"], before["bridge"]["address"]);
            let text = stage.sandbox.loom(&["status"]).ok().stdout();
            assert!(text.contains("switching") || text.contains("ready"), "{text}");
        }
        instance["state"] == "ready" && instance["version"] == "0.2.1"
    });
    assert!(seen > 0, "it was never seen");
}

#[test]
fn a_runtime_that_was_started_under_another_policy_keeps_its_sockets_from_the_first_switch_on() {
    let mut stage = UpdateStage::new("");
    let before = stage.up();
    configure(&stage, AUTO);
    stage.add("0.2.1", &server("0.2.1", ""));
    let first = stage.until_noted("switched", "0.2.1");
    let detail = first["detail"].as_str().unwrap_or_default();
    assert!(detail.contains("the sockets were not kept before"), "{first}");
    let after = stage.until_runs("0.2.1");
    assert_eq!(after["bridge"], before["bridge"]);
    let connects = Connects::to(after["bridge"]["address"].as_str().unwrap());
    stage.add("0.2.2", &server("0.2.2", ""));
    let second = stage.until_noted("switched", "0.2.2");
    assert_eq!(second["detail"], Value::Null);
    let (made, refused) = connects.stop();
    assert_eq!(refused, 0, "of {made}");
}

/// Writes `[update]` anew.
fn configure(stage: &UpdateStage, settings: &str) {
    let file = stage.sandbox.home().join(".config/loom/config.toml");
    let text = fs::read_to_string(&file).unwrap();
    let (sources, _) = text.split_once("[update]").unwrap();
    let update = format!("[update]\ncheck_interval = \"1s\"\n{settings}\n");
    fs::write(&file, format!("{sources}{update}")).unwrap();
}

#[test]
fn the_window_is_read_anew_when_the_configuration_changes() {
    let stage = UpdateStage::waiting_for_its_window(AUTO);
    configure(&stage, AUTO);
    stage.until_runs("0.2.1");
}

/// A mirror without signatures, and a project with a lock of 0.2.0.
fn locked_project() -> (Sandbox, Depot, Server) {
    let (sandbox, depot) = (Sandbox::new(), Depot::empty());
    add(&depot, "0.2.0");
    let web = Server::serve(depot.path());
    let config = sandbox.home().join(".config/loom/config.toml");
    let source = format!("[[sources]]\ntype = \"mirror\"\nurl = \"{}\"\n", web.url());
    let update = "[update]\ncheck_interval = \"1s\"\npolicy = \"auto\"\n";
    sandbox.write(&config, &format!("{source}{update}"));
    sandbox.write("loom.toml", "");
    sandbox.loom(&["lock"]).ok();
    (sandbox, depot, web)
}

fn add(depot: &Depot, version: &str) {
    let kinds = [ArtifactKind::Archive(Packing::TarGz)];
    depot.add(version, &Entry::program(&server(version, "")), &kinds);
}

#[test]
fn a_trusted_lock_vouches_for_a_release_that_was_installed_before() {
    let (sandbox, depot, _web) = locked_project();
    let up = ["up", "--detach", "--json", "--mode", "bridge-only", "--bridge-port", "0"];
    sandbox.loom(&up).ok();
    add(&depot, "0.2.1");
    let elsewhere = sandbox.folder("elsewhere");
    sandbox.loom_in(&elsewhere, &["get", "0.2.1"]).ok();
    sandbox.loom(&["update"]).ok();
    let version = || {
        let status = sandbox.loom(&["status", "--json"]).ok().json();
        status["instances"][0]["version"].clone()
    };
    until("it is switched to", || {
        let is_there = version() == "0.2.1";
        if !is_there {
            std::thread::sleep(std::time::Duration::from_millis(200));
        }
        is_there
    });
    sandbox.loom(&["down"]).ok();
}

#[test]
fn a_version_that_was_rolled_back_is_not_allowed_and_a_lock_on_it_is_named() {
    let mut stage = UpdateStage::new(AUTO);
    stage.sandbox.write("loom.toml", "[bridge]\ntimeout_sec = 2\n");
    stage.up();
    stage.add("0.2.1", b"#!/bin/sh\nexit 1\n");
    stage.until_noted("rolled-back", "0.2.1");
    let row = || stage.sandbox.loom(&["outdated", "--json"]).ok().json()["products"][0].clone();
    let shown = row();
    assert_eq!((&shown["allowed"], &shown["newest"]), (&"0.2.0".into(), &"0.2.1".into()));
    assert_eq!(shown["rolled_back"]["version"], "0.2.1");
    stage.sandbox.loom(&["outdated"]).ok().says(&["0.2.1 was rolled back at", "is left out"]);
    stage.sandbox.loom(&["update", "--check"]).code(0);
    // A lock is not moved to it, unless it is named.
    stage.sandbox.loom(&["lock"]).ok();
    let lock = fs::read_to_string(stage.sandbox.project().join("loom.lock")).unwrap();
    assert!(lock.contains("0.2.0") && !lock.contains("0.2.1"), "{lock}");
    stage.sandbox.loom(&["update"]).ok();
    stage.sandbox.loom(&["update", "--version", "0.2.1"]).ok();
    assert_eq!(row()["rolled_back"]["version"], "0.2.1");
    until("the next check says so", || {
        let says = |entry: &Value| {
            entry["detail"].as_str().unwrap_or_default().contains("rolled back once")
        };
        stage.updates().iter().any(says)
    });
}

#[test]
fn a_version_that_was_withdrawn_is_named_and_left() {
    let mut stage = UpdateStage::new("");
    stage.add("0.2.1", &server("0.2.1", ""));
    stage.sandbox.loom(&["get"]).ok();
    withdraw(&mut stage, "0.2.1");
    let run = stage.sandbox.loom(&["outdated"]).ok();
    run.says(&["has withdrawn 0.2.1, which is used"]);
    let row = stage.sandbox.loom(&["outdated", "--json"]).ok().json()["products"][0].clone();
    assert_eq!((&row["used"], &row["withdrawn"]), (&"0.2.1".into(), &true.into()));
    assert_eq!((&row["allowed"], &row["newest"]), (&"0.2.0".into(), &"0.2.0".into()));
    let check = stage.sandbox.loom(&["update", "--check"]).code(1);
    assert!(check.stdout().contains("0.2.1 -> 0.2.0"), "{}", check.stdout());
    stage.sandbox.loom(&["update"]).ok();
    stage.sandbox.loom(&["update", "--check"]).code(0);
}

/// Withdraws a version from the mirror of the stage.
fn withdraw(stage: &mut UpdateStage, version: &str) {
    stage.mirror.serial += 1;
    stage.mirror.sign_with(|payload| {
        let entries = payload.releases.iter_mut();
        let withdrawn = entries.filter(|entry| entry.version.to_string() == version);
        withdrawn.for_each(|entry| entry.yanked = true);
    });
}

#[test]
fn all_commands_have_the_same_latest_version_after_a_withdrawal() {
    for policy in ["", "policy = \"off\"", AUTO] {
        let mut stage = UpdateStage::new(policy);
        stage.sandbox.loom(&["get", "0.2.0"]).ok();
        stage.add("0.2.1", &server("0.2.1", ""));
        stage.sandbox.loom(&["get"]).ok();
        assert_eq!(stage.sandbox.loom(&["which"]).ok().path(), stage.sandbox.link("0.2.1"));
        withdraw(&mut stage, "0.2.1");
        let row = stage.sandbox.loom(&["outdated", "--json"]).ok().json()["products"][0].clone();
        let expected = (&"0.2.0".into(), &"0.2.0".into(), &false.into());
        assert_eq!((&row["used"], &row["allowed"], &row["withdrawn"]), expected, "{policy}: {row}");
        for args in [&["which"][..], &["which", "latest"], &["which", "0.2"], &["get"]] {
            let found = stage.sandbox.loom(args).ok();
            assert_eq!(found.path(), stage.sandbox.link("0.2.0"), "{policy} {args:?}");
        }
        stage.sandbox.loom(&["update", "--check"]).code(0);
        let update = stage.sandbox.loom(&["update"]).ok().stdout();
        assert_eq!(update, "loom-bridge-server 0.2.0, unchanged\n", "{policy}");
        assert_eq!(stage.up()["version"], "0.2.0", "{policy}");
        stage.sandbox.loom(&["down"]).ok();
    }
}

#[test]
fn an_update_away_from_a_withdrawn_version_is_announced_once() {
    let mut stage = UpdateStage::new("");
    // A source beyond the disk is not asked by each command.
    let web = Server::serve(stage.mirror.depot.path());
    let config = stage.sandbox.home().join(".config/loom/config.toml");
    let text = fs::read_to_string(&config).unwrap().replace(&stage.mirror.url(), &web.url());
    fs::write(&config, text).unwrap();
    let (file, sha256) = stage.mirror.anchor();
    stage.sandbox.loom(&["trust", "add-root", &file, "--sha256", &sha256]).ok();
    stage.sandbox.loom(&["get", "0.2.0"]).ok();
    stage.add("0.2.1", &server("0.2.1", ""));
    stage.sandbox.loom(&["get"]).ok();
    withdraw(&mut stage, "0.2.1");
    let update = || stage.sandbox.loom(&["update"]).ok().stdout();
    assert_eq!(stage.sandbox.loom(&["which"]).ok().path(), stage.sandbox.link("0.2.1"));
    assert_eq!(update(), "loom-bridge-server 0.2.1 -> 0.2.0\n");
    web.forget();
    assert_eq!(stage.sandbox.loom(&["which", "latest"]).ok().path(), stage.sandbox.link("0.2.0"));
    assert_eq!(web.requests().len(), 0, "`which` asks no source");
    assert_eq!(update(), "loom-bridge-server 0.2.0, unchanged\n");
}

#[test]
fn a_list_that_is_older_than_a_version_of_its_source_decides_nothing() {
    let mut stage = UpdateStage::new("");
    stage.sandbox.loom(&["get"]).ok();
    stage.add("0.2.1", &server("0.2.1", ""));
    stage.sandbox.loom(&["get", "0.2.1"]).ok();
    assert_eq!(stage.sandbox.loom(&["which"]).ok().path(), stage.sandbox.link("0.2.1"));
}

#[test]
fn a_version_that_was_rolled_back_is_named_where_a_higher_one_is_withdrawn() {
    let mut stage = UpdateStage::new(AUTO);
    stage.sandbox.write("loom.toml", "[bridge]\ntimeout_sec = 2\n");
    stage.up();
    stage.add("0.2.1", b"#!/bin/sh\nexit 1\n");
    stage.until_noted("rolled-back", "0.2.1");
    stage.sandbox.loom(&["down"]).ok();
    stage.add("0.2.2", &server("0.2.2", ""));
    stage.sandbox.loom(&["get"]).ok();
    withdraw(&mut stage, "0.2.2");
    let outdated = || stage.sandbox.loom(&["outdated"]).ok();
    outdated().says(&["0.2.1 was rolled back at", "is left out"]);
    // Whatever the policy is.
    configure(&stage, "");
    outdated().says(&["0.2.1 was rolled back at", "is left out"]);
    let row = stage.sandbox.loom(&["outdated", "--json"]).ok().json()["products"][0].clone();
    assert_eq!((&row["used"], &row["allowed"]), (&"0.2.0".into(), &"0.2.0".into()));
}

#[test]
fn a_user_is_told_once_a_day_whatever_the_project() {
    let mut stage = UpdateStage::new("");
    stage.up();
    stage.add("0.2.1", &server("0.2.1", ""));
    stage.until_noted("checked", "0.2.1");
    let other = stage.sandbox.folder("other");
    fs::write(other.join("loom.toml"), "").unwrap();
    assert!(is_told_in(&stage.sandbox, &stage.sandbox.project()));
    stage.add("0.2.2", &server("0.2.2", ""));
    stage.until_noted("checked", "0.2.2");
    for folder in [&other, &stage.sandbox.project()] {
        assert!(!is_told_in(&stage.sandbox, folder));
    }
}

/// Whether `loom list` on a terminal in this folder tells of a newer version.
fn is_told_in(sandbox: &Sandbox, folder: &Path) -> bool {
    let line = format!("'{}' list", Sandbox::program().display());
    let mut command = sandbox.command("script");
    let output = command.args(["-qec", &line, "/dev/null"]).current_dir(folder).output();
    String::from_utf8_lossy(&output.unwrap().stdout).contains("is available")
}

/// Whether a file of the memory of updates contains this text.
fn remembers(stage: &UpdateStage, file: &str, text: &str) -> bool {
    let folders = fs::read_dir(stage.sandbox.state().join("updates")).into_iter().flatten();
    let texts = folders.flatten().map(|one| fs::read_to_string(one.path().join(file)));
    texts.flatten().any(|known| known.contains(text))
}

/// An update in a mount namespace, in which the folder of instances is a file system of its own that `failure`
/// breaks and `mend` mends.
fn on_failing_state(failure: &str, mend: &str) {
    let mut stage = UpdateStage::new(AUTO);
    let (instances, project) = (stage.sandbox.state().join("instances"), stage.sandbox.project());
    fs::create_dir_all(&instances).unwrap();
    let script = format!(
        "until_there() {{ while ! test -e \"$1\"; do sleep 0.05; done; }}\n\
         mount -t tmpfs -o size=1m,mode=0700 none \"$state\" || exit 99\n\
         \"$loom\" up --detach --json --mode bridge-only --bridge-port 0 >up.json || exit 98\n\
         {failure} || exit 97\n\
         : >failing; until_there failed\n\
         \"$loom\" status --json >status.json || exit 96\n\
         {mend} || exit 95\n\
         : >mended; until_there end\n\
         \"$loom\" status --json >after.json || exit 94\n\
         \"$loom\" down || exit 93"
    );
    let mut command = stage.sandbox.command("unshare");
    command.args(["--map-root-user", "--mount", "--", "sh", "-c", &script]);
    command.env("loom", Sandbox::program()).env("state", &instances);
    let mut running = stage.sandbox.start(&["up"], command);
    until("the machine fails", || project.join("failing").exists() || running.ended());
    if !project.join("failing").exists() {
        running.wait().ok();
        return;
    }
    stage.add("0.2.1", &server("0.2.1", ""));
    let noted = |event: &str| remembers(&stage, "journal.json", event);
    until("the failure is noted", || noted("failed"));
    fs::write(project.join("failed"), "").unwrap();
    until("the machine is mended", || project.join("mended").exists());
    assert!(!remembers(&stage, "rolled-back.json", ""), "it is no fault of the release");
    until("it is switched to", || noted("switched"));
    fs::write(project.join("end"), "").unwrap();
    running.wait().ok();
    let read = |name: &str| -> Value {
        serde_json::from_slice(&fs::read(project.join(name)).unwrap()).unwrap()
    };
    let (before, during) = (read("up.json"), read("status.json"));
    assert_eq!(during["instances"][0]["pid"], before["pid"], "the runtime was not touched");
    assert_eq!(read("after.json")["instances"][0]["version"], "0.2.1");
    assert!(!runs(&before["pid"]) && !answers(&before));
}

#[test]
fn a_state_folder_that_is_full_postpones_an_update() {
    let fill = "{ cat /dev/zero >\"$state/fill\" 2>/dev/null; test -s \"$state/fill\"; }";
    on_failing_state(fill, "rm \"$state/fill\"");
}

#[test]
fn a_state_folder_that_is_read_only_postpones_an_update() {
    // Over the folder: files that are open for writing keep its own mount from that.
    let cover = "mount --bind \"$state\" \"$state\" && mount -o remount,ro,bind \"$state\"";
    on_failing_state(&format!("{{ {cover}; }}"), "umount -l \"$state\"");
}
