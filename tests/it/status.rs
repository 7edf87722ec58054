//! `loom status`, `loom env`

use std::path::Path;

use crate::support::{
    self, Stage,
    stage::{kill, runs, until},
};
use serde_json::json;

#[test]
fn nothing_is_an_empty_list() {
    let sandbox = support::Sandbox::new();
    assert_eq!(sandbox.loom(&["status", "--json"]).ok().json(), json!([]));
    assert_eq!(sandbox.loom(&["status"]).ok().says(&["nothing runs"]).stdout(), "");
}

#[test]
fn what_runs_is_said_as_up_says_it_and_whose_it_is() {
    let stage = Stage::new();
    let document = stage.up();
    let entry = &stage.status()[0];
    for (key, value) in document.as_object().unwrap() {
        assert_eq!(&entry[key], value, "{key}");
    }
    assert_eq!(entry["state"], "ready");
    assert_eq!(entry["project"].as_str().unwrap(), stage.sandbox.project().to_str().unwrap());
    let text = stage.sandbox.loom(&["status"]).ok().stdout();
    assert!(text.contains(document["bridge"]["address"].as_str().unwrap()), "{text}");

    let elsewhere = stage.sandbox.folder("elsewhere");
    assert_eq!(stage.sandbox.loom_in(&elsewhere, &["status", "--json"]).ok().json(), json!([]));
    let all = stage.sandbox.loom_in(&elsewhere, &["status", "--all", "--json"]).ok().json();
    assert_eq!(all.as_array().unwrap().len(), 1);
}

#[test]
fn one_that_starts_is_said_to_start() {
    let stage = Stage::with("0.2.0", b"#!/bin/sh\nexec sleep 1000\n");
    let _up = stage.spawn("up", &[]);
    until("it is starting", || stage.entry()["state"] == "starting");
    stage.sandbox.loom(&["down"]).ok();
}

#[test]
fn what_died_is_tidied_and_its_log_stays() {
    let stage = Stage::new();
    let document = stage.up();
    kill(&document["supervisor_pid"]);
    kill(&document["pid"]);
    until("both are gone", || !runs(&document["pid"]) && !runs(&document["supervisor_pid"]));
    assert_eq!(stage.status(), json!([]));
    let log = Path::new(document["log"].as_str().unwrap());
    assert!(!log.with_file_name("instance.json").exists() && log.exists());
}

#[test]
fn a_server_that_ended_by_itself_is_told_until_another_one_runs_or_none_is_to() {
    let stage = Stage::new();
    let crash = || {
        let document = stage.up();
        kill(&document["pid"]);
        until("it is gone", || !runs(&document["supervisor_pid"]));
        document
    };
    let document = crash();
    let log = document["log"].as_str().unwrap();
    let told = "loom-bridge-server ended by itself (signal 9) at ";
    let run = stage.sandbox.loom(&["status"]).ok();
    assert_eq!(run.stdout(), "");
    run.says(&["nothing runs", &format!("the last {told}"), log]);
    assert_eq!(stage.status(), json!([]));
    let lines = stage.sandbox.loom(&["logs", "-n", "1"]).ok().stdout();
    assert!(lines.starts_with(&format!("loom: {told}")), "{lines}");
    stage.up();
    stage.sandbox.loom(&["status"]).ok().never_says(&["ended by itself"]);
    stage.sandbox.loom(&["down"]).ok();
    stage.sandbox.loom(&["status"]).ok().never_says(&["ended by itself"]);
    let log = stage.sandbox.loom(&["logs"]).ok().stdout();
    assert!(!log.contains("ended by itself"), "{log}");
    crash();
    stage.sandbox.loom(&["down"]).ok();
    stage.sandbox.loom(&["status"]).ok().never_says(&["ended by itself"]);
}

#[test]
fn a_broken_configuration_keeps_nobody_from_looking_and_ending() {
    let stage = Stage::new();
    stage.up();
    stage.sandbox.write("loom.toml", "[bridge\n");
    assert_eq!(stage.status().as_array().unwrap().len(), 1);
    stage.sandbox.loom(&["down"]).ok();
}

#[test]
fn env_prints_what_a_shell_can_read() {
    let stage = Stage::new();
    stage.sandbox.loom(&["env"]).code(1).says(&["no runtime of this project is running"]);
    let document = stage.up();
    let address = document["bridge"]["address"].as_str().unwrap();
    let exports = stage.sandbox.loom(&["env"]).ok().stdout();
    assert_eq!(exports, format!("export LOOM_BRIDGE_ADDR='{address}'\n"));
    let json = stage.sandbox.loom(&["env", "--json"]).ok().json();
    assert_eq!(json, json!({"schema": 1, "env": {"LOOM_BRIDGE_ADDR": address}}));
}
