//! A newest version that never becomes ready: the last one that was ready here runs instead, and that is remembered.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _},
    process::Stdio,
};

use serde_json::Value;

use crate::support::{
    Run, Stage,
    stage::{answers, kill, runs, until},
    update_stage::{UpdateStage, now, server},
};

const AUTO: &str = "policy = \"auto\"";

/// A server that never becomes ready and does not end by itself when it is asked to.
const NEVER: &[u8] = b"#!/bin/sh\n# LOOM_READY_FILE\necho I wait\ntrap '' TERM\nexec sleep 600\n";

/// What makes a server never ready where it inherits the sockets of the one before.
const NOT_IN_PLACE: &str = "if [ -n \"$LOOM_LISTEN_FDS\" ]; then trap '' TERM; exec sleep 600; fi";

/// A stage on which 0.2.0 was ready, and where a server has two seconds to become ready.
fn with_good(settings: &str) -> (UpdateStage, Value) {
    let stage = UpdateStage::new(settings);
    stage.sandbox.write("loom.toml", "[bridge]\ntimeout_sec = 2\n");
    let before = stage.up();
    (stage, before)
}

fn up(stage: &UpdateStage) -> Run {
    stage.sandbox.loom(&["up", "--detach", "--mode", "bridge-only", "--bridge-port", "0"])
}

/// The path after `before` in a message, up to the next comma or the end of the line.
fn path_after(text: &str, before: &str) -> String {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("{before}: {text}"));
    rest.split([',', '\n', ';']).next().unwrap().to_owned()
}

/// Whether `loom list` marks a version as rolled back.
fn is_marked(stage: &UpdateStage, version: &str) -> bool {
    let list = stage.sandbox.loom(&["list", "--json"]).ok().json();
    let rows = list["releases"].as_array().unwrap();
    rows.iter().any(|row| row["version"] == version && row["rolled_back"].is_string())
}

#[test]
fn up_starts_the_last_version_that_was_ready_and_remembers_the_one_that_was_not() {
    for policy in [AUTO, "policy = \"off\""] {
        let (mut stage, _) = with_good(policy);
        stage.sandbox.loom(&["down"]).ok();
        stage.add("0.2.1", NEVER);
        stage.sandbox.loom(&["outdated"]).ok();
        let run = up(&stage).ok();
        let told = run.stderr();
        assert!(told.contains("loom-bridge-server 0.2.1 was not ready within 2 s: "), "{told}");
        assert!(told.contains("0.2.0, the last version that was ready here"), "{told}");
        let failed = path_after(&told, "the log of 0.2.1 is ");
        assert_eq!(fs::read_to_string(failed).unwrap(), "I wait\n");
        let running = path_after(&told, "that of 0.2.0 is ");
        assert!(fs::read_to_string(running).unwrap().contains("listening"), "{told}");
        let first = stage.instance();
        assert_eq!((&first["version"], &first["state"]), (&"0.2.0".into(), &"ready".into()));
        // The same command finds it, and a restart does not try the other one again.
        assert_eq!(stage.up()["pid"], first["pid"]);
        stage.sandbox.loom(&["restart"]).ok();
        assert_eq!(stage.instance()["version"], "0.2.0");
        let why = stage.sandbox.loom(&["why", "0.2.1"]).ok().stdout();
        assert!(
            why.contains("rollback   0.2.0 -> 0.2.1 at ") && why.contains("its log: "),
            "{why}"
        );
        assert!(is_marked(&stage, "0.2.1"));
        let outdated = stage.sandbox.loom(&["outdated", "--json"]).ok().json();
        let row = &outdated["products"][0];
        assert_eq!((&row["used"], &row["allowed"]), (&"0.2.0".into(), &"0.2.0".into()));
        let told = stage.sandbox.loom(&["outdated"]).ok();
        told.says(&["0.2.1 was rolled back at", "is left out"]);
        stage.sandbox.loom(&["down"]).ok();
        // The version to go back to is the last one that was ready.
        let rollback = stage.sandbox.loom(&["rollback"]).ok();
        assert_eq!(rollback.says(&["0.2.1 did not become ready"]).stdout(), "0.2.0\n");
        stage.sandbox.loom(&["rollback"]).code(3);
    }
}

#[test]
fn a_version_that_was_named_fails_with_a_way_out_and_exec_goes_back_too() {
    let (mut stage, _) = with_good("policy = \"off\"");
    stage.sandbox.loom(&["down"]).ok();
    stage.add("0.2.1", NEVER);
    let named = ["up", "--detach", "--bridge-port", "0", "--dashboard-port", "0"];
    let run = stage.sandbox.loom(&[&named[..], &["--version", "0.2.1"]].concat()).code(1);
    run.says(&[
        "loom-bridge-server 0.2.1 was not ready within 2 s",
        "the full log of loom-bridge-server 0.2.1 is ",
        "the log of the run before is ",
        "`loom up --version 0.2.0` starts the version before",
    ]);
    assert!(stage.sandbox.servers().is_empty());
    let why = stage.sandbox.loom(&["why", "0.2.1"]).ok().stdout();
    assert!(why.contains("failed     0.2.1 at ") && why.contains("updates/0.2.1.log"), "{why}");
    assert!(!is_marked(&stage, "0.2.1"), "nothing was started instead");
    stage.sandbox.loom(&["use", "0.2.1"]).ok();
    up(&stage).code(1).says(&["`loom rollback` makes it the default version again"]);
    assert_eq!(stage.sandbox.loom(&["rollback"]).ok().stdout(), "0.2.0\n");
    stage.sandbox.loom(&["use", "--none"]).ok();
    stage.sandbox.loom(&["outdated"]).ok();
    let run = stage.sandbox.loom(&["exec", "--", "sh", "-c", "echo $LOOM_BRIDGE_ADDR"]).ok();
    let run = run.says(&["0.2.0, the last version that was ready here, was started instead"]);
    assert!(run.stdout().contains("127.0.0.1:"), "{}", run.stdout());
    let told = run.says(&["the log of 0.2.1 is ", " until the command ends"]).stderr();
    let failed = path_after(&told, "the log of 0.2.1 is ");
    assert_eq!(fs::read_to_string(failed).unwrap(), "I wait\n");
    assert!(is_marked(&stage, "0.2.1"));
    let why = stage.sandbox.loom(&["why", "0.2.1"]).ok().stdout();
    assert!(!why.contains("the log of the one before"), "it is gone: {why}");
    // Where nothing is started instead, the log that is named is there after the command.
    let run = stage.sandbox.loom(&["exec", "--version", "0.2.1", "--", "true"]).code(1);
    let log = path_after(&run.stderr(), "the full log of loom-bridge-server 0.2.1 is ");
    assert_eq!(fs::read_to_string(log).unwrap(), "I wait\n");
    // Named and ready, it is selected again.
    stage.add("0.2.2", &server("0.2.2", ""));
    stage.sandbox.loom(&["outdated"]).ok();
    assert_eq!(stage.up()["version"], "0.2.2");
    stage.sandbox.loom(&["down"]).ok();
}

#[test]
fn a_rollback_passes_over_a_version_that_was_not_ready() {
    let (mut stage, _) = with_good("policy = \"off\"");
    stage.add("0.2.1", NEVER);
    stage.sandbox.loom(&["restart", "--version", "0.2.1"]).code(1);
    stage.sandbox.loom(&["down"]).ok();
    stage.add("0.3.0", &server("0.3.0", ""));
    for version in ["0.2.1", "0.3.0"] {
        stage.sandbox.loom(&["get", version]).ok();
        stage.sandbox.loom(&["use", version]).ok();
    }
    let list = stage.sandbox.loom(&["list", "--generations", "--json"]).ok().json();
    let failed: Vec<bool> = list["generations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["rolled_back"].is_string())
        .collect();
    assert_eq!(failed, [false, true, false], "{list}");
    stage.sandbox.loom(&["list", "--generations"]).ok().says(&["< did not become ready"]);
    let run = stage.sandbox.loom(&["rollback"]).ok();
    assert_eq!(run.says(&["0.2.1 of generation 2 did not become ready at"]).stdout(), "0.2.0\n");
    let run = stage.sandbox.loom(&["rollback", "--to", "2"]).ok();
    assert_eq!(run.says(&["did not become ready"]).stdout(), "0.2.1\n");
}

#[test]
fn a_server_that_was_never_ready_has_no_long_grace() {
    let (mut stage, before) = with_good(AUTO);
    stage.add("0.2.1", &server("0.2.1", NOT_IN_PLACE));
    until("the old one has ended", || !runs(&before["pid"]));
    let begun = now();
    stage.until_runs("0.2.0");
    let took = now() - begun;
    eprintln!("back {took:.1} s after the old server had ended");
    assert!(took < 9.0, "it took {took} s");
    stage.sandbox.loom(&["down"]).ok();
}

/// A stage whose runtime is being switched to a version that is not ready in place.
fn switching() -> (UpdateStage, Value) {
    let (mut stage, before) = with_good(AUTO);
    stage.sandbox.write("loom.toml", "[bridge]\ntimeout_sec = 20\n");
    stage.sandbox.loom(&["restart"]).ok();
    stage.add("0.2.1", &server("0.2.1", NOT_IN_PLACE));
    until("the new one is started", || {
        let instance = stage.instance();
        instance["version"] == "0.2.1" && instance["pid"].is_u64()
    });
    stage.sandbox.write("loom.toml", "[bridge]\ntimeout_sec = 2\n");
    (stage, before)
}

#[test]
fn after_a_supervisor_was_killed_in_a_switch_a_restart_leads_to_the_last_version_that_was_ready() {
    let (stage, before) = switching();
    kill(&stage.instance()["supervisor_pid"]);
    up(&stage).code(9).says(&["without its supervisor", "`loom restart` replaces it"]);
    let run = stage.sandbox.loom(&["restart"]).code(1);
    run.says(&[
        "the previous one, loom-bridge-server 0.2.0, runs again",
        "the full log of loom-bridge-server 0.2.1 is ",
        "the log of loom-bridge-server 0.2.0, which runs, is ",
    ]);
    let after = stage.instance();
    assert_eq!((&after["version"], &after["bridge"]), (&"0.2.0".into(), &before["bridge"]));
    assert!(answers(&after) && is_marked(&stage, "0.2.1"));
    assert_eq!(stage.sandbox.loom(&["rollback"]).ok().stdout(), "0.2.0\n");
    stage.sandbox.loom(&["down"]).ok();
}

#[test]
fn after_a_stop_in_a_switch_the_story_has_an_end_and_the_last_version_that_was_ready_runs() {
    let (stage, _) = switching();
    stage.sandbox.loom(&["down"]).ok();
    let why = stage.sandbox.loom(&["why", "0.2.1"]).ok().stdout();
    assert!(why.contains("the runtime was stopped while 0.2.1 started"), "{why}");
    up(&stage).ok().says(&["0.2.0, the last version that was ready here, was started instead"]);
    assert_eq!(stage.instance()["version"], "0.2.0");
    stage.sandbox.loom(&["down"]).ok();
}

#[test]
fn a_stop_before_it_was_ready_names_the_version() {
    let stage = Stage::with("0.2.0", NEVER);
    let up = stage.spawn("up", &["--detach"]);
    until("it starts", || stage.instance()["pid"].is_u64());
    let begun = now();
    stage.sandbox.loom(&["down"]).ok();
    // It has served nothing: it gets half a second, and ignores SIGTERM.
    let took = now() - begun;
    assert!(took < 5.0, "it took {took} s");
    let run = up.wait().code(1);
    let run = run.says(&["loom-bridge-server 0.2.0 was stopped before it was ready (signal 9)"]);
    let told = run.says(&["`loom down`, `loom restart` or a signal", "`loom up` starts it again"]);
    let log = path_after(&told.stderr(), "the full log of loom-bridge-server 0.2.0 is ");
    assert_eq!(fs::read_to_string(log).unwrap(), "I wait\n");
}

#[test]
fn bridge_and_dashboard_cannot_have_the_same_port() {
    let stage = Stage::new();
    let (port, url) = (free_port(), stage.mirror.url());
    let both = ["up", "--source", &url, "--version", "0.2.0", "--bridge-port", &port];
    let run = stage.sandbox.loom(&[&both[..], &["--dashboard-port", &port]].concat()).code(2);
    run.says(&[
        "the bridge and the dashboard cannot both listen on 127.0.0.1:",
        "--dashboard-port",
    ]);
}

#[test]
fn a_runtime_of_a_parent_goes_back_too() {
    let (mut stage, _) = with_good("policy = \"off\"");
    stage.sandbox.loom(&["down"]).ok();
    stage.add("0.2.1", NEVER);
    stage.sandbox.loom(&["outdated"]).ok();
    let args =
        ["up", "--exit-with-parent", "--json", "--mode", "bridge-only", "--bridge-port", "0"];
    let mut command = stage.sandbox.loom_command(&args);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut loom = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(loom.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let document: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(document["version"], "0.2.0");
    assert!(answers(&document));
    // The end of its input is that of the parent.
    drop(loom.stdin.take());
    assert!(loom.wait().unwrap().success());
    let mut told = String::new();
    loom.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    assert!(told.contains("0.2.0, the last version that was ready here"), "{told}");
    assert!(!runs(&document["pid"]), "the server still runs");
    assert!(is_marked(&stage, "0.2.1"));
}

/// What makes a server fail where it is to have a dashboard.
const NO_DASHBOARD: &str =
    "if [ \"$LOOM_DASHBOARD\" != false ]; then echo no dashboard; exit 4; fi";

#[test]
fn settings_with_which_both_versions_fail_are_blamed_and_not_the_version() {
    let mut stage = UpdateStage::new("policy = \"off\"");
    stage.add("0.2.1", &server("0.2.1", NO_DASHBOARD));
    let before = stage.up();
    assert_eq!(before["version"], "0.2.1");
    stage.add("0.2.2", &server("0.2.2", NO_DASHBOARD));
    stage.sandbox.loom(&["outdated"]).ok();
    let run = stage.sandbox.loom(&["restart", "--mode", "full", "--dashboard-port", "0"]).code(4);
    let run = run.says(&[
        "and so did loom-bridge-server 0.2.1 with the same settings",
        "0.2.1 runs again with the settings before",
        "the settings are the likely cause, not the version",
    ]);
    run.never_says(&["no longer selected"]);
    let now = stage.instance();
    assert_eq!((&now["version"], &now["state"]), (&"0.2.1".into(), &"ready".into()));
    assert_eq!(now["supervisor_pid"], before["supervisor_pid"]);
    assert!(now["dashboard"].is_null() && answers(&now), "{now}");
    assert!(!is_marked(&stage, "0.2.2"));
    // With settings that work, the newer version is selected.
    stage.sandbox.loom(&["restart"]).ok();
    assert_eq!(stage.instance()["version"], "0.2.2");
    // A version that fails with settings that work for the one before is to blame.
    stage.add("0.2.3", &server("0.2.3", "echo I cannot; exit 5"));
    stage.sandbox.loom(&["outdated"]).ok();
    let run = stage.sandbox.loom(&["restart", "--bridge-port", &free_port()]).code(5);
    run.says(&["0.2.2, runs again", "0.2.3 is no longer selected"]);
    assert!(is_marked(&stage, "0.2.3"));
    stage.sandbox.loom(&["down"]).ok();
}

fn free_port() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port().to_string()
}
