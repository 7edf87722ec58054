//! `loom logs`

use crate::support::{self, Stage, stage::until};

#[test]
fn there_is_nothing_to_show_where_nothing_ever_ran() {
    support::Sandbox::new().loom(&["logs"]).code(1).says(&["no runtime", "loom up"]);
}

#[test]
fn it_shows_all_or_the_last_lines_also_of_what_has_ended() {
    let stage = Stage::with("0.2.0", b"#!/bin/sh\necho one\necho two\necho three\nexit 3\n");
    stage.run("up", &["--detach"]).code(3);
    assert_eq!(stage.sandbox.loom(&["logs"]).ok().stdout(), "one\ntwo\nthree\n");
    assert_eq!(stage.sandbox.loom(&["logs", "-n", "2"]).ok().stdout(), "two\nthree\n");
    let json = stage.sandbox.loom(&["logs", "--json", "-n1"]).ok().json();
    assert_eq!(json["lines"], serde_json::json!(["three"]));
    stage.sandbox.loom(&["logs", "--json", "-f"]).code(2);
}

#[test]
fn it_follows_until_the_runtime_ends() {
    let stage = Stage::new();
    stage.up();
    let mut follower = stage.sandbox.spawn(&["logs", "-f"]);
    stage.status();
    assert!(!follower.ended());
    stage.sandbox.loom(&["down"]).ok();
    let log = follower.wait().ok().stdout();
    assert!(log.contains("listening"), "{log}");
    assert_eq!(log, stage.sandbox.loom(&["logs"]).ok().stdout());
}

#[test]
fn the_last_three_are_kept() {
    let stage = Stage::with("0.2.0", b"#!/bin/sh\necho $$\nexit 3\n");
    let mut said = Vec::new();
    for _ in 0..4 {
        stage.run("up", &["--detach"]).code(3);
        said.push(stage.sandbox.loom(&["logs"]).ok().stdout());
    }
    until("the older ones are where they belong", || {
        stage.sandbox.loom(&["logs", "-p"]).ok().stdout() == said[2]
            && stage.sandbox.loom(&["logs", "-pp"]).ok().stdout() == said[1]
    });
}
