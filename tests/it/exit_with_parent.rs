//! `loom up --exit-with-parent`: a runtime that stops with the program that started it.

use std::{
    io::{BufRead, BufReader, Read, Write},
    process::{Child, ChildStdin, Stdio},
};

use crate::support::{
    Stage,
    stage::{answers, kill, runs, suspend, until},
};
use serde_json::Value;

/// A running `loom up --exit-with-parent`, with the test as its parent.
struct Parent {
    loom: Child,
    document: Value,
    /// The standard input of `loom`; `None` once it was closed.
    input: Option<ChildStdin>,
}

impl Parent {
    fn start(stage: &Stage) -> Self {
        let args = stage.args("up", &["--exit-with-parent", "--json"]);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let mut command = stage.sandbox.loom_command(&args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut loom = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(loom.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let input = loom.stdin.take();
        Self { document: serde_json::from_str(&line).unwrap(), input, loom }
    }

    fn send(&mut self, command: &str) {
        self.input.as_mut().unwrap().write_all(command.as_bytes()).unwrap();
    }

    /// Waits for `loom` and asserts that the server has ended; returns the exit code and stderr.
    fn wait(mut self) -> (Option<i32>, String) {
        let code = self.loom.wait().unwrap().code();
        let mut stderr = String::new();
        self.loom.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        assert!(!runs(&self.document["pid"]), "the server still runs");
        (code, stderr)
    }
}

#[test]
fn it_stops_at_the_end_of_input_or_on_a_command() {
    let stage = Stage::new();
    for (command, code) in [(None, 0), (Some("stop\n"), 0), (Some("nonsense\nkill\n"), 137)] {
        let mut parent = Parent::start(&stage);
        assert!(answers(&parent.document));
        if code == 137 {
            // `kill` sends SIGTERM, then SIGKILL; a suspended server cannot exit in between.
            suspend(&parent.document["pid"]);
        }
        match command {
            Some(command) => parent.send(command),
            None => parent.input = None,
        }
        let input = parent.input.take();
        let (ended, stderr) = parent.wait();
        drop(input);
        assert_eq!(ended, Some(code), "{command:?}");
        assert!(!stderr.contains("error"), "{stderr}");
    }
    assert!(stage.instances().is_empty());
}

#[test]
fn its_document_contains_the_variables_for_clients() {
    let stage = Stage::new();
    let parent = Parent::start(&stage);
    let address = &parent.document["bridge"]["address"];
    assert_eq!(parent.document["env"], serde_json::json!({"LOOM_BRIDGE_ADDR": address}));
    assert_eq!(stage.instance()["kind"], "exec");
}

#[test]
fn it_runs_concurrently_with_the_runtime_of_the_project_and_others() {
    let stage = Stage::new();
    let own = stage.up();
    let (one, two) = (Parent::start(&stage), Parent::start(&stage));
    assert_ne!(one.document["bridge"], two.document["bridge"]);
    assert!(answers(&own) && answers(&one.document) && answers(&two.document));
}

#[test]
fn the_server_ends_when_loom_is_killed() {
    let stage = Stage::new();
    let mut parent = Parent::start(&stage);
    parent.loom.kill().unwrap();
    parent.loom.wait().unwrap();
    until("the server has ended", || !runs(&parent.document["pid"]));
}

#[test]
fn the_end_of_its_log_is_shown_although_the_log_is_removed() {
    let stage = Stage::new();
    let parent = Parent::start(&stage);
    kill(&parent.document["pid"]);
    let log = parent.document["log"].as_str().unwrap().to_owned();
    let (code, stderr) = parent.wait();
    assert_eq!(code, Some(137));
    assert!(
        stderr.contains("exited unexpectedly (signal 9)") && stderr.contains("listening"),
        "{stderr}"
    );
    assert!(!std::path::Path::new(&log).exists());
}

#[test]
fn the_old_name_of_the_option_is_an_alias_and_it_excludes_detach() {
    let error = Stage::new().run("up", &["--tied", "--detach"]).code(2);
    error.says(&["--exit-with-parent", "--detach"]);
}
