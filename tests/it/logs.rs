//! `loom logs`: the output of current and earlier runtimes.

use crate::support::{self, Stage, stage::until};

#[test]
fn without_a_log_the_error_says_how_to_start_a_runtime() {
    support::Sandbox::new().loom(&["logs"]).code(1).says(&["no runtime", "loom up"]);
}

#[test]
fn all_lines_or_the_last_ones_are_shown_also_after_the_end() {
    let stage = Stage::with("0.2.0", b"#!/bin/sh\necho one\necho two\necho three\nexit 3\n");
    stage.run("up", &["--detach"]).code(3);
    assert_eq!(stage.sandbox.loom(&["logs"]).ok().stdout(), "one\ntwo\nthree\n");
    assert_eq!(stage.sandbox.loom(&["logs", "-n", "2"]).ok().stdout(), "two\nthree\n");
    let json = stage.sandbox.loom(&["logs", "--json", "-n1"]).ok().json();
    assert_eq!(json["lines"], serde_json::json!(["three"]));
    stage.sandbox.loom(&["logs", "--json", "-f"]).code(2);
}

#[test]
fn lines_since_a_time_are_shown() {
    let script = b"#!/bin/sh\necho 2026-01-01T00:00:00Z INFO old\necho more of old\n\
                   echo 2026-01-02T00:00:00Z INFO new\nexit 3\n";
    let stage = Stage::with("0.2.0", script);
    stage.run("up", &["--detach"]).code(3);
    let logs = |since: &str| stage.sandbox.loom(&["logs", "--since", since]).ok().stdout();
    assert_eq!(logs("2026-01-01T12:00:00Z"), "2026-01-02T00:00:00Z INFO new\n");
    assert_eq!(logs("1m"), "");
    assert_eq!(logs("100years").lines().count(), 3);
    let json = stage.sandbox.loom(&["logs", "--json", "--since", "2026-01-01T12:00:00Z"]).ok();
    assert_eq!(json.json()["lines"].as_array().unwrap().len(), 1);
    stage.sandbox.loom(&["logs", "--since", "yesterday"]).code(2).says(&["such as 10m or 2h"]);
}

#[test]
fn the_lines_of_the_real_server_have_times() {
    let stage = Stage::new();
    stage.up();
    let all = stage.sandbox.loom(&["logs"]).ok().stdout();
    assert_eq!(stage.sandbox.loom(&["logs", "--since", "1h"]).ok().stdout(), all);
    let later = stage.sandbox.loom(&["logs", "--since", "2100-01-01T00:00:00Z"]).ok();
    assert_eq!(later.never_says(&["warning"]).stdout(), "");
}

#[test]
fn a_log_without_times_is_shown_whole_with_a_warning() {
    let stage = Stage::with("0.2.0", b"#!/bin/sh\necho one\nexit 3\n");
    stage.run("up", &["--detach"]).code(3);
    let run = stage.sandbox.loom(&["logs", "--since", "1m"]).ok();
    assert_eq!(run.stdout(), "one\n");
    run.says(&["warning: ", "--since has no effect"]);
}

#[test]
fn a_follower_shows_lines_until_the_runtime_ends() {
    let stage = Stage::new();
    stage.up();
    let mut follower = stage.sandbox.spawn(&["logs", "-f"]);
    stage.instances();
    assert!(!follower.ended());
    stage.sandbox.loom(&["down"]).ok();
    let log = follower.wait().ok().stdout();
    assert!(log.contains("listening"), "{log}");
    assert_eq!(log, stage.sandbox.loom(&["logs"]).ok().stdout());
}

#[test]
fn the_last_three_logs_are_kept() {
    let stage = Stage::with("0.2.0", b"#!/bin/sh\necho $$\nexit 3\n");
    let mut logs = Vec::new();
    for _ in 0..4 {
        stage.run("up", &["--detach"]).code(3);
        logs.push(stage.sandbox.loom(&["logs"]).ok().stdout());
    }
    until("the older logs are renamed", || {
        stage.sandbox.loom(&["logs", "-p"]).ok().stdout() == logs[2]
            && stage.sandbox.loom(&["logs", "-pp"]).ok().stdout() == logs[1]
    });
}
