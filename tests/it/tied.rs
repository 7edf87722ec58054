//! `loom up --exit-with-parent`: a runtime for the program that started it.

use std::{
    io::{BufRead, BufReader, Read, Write},
    process::{Child, ChildStdin, Stdio},
};

use crate::support::{
    Stage,
    stage::{answers, kill, runs, until},
};
use serde_json::Value;

/// A program's view of its runtime.
struct Tied {
    loom: Child,
    document: Value,
    /// `None` once it was closed.
    words: Option<ChildStdin>,
}

impl Tied {
    fn start(stage: &Stage) -> Self {
        let args = stage.args("up", &["--exit-with-parent", "--json"]);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let mut command = stage.sandbox.loom_command(&args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut loom = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(loom.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let words = loom.stdin.take();
        Self { document: serde_json::from_str(&line).unwrap(), words, loom }
    }

    fn say(&mut self, word: &str) {
        self.words.as_mut().unwrap().write_all(word.as_bytes()).unwrap();
    }

    /// The exit code, and what was said on stderr.
    fn end(mut self) -> (Option<i32>, String) {
        let code = self.loom.wait().unwrap().code();
        let mut said = String::new();
        self.loom.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert!(!runs(&self.document["pid"]), "the server still runs");
        (code, said)
    }
}

#[test]
fn it_ends_with_its_callers_end_of_the_pipe_or_a_word_on_it() {
    let stage = Stage::new();
    for (word, code) in [(None, 0), (Some("stop\n"), 0), (Some("nonsense\nkill\n"), 137)] {
        let mut tied = Tied::start(&stage);
        assert!(answers(&tied.document));
        match word {
            Some(word) => tied.say(word),
            None => tied.words = None,
        }
        let words = tied.words.take();
        let (ended, said) = tied.end();
        drop(words);
        assert_eq!(ended, Some(code), "{word:?}");
        assert!(!said.contains("error"), "{said}");
    }
    assert!(stage.instances().is_empty());
}

#[test]
fn it_says_how_clients_reach_it() {
    let stage = Stage::new();
    let tied = Tied::start(&stage);
    let address = &tied.document["bridge"]["address"];
    assert_eq!(tied.document["env"], serde_json::json!({"LOOM_BRIDGE_ADDR": address}));
    assert_eq!(stage.instance()["kind"], "exec");
}

#[test]
fn it_stands_beside_the_projects_own_and_others() {
    let stage = Stage::new();
    let own = stage.up();
    let (one, two) = (Tied::start(&stage), Tied::start(&stage));
    assert_ne!(one.document["bridge"], two.document["bridge"]);
    assert!(answers(&own) && answers(&one.document) && answers(&two.document));
}

#[test]
fn it_never_outlives_loom() {
    let stage = Stage::new();
    let mut tied = Tied::start(&stage);
    tied.loom.kill().unwrap();
    tied.loom.wait().unwrap();
    until("the server has ended", || !runs(&tied.document["pid"]));
}

#[test]
fn the_end_of_its_log_is_told_though_the_log_is_gone() {
    let stage = Stage::new();
    let tied = Tied::start(&stage);
    kill(&tied.document["pid"]);
    let log = tied.document["log"].as_str().unwrap().to_owned();
    let (code, said) = tied.end();
    assert_eq!(code, Some(137));
    assert!(
        said.contains("exited unexpectedly (signal 9)") && said.contains("listening"),
        "{said}"
    );
    assert!(!std::path::Path::new(&log).exists());
}

#[test]
fn the_old_name_of_the_option_is_an_alias_and_it_excludes_detach() {
    let error = Stage::new().run("up", &["--tied", "--detach"]).code(2);
    error.says(&["--exit-with-parent", "--detach"]);
}
