//! `loom down`: stops the runtime of the project, or all runtimes.

use crate::support::{
    self, Stage,
    stage::{answers, kill, runs, until},
};

#[test]
fn without_a_runtime_down_succeeds() {
    let sandbox = support::Sandbox::new();
    sandbox.loom(&["down"]).ok().says(&["no runtime is running"]);
}

#[test]
fn down_stops_the_runtime_of_its_project_only() {
    let stage = Stage::new();
    let ours = stage.up();
    let other = stage.sandbox.folder("other");
    let args = stage.args("up", &["--detach", "--json"]);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let theirs = stage.sandbox.loom_in(&other, &args).ok().json();

    let another = ["--binary", "another", "down"];
    stage.sandbox.loom(&another).ok().says(&["no runtime is running"]);
    assert!(runs(&ours["pid"]));
    stage.sandbox.loom(&["down"]).ok();
    assert!(!runs(&ours["pid"]));
    until("its supervisor has exited", || !runs(&ours["supervisor_pid"]));
    assert!(runs(&theirs["pid"]) && answers(&theirs) && stage.leased(&theirs));

    stage.up();
    let ended = stage.sandbox.loom(&["down", "--all", "--json"]).ok().json();
    assert_eq!(ended["stopped"].as_array().unwrap().len(), 2);
    assert!(!runs(&theirs["pid"]) && !stage.leased(&theirs));
}

#[test]
fn a_killed_up_leaves_the_server_running_until_down() {
    let stage = Stage::new();
    let (up, document) = stage.foreground();
    up.kill();
    assert!(runs(&document["pid"]) && answers(&document) && stage.leased(&document));
    assert_eq!(stage.instance()["state"], "ready");
    stage.sandbox.loom(&["down"]).ok();
    assert!(!runs(&document["pid"]) && !stage.leased(&document));
}

#[test]
fn a_server_without_its_supervisor_keeps_its_lease_until_down() {
    let stage = Stage::new();
    let document = stage.up();
    kill(&document["supervisor_pid"]);
    until("the supervisor has exited", || !runs(&document["supervisor_pid"]));
    assert!(answers(&document) && stage.leased(&document));
    assert_eq!(stage.instance()["state"], "orphaned");
    stage.run("up", &["--detach"]).code(9).says(&["without its supervisor", "loom down"]);
    stage.sandbox.loom(&["down"]).ok();
    assert!(!runs(&document["pid"]) && !stage.leased(&document));
    assert!(stage.instances().is_empty());
    assert!(answers(&stage.up()));
}

#[test]
fn processes_that_the_server_started_are_killed_with_it() {
    // The child ignores SIGTERM and would hold the lease for ever.
    let server = support::program::server_path();
    let script = format!(
        "#!/bin/sh\n(trap '' TERM; exec sleep 1000) &\necho left behind: $!\nexec {}\n",
        server.display()
    );
    let stage = Stage::with("0.2.0", script.as_bytes());
    let document = stage.up();
    let log = stage.sandbox.loom(&["logs"]).ok().stdout();
    let child = log.lines().find_map(|line| line.strip_prefix("left behind: ")).unwrap();
    let child: serde_json::Value = child.parse::<u32>().unwrap().into();
    assert!(runs(&child));
    stage.sandbox.loom(&["down"]).ok();
    until("the child has ended", || !runs(&child));
    assert!(!stage.leased(&document));
}
