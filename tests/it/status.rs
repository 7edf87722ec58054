//! `loom status` and `loom env`: the running instances, and the variables for clients.

use std::path::Path;

use crate::support::{
    self, Stage,
    stage::{kill, runs, until},
};
use serde_json::json;

#[test]
fn without_a_runtime_the_list_is_empty() {
    let sandbox = support::Sandbox::new();
    let document = sandbox.loom(&["status", "--json"]).ok().json();
    assert_eq!(document, json!({"schema": 1, "instances": [], "lock": null}));
    assert_eq!(sandbox.loom(&["status"]).ok().says(&["no runtime is running"]).stdout(), "");
}

#[test]
fn an_instance_is_the_document_of_up_with_its_project_and_uptime() {
    let stage = Stage::new();
    let document = stage.up();
    let instance = &stage.instance();
    for (key, value) in document.as_object().unwrap() {
        assert_eq!(&instance[key], value, "{key}");
    }
    assert_eq!(instance["state"], "ready");
    let started = instance["started"].as_str().unwrap();
    assert!(started.starts_with("20") && started.ends_with('Z'), "{started}");
    assert!(instance["uptime_seconds"].as_u64().unwrap() < 120);
    assert_eq!(instance["project"].as_str().unwrap(), stage.sandbox.project().to_str().unwrap());
    let text = stage.sandbox.loom(&["status"]).ok().stdout();
    assert!(text.contains(document["bridge"]["address"].as_str().unwrap()), "{text}");
    assert!(text.contains("  uptime     ") && text.contains(started), "{text}");

    let elsewhere = stage.sandbox.folder("elsewhere");
    let instances = |args: &[&str]| {
        let document = stage.sandbox.loom_in(&elsewhere, args).ok().json();
        document["instances"].as_array().unwrap().len()
    };
    assert_eq!(instances(&["status", "--json"]), 0);
    assert_eq!(instances(&["status", "--all", "--json"]), 1);
}

#[test]
fn a_runtime_that_is_not_ready_yet_is_starting() {
    let stage = Stage::with("0.2.0", b"#!/bin/sh\nexec sleep 1000\n");
    let _up = stage.spawn("up", &[]);
    until("it is starting", || stage.instance()["state"] == "starting");
    stage.sandbox.loom(&["down"]).ok();
}

#[test]
fn files_of_a_dead_instance_are_removed_and_its_log_stays() {
    let stage = Stage::new();
    let document = stage.up();
    kill(&document["supervisor_pid"]);
    kill(&document["pid"]);
    until("both have exited", || !runs(&document["pid"]) && !runs(&document["supervisor_pid"]));
    assert!(stage.instances().is_empty());
    let log = Path::new(document["log"].as_str().unwrap());
    assert!(!log.with_file_name("instance.json").exists() && log.exists());
}

#[test]
fn an_unexpected_exit_is_shown_until_the_next_start_or_down() {
    let stage = Stage::new();
    let crash = || {
        let document = stage.up();
        kill(&document["pid"]);
        until("the supervisor has exited", || !runs(&document["supervisor_pid"]));
        document
    };
    let document = crash();
    let log = document["log"].as_str().unwrap();
    let exited = "loom-bridge-server 0.2.0 exited unexpectedly (signal 9) at ";
    let run = stage.sandbox.loom(&["status"]).ok();
    assert_eq!(run.stdout(), "");
    run.says(&["no runtime is running", &format!("the last {exited}"), log]);
    assert!(stage.instances().is_empty());
    let lines = stage.sandbox.loom(&["logs", "-n", "1"]).ok().stdout();
    assert!(lines.starts_with(&format!("loom: {exited}")), "{lines}");
    stage.up();
    stage.sandbox.loom(&["status"]).ok().never_says(&["exited unexpectedly"]);
    stage.sandbox.loom(&["down"]).ok();
    stage.sandbox.loom(&["status"]).ok().never_says(&["exited unexpectedly"]);
    let log = stage.sandbox.loom(&["logs"]).ok().stdout();
    assert!(!log.contains("exited unexpectedly"), "{log}");
    crash();
    stage.sandbox.loom(&["down"]).ok();
    stage.sandbox.loom(&["status"]).ok().never_says(&["exited unexpectedly"]);
}

#[test]
fn a_broken_configuration_does_not_prevent_status_and_down() {
    let stage = Stage::new();
    stage.up();
    stage.sandbox.write("loom.toml", "[bridge\n");
    assert_eq!(stage.instances().len(), 1);
    stage.sandbox.loom(&["down"]).ok();
}

#[test]
fn env_prints_exports_that_a_shell_can_evaluate() {
    let stage = Stage::new();
    stage.sandbox.loom(&["env"]).code(1).says(&["no runtime of this project is running"]);
    let document = stage.up();
    let address = document["bridge"]["address"].as_str().unwrap();
    let exports = stage.sandbox.loom(&["env"]).ok().stdout();
    assert_eq!(exports, format!("export LOOM_BRIDGE_ADDR='{address}'\n"));
    let json = stage.sandbox.loom(&["env", "--json"]).ok().json();
    assert_eq!(json, json!({"schema": 1, "env": {"LOOM_BRIDGE_ADDR": address}}));
}
