//! A runtime that switches to a newer release by itself, and back.

use std::{fs, path::Path};

use serde_json::Value;

use crate::support::{
    Depot, Sandbox, Server,
    stage::{answers, kill, runs, until},
    update_stage::{Connects, UpdateStage, now, server},
};

const AUTO: &str = "policy = \"auto\"";

fn address(document: &Value) -> String {
    document["bridge"]["address"].as_str().unwrap().to_owned()
}

/// Whether a process holds the lease of the tree in `document`.
fn leased(stage: &UpdateStage, document: &Value) -> bool {
    let tree = document["tree"].as_str().unwrap();
    let lock = fs::File::open(stage.sandbox.cache().join("leases").join(tree)).unwrap();
    lock.try_lock().is_err()
}

/// The seconds after which something hangs. An idle machine needs less than one, one that does much else takes longer; the
/// test prints what it was.
const LOADED: f64 = 15.0;

#[test]
fn an_update_switches_without_a_refused_connect_and_agents_come_back() {
    let mut stage = UpdateStage::new(AUTO);
    let before = stage.up();
    let agent = stage.agent(&address(&before));
    let connects = Connects::to(&address(&before));
    stage.add("0.2.1", &server("0.2.1", ""));
    let after = stage.until_runs("0.2.1");
    agent.until_after(now());
    let (made, refused) = connects.stop();
    assert_eq!(refused, 0, "of {made}");
    let gap = agent.longest_gap();
    assert!(gap < LOADED, "the agent was away for {gap} s");
    eprintln!("{made} connects, the agent was away for {gap:.3} s");
    // The instance, its log and its lease are those of what runs.
    assert_eq!(before["supervisor_pid"], after["supervisor_pid"]);
    assert_eq!(before["bridge"], after["bridge"]);
    assert_ne!(before["pid"], after["pid"]);
    assert!(!runs(&before["pid"]) && runs(&after["pid"]) && answers(&after));
    assert!(leased(&stage, &after) && !leased(&stage, &before));
    stage.until_noted("switched", "0.2.1");
    let events: Vec<_> = stage.updates().iter().map(|entry| entry["event"].clone()).collect();
    for event in ["checked", "acquired", "proved", "switched"] {
        assert!(events.contains(&event.into()), "{event}: {events:?}");
    }
    let why = stage.sandbox.loom(&["why", "0.2.1"]).ok().stdout();
    assert!(why.contains("switched   0.2.0 -> 0.2.1 at "), "{why}");
    // The same command finds the runtime.
    assert_eq!(stage.up()["pid"], after["pid"]);
    stage.sandbox.loom(&["down"]).ok();
    assert!(!runs(&after["pid"]) && !leased(&stage, &after));
}

#[test]
fn a_version_that_never_becomes_ready_is_given_up_and_agents_stay() {
    let mut stage = UpdateStage::new(AUTO);
    stage.sandbox.write("loom.toml", "[bridge]\ntimeout_sec = 2\n");
    let before = stage.up();
    let agent = stage.agent(&address(&before));
    let added = now();
    stage.add("0.2.1", b"#!/bin/sh\necho I wait\nsleep 600\n");
    let entry = stage.until_noted("rolled-back", "0.2.1");
    let took = now() - added;
    assert!(took < 2.0 + 4.0 * LOADED, "it took {took} s");
    agent.until_after(now());
    let gap = agent.longest_gap();
    assert!(gap < LOADED, "the agent was away for {gap} s");
    eprintln!("given up after {took:.1} s, longest pause of the agent {gap:.3} s");
    assert_eq!(stage.instance()["pid"], before["pid"], "the previous one was never stopped");
    let why = stage.sandbox.loom(&["why", "0.2.1"]).ok().stdout();
    assert!(why.contains("was not ready within 2 s") && why.contains("its log: "), "{why}");
    let log = fs::read_to_string(entry["logs"][0].as_str().unwrap()).unwrap();
    assert_eq!(log, "I wait\n");
    let previous = fs::read_to_string(entry["logs"][1].as_str().unwrap()).unwrap();
    assert!(previous.contains("listening"), "{previous}");
    // It is not tried again, and a later one is.
    let list = stage.sandbox.loom(&["list", "--json"]).ok().json();
    let rows = list["releases"].as_array().unwrap();
    let row = rows.iter().find(|row| row["version"] == "0.2.1").unwrap();
    assert!(row["rolled_back"].is_string(), "{row}");
    let outdated = stage.sandbox.loom(&["outdated"]).ok();
    assert!(outdated.stderr().contains("0.2.1 was rolled back at "), "{}", outdated.stderr());
    stage.add("0.2.2", &server("0.2.2", ""));
    stage.until_runs("0.2.2");
    let tries = stage.updates();
    let tries = tries.iter().filter(|entry| entry["event"] == "rolled-back");
    assert_eq!(tries.count(), 1);
}

#[test]
fn a_version_that_fails_in_place_is_rolled_back_and_agents_are_back() {
    let mut stage = UpdateStage::new(AUTO);
    stage.sandbox.write("loom.toml", "[bridge]\ntimeout_sec = 2\n");
    let before = stage.up();
    let agent = stage.agent(&address(&before));
    // Another client, which connects again after one step of its back-off: it is never refused.
    let connects = Connects::to(&address(&before));
    // It is ready on free ports, where it inherits no sockets.
    stage.add("0.2.1", &server("0.2.1", "if [ -n \"$LOOM_LISTEN_FDS\" ]; then sleep 600; fi"));
    let entry = stage.until_noted("rolled-back", "0.2.1");
    let back = now();
    let after = stage.until_runs("0.2.0");
    agent.until_after(back);
    let took = agent.last() - back;
    assert!(took < LOADED, "{took} s");
    eprintln!("back {took:.3} s after the rollback, away for {:.3} s", agent.longest_gap());
    let (made, refused) = connects.stop();
    assert_eq!(refused, 0, "of {made}");
    let why = stage.sandbox.loom(&["why", "0.2.1"]).ok().stdout();
    assert!(why.contains("was not ready within 2 s") && why.contains("its log: "), "{why}");
    assert_ne!(after["pid"], before["pid"]);
    assert_eq!((&after["bridge"], &after["tree"]), (&before["bridge"], &before["tree"]));
    assert!(leased(&stage, &after));
    assert_eq!(entry["logs"].as_array().unwrap().len(), 2);
    // `latest` is not the version that was rolled back.
    assert_eq!(stage.up()["pid"], after["pid"]);
    stage.sandbox.loom(&["down"]).ok();
    until("nothing runs", || !runs(&after["pid"]));
    assert_eq!(stage.up()["version"], "0.2.0");
    assert_eq!(stage.sandbox.loom(&["which"]).ok().path(), stage.sandbox.link("0.2.0"));
}

#[test]
fn only_compatible_versions_whose_origin_is_proven_are_switched_to() {
    let mut stage = UpdateStage::new(AUTO);
    let before = stage.up();
    stage.add("0.3.0", &server("0.3.0", ""));
    let entry = stage.until_noted("checked", "0.3.0");
    assert!(entry["detail"].as_str().unwrap().contains("major version differs"), "{entry}");
    assert_eq!(stage.instance()["pid"], before["pid"]);
    // Asked for by hand, it is taken.
    stage.sandbox.loom(&["update", "--check"]).code(1);
    let run = stage.sandbox.loom(&["update"]).ok();
    assert!(run.stderr().contains("`loom restart` switches to 0.3.0"), "{}", run.stderr());
    assert!(run.stdout().contains("0.2.0 -> 0.3.0"), "{}", run.stdout());
    stage.sandbox.loom(&["update", "--check"]).code(0);
    stage.sandbox.loom(&["restart"]).ok();
    stage.until_runs("0.3.0");
}

#[test]
fn without_a_proven_origin_nothing_is_switched() {
    let (sandbox, depot) = (Sandbox::new(), Depot::empty());
    let add = |version: &str| {
        let entries = crate::support::Entry::program(&server(version, ""));
        let kind = crate::support::ArtifactKind::Archive(crate::support::Packing::TarGz);
        depot.add(version, &entries, &[kind]);
    };
    add("0.2.0");
    let web = Server::serve(depot.path());
    let config = sandbox.home().join(".config/loom/config.toml");
    let source = format!("[[sources]]\ntype = \"mirror\"\nurl = \"{}\"\n", web.url());
    let update = "[update]\ncheck_interval = \"1s\"\npolicy = \"auto\"\n";
    sandbox.write(&config, &format!("{source}{update}"));
    let up = ["up", "--detach", "--json", "--mode", "bridge-only", "--bridge-port", "0"];
    let before = sandbox.loom(&up).ok().json();
    add("0.2.1");
    until("the reason is noted", || {
        sandbox.loom(&["why", "0.2.1"]).stdout().contains("it is not switched to by itself")
    });
    let status = sandbox.loom(&["status", "--json"]).ok().json();
    assert_eq!(status["instances"][0]["pid"], before["pid"]);
    sandbox.loom(&["down"]).ok();
}

/// What a shell command prints on a terminal.
fn on_terminal(sandbox: &Sandbox, line: &str) -> String {
    let line = line.replace("loom", &Sandbox::program().display().to_string());
    let output = sandbox.command("script").args(["-qec", &line, "/dev/null"]).output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn notify_changes_nothing_and_off_asks_nothing() {
    let mut stage = UpdateStage::new("");
    let before = stage.up();
    stage.add("0.2.1", &server("0.2.1", ""));
    stage.until_noted("checked", "0.2.1");
    assert_eq!(stage.instance()["pid"], before["pid"]);
    assert!(!stage.sandbox.link("0.2.1").exists());
    let told = "0.2.1 is available";
    assert!(!stage.sandbox.loom(&["status"]).ok().stderr().contains(told), "no terminal");
    for silent in ["CI=1 loom status", "loom --quiet status", "loom --json status"] {
        assert!(!on_terminal(&stage.sandbox, silent).contains(told), "{silent}");
    }
    assert!(on_terminal(&stage.sandbox, "loom list").contains(told));
    assert!(!on_terminal(&stage.sandbox, "loom status").contains(told), "once a day");
    stage.sandbox.loom(&["down"]).ok();

    let mut stage = UpdateStage::new("policy = \"off\"");
    stage.up();
    stage.add("0.2.1", &server("0.2.1", ""));
    std::thread::sleep(std::time::Duration::from_millis(2500));
    assert!(stage.updates().is_empty());
}

#[test]
fn only_the_switch_waits_for_the_window() {
    let stage = UpdateStage::waiting_for_its_window(AUTO);
    assert!(stage.updates().iter().all(|entry| entry["event"] != "proved"));
}

/// A runtime that is being switched: the old server has ended, and the new one takes its time in place, so that commands
/// arrive meanwhile.
fn switching() -> (UpdateStage, Value) {
    let slow = "if [ -n \"$LOOM_LISTEN_FDS\" ]; then sleep 5; fi";
    let mut stage = UpdateStage::new(AUTO);
    let before = stage.up();
    stage.add("0.2.1", &server("0.2.1", slow));
    stage.until_noted("proved", "0.2.1");
    until("the old one has ended", || !runs(&before["pid"]));
    (stage, before)
}

#[test]
fn a_stop_during_a_switch_stops_and_a_killed_supervisor_leaves_the_server() {
    let (stage, before) = switching();
    stage.sandbox.loom(&["down"]).ok();
    until("the supervisor has ended", || !runs(&before["supervisor_pid"]));
    assert_eq!(stage.instance(), Value::Null);
    assert!(!leased(&stage, &before));

    let mut stage = UpdateStage::new(AUTO);
    let before = stage.up();
    // It stays in the proof.
    stage.add("0.2.1", b"#!/bin/sh\n# LOOM_READY_FILE\nsleep 600\n");
    let proof = Path::new(before["log"].as_str().unwrap()).with_file_name("proof.log");
    until("it is being tried", || proof.exists());
    kill(&before["supervisor_pid"]);
    let orphan = stage.instance();
    assert_eq!((&orphan["state"], &orphan["pid"]), (&"orphaned".into(), &before["pid"]));
    assert!(answers(&before));
    stage.sandbox.loom(&["down"]).ok();
    until("both have ended", || !runs(&before["pid"]));
    assert_eq!(stage.instance(), Value::Null);
}

#[test]
fn a_restart_during_a_switch_replaces_the_runtime() {
    let (stage, before) = switching();
    let after = stage.sandbox.loom(&["restart", "--version", "0.2.0", "--json"]).ok().json();
    assert_eq!(after["version"], "0.2.0");
    until("its supervisor has ended", || !runs(&before["supervisor_pid"]));
    assert!(answers(&after));
}
