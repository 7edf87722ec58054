//! `loom restart`: replaces the running runtime.

use crate::support::{
    Stage, program,
    stage::{answers, kill, runs, until},
};

#[test]
fn without_a_runtime_restart_fails() {
    Stage::new().sandbox.loom(&["restart"]).code(1).says(&["no runtime", "loom up"]);
}

#[test]
fn it_keeps_the_options_of_up() {
    let stage = Stage::new();
    let before = stage.up();
    let after = stage.sandbox.loom(&["restart", "--json"]).ok().json();
    assert!(!runs(&before["pid"]));
    until("its supervisor has exited", || !runs(&before["supervisor_pid"]));
    assert_ne!(before["pid"], after["pid"]);
    assert_eq!(before["tree"], after["tree"]);
    assert_eq!(before["bridge"], after["bridge"], "clients find it on the same port");
    assert!(answers(&after));
    // `up` finds the same runtime.
    assert_eq!(stage.up(), after);
}

#[test]
fn it_keeps_ports_that_only_variables_left_open() {
    let mut stage = Stage::new();
    stage.sandbox.set("LOOM_BRIDGE_ADDR", "127.0.0.1:0");
    stage.sandbox.set("LOOM_DASHBOARD_PORT", "0");
    let url = stage.mirror.url();
    let up = ["up", "--detach", "--json", "--source", &url, "--version", "0.2.0"];
    let before = stage.sandbox.loom(&up).ok().json();
    stage.sandbox.unset("LOOM_BRIDGE_ADDR");
    stage.sandbox.unset("LOOM_DASHBOARD_PORT");
    for _ in 0..2 {
        let after = stage.sandbox.loom(&["restart", "--json"]).ok().json();
        assert_eq!(before["bridge"], after["bridge"]);
        assert_eq!(before["dashboard"], after["dashboard"]);
    }
    // A port that is configured since then counts.
    stage.sandbox.write("loom.toml", "[dashboard]\nenabled = false\n");
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let port = port.to_string();
    let after = stage.sandbox.loom(&["restart", "--json", "--bridge-port", &port]).ok().json();
    assert!(after["bridge"]["address"].as_str().unwrap().ends_with(&port), "{after}");
    stage.sandbox.loom(&["down"]).ok();
}

#[test]
fn it_switches_to_another_version() {
    let stage = Stage::new();
    let before = stage.up();
    let mut newer = program::server();
    newer.push(b'\n');
    stage.add("0.3.0", &newer);
    let after = stage.sandbox.loom(&["restart", "--version", "0.3.0", "--json"]).ok().json();
    assert_eq!(after["version"], "0.3.0");
    assert!(answers(&after) && stage.leased(&after));
    assert!(!stage.leased(&before), "the older one's lease is free at once");
    stage.sandbox.loom(&["remove", "0.2.0"]).ok();
    assert_eq!(stage.instances().len(), 1);
}

#[test]
fn if_the_new_runtime_fails_the_previous_one_runs_again_and_both_logs_are_kept() {
    let stage = Stage::new();
    let before = stage.up();
    stage.add("0.3.0", b"#!/bin/sh\necho I cannot\nexit 4\n");
    let run = stage.sandbox.loom(&["restart", "--version", "0.3.0"]).code(4);
    let run = run.says(&["0.2.0, runs again", "exit code 4", "I cannot", "updates/0.3.0.log"]);
    let told = run.says(&["the log of loom-bridge-server 0.2.0, which runs, is "]).stderr();
    let (_, kept) = told.split_once("the full log of loom-bridge-server 0.3.0 is ").unwrap();
    let kept = std::fs::read_to_string(kept.lines().next().unwrap()).unwrap();
    assert_eq!(kept, "I cannot\n");
    let why = stage.sandbox.loom(&["why", "0.3.0"]).ok().stdout();
    assert!(why.contains("rollback   0.2.0 -> 0.3.0 at "), "{why}");
    stage.sandbox.loom(&["list"]).ok().says(&["rolled back once"]);
    let now = stage.instance();
    assert_eq!((&now["state"], &now["version"]), (&"ready".into(), &"0.2.0".into()));
    assert_eq!(now["supervisor_pid"], before["supervisor_pid"]);
    assert_eq!(now["bridge"], before["bridge"]);
    assert!(answers(&now) && stage.leased(&now));
    assert_eq!(stage.sandbox.loom(&["logs", "-p"]).ok().stdout(), "I cannot\n");
    assert!(stage.sandbox.loom(&["logs", "-pp"]).ok().stdout().contains("listening"));
    stage.sandbox.loom(&["down"]).ok();
    assert!(!runs(&now["pid"]) && !stage.leased(&now));
    until("its supervisor has exited", || !runs(&now["supervisor_pid"]));
}

#[test]
fn a_failing_restart_of_an_orphan_starts_the_release_before_again() {
    let stage = Stage::new();
    let before = stage.up();
    kill(&before["supervisor_pid"]);
    stage.add("0.3.0", b"#!/bin/sh\necho I fail\nexit 3\n");
    let run = stage.sandbox.loom(&["restart", "--version", "0.3.0"]).code(3);
    run.says(&[
        "failed to start; the previous one, loom-bridge-server 0.2.0, runs again",
        "I fail",
    ]);
    let after = stage.instance();
    assert_eq!((&after["state"], &after["version"]), (&"ready".into(), &"0.2.0".into()));
    assert_eq!((&after["bridge"], &after["tree"]), (&before["bridge"], &before["tree"]));
    assert!(answers(&after) && stage.leased(&after) && !runs(&before["pid"]));
    // The same release with settings that fail has nothing to go back to.
    kill(&after["supervisor_pid"]);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let run = stage.sandbox.loom(&["restart", "--bridge-port", &port]).code(9);
    run.says(&[
        "nothing runs: the previous one, loom-bridge-server 0.2.0, had lost its supervisor and was stopped",
        &format!("127.0.0.1:{port} is in use"),
    ]);
    assert_eq!(stage.instance(), serde_json::Value::Null);
    assert!(stage.sandbox.servers().is_empty());
}
